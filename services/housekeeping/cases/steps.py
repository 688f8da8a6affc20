"""Taking a case from one state to the next: by whom, on what conditions, with what effect. The table is data, in the
case's own procedure; what its words mean is here."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from contract.applications import (
    Channel,
    CureExpired,
    EvidenceMissing,
    MatterOpen,
    NotEligible,
    NoticeDisputed,
    NoticeNotOver,
    NotYourOffice,
    ObjectionState,
    OutcomeBelowThreshold,
    OutcomeNotSettled,
    QuotaReached,
    RecommenderMissing,
    TransitionNotAllowed,
)
from contract.errors import field_error
from runtime.workdays import Calendar, open_window, reckoned_anew
from services.housekeeping.access import CLOCK, Actor
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases import notice, seating
from services.housekeeping.cases.domain import Case, Evidence, moved
from services.housekeeping.cases.notice import Notice, Objection
from services.housekeeping.procedures.domain import BACK, INQUIRED
from services.housekeeping.reviewers.domain import Reviewer


@dataclass(frozen=True)
class Known:
    """What is known of the world beside the case. ``ineligible``: conditions that the subject does not meet, as
    entries of a refusal. ``quota``: places of the city this year (None: no limit) and how many it has recommended."""

    today: dt.date
    at: dt.datetime
    calendar: Calendar = field(default_factory=Calendar)
    ineligible: tuple[dict[str, str], ...] = ()
    quota: tuple[int | None, int] = (None, 0)
    pool: tuple[Reviewer, ...] = ()
    loads: Mapping[str, int] = field(default_factory=dict)


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
        _CHECKS[check](case, known)
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


def joined(held: tuple[Evidence, ...], more: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Nothing twice, and nothing ever removed."""
    return (*held, *(item for item in dict.fromkeys(more) if item not in held))


def not_allowed(case: Case) -> TransitionNotAllowed:
    title = case.procedure.states[case.state].title
    steps = [step.name for step in case.procedure.from_state(case.state)]
    return TransitionNotAllowed(
        f"申报处于“{title}”，不能进行此步骤",
        f"the application is in state {case.state}, which has no such step",
        facts={"state": case.state, "version": case.version, "transitions": steps},
    )


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


def _eligible(case: Case, known: Known) -> None:
    if known.ineligible:
        raise NotEligible("不符合申报条件", "does not meet the conditions of applying", list(known.ineligible))


def _evidence_complete(case: Case, known: Known) -> None:
    missing = case.rubric.evidence - {item.kind for item in case.evidence}
    if missing:
        faults = []
        for item in case.rubric.items:
            for kind in sorted(missing & {*item.evidence}):
                faults.append(
                    field_error("/evidence", "missing", f"“{item.title}”缺少材料：{kind}", f"{item.id} needs {kind}")
                )
        raise EvidenceMissing("佐证材料不全", "evidence is missing for items of the rubric", faults)


def _recommended_by(case: Case, known: Known) -> None:
    if case.channel is Channel.ORGANISATION:
        return
    if not case.recommender or "recommendation" not in {item.kind for item in case.evidence}:
        raise RecommenderMissing(
            "行业推荐、社会推荐须写明推荐方并附推荐材料（recommendation）",
            "this channel needs a recommender, and their recommendation as evidence",
            [field_error("/recommender", "missing", "须写明推荐方并附推荐材料", "and evidence of that kind")],
        )


def _quota(case: Case, known: Known) -> None:
    places, used = known.quota
    if places is not None and used >= places:
        raise QuotaReached(
            f"本市本年度推荐名额{places}个已用完",
            f"the city has used all its {places} places of this year",
            facts={"places": places, "recommended": used},
        )


def _cure_running(case: Case, known: Known) -> None:
    if case.cure is None or case.cure.over(known.today):
        raise CureExpired("补正期已过", "the time to cure is over")


def _cure_over(case: Case, known: Known) -> None:
    if case.cure is None or not case.cure.over(known.today):
        raise not_allowed(case)


def _outcome_grants(case: Case, known: Known) -> None:
    found = cases.outcome(case)
    if found is None or not found.settled:
        raise OutcomeNotSettled("评审尚未完成", "the review is not finished")
    if not found.stars or found.stars < case.procedure.award["lowest"]:
        raise OutcomeBelowThreshold(
            "评审结果未达到星级标准", "the outcome gives no stars", facts={"score": str(found.score)}
        )


def _no_matters(case: Case, known: Known) -> None:
    if case.open_matter:
        raise MatterOpen(
            "申报主体已迁移或合并，须先作出处理决定",
            "the subject moved or merged: settle first what that means for this case",
            facts={"kind": case.open_matter.kind},
        )


def _notice_running(case: Case, known: Known) -> None:
    if not case.notices or case.notices[-1].window.over(known.today):
        raise notice.closed()


def _notice_over(case: Case, known: Known) -> None:
    if not case.notices or not case.notices[-1].window.over(known.today):
        ends = case.notices[-1].window.ends_on.isoformat() if case.notices else None
        raise NoticeNotOver("公示期未满", "the public notice is not over", facts={"ends_on": ends} if ends else {})


def _undisputed(case: Case, known: Known) -> None:
    if not case.notices or notice.disputed(case.notices[-1], case.objections):
        raise NoticeDisputed("公示有未决或成立的异议", "an objection to the public notice is open or was upheld")


_CHECKS: dict[str, Callable[[Case, Known], None]] = {
    "eligible": _eligible,
    "evidence_complete": _evidence_complete,
    "recommended_by": _recommended_by,
    "quota": _quota,
    "cure_running": _cure_running,
    "cure_over": _cure_over,
    "outcome_grants": _outcome_grants,
    "no_matters": _no_matters,
    "notice_running": _notice_running,
    "notice_over": _notice_over,
    "undisputed": _undisputed,
}


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
