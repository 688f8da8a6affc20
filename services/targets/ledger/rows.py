"""The work ledger (工作台账): a row of 25 columns for each indicator and region, and the whole of it as a matrix."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from contract import regions as places
from contract.words import Comparator, Measure, WorkState
from plan import Indicator, Plan
from services.targets.copies.matters import Matters, Problems
from services.targets.copies.remarks import Brief, Remark, Remarks
from services.targets.copies.rounds import Rounds
from services.targets.ledger import outlook
from services.targets.ledger.judge import Judge, Place, everywhere
from services.targets.ledger.outlook import Forecast, Standing
from services.targets.ledger.store import Cell, Rollups, Sums
from services.targets.ledger.told import Told, gathered
from services.targets.store import Days
from services.targets.tree.domain import NOTHING, Goal, Responsible, decimals_of, reporting_regions
from services.targets.tree.store import Tree

_NO_DAYS: Days = {}
_NO_SUMS = Sums()
_NOTHING_TOLD = Told()
_NO_PROBLEMS = Problems()


@dataclass(frozen=True)
class Row:
    """Numbers are None where they do not apply: ``target`` until it was allocated, ``value`` of an indicator told by
    state and below the level that figures are told for. ``period``: 本期完成. ``percent`` is of the current target,
    ``percent_of_original`` only beside an adjusted one. ``increment``: of a stock, the share of its way from the
    baseline. ``responsible.principal`` and ``contact`` are names: for those who may see them. ``register``: problems
    of the whole item, of the region and those below it. ``forecasts``: to the soft deadline and the deadline."""

    number: int
    indicator: Indicator = field(repr=False)
    region: str
    region_name: str
    scope: str
    decimals: int
    target: Decimal | None
    adjusted_target: Decimal | None
    responsible: Responsible
    period: Decimal | None
    value: Decimal | None
    percent_of_original: Decimal | None
    pace: Decimal | None
    standing: Standing
    told: Told
    register: Problems
    due_on: dt.date
    forecasts: tuple[Forecast, ...]


@dataclass(frozen=True)
class Matrix:
    """``lines``: of each indicator its cells in the order of ``codes``; ``paces`` (None for what is told by state) and
    ``decimals`` by indicator."""

    codes: Sequence[str]
    lines: Mapping[str, Sequence[Place]]
    paces: Mapping[str, Decimal | None]
    decimals: Mapping[str, int]


class Ledger:
    def __init__(
        self, plan: Plan, rollups: Rollups, tree: Tree, remarks: Remarks, rounds: Rounds, matters: Matters | None = None
    ) -> None:
        self.plan = plan
        self._rollups = rollups
        self._tree = tree
        self._remarks = remarks
        self._rounds = rounds
        self._matters = matters

    def rows(
        self,
        *,
        regions: Sequence[str],
        indicators: Sequence[str],
        as_of: dt.date,
        period: str,
        counted: Mapping[Cell, Days] | None = None,
        known_at: dt.datetime | None = None,
        said: int | None = None,
        names: bool = False,
        forecasts: bool = True,
    ) -> list[Row]:
        """By indicator in the plan's order, then by region as given. ``period``: YYYY-MM. For a snapshot: ``counted``,
        net counts by day instead of the rollups', ``known_at``, at which instant the tree is looked at, and ``said``,
        up to which place of the log of `reports` its lines are told. ``names`` of who answers."""
        wanted = set(indicators)
        asked = [one for one in self.plan.indicators.values() if one.id in wanted]
        goals = self._tree.goals(regions, at=known_at)
        answering = self._tree.responsibles(regions, at=known_at, names=names)
        days = self._rollups.days([one.id for one in asked], regions) if counted is None else counted
        lines = self._lines(asked, regions, period, said)
        register = _registered(self._matters.problems(today=as_of) if self._matters else {})
        newest = self._rounds.latest()
        due_on = newest.due_on if newest and newest.is_open else self.plan.deadline
        rows: list[Row] = []
        for indicator in asked:
            judge = Judge(self.plan, indicator, as_of, period)
            for code in regions:
                of = days.get((indicator.id, code), _NO_DAYS)
                goal, told = goals.get((indicator.id, code), NOTHING), _told(indicator, code, lines)
                place = judge.place(code, goal, judge.sums(of), told)
                rows.append(
                    Row(
                        number=len(rows) + 1,
                        indicator=indicator,
                        region=code,
                        region_name=places.get(code).name,
                        scope=scope(self.plan, indicator),
                        decimals=judge.decimals,
                        target=goal.original,
                        adjusted_target=goal.adjusted,
                        responsible=_answering(indicator, answering.get((indicator.id, code))),
                        period=place.period,
                        value=place.value,
                        percent_of_original=_of_original(goal, place.value),
                        pace=judge.due if place.value is not None else None,
                        standing=place.standing,
                        told=told,
                        register=register.get((indicator.item, code), _NO_PROBLEMS),
                        due_on=due_on,
                        forecasts=judge.forecasts(code, goal, of) if forecasts and place.value is not None else (),
                    )
                )
        return rows

    def matrix(self, *, as_of: dt.date, period: str, indicators: Sequence[str] | None = None) -> Matrix:
        """Every indicator (or these) in every region, from the rollups in one query; texts, names and forecasts are
        for ``rows``."""
        wanted = set(self.plan.indicators if indicators is None else indicators)
        asked = [one for one in self.plan.indicators.values() if one.id in wanted]
        codes = everywhere()
        goals = self._tree.goals()
        last = outlook.checkpoint(as_of, begins=self.plan.begins, deadline=self.plan.deadline)
        sums = self._rollups.sums(indicators, as_of=as_of, period=period, begins=self.plan.begins, last=last)
        briefs = self._remarks.briefs()
        lines: dict[str, list[Place]] = {}
        paces: dict[str, Decimal | None] = {}
        decimals = {one.id: decimals_of(self.plan, one) for one in asked}
        for indicator in asked:
            judge, told = Judge(self.plan, indicator, as_of, period), _in_brief(indicator, briefs)
            paces[indicator.id] = None if indicator.measure is Measure.STATE else judge.due
            lines[indicator.id] = [
                judge.place(
                    code,
                    goals.get((indicator.id, code), NOTHING),
                    sums.get((indicator.id, code), _NO_SUMS),
                    told.get(code, _NOTHING_TOLD),
                )
                for code in codes
            ]
        return Matrix(codes, lines, paces, decimals)

    def _lines(
        self, indicators: Iterable[Indicator], codes: Sequence[str], period: str, seq: int | None
    ) -> dict[Cell, Remark]:
        """The report lines that the rows are told by."""
        ids = sorted({id for one in indicators for id in one.sum_of or (one.id,)})
        above = set(codes)
        below = [code for code in everywhere() if above.intersection(places.get(code).path)]
        return self._remarks.read(ids, below, upto=period, seq=seq)


def _registered(found: Mapping[tuple[int, str], Problems]) -> dict[tuple[int, str], Problems]:
    """Those of a region are those of the regions above it too; titles stay where they belong."""
    sums: dict[tuple[int, str], Problems] = {}
    for (item, region), one in found.items():
        code = places.get(region).code
        for above in places.get(code).path:
            known = sums.get((item, above), _NO_PROBLEMS)
            sums[item, above] = Problems(
                known.open + one.open,
                known.overdue + one.overdue,
                known.settled + one.settled,
                known.waiting + one.waiting,
                known.waiting_late + one.waiting_late,
                known.titles + one.titles if above == code else known.titles,
            )
    return sums


def scope(plan: Plan, indicator: Indicator) -> str:
    """口径: how the target is worded and what is counted."""
    words = {
        Comparator.AT_LEAST: "不低于",
        Comparator.EXACTLY: "完成",
        Comparator.ABOUT: f"左右（±{plan.outlook.tolerance}%）",
        Comparator.REACHES: "达到（存量）",
    }
    parts = [words[indicator.comparator] if indicator.comparator else "按工作状态和佐证"]
    if indicator.part_of:
        parts.append(f"{indicator.part_of}的其中项")
    if indicator.sum_of:
        parts.append(f"{'、'.join(indicator.sum_of)}之和")
    if indicator.reporting:
        parts.append({"province": "省级填报", "unit": "市级填报", "county": "县级填报"}[indicator.reporting.level])
        parts += ["每地1个"] if indicator.reporting.at_most_one else []
    elif not indicator.sum_of:
        counted = {"certificate": "持证人员，每人计一次", "award": "认定，每个主体计一次", "activity": "经确认的活动"}
        parts.append(counted[indicator.fact])
    return "；".join(parts)


def _answering(indicator: Indicator, named: Responsible | None) -> Responsible:
    """The plan's departments wherever nobody else was named."""
    co = tuple(name for name in indicator.departments if name != indicator.owner)
    if named is None:
        return Responsible(indicator.owner, co)
    return (
        named
        if named.lead
        else Responsible(indicator.owner, named.co or co, named.principal, named.deputy, named.contact)
    )


