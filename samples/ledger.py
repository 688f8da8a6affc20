"""A work ledger that never was: who files which figures of the plan's other indicators, and what goes wrong on the way.

Nothing here is drawn at random, and nothing is known of any service: what must come of it is in
``samples.ledger_expected``, how it is filed in ``samples.ledger_year``.

In each unit ``width`` counties file for each item, another one for each, and have the unit's whole task between them;
the rest file nothing and are missing, as they would be. A pocket park (at most one a county) is filed by each county
that has one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from functools import cached_property

from contract import regions
from contract.words import Measure, WorkState
from plan import Indicator, Plan

DOCUMENT = "冀发改民生〔2023〕1号（样例）"

LATE = "131100"  # this unit hands in October's figures after the last day
SILENT, SILENT_ITEM = "130800", 5  # and this one nothing of October for that item
RETURNED = ("13.1", "130500")  # of this unit: filed ten times too high, returned, and filed again
ABOVE_WHOLE, WHOLE = ("4.2", "130200"), "4.1"  # of this unit: the part is refused, and handed in again

_OF_PROVINCE = {  # indicator -> baseline, September, October
    "20.2": (None, Decimal(13), Decimal(17)),
    "20.3": (Decimal(380), Decimal(441), Decimal(472)),
    "20.4": (Decimal(24_000_000), Decimal(27_860_000), Decimal(29_150_000)),
}
_ALL = Decimal(100)


@dataclass(frozen=True)
class Line:
    """What is filed of an indicator in a region; ``cumulative`` is None of an indicator that is told by state."""

    target_id: str
    region: str
    period: str
    cumulative: Decimal | None
    state: WorkState | None = None
    started: Decimal | None = None
    completed: Decimal | None = None
    inspected: Decimal | None = None
    problems: str | None = None
    next_steps: str | None = None

    @property
    def proved(self) -> bool:
        """Whether it says that anything was done."""
        return bool(self.cumulative) or self.state not in (None, WorkState.NOT_STARTED)


@dataclass(frozen=True)
class Split:
    """How a target is allocated: to the units, and what does not divide stays in reserve."""

    target_id: str
    reserve: Decimal
    units: dict[str, Decimal]


@dataclass(frozen=True)
class Sample:
    """``width``: how many counties of each unit file for each item."""

    plan: Plan
    width: int = 1

    @property
    def baseline(self) -> str:
        return f"{self.plan.year - 1}-12"

    @property
    def earlier(self) -> str:
        return f"{self.plan.year}-09"

    @property
    def period(self) -> str:
        return f"{self.plan.year}-10"

    @cached_property
    def splits(self) -> dict[str, Split]:
        """By indicator: of all that regions below the province report, and of what is a sum of those."""
        found: dict[str, Split] = {}
        for one in self.plan.indicators.values():
            if one.target is not None and one.reporting is not None and one.reporting.level != "province":
                found[one.id] = _split(one, one.target)
        for one in self.plan.indicators.values():
            if one.target is not None and one.sum_of:
                units = {
                    unit.code: sum((found[part].units.get(unit.code, Decimal(0)) for part in one.sum_of), Decimal(0))
                    for unit in regions.units()
                }
                found[one.id] = Split(one.id, one.target - sum(units.values(), Decimal(0)), units)
        return found

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """All that comes to be accepted, baselines first, then by period and as the plan orders them."""
        baselines = [line for one in self._reported() for line in self._of(one, self.baseline)]
        earlier = [line for one in self._reported() for line in self._of(one, self.earlier)]
        latest = [line for one in self._reported() for line in self._of(one, self.period)]
        return (*baselines, *earlier, *(line for line in latest if not self._silent(line)))

    def of(self, unit: str, period: str) -> list[Line]:
        """What the office of a unit, or of the province for its own figures, hands in."""
        return [line for line in self.lines if line.period == period and unit_of(line.region) == unit]

    @property
    def mistaken(self) -> Line:
        """RETURNED as it is filed at first."""
        right = self._line(RETURNED, self.period)
        return replace(right, cumulative=(right.cumulative or Decimal(0)) * 10)

    @property
    def above_whole(self) -> Line:
        """ABOVE_WHOLE as it is filed at first: more than the whole has."""
        right, whole = self._line(ABOVE_WHOLE, self.period), self._line((WHOLE, ABOVE_WHOLE[1]), self.period)
        return replace(right, cumulative=(whole.cumulative or Decimal(0)) + 1)

    def _line(self, of: tuple[str, str], period: str) -> Line:
        return next(line for line in self.of(of[1], period) if line.target_id == of[0])

    def _reported(self) -> Iterator[Indicator]:
        return (one for one in self.plan.indicators.values() if one.reporting is not None)

    def _silent(self, line: Line) -> bool:
        return unit_of(line.region) == SILENT and self.plan.indicators[line.target_id].item == SILENT_ITEM

    def _of(self, one: Indicator, period: str) -> Iterator[Line]:
        if period == self.baseline and one.measure is not Measure.STOCK:
            return
        once = one.measure is Measure.STATE or (one.reporting is not None and one.reporting.at_most_one)
        if once and period != self.period:
            return
        if one.id in _OF_PROVINCE:
            figure = _OF_PROVINCE[one.id][(self.baseline, self.earlier, self.period).index(period)]
            yield Line(one.id, self.plan.region, period, figure)
            return
        for place, unit in enumerate(regions.units()):
            yield from self._of_unit(one, period, place, unit.code)

    def _of_unit(self, one: Indicator, period: str, place: int, unit: str) -> Iterator[Line]:
        vigour = _vigour(place)
        if one.measure is Measure.STATE:
            for code in self._filing(one, unit):
                yield Line(one.id, code, period, None, _state(one, vigour))
            return
        assert one.reporting is not None
        share = _percent(one, vigour) if period == self.period else _percent(one, vigour) * 86 // 100
        task = self.splits[one.id].units.get(unit, Decimal(0))
        if one.reporting.at_most_one:
            built = int(task * share / _ALL) if task < len(_telling(one, unit)) or share < 100 else int(task)
            for code in _telling(one, unit)[:built]:
                yield Line(one.id, code, period, Decimal(1))
            return
        whole = _floor(task * share / _ALL, one.reporting.decimals)
        if one.measure is Measure.STOCK:
            base = _floor(task / 2, one.reporting.decimals)
            whole = base if period == self.baseline else base + _floor((task - base) * share / _ALL, 0)
        filing = self._filing(one, unit)
        for code, figure in zip(filing, _evenly(whole, len(filing), one.reporting.decimals), strict=True):
            yield _told(one, Line(one.id, code, period, figure), share, vigour)

    def _filing(self, one: Indicator, unit: str) -> list[str]:
        """Who of a unit files it: the next ``width`` counties for each item."""
        telling = _telling(one, unit)
        first = one.item * 7 % len(telling)
        return [telling[(first + number) % len(telling)] for number in range(min(self.width, len(telling)))]


def unit_of(region: str) -> str:
    """The unit that a region lies in; of the province itself the province."""
    path = regions.get(region).path
    return path[1] if len(path) > 1 else path[0]


def _telling(one: Indicator, unit: str) -> list[str]:
    assert one.reporting is not None
    return [unit] if one.reporting.level == "unit" else [county.code for county in regions.counties(unit)]


def _split(one: Indicator, target: Decimal) -> Split:
    """By the number of counties; where each region has one at the most, as many as there are."""
    assert one.reporting is not None
    weights = {unit.code: len(regions.counties(unit.code)) for unit in regions.units()}
    if one.reporting.at_most_one:
        units = {code: Decimal(len(_telling(one, code))) for code in weights}
        largest = max(units, key=lambda code: (units[code], code))
        units[largest] -= max(sum(units.values(), Decimal(0)) - target, Decimal(0))
    else:
        every = sum(weights.values())
        units = {code: _floor(target * weight / every, one.reporting.decimals) for code, weight in weights.items()}
    given = {code: share for code, share in units.items() if share}  # a task of nothing is none
    return Split(one.id, target - sum(given.values(), Decimal(0)), given)


def _vigour(place: int) -> int:
    """0 to 13, another one for each unit."""
    return (9 * place + 4) % 14


def _percent(one: Indicator, vigour: int) -> int:
    """How much of its task a unit has done by October: 60 to 117, and the more vigorous it is the more."""
    whole, _, part = one.id.partition(".")
    return 60 + 3 * vigour + (int(whole) * 5 + int(part or 0) * 7) % 19


def _state(one: Indicator, vigour: int) -> WorkState:
    if vigour == 0 and one.id == "17":
        return WorkState.NOT_STARTED
    return WorkState.DONE if vigour >= 12 and one.id in ("8", "16") else WorkState.UNDER_WAY


def _told(one: Indicator, line: Line, share: int, vigour: int) -> Line:
    """With 开工, 建成 and 验收 of what is built, and with the problems of those who are behind."""
    done = line.cumulative or Decimal(0)
    if one.id in ("2.1", "7.1") and done:
        accepted = done if share >= 100 else _floor(done * 4 / 5, 0)
        line = replace(line, started=done + done // 5, completed=done, inspected=accepted)
    if vigour < 3 and one.id in ("1.1", "7.1", "14.6"):
        line = replace(line, problems="用地手续未办结，配套资金未到位", next_steps="倒排工期，争取专项债券")
    return line


def _evenly(whole: Decimal, parts: int, decimals: int) -> list[Decimal]:
    """What does not divide goes to the first ones; no part falls when the whole grows."""
    least = Decimal(1).scaleb(-decimals)
    count = int(whole / least)
    return [(count + parts - 1 - number) // parts * least for number in range(parts)]


def _floor(number: Decimal, decimals: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-decimals), ROUND_FLOOR)
