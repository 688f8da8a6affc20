"""One indicator on one day, judged region by region: what is the same for all regions is worked out once."""

import datetime as dt
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from contract import regions as places
from contract.words import Measure, WorkState
from plan import Indicator, Plan
from services.targets.ledger import outlook
from services.targets.ledger.outlook import UNCOUNTED, UNTOLD, Forecast, Standing, aim_of
from services.targets.ledger.store import Sums
from services.targets.ledger.told import Told
from services.targets.rules import is_counted
from services.targets.store import Days
from services.targets.tree.domain import Goal, decimals_of, reporting_regions


class Place(NamedTuple):
    """An indicator in a region. ``value`` and ``period`` (本期完成) are None of an indicator told by state, below the
    level that its figures are told for, and while nothing counts it."""

    target: Decimal | None
    value: Decimal | None
    period: Decimal | None
    standing: Standing
    state: WorkState | None


class Judge:
    """One indicator on one day: what is the same for all regions is worked out once."""

    def __init__(self, plan: Plan, indicator: Indicator, as_of: dt.date, period: str) -> None:
        self._plan = plan
        self._indicator = indicator
        self._as_of = as_of
        self._period = period
        self._last = outlook.checkpoint(as_of, begins=plan.begins, deadline=plan.deadline)
        self.decimals = decimals_of(plan, indicator)
        self.due = self._due(as_of)
        self._due_then = Decimal(0) if self._last is None else self._due(self._last)

    def _due(self, on: dt.date) -> Decimal:
        plan = self._plan
        return outlook.pace(begins=plan.begins, deadline=plan.deadline, as_of=on, curve=self._indicator.curve)

    def sums(self, days: Days) -> Sums:
        sums = Sums()
        for day, value in days.items():
            if day > self._as_of:
                continue
            sums.value += value
            if day < self._plan.begins:
                sums.before = value + (sums.before or 0)
            if self._last is not None and day <= self._last:
                sums.earlier += value
            if day.isoformat()[:7] == self._period:
                sums.period += value
        return sums

    def place(self, code: str, goal: Goal, sums: Sums, told: Told) -> Place:
        indicator, plan = self._indicator, self._plan
        if indicator.measure is Measure.STATE:
            standing = outlook.state_stands(told.state, as_of=self._as_of, deadline=plan.deadline)
            return Place(None, None, None, standing, told.state)
        if not covers(indicator, code):
            return Place(goal.current, None, None, UNTOLD, None)
        if not is_counted(indicator):
            return Place(goal.current, None, None, UNTOLD if goal.current is None else UNCOUNTED, None)
        value, standing = Decimal(sums.value), UNTOLD
        aim = aim_of(plan, indicator, goal.current, None if sums.before is None else Decimal(sums.before))
        if aim is not None:
            standing = outlook.stands(
                aim,
                value,
                due=self.due,
                as_of=self._as_of,
                deadline=plan.deadline,
                earlier=None if self._last is None else (Decimal(sums.earlier), self._due_then),
                accepted=told.inspected,
            )
        return Place(goal.current, value, Decimal(sums.period), standing, None)

    def forecasts(self, code: str, goal: Goal, days: Days) -> tuple[Forecast, ...]:
        indicator, plan = self._indicator, self._plan
        before = [value for day, value in days.items() if day < plan.begins]
        single = indicator.reporting is not None and indicator.reporting.at_most_one
        most = len(reporting_regions(indicator, code)) if single else None
        return tuple(
            outlook.forecast(
                days,
                on=on,
                as_of=self._as_of,
                begins=plan.begins,
                aim=aim_of(plan, indicator, goal.current, sum(before, Decimal(0)) if before else None),
                stock=indicator.measure is Measure.STOCK,
                least_months=plan.outlook.least_months,
                confidence=plan.outlook.confidence,
                decimals=self.decimals,
                monthly=indicator.fact in ("report", "sum"),
                most=most,
            )
            for on in (plan.soft_deadline, plan.deadline)
        )


@lru_cache(maxsize=4)
def everywhere() -> tuple[str, ...]:
    """Every region's code: the province, its units, each followed by its counties. 定州 and 辛集, unit and county
    at once under one code, are there once: 180 codes of 182 regions."""
    codes: dict[str, None] = {places.PROVINCE: None}
    for unit in places.units():
        codes |= {unit.code: None} | {county.code: None for county in places.children(unit.code)}
    return tuple(codes)


def covers(indicator: Indicator, code: str) -> bool:
    """Whether figures of the indicator are told for regions of this level."""
    return _covers(indicator.reporting.level if indicator.reporting else "county", code)


@lru_cache(maxsize=1024)
def _covers(level: str, code: str) -> bool:
    return places.get(code).level in {"province": ("province",), "unit": ("province", "unit")}.get(level, _ANY)


_ANY = ("province", "unit", "county")
