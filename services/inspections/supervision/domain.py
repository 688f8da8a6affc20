"""督查单: what follows when a finding is not mended by its date.

An order gives its addressees their days even when the clock stood still meanwhile: the next one is reckoned from the
day on which the last was issued, so that no two come at once.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from contract.findings import SupervisionColour
from services.inspections.escalation import Rule, Step
from services.inspections.findings.domain import Finding

_OUTCOMES = {"not_found": "查无实据", "not_as_reported": "与上报情况不符", "data_wrong": "数据有误"}


@dataclass(frozen=True, slots=True)
class SupervisionOrder:
    """``due_on``: when it should have been mended. ``lines``: as it is printed."""

    supervision_id: str
    number: str
    colour: SupervisionColour
    finding_id: str
    inspection_id: str
    target_id: str
    region: str
    addressed_to: tuple[str, ...]
    issued_on: dt.date
    due_on: dt.date
    overdue_days: int
    next_on: dt.date | None
    lines: tuple[str, ...]


def next_step(finding: Finding, rule: Rule) -> tuple[Step, dt.date] | None:
    """What comes next, and on which day; None when it is not to be mended, or all has been done."""
    if not finding.awaits_mending or finding.due_on is None or len(finding.escalations) >= len(rule.steps):
        return None
    step = rule.steps[len(finding.escalations)]
    last = max([finding.due_on, *(done.on for done in finding.escalations)])
    return step, last + dt.timedelta(days=step.after_days)


def supervise(
    finding: Finding,
    step: Step,
    rule: Rule,
    *,
    supervision_id: str,
    serial: int,
    today: dt.date,
    target_name: str,
    region_name: str,
    departments: Sequence[str],
) -> SupervisionOrder:
    """The order of that step, issued today."""
    assert finding.due_on is not None
    number = rule.number.format(year=today.year, serial=serial)
    place = [each.colour for each in rule.steps].index(step.colour)
    later = rule.steps[place + 1 :]
    next_on = today + dt.timedelta(days=later[0].after_days) if later else None
    overdue = (today - finding.due_on).days
    addressed_to = (region_name, *departments)
    lines = [
        f"{step.colour.value}色督查单",
        number,
        f"致：{'、'.join(addressed_to)}",
        f"事项：{finding.target_id} {target_name}（{region_name}）",
        f"督导发现：{_OUTCOMES[finding.outcome.value]}。{finding.text}",
        f"整改期限：{_written(finding.due_on)}，已逾期{overdue}日，尚未完成整改。",
        f"要求：{step.demand}",
        *([f"{_written(next_on)}前仍未完成整改的，将发出{later[0].colour.value}色督查单。"] if next_on else []),
        _written(today),
    ]
    return SupervisionOrder(
        supervision_id=supervision_id,
        number=number,
        colour=step.colour,
        finding_id=finding.finding_id,
        inspection_id=finding.inspection_id,
        target_id=finding.target_id,
        region=finding.region,
        addressed_to=addressed_to,
        issued_on=today,
        due_on=finding.due_on,
        overdue_days=overdue,
        next_on=next_on,
        lines=tuple(lines),
    )


def _written(day: dt.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
