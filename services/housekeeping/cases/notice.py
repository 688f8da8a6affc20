"""公示: what is published, for how long, and what was said against it."""

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal

from contract.applications import NoticeClosed, ObjectionNotFound, ObjectionState
from runtime.workdays import Window


@dataclass(frozen=True, slots=True)
class Notice:
    """``number`` counts the notices of a case from 1."""

    number: int
    window: Window
    stars: int
    score: Decimal


@dataclass(frozen=True, slots=True)
class Objection:
    """Who objects, and what they say, lie sealed elsewhere under the same id."""

    objection_id: str
    notice: int
    anonymous: bool
    received_at: dt.datetime
    state: ObjectionState = ObjectionState.OPEN
    finding: str | None = None


def settled(
    objections: tuple[Objection, ...], objection_id: str | None, state: ObjectionState, finding: str
) -> tuple[Objection, ...]:
    """With that open one decided. Raises ObjectionNotFound."""
    if not any(o.objection_id == objection_id and o.state is ObjectionState.OPEN for o in objections):
        raise ObjectionNotFound("没有这项待核查的异议", "there is no such open objection: name one as objection_id")
    return tuple(
        replace(objection, state=state, finding=finding) if objection.objection_id == objection_id else objection
        for objection in objections
    )


def disputed(notice: Notice, objections: tuple[Objection, ...]) -> bool:
    """Whether anything said against this notice is open, or was upheld."""
    return any(o.notice == notice.number and o.state is not ObjectionState.DISMISSED for o in objections)


def closed() -> NoticeClosed:
    return NoticeClosed(
        "不在公示期内，不能提出异议；公示期后发现问题的，可向省妇联举报",
        "objections can be made while the public notice runs; after it, report to the provincial federation",
    )
