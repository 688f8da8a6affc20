"""Taking a case from one state to the next: by whom, on what conditions, with what effect. The table is data, in the
case's own procedure; what its words mean is here and in conditions.py."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from contract.applications import AppealNotAllowed, EvidenceMissing, GroundUnknown, NotYourOffice, ObjectionState
from contract.errors import field_error
from runtime.workdays import Window, open_window, reckoned_anew
from services.housekeeping.access import CLOCK, Actor
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases import notice, seating
from services.housekeeping.cases.conditions import CHECKS, Known, not_allowed, unfinished
from services.housekeeping.cases.domain import Case, moved
from services.housekeeping.cases.notice import Notice, Objection
from services.housekeeping.evidence import Evidence, joined
from services.housekeeping.procedures.domain import BACK, INQUIRED, STAYS, replacing


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
    ground: str | None = None,
    award_id: str | None = None,
) -> Case:
    """The case after that step, and before it after what its days brought. Raises a refusal of contract.applications
    that says what stands against it."""
    asked = Asked(known, actor.client_id, reason, objection, objection_id, ground, award_id)
    return _taken(brought_on(case, known), transition, actor, evidence, asked)


def _taken(case: Case, transition: str, actor: Actor, evidence: tuple[Evidence, ...], asked: "Asked") -> Case:
    step = case.procedure.transitions.get(transition)
    if step is None or case.state not in step.sources:
        raise not_allowed(case)
    office = case.procedure.office(step, case.state)
    actor.require_office(office, region=case.region, organisation=case.organisation)
    in_office = office in ("county", "city", "province")
    if actor.client_id in case.took(step.other_than) or (
        in_office and (actor.organisation == case.organisation or actor.client_id in case.reviewers.union(case.barred))
    ):
        raise NotYourOffice(
            "申报、初审、推荐、评审、认定及申诉须由不同的人办理，不得自审",
            "whoever applied, reviewed or took an earlier step of this case may not take this one",
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
        CHECKS[check](case, asked.known)
    before = case.state
    after = _EFFECTS[step.effect](case, asked) if step.effect else case
    state = step.to
    if state == BACK:
        state = case.resume_to or before
    elif state == INQUIRED:
        state = _after_inquiry(after, asked.known)
    elif state == STAYS:
        state = before
    about = asked.objection.objection_id if asked.objection else asked.objection_id
    return moved(
        after,
        transition,
        at=asked.known.at,
        by=actor.client_id,
        reason=asked.reason,
        evidence=evidence,
        state=state,
        about=about if step.effect in _OF_OBJECTIONS else None,
    )


def fall_due(case: Case, known: Known) -> Case:
    """The case after what the clock has to do today; the same case when that is nothing."""
    case = brought_on(case, known)
    due = cases.due_on(case)
    if case.state == "notice_ended" and unfinished(case, known.today):
        return take(case, "notice_resumed", actor=CLOCK, reason="节假日安排调整，公示期顺延", known=known)
    if due is None or due > known.today:
        return case
    if case.state == "returned":
        return take(case, "cure_expired", actor=CLOCK, reason="补正期内未补正", known=known)
    if case.state == "on_notice":
        return take(case, "notice_expired", actor=CLOCK, reason="公示期满，无未决异议", known=known)
    return seating.replace_late(case, today=known.today, at=known.at, calendar=known.calendar, pool=known.pool,
                                loads=known.loads)  # fmt: skip


def brought_on(case: Case, known: Known) -> Case:
    """The case by the version of its procedure that holds now, its windows by today's calendar, and with every
    objection admitted that nobody decided on in its time."""
    case = reckon(_adopted(case, known), known)
    while case.state in ("on_notice", "inquiry") and (late := notice.overdue(case.objections, known.today)):
        days = case.procedure.windows["objection"]
        asked = Asked(known, CLOCK.client_id, f"{days}个工作日内未答复，视为受理", None, late.objection_id, None, None)
        case = _taken(case, "objection_overdue", CLOCK, (), asked)
    return case


def _adopted(case: Case, known: Known) -> Case:
    newer = replacing(case.procedure_version)
    if newer is None or case.final:
        return case
    after = replace(case, procedure_version=newer.version)
    return moved(after, "adopt", at=known.at, by=CLOCK.client_id, reason=f"{newer.version}接替{case.procedure_version}")


def reckon(case: Case, known: Known) -> Case:
    """With every running window by today's holiday calendar. Says so in the history when an end has moved."""
    if case.final:
        return case
    calendar = known.calendar
    objections = tuple(
        replace(each, window=reckoned_anew(each.window, calendar=calendar))
        if each.window and each.state in (*notice.UNDECIDED, ObjectionState.REFUSED)
        else each
        for each in case.objections
    )
    cure = case.cure and reckoned_anew(case.cure, calendar=calendar)
    seats = tuple(
        replace(seat, window=reckoned_anew(seat.window, calendar=calendar)) if seat.state == "assigned" else seat
        for seat in case.seats
    )
    notices = case.notices
    if case.state in ("on_notice", "inquiry", "notice_ended"):
        last = replace(notices[-1], window=reckoned_anew(notices[-1].window, calendar=calendar))
        notices = (*notices[:-1], last)
    if (cure, seats, notices, objections) == (case.cure, case.seats, case.notices, case.objections):
        return case
    after = replace(case, cure=cure, seats=seats, notices=notices, objections=objections)
    if _ends(after) == _ends(case):
        return after
    return moved(after, "reckon", at=known.at, by=CLOCK.client_id, reason=f"按{calendar.name}重新计算")


