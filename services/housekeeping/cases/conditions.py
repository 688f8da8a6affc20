"""On what conditions a case takes a step: what the words of its procedure's ``checks`` mean."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from contract.applications import (
    Channel,
    CureExpired,
    EvidenceMissing,
    MatterOpen,
    NotEligible,
    NoticeDisputed,
    NoticeNotOver,
    OutcomeBelowThreshold,
    OutcomeNotSettled,
    QuotaReached,
    RecommenderMissing,
    TransitionNotAllowed,
)
from contract.errors import field_error
from runtime.workdays import Calendar
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases import notice
from services.housekeeping.cases.domain import Case
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


def not_allowed(case: Case) -> TransitionNotAllowed:
    title = case.procedure.states[case.state].title
    steps = [step.name for step in case.procedure.from_state(case.state)]
    return TransitionNotAllowed(
        f"申报处于“{title}”，不能进行此步骤",
        f"the application is in state {case.state}, which has no such step",
        facts={"state": case.state, "version": case.version, "transitions": steps},
    )


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


def _notice_unfinished(case: Case, known: Known) -> None:
    """Where only the notice's end, or that of an objection's time, has moved."""
    if not unfinished(case, known.today):
        raise not_allowed(case)


def unfinished(case: Case, today: dt.date) -> bool:
    last = case.notices[-1]
    return not last.window.over(today) or notice.disputed(last, case.objections, today)


def _undisputed(case: Case, known: Known) -> None:
    if not case.notices or notice.disputed(case.notices[-1], case.objections, known.today):
        raise NoticeDisputed(
            "公示有待答复、可申诉、未决或成立的异议",
            "an objection to the public notice is undecided, may still be appealed, is open or was upheld",
        )


CHECKS: dict[str, Callable[[Case, Known], None]] = {
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
    "notice_unfinished": _notice_unfinished,
    "undisputed": _undisputed,
}
