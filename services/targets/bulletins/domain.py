"""What a bulletin (通报) says. Pure: made from a locked snapshot and from nothing else; a correction also from the
entries that came after it.

Ranking (*default*): each unit's mean, over the indicators that a target was allocated to it for, of its completion in
percent of the pace (序时进度); of a stock, of its increment. Nothing is capped unless a ceiling was asked for, and the
bulletin says by which rule it ranks.
"""

import datetime as dt
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from contract import regions
from contract.words import Measure, Status, WorkState
from plan import Indicator, Plan
from runtime.record import document
from services.targets.ledger.outlook import rounded
from services.targets.snapshots.domain import Cell, Figure, Figures, Snapshot
from services.targets.tree.domain import decimals_of, reporting_regions

_HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Options:
    """How many units are named at most; ``ceiling``: the most percent of the pace that one indicator counts for."""

    leaders: int = 3
    laggards: int = 3
    ceiling: Decimal | None = None


@dataclass(frozen=True)
class Line:
    """An indicator in the whole province."""

    indicator: str
    item: int
    item_name: str
    name: str
    unit: str
    decimals: int
    comparator: str
    department: str
    target: Decimal | None
    adjusted_target: Decimal | None
    value: Decimal | None
    percent: Decimal | None
    percent_of_original: Decimal | None
    pace: Decimal | None
    deviation: Decimal | None
    status: str | None
    colour: str | None


@dataclass(frozen=True)
class StateLine:
    """An indicator without a number: in how many of the regions that report it the work stands how."""

    indicator: str
    item: int
    item_name: str
    name: str
    department: str
    state: str | None
    done: int
    under_way: int
    not_started: int
    untold: int


@dataclass(frozen=True)
class Measured:
    """``ratio``: completion in percent of the pace."""

    indicator: str
    name: str
    percent: Decimal
    ratio: Decimal


@dataclass(frozen=True)
class Score:
    """A unit's place; None and no score where nothing was allocated to it. Equal scores share a place. ``behind``: on
    how many indicators it is behind the pace. ``measured``: the worst first."""

    region: str
    name: str
    place: int | None
    score: Decimal | None
    behind: int
    measured: tuple[Measured, ...]


@dataclass(frozen=True)
class Reporting:
    """How many lines of a unit, or of the province's departments themselves, were late and missing."""

    region: str
    name: str
    late: int
    missing: int


@dataclass(frozen=True)
class Outstanding:
    """One indicator's regions, by name, that filed late or not at all."""

    indicator: str
    name: str
    department: str
    late: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Problem:
    indicator: str
    name: str
    region: str
    region_name: str
    problems: str | None
    next_steps: str | None


@dataclass(frozen=True)
class Move:
    """What was reported of a region in the corrected bulletin, and what is now known for the same day."""

    indicator: str
    name: str
    unit: str
    decimals: int
    region: str
    region_name: str
    reported: Decimal
    known: Decimal
    reported_percent: Decimal | None
    known_percent: Decimal | None

    @property
    def by(self) -> Decimal:
        return self.known - self.reported


@dataclass(frozen=True)
class Moved:
    """An entry that came after the snapshot: by which event of which service, and what it counts."""

    entry_id: str
    indicator: str
    region: str
    region_name: str
    value: Decimal
    effective_on: dt.date
    cause: str
    fact_id: str
    service: str
    seq: int


@dataclass(frozen=True)
class Correction:
    """``sources``: what was known when it was made. ``unexplained``: moves that the entries do not add up to, of an
    event that was told late: named, so that somebody looks."""

    code: str
    title: str
    bulletin_id: str
    reason: str
    sources: Mapping[str, int]
    moves: tuple[Move, ...]
    entries: tuple[Moved, ...]
    unexplained: tuple[str, ...]


@dataclass(frozen=True)
class Content:
    """All that a bulletin says, but for its number."""

    title: str
    issuer: str
    series: str
    addressees: str
    plan_name: str
    year: int
    round: int
    period: str
    as_of: dt.date
    due_on: dt.date
    issued_on: dt.date
    snapshot_id: str
    snapshot_digest: str
    sources: Mapping[str, int]
    rule: str
    options: Options
    lines: tuple[Line, ...]
    states: tuple[StateLine, ...]
    ranking: tuple[Score, ...]
    leaders: tuple[Score, ...]
    laggards: tuple[Score, ...]
    reporting: tuple[Reporting, ...]
    outstanding: tuple[Outstanding, ...]
    problems: tuple[Problem, ...]
    correction: Correction | None = None

    def code(self, number: int) -> str:
        """文号."""
        return f"{self.series}〔{self.year}〕第{number}期"

    @property
    def standing(self) -> Mapping[str, int]:
        """How many indicators stand how."""
        counts = Counter(line.status for line in self.lines)
        return {status.value: counts[status.value] for status in Status}