def _ends(case: Case) -> tuple[object, ...]:
    return (
        case.cure and case.cure.ends_on,
        *(seat.window.ends_on for seat in case.seats),
        *(each.window.ends_on for each in case.notices),
        *(each.window and each.window.ends_on for each in case.objections),
    )


def _after_inquiry(case: Case, known: Known) -> str:
    if any(objection.state is ObjectionState.OPEN for objection in case.objections):
        return "inquiry"
    return "on_notice" if unfinished(case, known.today) else "notice_ended"


@dataclass(frozen=True)
class Asked:
    known: Known
    by: str
    reason: str
    objection: Objection | None
    objection_id: str | None
    ground: str | None
    award_id: str | None


def _open_cure(case: Case, asked: Asked) -> Case:
    return replace(case, resume_to=case.state, cure=_window(case, "cure", asked))


def _close_cure(case: Case, asked: Asked) -> Case:
    return replace(case, cure=None)


def _assign(case: Case, asked: Asked) -> Case:
    known = asked.known
    return seating.fill(
        case, today=known.today, calendar=known.calendar, pool=known.pool, loads=known.loads, strict=True
    )


def _open_notice(case: Case, asked: Asked) -> Case:
    found = cases.outcome(case)
    assert found is not None
    assert found.stars is not None
    assert found.score is not None
    published = Notice(len(case.notices) + 1, _window(case, "notice", asked), found.stars, found.score)
    return replace(case, notices=(*case.notices, published))


def _receive(case: Case, asked: Asked) -> Case:
    if asked.objection is None:
        raise not_allowed(case)  # an objection comes by its own command, never as a bare step
    received = replace(asked.objection, state=ObjectionState.RECEIVED, window=_window(case, "objection", asked))
    return replace(case, objections=(*case.objections, received))


def _admit(case: Case, asked: Asked) -> Case:
    found = _named(case, asked, *notice.UNDECIDED)
    return _with(case, replace(found, state=ObjectionState.OPEN, window=None, ground=None, answer=asked.reason))


def _refuse(case: Case, asked: Asked) -> Case:
    found = _named(case, asked, *notice.UNDECIDED)
    if asked.ground not in case.procedure.grounds:
        listed = "、".join(f"{code}（{ground.title}）" for code, ground in case.procedure.grounds.items())
        raise GroundUnknown(
            "不予受理须以程序所列情形之一为据",
            "an objection is refused on one of the procedure's grounds",
            [field_error("/ground", "choice", f"应为：{listed}", f"one of: {', '.join(case.procedure.grounds)}")],
        )
    appealed = found.state is ObjectionState.APPEALED
    state = ObjectionState.REJECTED if appealed else ObjectionState.REFUSED
    window = None if appealed else _window(case, "objection_appeal", asked)
    return _with(case, replace(found, state=state, window=window, ground=asked.ground, answer=asked.reason))


def _named(case: Case, asked: Asked, *states: ObjectionState) -> Objection:
    """The objection that is to be decided on, not by whoever refused it before. Raises ObjectionNotFound,
    NotYourOffice."""
    found = notice.named(case.objections, asked.objection_id, *states)
    refused_by = {
        step.by for step in case.history if (step.transition, step.about) == ("refuse_objection", found.objection_id)
    }
    if asked.by in refused_by:
        raise NotYourOffice(
            "异议人申诉后，须由作出不予受理决定以外的人办理", "after an appeal it is for others than who refused it"
        )
    return found


def _appeal(case: Case, asked: Asked) -> Case:
    if asked.objection is None:
        raise not_allowed(case)  # by whoever has its receipt, never as a bare step
    found = asked.objection
    if found.state is not ObjectionState.REFUSED or not found.stands(asked.known.today):
        raise AppealNotAllowed(
            "只能在规定期限内对不予受理的决定申诉一次",
            'only "not admissible" may be appealed, once, within its time',
        )
    return _with(case, replace(found, state=ObjectionState.APPEALED, window=_window(case, "objection", asked)))


def _window(case: Case, name: str, asked: Asked) -> Window:
    days = case.procedure.windows[name]
    return open_window(opened_on=asked.known.today, working_days=days, calendar=asked.known.calendar)


def _with(case: Case, objection: Objection) -> Case:
    return replace(case, objections=notice.put(case.objections, objection))


def _dismiss(case: Case, asked: Asked) -> Case:
    found = _named(case, asked, ObjectionState.OPEN)
    return _with(case, replace(found, state=ObjectionState.DISMISSED, finding=asked.reason))


def _uphold(case: Case, asked: Asked) -> Case:
    found = _named(case, asked, ObjectionState.OPEN)
    return _with(case, replace(found, state=ObjectionState.UPHELD, finding=asked.reason))


def _award(case: Case, asked: Asked) -> Case:
    if asked.award_id is None:
        raise not_allowed(case)
    return replace(case, award_id=asked.award_id)


_OF_OBJECTIONS = ("receive", "admit", "refuse", "appeal", "dismiss", "uphold")
_EFFECTS: dict[str | None, Callable[[Case, Asked], Case]] = {
    "open_cure": _open_cure,
    "close_cure": _close_cure,
    "assign": _assign,
    "open_notice": _open_notice,
    "receive": _receive,
    "admit": _admit,
    "refuse": _refuse,
    "appeal": _appeal,
    "dismiss": _dismiss,
    "uphold": _uphold,
    "award": _award,
}
