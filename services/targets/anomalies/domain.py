"""What looks odd in a count. Pure: the same entries give the same hints, and nothing counted changes.

Three things are looked for, each by the options of anomalies.toml:

- bursts at a period's end. What is counted from certificates, awards and activities has a day of its own: odd is a
  county's month most of which lies on its last days. Of reported figures the day in the world is always the period's
  last, and the figures of a month are recorded in the days after it, so neither says anything: odd is a region most of
  whose year was recorded within the days up to a milestone;
- the same increase month after month;
- a month with many times the region's usual increase, or with a large part of the province's target.

A deduction by an inspection is no doing of the region and is left out; what was corrected counts as it now stands.
"""

import datetime as dt
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any

from contract import regions
from contract.inspections import AnomalyKind
from plan import Indicator, Plan
from services.targets.ledger.outlook import percent

_OPTIONS = Path(__file__).with_name("anomalies.toml")
_REPORTED = ("report", "sum")


@dataclass(frozen=True)
class Burst:
    last_days: int
    before: int
    share: Decimal
    least: int


@dataclass(frozen=True)
class Same:
    months: int
    least: int


@dataclass(frozen=True)
class Pace:
    times: int
    months: int
    of_target: Decimal
    least: int


@dataclass(frozen=True)
class Options:
    burst: Burst
    same: Same
    pace: Pace


@dataclass(frozen=True)
class Step:
    """What entries add up to: by indicator, region, the day in the world, and the day (Asia/Shanghai) on which it was
    recorded. Without deductions."""

    indicator: str
    region: str
    effective_on: dt.date
    recorded_on: dt.date
    value: Decimal


@dataclass(frozen=True)
class Anomaly:
    """``key`` is the same however often the same thing is seen."""

    key: str
    kind: AnomalyKind
    target_id: str
    region: str
    measures: dict[str, Any]


@lru_cache(maxsize=1)
def options() -> Options:
    said = tomllib.loads(_OPTIONS.read_text())
    burst, same, pace = said["last_day_burst"], said["same_every_month"], said["impossible_pace"]
    return Options(
        Burst(burst["last_days"], burst["before"], Decimal(burst["share"]), burst["least"]),
        Same(same["months"], same["least"]),
        Pace(pace["times"], pace["months"], Decimal(pace["of_target"]), pace["least"]),
    )


def anomalies(plan: Plan, steps: Iterable[Step], *, as_of: dt.date, options: Options) -> list[Anomaly]:
    """In the order of their keys. Looks at the plan's year up to ``as_of``; the month of ``as_of`` is not over and is
    looked at as far as it is. A sum is looked at by its parts."""
    of: dict[tuple[str, str], list[Step]] = defaultdict(list)
    for step in steps:
        if plan.begins <= step.effective_on <= as_of:
            of[step.indicator, step.region].append(step)
    found: list[Anomaly] = []
    for (id, region), told in of.items():
        indicator = plan.indicators.get(id)
        if indicator is None or indicator.sum_of:
            continue
        months = _months(told)
        if indicator.fact in _REPORTED:
            found += _recorded_at_the_end(plan, indicator, region, told, options.burst)
        else:
            found += _last_days(indicator, region, told, options.burst)
        found += _same(indicator, region, months, options.same)
        found += _pace(plan, indicator, region, months, options.pace)
    return sorted(found, key=lambda anomaly: anomaly.key)


def _last_days(indicator: Indicator, region: str, steps: Iterable[Step], burst: Burst) -> Iterator[Anomaly]:
    months: dict[str, list[Step]] = defaultdict(list)
    for step in steps:
        months[_month(step.effective_on)].append(step)
    for month, told in months.items():
        total = _sum(told)
        end = _end_of(month)
        last = _sum(step for step in told if (end - step.effective_on).days < burst.last_days)
        if total >= burst.least and last >= burst.share * total:
            yield _anomaly(
                AnomalyKind.LAST_DAY_BURST,
                indicator,
                region,
                month,
                month=month,
                count=total,
                on_the_last_days=last,
                last_days=burst.last_days,
                percent=percent(last, total),
            )


def _recorded_at_the_end(
    plan: Plan, indicator: Indicator, region: str, steps: list[Step], burst: Burst
) -> Iterator[Anomaly]:
    for milestone in (plan.soft_deadline, plan.deadline):
        told = [step for step in steps if plan.begins <= step.recorded_on <= milestone]
        total = _sum(told)
        last = _sum(step for step in told if (milestone - step.recorded_on).days < burst.before)
        if total >= burst.least and last >= burst.share * total:
            yield _anomaly(
                AnomalyKind.LAST_DAY_BURST,
                indicator,
                region,
                milestone.isoformat(),
                milestone=milestone.isoformat(),
                recorded=total,
                recorded_at_the_end=last,
                last_days=burst.before,
                percent=percent(last, total),
            )


def _same(indicator: Indicator, region: str, months: Mapping[str, Decimal], same: Same) -> Iterator[Anomaly]:
    """A run is one anomaly, named by its first month, however long it becomes."""
    run: list[str] = []
    for month in [*_all_months(months), ""]:
        value = months.get(month, Decimal(0))
        if run and value != months[run[-1]]:
            if len(run) >= same.months:
                yield _anomaly(
                    AnomalyKind.SAME_EVERY_MONTH,
                    indicator,
                    region,
                    run[0],
                    from_month=run[0],
                    to_month=run[-1],
                    months=len(run),
                    each=months[run[-1]],
                )
            run = []
        if month and value >= same.least:
            run.append(month)


def _pace(
    plan: Plan, indicator: Indicator, region: str, months: Mapping[str, Decimal], pace: Pace
) -> Iterator[Anomaly]:
    for month, value in months.items():
        if value < pace.least:
            continue
        others = [other for name, other in months.items() if name != month and other > 0]
        usual = median(others) if len(others) >= pace.months else None
        whole = indicator.target if regions.get(region).level != "province" else None
        too_much = whole is not None and value * 100 > pace.of_target * whole
        if too_much or (usual is not None and value > pace.times * usual):
            yield _anomaly(
                AnomalyKind.IMPOSSIBLE_PACE,
                indicator,
                region,
                month,
                month=month,
                count=value,
                median_of_other_months=usual,
                percent_of_annual_target=percent(value, whole) if whole else None,
            )


def _anomaly(kind: AnomalyKind, indicator: Indicator, region: str, when: str, **measures: Any) -> Anomaly:
    shown = {name: format(value, "f") if isinstance(value, Decimal) else value for name, value in measures.items()}
    key = f"{kind.name.lower()}:{indicator.id}:{region}:{when}"
    return Anomaly(key=key, kind=kind, target_id=indicator.id, region=region, measures=shown)


def _months(steps: Iterable[Step]) -> dict[str, Decimal]:
    months: dict[str, Decimal] = defaultdict(Decimal)
    for step in sorted(steps, key=lambda step: step.effective_on):
        months[_month(step.effective_on)] += step.value
    return dict(months)


def _all_months(months: Mapping[str, Decimal]) -> list[str]:
    """From the first to the last, with those in between in which nothing moved."""
    if not months:
        return []
    year = min(months)[:4]
    return [f"{year}-{number:02}" for number in range(1, 13) if min(months) <= f"{year}-{number:02}" <= max(months)]


def _month(day: dt.date) -> str:
    return f"{day:%Y-%m}"


def _end_of(month: str) -> dt.date:
    first = dt.date.fromisoformat(f"{month}-01")
    return (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)


def _sum(steps: Iterable[Step]) -> Decimal:
    return sum((step.value for step in steps), Decimal(0))
