"""How an indicator stands in a region, and where it is heading. Pure: numbers and days in, numbers and words out.

Nothing here is published anywhere; every rule is a default, told in docs/decisions/14.
"""

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import combinations
from math import ceil, sqrt
from statistics import NormalDist, median
from typing import NamedTuple

from contract.words import Comparator, Measure, Prospect, Status, WorkState
from plan import Indicator, Plan

Days = Mapping[dt.date, Decimal]  # net count by the day on which it took effect

_ALL = Decimal(100)
_PLACES = Decimal("0.01")
_DAY = dt.timedelta(days=1)


def percent(part: Decimal, whole: Decimal) -> Decimal:
    """Two decimals, halves up; over 100 is printed as it is. The project's one rounding rule."""
    return (part * 100 / whole).quantize(_PLACES, ROUND_HALF_UP)


def rounded(value: Decimal, decimals: int) -> Decimal:
    """Halves up, as in ``percent``."""
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def pace(*, begins: dt.date, deadline: dt.date, as_of: dt.date, curve: Sequence[Decimal] = ()) -> Decimal:
    """序时进度, in percent, from 0 before the year to 100 after its end: elapsed days over all days; or with ``curve``
    what is planned for each month's end (12 cumulative percents of the year of ``begins``), evenly within a month."""
    if as_of < begins:
        return Decimal("0.00")
    if as_of >= deadline:
        return Decimal("100.00")
    if not curve:
        return percent(Decimal((as_of - begins).days + 1), Decimal((deadline - begins).days + 1))
    before = curve[as_of.month - 2] if as_of.month > 1 else Decimal(0)
    ends = month_end(as_of)
    return percent(before + (curve[as_of.month - 1] - before) * as_of.day / ends.day, _ALL)


