"""A bulletin composed from a locked snapshot."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from contract import regions
from contract.words import Measure, WorkState
from plan import Indicator, Plan
from services.targets.bulletins.domain import INLINE, Content, Line, Options, Outstanding, Problem, Reporting, StateLine
from services.targets.bulletins.ranking import named, ranked, rule_of
from services.targets.snapshots.domain import Figure, Figures, Snapshot, place_of
from services.targets.tree.domain import decimals_of, reporting_regions


def title_of(snapshot: Snapshot, corrects: str | None) -> str:
    year, month = snapshot.period.split("-")
    about = f"{year}年{int(month)}月民生工程进展情况"
    return f"关于更正{about}通报的通报" if corrects else f"关于{about}的通报"


def compose(
    plan: Plan, snapshot: Snapshot, figures: Figures, *, options: Options, title: str | None, issued_on: dt.date
) -> Content:
    ranking = ranked(plan, figures, options)
    problems = problems_of(plan, figures)
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
        problems=problems[:INLINE],
        problems_count=len(problems),
    )


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


def _unit_of(code: str) -> str:
    path = regions.get(code).path
    return path[1] if len(path) > 1 else path[0]


def _outstanding(plan: Plan, outstanding: Iterable[Mapping[str, Any]]) -> Iterable[Outstanding]:
    for one in outstanding:
        indicator = plan.indicators[one["target_id"]]
        late, missing = (tuple(place_of(code) for code in one[name]) for name in ("late", "missing"))
        yield Outstanding(indicator.id, indicator.name, indicator.owner, late, missing)


def problems_of(plan: Plan, figures: Figures) -> tuple[Problem, ...]:
    """All, as those who report told them: the regions above repeat them."""
    found = []
    for id, told in figures.items():
        indicator = plan.indicators[id]
        reporting = set(reporting_regions(indicator, plan.region))
        for one in told:
            if one.problems and one.region in reporting:
                place = place_of(one.region)
                found.append(Problem(id, indicator.name, one.region, place, one.problems, one.next_steps))
    return tuple(found)