def title_of(snapshot: Snapshot, corrects: str | None) -> str:
    year, month = snapshot.period.split("-")
    about = f"{year}年{int(month)}月民生工程进展情况"
    return f"关于更正{about}通报的通报" if corrects else f"关于{about}的通报"


def compose(
    plan: Plan, snapshot: Snapshot, figures: Figures, *, options: Options, title: str | None, issued_on: dt.date
) -> Content:
    ranking = ranked(plan, figures, options)
    return Content(
        title=title or title_of(snapshot, None),
        issuer=plan.notices.issuer,
        series=plan.notices.series,
        addressees=plan.notices.addressees,
        plan_name=plan.name,
        year=plan.year,
        round=snapshot.number,
        period=snapshot.period,
        as_of=snapshot.as_of,
        due_on=snapshot.due_on,
        issued_on=issued_on,
        snapshot_id=snapshot.snapshot_id,
        snapshot_digest=snapshot.digest,
        sources=snapshot.sources,
        rule=rule_of(options),
        options=options,
        lines=tuple(_lines(plan, figures)),
        states=tuple(_states(plan, figures)),
        ranking=ranking,
        leaders=named(ranking, options.leaders, leading=True),
        laggards=named(ranking, options.laggards, leading=False),
        reporting=tuple(_reporting(plan, snapshot.outstanding)),
        outstanding=tuple(_outstanding(plan, snapshot.outstanding)),
        problems=tuple(_problems(plan, figures)),
    )


def rule_of(options: Options) -> str:
    ceiling = "，不封顶" if options.ceiling is None else f"，单项最高计{options.ceiling:f}%"
    return (
        "各地得分为其承担目标的各项指标“完成率÷序时进度”的平均值"
        f"（存量指标按增量计算{ceiling}），100%为达到序时进度；未分解目标的不参加排名。"
    )


def ranked(plan: Plan, figures: Figures, options: Options) -> tuple[Score, ...]:
    """All units: the best first, and at the end those that nothing was allocated to."""
    scores = []
    for unit in regions.children(plan.region):
        measured = sorted(_measured(plan, figures, unit.code), key=lambda one: (one.ratio, one.indicator))
        counted = [one.ratio if options.ceiling is None else min(one.ratio, options.ceiling) for one in measured]
        score = rounded(sum(counted, Decimal(0)) / len(counted), 2) if counted else None
        behind = sum(one.ratio < _HUNDRED for one in measured)
        scores.append(Score(unit.code, unit.name, None, score, behind, tuple(measured)))
    told = sorted((one for one in scores if one.score is not None), key=lambda one: (-(one.score or 0), one.region))
    places: dict[Decimal | None, int] = {}
    for place, one in enumerate(told, 1):
        places.setdefault(one.score, place)
    return (*(replace(one, place=places[one.score]) for one in told), *(one for one in scores if one.score is None))


def _measured(plan: Plan, figures: Figures, region: str) -> Iterable[Measured]:
    for id, told in figures.items():
        indicator = plan.indicators[id]
        figure = next((one for one in told if one.region == region), None)
        if figure is None or not figure.goal or figure.percent is None or not figure.pace:
            continue
        reached = figure.increment if indicator.measure is Measure.STOCK else figure.percent
        if reached is not None:
            yield Measured(id, indicator.name, figure.percent, rounded(reached * _HUNDRED / figure.pace, 2))


def named(ranking: Sequence[Score], most: int, *, leading: bool) -> tuple[Score, ...]:
    """鼓励先进: the first of those on the pace; 鞭策落后: the last of those behind it, the last first."""
    told = [one for one in ranking if one.score is not None]
    if leading:
        return tuple(one for one in told if (one.score or 0) >= _HUNDRED)[:most]
    return tuple(one for one in reversed(told) if (one.score or 0) < _HUNDRED)[:most]


def _lines(plan: Plan, figures: Figures) -> Iterable[Line]:
    for indicator, figure in _of_province(plan, figures):
        if indicator.measure is Measure.STATE:
            continue
        yield Line(
            indicator=indicator.id,
            item=indicator.item,
            item_name=indicator.item_name,
            name=indicator.name,
            unit=indicator.unit,
            decimals=decimals_of(plan, indicator),
            comparator=indicator.comparator.value if indicator.comparator else "",
            department=indicator.owner,
            target=figure.target,
            adjusted_target=figure.adjusted_target,
            value=figure.value,
            percent=figure.percent,
            percent_of_original=figure.percent_of_original,
            pace=figure.pace,
            deviation=figure.deviation,
            status=figure.status,
            colour=figure.colour,
        )