def month_end(day: dt.date) -> dt.date:
    return (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - _DAY


def checkpoint(as_of: dt.date, *, begins: dt.date, deadline: dt.date) -> dt.date | None:
    """The last day before ``as_of`` at which it was due to stand somewhere: a month's end, and after the year its
    deadline. None in the first month."""
    if as_of > deadline:
        return deadline
    last = as_of.replace(day=1) - _DAY
    return last if last >= begins else None


class Aim(NamedTuple):
    """What is to be reached. ``baseline``: of a stock, the level that the year began with, None while nobody told."""

    target: Decimal
    comparator: Comparator
    measure: Measure = Measure.FLOW
    baseline: Decimal | None = None
    tolerance: Decimal = Decimal(0)  # percent

    @property
    def least(self) -> Decimal:
        """From which value on it is reached: the target for ≥, = and →; for ~ less by the tolerance. More than was
        promised is never a fault: percentages over 100 are printed, not punished."""
        if self.comparator is Comparator.ABOUT:
            return self.target * (_ALL - self.tolerance) / _ALL
        return self.target

    def reached(self, value: Decimal) -> bool:
        return value >= self.least

    def increment(self, value: Decimal) -> Decimal | None:
        """Of a stock: the share of the way from its baseline to its target, in percent; it may be negative. None of a
        flow, without a baseline, and where the baseline is no lower than the target."""
        if self.measure is not Measure.STOCK or self.baseline is None or self.baseline >= self.target:
            return None
        return percent(value - self.baseline, self.target - self.baseline)

    def on_pace(self, value: Decimal, due: Decimal) -> bool | None:
        """Whether ``value`` is what is due by now, ``due`` in percent. A stock's is the share of its increment: most
        of its level was there before. None where that cannot be told."""
        if self.reached(value):
            return True
        if self.measure is Measure.STOCK:
            gone = self.increment(value)
            return None if gone is None else gone >= due
        return value * _ALL >= self.least * due


def aim_of(plan: Plan, indicator: Indicator, target: Decimal | None, baseline: Decimal | None) -> Aim | None:
    """None where there is no target to be judged by. ``baseline`` is looked at for a stock only."""
    if target is None or indicator.comparator is None:
        return None
    return Aim(target, indicator.comparator, indicator.measure, baseline, plan.outlook.tolerance)


class Standing(NamedTuple):
    """``percent`` of the target; ``increment``: of a stock, in percent; ``deviation``: from the pace, in percentage
    points (of a stock, its increment's). ``status`` and ``colour`` are None where nothing can be told."""

    percent: Decimal | None
    increment: Decimal | None
    deviation: Decimal | None
    status: Status | None
    colour: str | None


UNTOLD = Standing(None, None, None, None, None)
UNCOUNTED = Standing(None, None, None, Status.CANNOT_TELL, None)  # nothing counts it
GREEN, RED, YELLOW, BLUE = "绿", "红", "黄", "蓝"


def stands(
    aim: Aim,
    value: Decimal,
    *,
    due: Decimal,
    as_of: dt.date,
    deadline: dt.date,
    earlier: tuple[Decimal, Decimal] | None = None,
    accepted: Decimal | None = None,
) -> Standing:
    """Beside its aim and the pace ``due``. ``earlier``: (value, pace) at the checkpoint before ``as_of``. ``accepted``:
    how much of it is 验收, None where nobody reports that.

    红 missed: behind the pace, or the deadline is over and the target not reached. 黄 caught up later: on pace now but
    not at the checkpoint, or reached only after the deadline. 绿 met: on pace, or reached in time. 蓝: reached, and as
    much of it accepted (验收)."""
    increment = aim.increment(value)
    reached = percent(value, aim.target) if aim.target else None
    measured = increment if aim.measure is Measure.STOCK else reached
    deviation = None if measured is None else measured - due
    on_pace = aim.on_pace(value, due)
    if aim.reached(value):
        status = Status.MET
    elif as_of > deadline:
        status = Status.MISSED
    elif on_pace is None:
        return Standing(reached, increment, deviation, None, None)
    else:
        status = Status.ON_PACE if on_pace else Status.BEHIND
    if status in (Status.MISSED, Status.BEHIND):
        colour = RED
    elif status is Status.MET and accepted is not None and accepted >= aim.least:
        colour = BLUE
    elif earlier is not None and _late(aim, status, earlier, after=as_of > deadline):
        colour = YELLOW
    else:
        colour = GREEN
    return Standing(reached, increment, deviation, status, colour)


def _late(aim: Aim, status: Status, earlier: tuple[Decimal, Decimal], *, after: bool) -> bool:
    """What is reached before the deadline is in time, whatever the months before were like."""
    if status is Status.MET:
        return after and not aim.reached(earlier[0])
    return aim.on_pace(*earlier) is False


@dataclass(frozen=True)
class Forecast:
    """What the count will be ``on`` that day: most likely ``value``, from ``low`` to ``high``; None: 无法判断."""

    on: dt.date
    value: Decimal | None
    low: Decimal | None
    high: Decimal | None
    prospect: Prospect


def forecast(
    days: Days,
    *,
    on: dt.date,
    as_of: dt.date,
    begins: dt.date,
    aim: Aim | None,
    stock: bool = False,
    least_months: int,
    confidence: Decimal,
    decimals: int = 0,
    monthly: bool = False,
    most: int | None = None,
) -> Forecast:
    """Where the count will be on the day ``on``; what it was, for a day that is over.

    Method: the trend is the median of the slopes between every two month-ends' cumulative counts (Theil and Sen), so
    one burst moves it little; it goes on from the last month-end. The interval is Sen's: the slopes at the ranks that
    Kendall's statistic leaves at ``confidence`` percent. A trend never falls below what is counted already, because
    only inspections and corrections take away. The first point is the year's beginning, of a stock its baseline.
    ``monthly``: the figures are reported for whole months, so that a month that has just ended and brought nothing is
    not reported yet, and is left out. ``most``: there cannot be more, where each region has one at the most.

    无法判断 with facts in fewer than ``least_months`` months, and for a stock without a baseline.
    """
    told = {day: value for day, value in days.items() if day <= as_of}
    now = sum(told.values(), Decimal(0))
    if on <= as_of:
        value = sum((value for day, value in told.items() if day <= on), Decimal(0))
        if aim is None:
            return Forecast(on, value, value, value, Prospect.CANNOT_TELL)
        return Forecast(on, value, value, value, Prospect.REACHED if aim.reached(value) else Prospect.NOT_REACHED)
    months = sorted({day.replace(day=1) for day, value in told.items() if value and day >= begins})
    if len(months) < least_months or (stock and not any(day < begins for day in told)):
        return Forecast(on, None, None, None, Prospect.CANNOT_TELL)
    points = _points(told, as_of=as_of, begins=begins, last=months[-1] if monthly else None)
    low, middle, high = _slopes(points, confidence)
    last_day, last_value = points[-1]
    ahead = (on - last_day).days
    low, middle, high = (
        rounded(max(now, last_value + max(slope, Decimal(0)) * ahead), decimals) for slope in (low, middle, high)
    )
    if most is not None:
        low, middle, high = (min(one, max(now, Decimal(most))) for one in (low, middle, high))
    return Forecast(on, middle, low, high, _prospect(aim, low, high))


def _points(told: Days, *, as_of: dt.date, begins: dt.date, last: dt.date | None) -> list[tuple[dt.date, Decimal]]:
    """The cumulative count before the year and at each month's end since."""
    steps = sorted(told.items())
    days = [day for day, _ in steps]
    sums = [Decimal(0)]
    for _, value in steps:
        sums.append(sums[-1] + value)
    ends = [begins - _DAY]
    while (following := month_end(ends[-1] + _DAY)) <= as_of:
        ends.append(following)
    if len(ends) < 3:
        ends.append(as_of)
    elif last is not None and last < ends[-1].replace(day=1):
        ends.pop()
    return [(end, sums[bisect_right(days, end)]) for end in ends]


def _slopes(points: Sequence[tuple[dt.date, Decimal]], confidence: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """(low, median, high) of the counts a day between every two points."""
    slopes = sorted((b - a) / (later - sooner).days for (sooner, a), (later, b) in combinations(points, 2))
    n, pairs = len(points), len(slopes)
    spread = NormalDist().inv_cdf(0.5 + float(confidence) / 200) * sqrt(n * (n - 1) * (2 * n + 5) / 18)
    outside = max(0, ceil((pairs - spread) / 2) - 1)  # ranks left out at either end
    return slopes[outside], median(slopes), slopes[pairs - 1 - outside]


def _prospect(aim: Aim | None, low: Decimal, high: Decimal) -> Prospect:
    if aim is None:
        return Prospect.CANNOT_TELL
    if aim.reached(low):
        return Prospect.LIKELY
    return Prospect.OPEN if aim.reached(high) else Prospect.UNLIKELY


def state_of(states: Iterable[WorkState | None]) -> WorkState | None:
    """Of a region with what those below it reported: done once all are, None while nobody has told anything."""
    told = list(states)
    known = [state for state in told if state is not None]
    if not known:
        return None
    if all(state is WorkState.DONE for state in told):
        return WorkState.DONE
    return WorkState.NOT_STARTED if all(state is WorkState.NOT_STARTED for state in known) else WorkState.UNDER_WAY


def state_stands(state: WorkState | None, *, as_of: dt.date, deadline: dt.date) -> Standing:
    """Of an indicator without a number: by state alone. Under way before the deadline is on pace; not begun is behind
    from the day on which anybody says so."""
    if state is WorkState.DONE:
        return Standing(None, None, None, Status.MET, GREEN)
    if as_of > deadline:
        return Standing(None, None, None, Status.MISSED, RED)
    if state is None:
        return UNTOLD
    if state is WorkState.UNDER_WAY:
        return Standing(None, None, None, Status.ON_PACE, GREEN)
    return Standing(None, None, None, Status.BEHIND, RED)
