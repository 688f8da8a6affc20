"""A case: one application of one subject for stars, from draft to its end."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from contract.applications import AppealNotAllowed, CaseChanged, CaseNotFound, Channel, ObjectionState
from contract.housekeeping import Settlement, SubjectKind
from runtime.workdays import Calendar, Window, open_window
from services.housekeeping.access import Actor
from services.housekeeping.cases.notice import UNDECIDED, Notice, Objection
from services.housekeeping.evidence import Evidence
from services.housekeeping.matters import Matter, first_open, not_open, settled
from services.housekeeping.procedures import domain as procedures
from services.housekeeping.procedures.domain import Procedure
from services.housekeeping.rubrics import domain as rubrics
from services.housekeeping.rubrics import scoring
from services.housekeeping.rubrics.domain import Rubric
from services.housekeeping.rubrics.scoring import Outcome, Score


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a case. ``transition`` is one of its procedure, or one of ASIDE."""

    version: int
    transition: str
    state: str  # after it
    at: dt.datetime
    by: str
    reason: str | None
    evidence: tuple[Evidence, ...] = ()
    about: str | None = None  # an objection


ASIDE = {
    "open": "建立申报",
    "adopt": "改按新版程序办理",
    "appeal": "申诉立案",
    "add_evidence": "补充材料",
    "score": "评审打分",
    "recuse": "评审员回避",
    "replace": "更换评审员",
    "seat": "分配评审员",
    "reckon": "因节假日安排重新计算期限",
    "raise_matter": "主体变更待处理",
    "settle_matter": "主体变更已处理",
}


@dataclass(frozen=True, slots=True)
class Seat:
    """``number`` 1 and 2 review, 3 when called. A seat that is given to another reviewer is another Seat."""

    number: int
    reviewer: str
    window: Window
    state: str = "assigned"  # scored, recused, late
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """Append-only: a revision is another sheet with the next version."""

    seat: int
    reviewer: str
    version: int
    marks: Mapping[str, Decimal]
    vetoes: tuple[str, ...]
    notes: Mapping[str, str]
    note: str
    at: dt.datetime

    @property
    def score(self) -> Score:
        return Score(self.marks, self.vetoes)


