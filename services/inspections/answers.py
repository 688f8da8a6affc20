"""What is known, in the contract's words."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from contract import findings, inspections, regions, withdrawals
from plan import Plan
from runtime.record import document
from services.inspections.escalation import SupervisionOrder
from services.inspections.findings import Finding
from services.inspections.inspections import Inspection, Unit
from services.inspections.orders import Order


def shown_inspection(
    inspection: Inspection, plan: Plan, *, outcomes: Mapping[str, int], unmended: int
) -> dict[str, Any]:
    """Inspection"""
    indicator = plan.indicators.get(inspection.target_id)
    told = _plain(inspection)
    told["target_name"] = indicator.name if indicator else inspection.target_id
    told["outcomes"] = {outcome.value: outcomes.get(outcome.value, 0) for outcome in inspections.Outcome}
    return inspections.Inspection.write(**told, as_of=inspection.as_of, unmended=unmended)


def shown_unit(unit: Unit, finding: Finding | None) -> dict[str, Any]:
    """SampleUnit"""
    return inspections.SampleUnit.write(
        inspection_id=unit.inspection_id,
        number=unit.number,
        subject=unit.subject,
        fact=unit.fact,
        fact_id=unit.fact_id,
        region=unit.region,
        region_name=regions.get(unit.region).full_name,
        amount=unit.amount,
        effective_on=unit.on,
        outcome=finding.outcome if finding else None,
        finding_id=finding.finding_id if finding else None,
    )


def shown_finding(finding: Finding, today: dt.date) -> dict[str, Any]:
    """Finding"""
    told = _plain(finding)
    del told["counted_on"]
    told["escalations"] = [
        {"colour": done.colour, "supervision_id": done.supervision_id, "number": done.number, "on": done.on}
        for done in finding.escalations
    ]
    return findings.Finding.write(**told, due_on=finding.due_on, overdue=finding.overdue(today))


def shown_order(order: Order) -> dict[str, Any]:
    """Withdrawal"""
    told = _plain(order)
    del told["ordered_by"]
    return withdrawals.Withdrawal.write(**told, effective_on=order.effective_on)


def shown_supervision(issued: SupervisionOrder) -> dict[str, Any]:
    """SupervisionOrder"""
    days = {"issued_on": issued.issued_on, "due_on": issued.due_on, "next_on": issued.next_on}
    return findings.SupervisionOrder.write(**_plain(issued), **days)


_DAYS = {"as_of", "due_on", "effective_on", "issued_on", "next_on"}  # written from the dataclass, as days
_ABSENT = {"sample", "amount", "order_id", "answer"}  # left out of documents, null in answers


def _plain(kept: Any) -> dict[str, Any]:
    told = {name: value for name, value in document(kept).items() if name not in _DAYS}
    for name in _ABSENT & {*kept.__dataclass_fields__}:
        told.setdefault(name, None)
    return told | {"region_name": regions.get(kept.region).full_name}