def _of_original(goal: Goal, value: Decimal | None) -> Decimal | None:
    if goal.adjusted is None or not goal.original or value is None:
        return None
    return outlook.percent(value, goal.original)


def _told(indicator: Indicator, code: str, lines: Mapping[Cell, Remark]) -> Told:
    ids = indicator.sum_of or (indicator.id,)
    told_by = reporting_regions(indicator, code)
    found = [(places.get(region).name, lines.get((id, region))) for id in ids for region in told_by]
    return gathered(found, own=told_by == (code,) and len(ids) == 1)


def _in_brief(indicator: Indicator, briefs: Mapping[str, Mapping[str, Brief]]) -> dict[str, Told]:
    """State and 验收 by region: of each that told them, and of those above it."""
    states: dict[str, list[WorkState | None]] = defaultdict(list)
    amounts: dict[str, Decimal] = {}
    for id in indicator.sum_of or (indicator.id,):
        for region, brief in briefs.get(id, {}).items():
            for code in places.get(region).path:
                if brief.state is not None:
                    states[code].append(brief.state)
                if brief.inspected is not None:
                    amounts[code] = amounts.get(code, Decimal(0)) + brief.inspected
    told = {code: Told(inspected=amount) for code, amount in amounts.items()}
    if indicator.measure is Measure.STATE:
        for code, known in states.items():
            untold = _telling(indicator, code) - len(known)
            told[code] = Told(state=outlook.state_of([*known, *[None] * untold]), inspected=amounts.get(code))
    return told


@lru_cache(maxsize=8192)
def _telling(indicator: Indicator, code: str) -> int:
    """How many regions' reports make up what the region is told by."""
    return len(reporting_regions(indicator, code))
