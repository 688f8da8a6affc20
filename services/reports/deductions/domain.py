"""What an inspection's order takes off a report line, and why it cannot. Pure."""

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from contract import regions
from plan import Plan
from services.reports import figures
from services.reports.domain import Line


@dataclass(frozen=True, slots=True)
class Deduction:
    """Of one order. ``amount`` is 0 once it was lifted."""

    deduction_id: str
    version: int
    order_id: str
    target_id: str
    region: str
    report_id: str
    amount: Decimal
    effective_on: dt.date
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Told:
    """The newest version of an order that was answered, and how."""

    order_id: str
    version: int
    done: bool
    reason: str | None


def fault(
    order: dict[str, Any],
    line: Line | None,
    plan: Plan,
    accepted: figures.Figures,
    *,
    known: Deduction | None,
    others: Decimal,
) -> str | None:
    """Why ``order`` (contract.withdrawals.WithdrawalEvent) cannot be done, None when it can. ``known``: what an earlier
    version of it took off; ``others``: what other orders took off the line."""
    if line is None:
        return "没有这条填报，请核对 fact_id"
    if known is not None and known.report_id != line.report_id:
        return "该核减单已用于另一条填报：请先解除，再另立一单"
    indicator, reporting = figures.reported(plan, line.target_id)
    asked = plan.indicators.get(order["target_id"])
    if asked is None or line.target_id not in (asked.id, *asked.sum_of):
        return f"该填报属于指标{line.target_id}，与核减单的指标{order['target_id']}不符"
    if not regions.within(line.region, order["region"]):
        return f"该填报属于{regions.get(line.region).full_name}，不在核减单的地区之内"
    amount: Decimal = order["amount"]
    if amount <= 0 or amount != round(amount, reporting.decimals):
        return f"核减数应大于0，最多{reporting.decimals}位小数"
    ours = accepted.get(line.target_id, {})
    if line.period not in ours:
        return "该填报尚未审定，没有计入的数量可核减"
    counts = figures.counting(indicator, ours, line.period) - others
    if amount > counts:
        return f"该填报现计{max(counts, Decimal(0)):f}，不足以核减{amount:f}"
    return None


def done(order: dict[str, Any], line: Line, *, known: Deduction | None, new_id: str, at: dt.datetime) -> Deduction:
    """A first deduction, or the next version of the one that is ``known``. It holds from the order's day, and never
    before the line itself does."""
    return Deduction(
        deduction_id=known.deduction_id if known else new_id,
        version=known.version + 1 if known else 1,
        order_id=order["order_id"],
        target_id=line.target_id,
        region=line.region,
        report_id=line.report_id,
        amount=order["amount"],
        effective_on=max(order["effective_on"], line.effective_on),
        at=at,
    )


def lifted(known: Deduction, *, at: dt.datetime) -> Deduction:
    return replace(known, version=known.version + 1, amount=Decimal(0), at=at)
