"""公示: what is published, for how long, and what was said against it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from contract.applications import NoticeClosed, ObjectionNotFound, ObjectionsFull, ObjectionState
from runtime.workdays import Window

UNDECIDED = (ObjectionState.RECEIVED, ObjectionState.APPEALED)
_SETTLED = (ObjectionState.DISMISSED, ObjectionState.REJECTED)


@dataclass(frozen=True, slots=True)
class Notice:
    """``number`` counts the notices of a case from 1."""

    number: int
    window: Window
    stars: int
    score: Decimal


@dataclass(frozen=True, slots=True)
class Objection:
    """Who objects, and what they say, lie sealed elsewhere under the same id. ``window``: in which it is to be admitted
    or refused, or, once refused, may be appealed; None of those that 0.2 put under inquiry at once. ``ground`` and
    ``answer``: why it was refused or admitted."""

    objection_id: str
    notice: int
    anonymous: bool
    received_at: dt.datetime
    state: ObjectionState = ObjectionState.OPEN
    finding: str | None = None
    window: Window | None = None
    ground: str | None = None
    answer: str | None = None

    def stands(self, today: dt.date) -> bool:
        """Whether no award can be made yet for all that is known of it: it is undecided, open or upheld, or was
        refused and may still be appealed."""
        if self.state is ObjectionState.REFUSED:
            return self.window is not None and not self.window.over(today)
        return self.state not in _SETTLED


def named(objections: tuple[Objection, ...], objection_id: str | None, *states: ObjectionState) -> Objection:
    """That one, which must be in one of these states. Raises ObjectionNotFound."""
    for objection in objections:
        if objection.objection_id == objection_id and objection.state in states:
            return objection
    raise ObjectionNotFound(
        "没有这项处于该环节的异议", "no objection of that id can take this step: name one as objection_id"
    )


def put(objections: tuple[Objection, ...], after: Objection) -> tuple[Objection, ...]:
    """With that one in the place of the one with its id."""
    return tuple(after if each.objection_id == after.objection_id else each for each in objections)


def disputed(notice: Notice, objections: tuple[Objection, ...], today: dt.date) -> bool:
    """Whether anything said against this notice stands."""
    return any(o.notice == notice.number and o.stands(today) for o in objections)


def overdue(objections: tuple[Objection, ...], today: dt.date) -> Objection | None:
    """One that nobody decided on in its time."""
    return next((o for o in objections if o.state in UNDECIDED and o.window and o.window.over(today)), None)


def check_room(objections: tuple[Objection, ...], limits: Mapping[str, int], *, anonymous: bool) -> None:
    """Anybody may object; they and what is decided of them are part of the case, which is one document, and those that
    wait have to be decided on by somebody within days. Raises ObjectionsFull."""
    waiting = [each for each in objections if each.state in UNDECIDED]
    counted = (("most", objections), ("waiting", waiting))
    whole = [limits[name] for name, those in counted if len(those) >= limits[name]]
    nameless = [
        limits[f"{name}_anonymous"]
        for name, those in counted
        if anonymous and sum(each.anonymous for each in those) >= limits[f"{name}_anonymous"]
    ]
    if full := [*whole, *nameless]:
        raise ObjectionsFull(
            f"该申报已收到的{'匿名' if nameless and not whole else ''}异议达到{full[0]}项，待答复后再接收；"
            "也可向省妇联举报",
            f"{full[0]} {'anonymous ' if nameless and not whole else ''}objections are there already: try again when "
            "they are decided on, or report to the provincial federation",
        )


def closed() -> NoticeClosed:
    return NoticeClosed(
        "不在公示期内，不能提出异议；公示期后发现问题的，可向省妇联举报",
        "objections can be made while the public notice runs; after it, report to the provincial federation",
    )
