"""Taking a case from one state to the next: by whom, on what conditions, with what effect. The table is data, in the
case's own procedure; what its words mean is here and in conditions.py."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from contract.applications import EvidenceMissing, NotYourOffice, ObjectionState
from contract.errors import field_error
from runtime.workdays import open_window, reckoned_anew
from services.housekeeping.access import CLOCK, Actor
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases import notice, seating
from services.housekeeping.cases.conditions import CHECKS, Known, not_allowed
from services.housekeeping.cases.domain import Case, moved
from services.housekeeping.cases.notice import Notice, Objection
from services.housekeeping.evidence import Evidence, joined
from services.housekeeping.procedures.domain import BACK, INQUIRED


def take(
    case: Case,
    transition: str,
    *,
    actor: Actor,
    reason: str,
    known: Known,
    evidence: tuple[Evidence, ...] = (),
    objection: Objection | None = None,
    objection_id: str | None = None,
    award_id: str | None = None,
) -> Case:
    """The case after that step. Raises a refusal of contract.applications that says what stands against it."""
    case = reckon(case, known)
    step = case.procedure.transitions.get(transition)
    if step is None or case.state not in step.sources:
        raise not_allowed(case)
    office = case.procedure.office(step, case.state)
    actor.require_office(office, region=case.region, organisation=case.organisation)
    in_office = office in ("county", "city", "province")
    if actor.client_id in case.took(step.other_than) or (
        in_office and (actor.organisation == case.organisation or actor.client_id in case.barred)
    ):
        raise NotYourOffice(
            "申报、初审、推荐、认定及申诉须由不同的人办理，不得自审",
            "whoever applied or took an earlier step of this case may not take this one",
        )
    if step.needs_evidence and not evidence:
        raise EvidenceMissing(
            "此步骤须附证据材料",
            "this step needs evidence",
            [field_error("/evidence", "missing", "须附证据材料", "is needed")],
        )
    if office == "applicant" and not case.procedure.states[case.state].final:
        case = replace(case, evidence=joined(case.evidence, evidence))
    for check in step.checks:
        CHECKS[check](case, known)
    before = case.state
    after = _EFFECTS[step.effect](
        case, _Asked(known, reason, objection, objection_id, award_id)
    ) if step.effect else case  # fmt: skip
    state = step.to
    if state == BACK:
        state = case.resume_to or before
    elif state == INQUIRED:
        state = _after_inquiry(after, known)
    return moved(after, transition, at=known.at, by=actor.client_id, reason=reason, evidence=evidence, state=state)


def fall_due(case: Case, known: Known) -> Case:
    """The case after what the clock has to do today; the same case when that is nothing."""
    case = reckon(case, known)
    due = cases.due_on(case)
    if case.state == "notice_ended" and not case.notices[-1].window.over(known.today):
        return take(case, "notice_resumed", actor=CLOCK, reason="节假日安排调整，公示期顺延", known=known)
    if due is None or due > known.today:
        return case
    if case.state == "returned":
        return take(case, "cure_expired", actor=CLOCK, reason="补正期内未补正", known=known)
    if case.state == "on_notice":
        return take(case, "notice_expired", actor=CLOCK, reason="公示期满，无未决异议", known=known)
    return seating.replace_late(case, today=known.today, at=known.at, calendar=known.calendar, pool=known.pool,
                                loads=known.loads)  # fmt: skip


def reckon(case: Case, known: Known) -> Case:
    """With every running window by today's holiday calendar. Says so in the history when an end has moved."""
    if case.final:
        return case
    calendar = known.calendar
    cure = case.cure and reckoned_anew(case.cure, calendar=calendar)
    seats = tuple(
        replace(seat, window=reckoned_anew(seat.window, calendar=calendar)) if seat.state == "assigned" else seat
        for seat in case.seats
    )
    notices = case.notices
    if case.state in ("on_notice", "inquiry", "notice_ended"):
        last = replace(notices[-1], window=reckoned_anew(notices[-1].window, calendar=calendar))
        notices = (*notices[:-1], last)
    if (cure, seats, notices) == (case.cure, case.seats, case.notices):
        return case
    after = replace(case, cure=cure, seats=seats, notices=notices)
    if _ends(after) == _ends(case):
        return after
    return moved(after, "reckon", at=known.at, by=CLOCK.client_id, reason=f"按{calendar.name}重新计算")


def _ends(case: Case) -> tuple[object, ...]:
    return (
        case.cure and case.cure.ends_on,
        *(seat.window.ends_on for seat in case.seats),
        *(each.window.ends_on for each in case.notices),
    )


def _after_inquiry(case: Case, known: Known) -> str:
    if any(objection.state is ObjectionState.OPEN for objection in case.objections):
        return "inquiry"
    return "notice_ended" if case.notices[-1].window.over(known.today) else "on_notice"


@dataclass(frozen=True)
class _Asked:
    known: Known
    reason: str
    objection: Objection | None
    objection_id: str | None
    award_id: str | None


def _open_cure(case: Case, asked: _Asked) -> Case:
    known = asked.known
    days = case.procedure.windows["cure"]
    window = open_window(opened_on=known.today, working_days=days, calendar=known.calendar)
    return replace(case, resume_to=case.state, cure=window)


def _close_cure(case: Case, asked: _Asked) -> Case:
    return replace(case, cure=None)


def _assign(case: Case, asked: _Asked) -> Case:
    known = asked.known
    return seating.fill(
        case, today=known.today, calendar=known.calendar, pool=known.pool, loads=known.loads, strict=True
    )


def _open_notice(case: Case, asked: _Asked) -> Case:
    found = cases.outcome(case)
    assert found is not None
    assert found.stars is not None
    assert found.score is not None
    days = case.procedure.windows["notice"]
    window = open_window(opened_on=asked.known.today, working_days=days, calendar=asked.known.calendar)
    published = Notice(len(case.notices) + 1, window, found.stars, found.score)
    return replace(case, notices=(*case.notices, published))


def _object(case: Case, asked: _Asked) -> Case:
    if asked.objection is None:
        raise not_allowed(case)  # an objection comes by its own command, never as a bare step
    return replace(case, objections=(*case.objections, asked.objection))


def _dismiss(case: Case, asked: _Asked) -> Case:
    found = notice.settled(case.objections, asked.objection_id, ObjectionState.DISMISSED, asked.reason)
    return replace(case, objections=found)


def _uphold(case: Case, asked: _Asked) -> Case:
    return replace(
        case, objections=notice.settled(case.objections, asked.objection_id, ObjectionState.UPHELD, asked.reason)
    )


def _award(case: Case, asked: _Asked) -> Case:
    if asked.award_id is None:
        raise not_allowed(case)
    return replace(case, award_id=asked.award_id)


_EFFECTS: dict[str | None, Callable[[Case, _Asked], Case]] = {
    "open_cure": _open_cure,
    "close_cure": _close_cure,
    "assign": _assign,
    "open_notice": _open_notice,
    "object": _object,
    "dismiss": _dismiss,
    "uphold": _uphold,
    "award": _award,
}
