"""What an inspector found of a unit, and its mending (整改) until a re-check is passed. Pure."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from contract.errors import field_error
from contract.findings import (
    FindingChanged,
    FindingInvalid,
    FindingNotOpen,
    FindingState,
    RecheckByAnother,
    SupervisionColour,
)
from contract.inspections import CountedFact, Outcome
from services.inspections.domain import Step, Unit
from services.inspections.evidence import Proof


@dataclass(frozen=True, slots=True)
class Rectification:
    """What is said to have been mended, and by which account."""

    text: str
    evidence: tuple[Proof, ...]
    at: dt.datetime
    by: str


@dataclass(frozen=True, slots=True)
class Recheck:
    passed: bool
    text: str
    evidence: tuple[Proof, ...]
    at: dt.datetime
    by: str


@dataclass(frozen=True, slots=True)
class Escalation:
    colour: SupervisionColour
    supervision_id: str
    number: str
    on: dt.date


@dataclass(frozen=True, slots=True)
class Finding:
    """``amount``: of a report's units, how many are not as reported; None for what counts as one, or is in order.
    ``counted_on``: the day from which the unit counts. ``order_id``: the withdrawal that was ordered last."""

    finding_id: str
    version: int
    inspection_id: str
    unit: int
    target_id: str
    region: str
    fact: CountedFact
    fact_id: str
    counted_on: dt.date
    outcome: Outcome
    text: str
    amount: Decimal | None
    evidence: tuple[Proof, ...]
    state: FindingState
    due_on: dt.date | None
    history: tuple[Step, ...] = field(repr=False)
    rectifications: tuple[Rectification, ...] = ()
    rechecks: tuple[Recheck, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    order_id: str | None = None

    @property
    def awaits_mending(self) -> bool:
        return self.state is FindingState.OPEN

    @property
    def files(self) -> tuple[Proof, ...]:
        """All that was handed in about it."""
        mended = [file for step in self.rectifications for file in step.evidence]
        return (*self.evidence, *mended, *(file for step in self.rechecks for file in step.evidence))

    def overdue(self, today: dt.date) -> bool:
        return self.awaits_mending and self.due_on is not None and self.due_on < today


def record(
    unit: Unit,
    *,
    finding_id: str,
    target_id: str,
    outcome: Outcome,
    text: str,
    amount: Decimal | None,
    evidence: Sequence[Proof],
    due_on: dt.date | None,
    default_days: int,
    today: dt.date,
    at: dt.datetime,
    by: str,
) -> Finding:
    """Raises FindingInvalid."""
    in_order, faults = outcome is Outcome.IN_ORDER, []
    if not in_order and not evidence:
        faults.append(field_error("/evidence", "missing", "须附佐证材料", "evidence is needed"))
    if in_order and due_on is not None:
        faults.append(field_error("/due_on", "not_needed", "属实的无需整改期限", "nothing is to be mended"))
    faults += _date_faults(due_on, today)
    if in_order or unit.fact is not CountedFact.REPORT:
        if amount is not None:
            zh, en = "仅填报类指标且不属实时填写", "only for a report that is not in order"
            faults.append(field_error("/amount", "not_needed", zh, en))
    elif amount is None or not 0 < amount <= unit.amount:
        zh, en = (
            f"须大于0且不超过该单位的{unit.amount:f}",
            f"must be more than 0 and at most the unit's {unit.amount:f}",
        )
        faults.append(field_error("/amount", "range", zh, en))
    if faults:
        raise _invalid(faults)
    return Finding(
        finding_id=finding_id,
        version=1,
        inspection_id=unit.inspection_id,
        unit=unit.number,
        target_id=target_id,
        region=unit.region,
        fact=unit.fact,
        fact_id=unit.fact_id,
        counted_on=unit.on,
        outcome=outcome,
        text=text,
        amount=amount,
        evidence=tuple(evidence),
        state=FindingState.SETTLED if in_order else FindingState.OPEN,
        due_on=None if in_order else due_on or today + dt.timedelta(days=default_days),
        history=(Step(1, "finding_recorded", at, by),),
    )


def mend(finding: Finding, *, text: str, evidence: Sequence[Proof], at: dt.datetime, by: str) -> Finding:
    """It is said to be mended: now somebody else looks. Raises FindingNotOpen, FindingInvalid."""
    if finding.state is not FindingState.OPEN:
        raise _not_open(finding, "待整改的问题才能报送整改情况", "only what is open is reported as mended")
    if not evidence:
        raise _invalid([field_error("/evidence", "missing", "须附整改佐证材料", "evidence is needed")])
    told = Rectification(text, tuple(evidence), at, by)
    after = replace(finding, state=FindingState.MENDED, rectifications=(*finding.rectifications, told))
    return moved(after, "rectification_recorded", at=at, by=by)


def recheck(
    finding: Finding,
    *,
    passed: bool,
    text: str,
    evidence: Sequence[Proof],
    due_on: dt.date | None,
    default_days: int,
    today: dt.date,
    at: dt.datetime,
    by: str,
) -> Finding:
    """Passed, or open again until a new date. Raises FindingNotOpen, RecheckByAnother, FindingInvalid."""
    if finding.state is not FindingState.MENDED:
        raise _not_open(finding, "已报送整改情况的问题才能复查", "only what is reported as mended is re-checked")
    if finding.rectifications[-1].by == by:
        raise RecheckByAnother("报送整改情况的人不能自己复查", "who reported the mending does not re-check it")
    faults = _date_faults(due_on, today)
    if passed and due_on is not None:
        faults.append(field_error("/due_on", "not_needed", "复查通过的无需期限", "nothing is left to be mended"))
    if faults:
        raise _invalid(faults)
    done = Recheck(passed, text, tuple(evidence), at, by)
    after = replace(
        finding,
        state=FindingState.PASSED if passed else FindingState.OPEN,
        due_on=finding.due_on if passed else due_on or today + dt.timedelta(days=default_days),
        rechecks=(*finding.rechecks, done),
    )
    return moved(after, "recheck_passed" if passed else "recheck_failed", at=at, by=by)


def escalated(finding: Finding, done: Escalation, *, at: dt.datetime, by: str) -> Finding:
    after = replace(finding, escalations=(*finding.escalations, done))
    return moved(after, "supervision_ordered", at=at, by=by, reason=f"{done.colour.value}色 {done.number}")


def with_order(finding: Finding, order_id: str, *, at: dt.datetime, by: str) -> Finding:
    return moved(replace(finding, order_id=order_id), "withdrawal_ordered", at=at, by=by)


def moved(finding: Finding, what: str, *, at: dt.datetime, by: str, reason: str | None = None) -> Finding:
    step = Step(finding.version + 1, what, at, by, reason)
    return replace(finding, version=step.version, history=(*finding.history, step))


def check_version(finding: Finding, expected: int | None) -> None:
    """Raises FindingChanged."""
    if expected is not None and expected != finding.version:
        raise FindingChanged(
            f"该问题已被他人更改：当前版本为{finding.version}，请重新读取后再提交",
            f"the finding has changed and is now at version {finding.version}: read it again",
            facts={"version": finding.version, "state": finding.state.value},
        )


def _date_faults(due_on: dt.date | None, today: dt.date) -> list[dict[str, str]]:
    if due_on is None or due_on > today:
        return []
    return [field_error("/due_on", "past", "整改期限须在今天之后", "must lie after today")]


def _invalid(faults: list[dict[str, str]]) -> FindingInvalid:
    return FindingInvalid("督导发现有误，请按所列字段更正", "correct the listed fields and send it again", faults)


def _not_open(finding: Finding, zh: str, en: str) -> FindingNotOpen:
    facts = {"state": finding.state.value, "version": finding.version}
    return FindingNotOpen(f"{zh}，目前状态为 {finding.state.value}", f"{en}: it is {finding.state.value}", facts=facts)
