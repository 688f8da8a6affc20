"""A case: one application of one subject for stars, from draft to its end."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from contract.applications import CaseChanged, Channel
from contract.housekeeping import SubjectKind
from services.housekeeping import procedure as procedures
from services.housekeeping import rubric as rubrics
from services.housekeeping import scoring
from services.housekeeping.notice import Notice, Objection
from services.housekeeping.procedure import Procedure
from services.housekeeping.rubric import Rubric
from services.housekeeping.scoring import Outcome, Score
from services.housekeeping.workdays import Window


@dataclass(frozen=True, slots=True)
class Evidence:
    kind: str
    title: str
    sha256: str
    file_id: str | None = None


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


ASIDE = {
    "open": "建立申报",
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
class Matter:
    """The subject moved or merged: a person has to say what that means here."""

    kind: str
    detail: Mapping[str, str]
    opened_at: dt.datetime
    settled_at: dt.datetime | None = None
    decision: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """``region`` and ``bases`` are those of the day it was opened. ``resume_to``: where a returned one goes back to."""

    case_id: str
    version: int
    procedure_version: str
    rubric_version: str
    subject_kind: SubjectKind
    subject_key: str
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
    barred: tuple[str, ...] = ()  # reviewers of the case that this one appeals
    retry_on: dt.date | None = None  # when to look again for a reviewer

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
        return next((matter for matter in self.matters if matter.settled_at is None), None)


def open_case(
    *,
    case_id: str,
    kind: SubjectKind,
    subject_key: str,
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


def moved(
    case: Case,
    transition: str,
    *,
    at: dt.datetime,
    by: str,
    reason: str | None,
    evidence: tuple[Evidence, ...] = (),
    state: str | None = None,
) -> Case:
    """With one more step in its history, and one more version."""
    state = state or case.state
    step = Step(case.version + 1, transition, state, at, by, reason, evidence)
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
    if case.state == "on_notice":
        return case.notices[-1].window.ends_on + dt.timedelta(days=1)
    if case.state == "provincial_review":
        days = [seat.window.ends_on + dt.timedelta(days=1) for seat in case.seats if seat.state == "assigned"]
        return min([*days, *([case.retry_on] if case.retry_on else [])], default=None)
    return None


def check_version(case: Case, expected: int | None) -> None:
    """Raises CaseChanged, which tells the version and state as they are now."""
    if expected is not None and expected != case.version:
        title = case.procedure.states[case.state].title
        raise CaseChanged(
            f"申报已被他人更改：当前版本为{case.version}，状态为“{title}”，请重新读取后再提交",
            f"the application has changed: it is at version {case.version}, in state {case.state}; read it again",
            facts={"version": case.version, "state": case.state},
        )