@dataclass(frozen=True, slots=True)
class Case:
    """``name`` (a base's, or a 福嫂's with one character masked), ``unit``, ``region`` and ``bases`` are those of the
    day it was opened. ``resume_to``: where a returned one goes back to. ``barred``: who took part in the case that
    this one appeals. ``retry_on``: when to look again for a reviewer."""

    case_id: str
    version: int
    procedure_version: str
    rubric_version: str
    subject_kind: SubjectKind
    subject_key: str
    name: str
    unit: str
    bases: tuple[str, ...]
    region: str
    organisation: str
    channel: Channel
    recommender: str | None
    state: str
    opened_on: dt.date
    history: tuple[Step, ...] = field(repr=False)
    evidence: tuple[Evidence, ...] = ()
    resume_to: str | None = None
    cure: Window | None = None
    seats: tuple[Seat, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    notices: tuple[Notice, ...] = ()
    objections: tuple[Objection, ...] = ()
    matters: tuple[Matter, ...] = ()
    award_id: str | None = None
    appeal_of: str | None = None
    barred: tuple[str, ...] = ()
    retry_on: dt.date | None = None

    @property
    def procedure(self) -> Procedure:
        return procedures.procedure(self.procedure_version)

    @property
    def rubric(self) -> Rubric:
        return rubrics.rubric(self.rubric_version)

    @property
    def final(self) -> bool:
        return self.procedure.states[self.state].final

    @property
    def reviewers(self) -> frozenset[str]:
        """Everybody who has or had a seat."""
        return frozenset(seat.reviewer for seat in self.seats)

    def took(self, transitions: tuple[str, ...]) -> frozenset[str]:
        return frozenset(step.by for step in self.history if step.transition in transitions)

    @property
    def open_matter(self) -> Matter | None:
        return first_open(self.matters)


def open_case(
    *,
    case_id: str,
    kind: SubjectKind,
    subject_key: str,
    name: str,
    unit: str,
    bases: tuple[str, ...],
    region: str,
    organisation: str,
    channel: Channel,
    recommender: str | None,
    evidence: tuple[Evidence, ...],
    today: dt.date,
    at: dt.datetime,
    by: str,
) -> Case:
    """A draft under the procedure and rubric in force today."""
    return Case(
        case_id=case_id,
        version=1,
        procedure_version=procedures.in_force(today).version,
        rubric_version=rubrics.in_force(kind, today).version,
        subject_kind=kind,
        subject_key=subject_key,
        name=name,
        unit=unit,
        bases=bases,
        region=region,
        organisation=organisation,
        channel=channel,
        recommender=recommender,
        state="draft",
        opened_on=today,
        history=(Step(1, "open", "draft", at, by, None, evidence),),
        evidence=evidence,
    )


def open_appeal(
    of: Case,
    *,
    case_id: str,
    decided_on: dt.date,
    calendar: Calendar,
    reason: str,
    evidence: tuple[Evidence, ...],
    today: dt.date,
    at: dt.datetime,
    by: str,
) -> Case:
    """A new case at the review, under the same procedure and rubric, for which nobody who took part in the first one
    may review or decide. ``decided_on``: the day of the decision that is appealed. Raises AppealNotAllowed."""
    window = open_window(opened_on=decided_on, working_days=of.procedure.windows["appeal"], calendar=calendar)
    if window.over(today):
        raise AppealNotAllowed(f"申诉期限已于{window.ends_on}届满", f"appeals were possible until {window.ends_on}")
    if of.appeal_of is not None:
        raise AppealNotAllowed("申诉结果为最终结果，不得再次申诉", "the outcome of an appeal is final")
    officers = of.took(("decline", "open_notice", "uphold_objection", "award"))
    return Case(
        case_id=case_id,
        version=1,
        procedure_version=of.procedure_version,
        rubric_version=of.rubric_version,
        subject_kind=of.subject_kind,
        subject_key=of.subject_key,
        name=of.name,
        unit=of.unit,
        bases=of.bases,
        region=of.region,
        organisation=of.organisation,
        channel=of.channel,
        recommender=of.recommender,
        state="provincial_review",
        opened_on=today,
        history=(Step(1, "appeal", "provincial_review", at, by, reason, evidence),),
        evidence=(*of.evidence, *(item for item in evidence if item not in of.evidence)),
        appeal_of=of.case_id,
        barred=tuple(sorted(of.reviewers | {*of.barred} | officers)),
    )


def raise_matter(case: Case, *, kind: str, detail: Mapping[str, str], at: dt.datetime) -> Case:
    """The subject moved or merged: the case stays where it is, and brings no award until that is settled."""
    after = replace(case, matters=(*case.matters, Matter(kind, detail, at)))
    return moved(after, "raise_matter", at=at, by="clock", reason=None)


def settle(case: Case, decision: Settlement, *, at: dt.datetime, by: str, reason: str) -> Case:
    """Every open matter: the case is kept going where it is, or ends as withdrawn. Raises MatterNotOpen."""
    if case.final:
        raise not_open()
    after = replace(case, matters=settled(case.matters, decision, at=at, reason=reason))
    state = "withdrawn" if decision is Settlement.END else case.state
    return moved(after, "settle_matter", at=at, by=by, reason=reason, state=state)


def moved(
    case: Case,
    transition: str,
    *,
    at: dt.datetime,
    by: str,
    reason: str | None,
    evidence: tuple[Evidence, ...] = (),
    state: str | None = None,
    about: str | None = None,
) -> Case:
    """With one more step in its history, and one more version."""
    state = state or case.state
    step = Step(case.version + 1, transition, state, at, by, reason, evidence, about)
    return replace(case, version=step.version, state=state, history=(*case.history, step))


def active_seats(case: Case) -> tuple[Seat, ...]:
    """The seats that count, in their order."""
    return tuple(
        sorted((seat for seat in case.seats if seat.state in ("assigned", "scored")), key=lambda seat: seat.number)
    )


def latest_sheet(case: Case, seat: Seat) -> Sheet | None:
    of_seat = [sheet for sheet in case.sheets if (sheet.seat, sheet.reviewer) == (seat.number, seat.reviewer)]
    return of_seat[-1] if of_seat else None


def outcome(case: Case) -> Outcome | None:
    """None before the review. The working names seats, never reviewers."""
    if not case.seats:
        return None
    sheets = [latest_sheet(case, seat) for seat in active_seats(case)]
    return scoring.outcome(case.rubric, [sheet.score for sheet in sheets if sheet])


def due_on(case: Case) -> dt.date | None:
    """The first day on which the clock has something to do here."""
    if case.state == "returned" and case.cure:
        return case.cure.ends_on + dt.timedelta(days=1)
    if case.state in ("on_notice", "inquiry"):
        ends = {each: each.window.ends_on for each in case.objections if each.window}
        undecided = [end for each, end in ends.items() if each.state in UNDECIDED]
        if undecided or case.state == "inquiry":
            return min((end + dt.timedelta(days=1) for end in undecided), default=None)
        refused = [end for each, end in ends.items() if each.state is ObjectionState.REFUSED]
        return max([case.notices[-1].window.ends_on, *refused]) + dt.timedelta(days=1)
    if case.state == "provincial_review":
        days = [seat.window.ends_on + dt.timedelta(days=1) for seat in case.seats if seat.state == "assigned"]
        return min([*days, *([case.retry_on] if case.retry_on else [])], default=None)
    return None


def require_sight(who: Actor, case: Case) -> None:
    """Raises CaseNotFound."""
    if not who.sees(region=case.region, organisation=case.organisation, reviewers=case.reviewers):
        raise not_found()


def check_version(case: Case, expected: int | None) -> None:
    """Raises CaseChanged, which tells the version and state as they are now."""
    if expected is not None and expected != case.version:
        title = case.procedure.states[case.state].title
        raise CaseChanged(
            f"申报已被他人更改：当前版本为{case.version}，状态为“{title}”，请重新读取后再提交",
            f"the application has changed: it is at version {case.version}, in state {case.state}; read it again",
            facts={"version": case.version, "state": case.state},
        )


def not_found() -> CaseNotFound:
    return CaseNotFound("没有这项申报", "there is no such application")
