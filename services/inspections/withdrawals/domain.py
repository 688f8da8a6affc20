"""A withdrawal (核减): a counted unit is to be taken back by its owner, and given back once the re-check is passed."""

import datetime as dt
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from contract.findings import FindingState
from contract.inspections import CountedFact, Outcome
from contract.withdrawals import WithdrawalByAnother, WithdrawalChanged, WithdrawalNotPossible, WithdrawalState
from services.inspections.domain import Step
from services.inspections.findings.domain import Finding

_STANDING = (WithdrawalState.PENDING, WithdrawalState.DONE, WithdrawalState.LIFTING, WithdrawalState.LIFT_REFUSED)
_ANSWERED = {
    (WithdrawalState.PENDING, True): WithdrawalState.DONE,
    (WithdrawalState.PENDING, False): WithdrawalState.REFUSED,
    (WithdrawalState.LIFTING, True): WithdrawalState.LIFTED,
    (WithdrawalState.LIFTING, False): WithdrawalState.LIFT_REFUSED,
}


@dataclass(frozen=True, slots=True)
class Order:
    """``version`` counts all changes, ``order_version`` what the owner is told: the newest of it stands."""

    order_id: str
    version: int
    order_version: int
    inspection_id: str
    finding_id: str
    target_id: str
    fact: CountedFact
    fact_id: str
    region: str
    amount: Decimal
    effective_on: dt.date
    reason: str
    ordered_by: str
    state: WithdrawalState
    history: tuple[Step, ...] = field(repr=False)
    answer: str | None = None

    @property
    def standing_for(self) -> str | None:
        """What only one standing withdrawal can be of: a certificate or an award, or a finding about a report."""
        if self.state not in _STANDING:
            return None
        return self.finding_id if self.fact is CountedFact.REPORT else self.fact_id


def order(finding: Finding, *, order_id: str, reason: str, at: dt.datetime, by: str) -> Order:
    """Raises WithdrawalNotPossible, WithdrawalByAnother."""
    if finding.history[0].by == by:
        raise WithdrawalByAnother(
            "记录督导发现的人不能自行核减，请由另一名督导人员下达",
            "who recorded the finding does not order the withdrawal: let another inspector do so",
        )
    if finding.outcome is Outcome.IN_ORDER:
        raise WithdrawalNotPossible("该单位属实，不能核减", "the unit is in order")
    if finding.state is FindingState.PASSED:
        raise WithdrawalNotPossible("该问题已复查通过，不能再核减", "the re-check of this finding was passed")
    return Order(
        order_id=order_id,
        version=1,
        order_version=1,
        inspection_id=finding.inspection_id,
        finding_id=finding.finding_id,
        target_id=finding.target_id,
        fact=finding.fact,
        fact_id=finding.fact_id,
        region=finding.region,
        amount=finding.amount if finding.amount is not None else Decimal(1),
        effective_on=finding.counted_on,
        reason=reason,
        ordered_by=by,
        state=WithdrawalState.PENDING,
        history=(Step(1, "withdrawal_ordered", at, by, reason),),
    )


def lift(order: Order, finding: Finding, *, reason: str, at: dt.datetime, by: str) -> Order:
    """Raises WithdrawalNotPossible."""
    if finding.state is not FindingState.PASSED:
        raise WithdrawalNotPossible("复查通过后才能恢复", "it is lifted after the re-check was passed")
    if order.state is not WithdrawalState.DONE:
        raise WithdrawalNotPossible(
            f"已核减的才能恢复，目前状态为 {order.state.value}",
            f"only what is withdrawn is given back: it is {order.state.value}",
            facts={"state": order.state.value, "version": order.version},
        )
    after = replace(order, state=WithdrawalState.LIFTING, reason=reason, order_version=order.order_version + 1)
    return _moved(after, "withdrawal_lifted", at=at, by=by, reason=reason)


def answered(order: Order, *, order_version: int, done: bool, reason: str | None, at: dt.datetime, by: str) -> Order:
    """What the owner said of the version that it was told. Of an older one, or told again, it changes nothing."""
    state = _ANSWERED.get((order.state, done))
    if order_version != order.order_version or state is None:
        return order
    return _moved(replace(order, state=state, answer=reason), f"withdrawal_{state.value}", at=at, by=by, reason=reason)


def check_version(order: Order, expected: int | None) -> None:
    """Raises WithdrawalChanged."""
    if expected is not None and expected != order.version:
        raise WithdrawalChanged(
            f"核减单已更改：当前版本为{order.version}，请重新读取后再提交",
            f"the withdrawal has changed and is now at version {order.version}: read it again",
            facts={"version": order.version, "state": order.state.value},
        )


def facts(order: Order) -> dict[str, Any]:
    """What the owner is told."""
    return {
        "order_id": order.order_id,
        "version": order.order_version,
        "inspection_id": order.inspection_id,
        "finding_id": order.finding_id,
        "target_id": order.target_id,
        "fact": order.fact,
        "fact_id": order.fact_id,
        "region": order.region,
        "amount": order.amount,
        "effective_on": order.effective_on,
        "reason": order.reason,
        "ordered_by": order.ordered_by,
    }


def _moved(order: Order, what: str, *, at: dt.datetime, by: str, reason: str | None) -> Order:
    step = Step(order.version + 1, what, at, by, reason)
    return replace(order, version=step.version, history=(*order.history, step))
