"""公示: what is published, for how long, and what was said against it."""

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal

from contract.applications import NoticeClosed, ObjectionNotFound, ObjectionsFull, ObjectionState
from runtime.workdays import Window

MOST, MOST_ANONYMOUS = 500, 100  # objections to one application


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


def check_room(objections: tuple[Objection, ...], *, anonymous: bool) -> None:
    """They and what is decided of them are part of the case, which is one document, and anybody may object. Raises
    ObjectionsFull."""
    most = MOST_ANONYMOUS if anonymous else MOST
    if len(objections) < MOST and (not anonymous or sum(each.anonymous for each in objections) < MOST_ANONYMOUS):
        return
    raise ObjectionsFull(
        f"该申报收到的异议已有{most}项，均须核查，不再接收" + ("匿名异议" if anonymous else "") + "；可向省妇联举报",
        f"{most} {'anonymous ' if anonymous else ''}objections are being looked into, no more are taken: report to the "
        "provincial federation",
    )


def closed() -> NoticeClosed:
    return NoticeClosed(
        "不在公示期内，不能提出异议；公示期后发现问题的，可向省妇联举报",
        "objections can be made while the public notice runs; after it, report to the provincial federation",
    )