def _states(plan: Plan, figures: Figures) -> Iterable[StateLine]:
    for indicator, figure in _of_province(plan, figures):
        if indicator.measure is not Measure.STATE:
            continue
        reporting = set(reporting_regions(indicator, plan.region))
        counts = Counter(one.state for one in figures[indicator.id] if one.region in reporting)
        yield StateLine(
            indicator=indicator.id,
            item=indicator.item,
            item_name=indicator.item_name,
            name=indicator.name,
            department=indicator.owner,
            state=figure.state,
            done=counts[WorkState.DONE],
            under_way=counts[WorkState.UNDER_WAY],
            not_started=counts[WorkState.NOT_STARTED],
            untold=counts[None],
        )


def _of_province(plan: Plan, figures: Figures) -> Iterable[tuple[Indicator, Figure]]:
    for id, told in figures.items():
        yield plan.indicators[id], next(one for one in told if one.region == plan.region)


def _reporting(plan: Plan, outstanding: Iterable[Mapping[str, Any]]) -> Iterable[Reporting]:
    late: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    for one in outstanding:
        late.update(_unit_of(code) for code in one["late"])
        missing.update(_unit_of(code) for code in one["missing"])
    for region in (*regions.children(plan.region), regions.get(plan.region)):
        if late[region.code] or missing[region.code]:
            name = "省直部门" if region.code == plan.region else region.name
            yield Reporting(region.code, name, late[region.code], missing[region.code])


def place_of(code: str) -> str:
    """A region's name from its unit down: within the province nobody says the province's."""
    path = regions.get(code).path
    return "".join(regions.get(above).name for above in path[1:]) or regions.get(code).name


def _unit_of(code: str) -> str:
    path = regions.get(code).path
    return path[1] if len(path) > 1 else path[0]


def _outstanding(plan: Plan, outstanding: Iterable[Mapping[str, Any]]) -> Iterable[Outstanding]:
    for one in outstanding:
        indicator = plan.indicators[one["target_id"]]
        late, missing = (tuple(place_of(code) for code in one[name]) for name in ("late", "missing"))
        yield Outstanding(indicator.id, indicator.name, indicator.owner, late, missing)


def _problems(plan: Plan, figures: Figures) -> Iterable[Problem]:
    """As those who report told them: the regions above repeat them."""
    for id, told in figures.items():
        indicator = plan.indicators[id]
        reporting = set(reporting_regions(indicator, plan.region))
        for one in told:
            if one.problems and one.region in reporting:
                yield Problem(id, indicator.name, one.region, place_of(one.region), one.problems, one.next_steps)


def corrected(
    plan: Plan,
    content: Content,
    figures: Figures,
    entries: Sequence[Moved],
    *,
    known: Mapping[Cell, Decimal],
    sources: Mapping[str, int],
    code: str,
    bulletin_id: str,
    reason: str,
) -> Correction:
    """``content``: the corrected bulletin's; ``known``: what is now known for its day, of every region."""
    moves: list[Move] = []
    explained: dict[Cell, Decimal] = defaultdict(Decimal)
    for entry in entries:
        for above in regions.get(entry.region).path:
            explained[entry.indicator, above] += entry.value
    unexplained = []
    for id, told in figures.items():
        indicator = plan.indicators[id]
        for figure in told:
            now = known.get((id, figure.region), Decimal(0))
            if figure.value is None or now == figure.value:
                continue
            moves.append(
                Move(
                    indicator=id,
                    name=indicator.name,
                    unit=indicator.unit,
                    decimals=decimals_of(plan, indicator),
                    region=figure.region,
                    region_name=place_of(figure.region),
                    reported=figure.value,
                    known=now,
                    reported_percent=figure.percent,
                    known_percent=rounded(now * _HUNDRED / figure.goal, 2) if figure.goal else None,
                )
            )
            if now - figure.value != explained[id, figure.region]:
                unexplained.append(f"{indicator.name}（{place_of(figure.region)}）")
    return Correction(
        code=code,
        title=content.title,
        bulletin_id=bulletin_id,
        reason=reason,
        sources=sources,
        moves=tuple(moves),
        entries=tuple(entries),
        unexplained=tuple(unexplained),
    )


def digest_of(content: Content, number: int) -> str:
    """sha256 over the canonical JSON of the number and of all that is said."""
    told = {"code": content.code(number), "content": document(content)}
    canonical = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
