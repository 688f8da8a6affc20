"""Whether a figure may stand: by itself, and beside what else is known of its region. Pure, by the plan."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from contract import regions
from contract.errors import field_error
from contract.reports import (
    BaselineMissing,
    FigureAboveLater,
    FigureBelowDeducted,
    FigureBelowEarlier,
    IndicatorNotReported,
    PartAboveWhole,
    PeriodNotReportable,
    ReportingLevelWrong,
    SumNotReported,
)
from contract.targets import TargetNotFound
from contract.words import Measure, ReportStatus, WorkState
from plan import Indicator, Plan, Reporting
from services.reports.domain import Content, Line, invalid

Figures = Mapping[str, Mapping[str, Decimal]]  # indicator -> period -> cumulative figure

_LEVELS = {"province": "省级", "unit": "市（含定州、辛集、雄安新区）", "county": "县（市、区）"}
_COUNTED_FROM = {
    "certificate": ("养老护理员证书", "certificates"),
    "award": ("星级认定", "star awards"),
    "activity": ("进社区活动", "community activities"),
}


@dataclass(frozen=True)
class Book:
    """One region's figures: those accepted, those with what waits for a review laid over them, and what inspections
    took off, by (indicator, period)."""

    accepted: Figures
    pending: Figures
    deducted: Mapping[tuple[str, str], Decimal]


def book(lines: Iterable[Line], deducted: dict[str, Decimal]) -> Book:
    """``deducted`` by report id."""
    accepted: dict[str, dict[str, Decimal]] = defaultdict(dict)
    pending: dict[str, dict[str, Decimal]] = defaultdict(dict)
    taken = {}
    for line in lines:
        if line.figure is not None:
            accepted[line.target_id][line.period] = pending[line.target_id][line.period] = line.figure
        waiting = line.filed.content.cumulative
        if line.status is ReportStatus.FILED and waiting is not None:
            pending[line.target_id][line.period] = waiting
        if line.report_id in deducted:
            taken[line.target_id, line.period] = deducted[line.report_id]
    return Book(dict(accepted), dict(pending), taken)


def reported(plan: Plan, target_id: str) -> tuple[Indicator, Reporting]:
    """Raises TargetNotFound, SumNotReported, IndicatorNotReported."""
    indicator = plan.indicators.get(target_id)
    if indicator is None:
        raise TargetNotFound(f"没有编号为{target_id}的指标", f"there is no indicator {target_id}")
    if indicator.sum_of:
        parts = "、".join(indicator.sum_of)
        raise SumNotReported(
            f"指标{target_id}是{parts}之和，由系统合计：请填报各分项",
            f"indicator {target_id} is the sum of {', '.join(indicator.sum_of)}: report those",
            [field_error("/target_id", "sum", "由系统合计", "is a sum")],
            {"parts": list(indicator.sum_of)},
        )
    if indicator.reporting is None:
        zh, en = _COUNTED_FROM[indicator.fact]
        raise IndicatorNotReported(
            f"指标{target_id}由{zh}逐条计数，不接受填报：请在相应模块登记{zh}",
            f"indicator {target_id} is counted from {en} and never reported: record those",
            [field_error("/target_id", "counted_from_facts", "逐条计数", "is counted from facts")],
        )
    return indicator, indicator.reporting


def check_region(indicator: Indicator, reporting: Reporting, region: str) -> None:
    """Raises ReportingLevelWrong."""
    if reporting.level not in levels(region):
        found = regions.get(region)
        raise ReportingLevelWrong(
            f"指标{indicator.id}按{_LEVELS[reporting.level]}填报，{found.full_name}不是这一级："
            f"请分别填报{_LEVELS[reporting.level]}的数据",
            f"indicator {indicator.id} is filed by {reporting.level}, and {region} is none: file those figures",
            [field_error("/region", "level", f"应为{_LEVELS[reporting.level]}", f"must be a {reporting.level}")],
            {"level": reporting.level},
        )


def levels(region: str) -> frozenset[str]:
    """定州 and 辛集 are a unit and a county-level unit at once."""
    found = regions.get(region)
    return frozenset({found.level, *(["county"] if found.is_county else [])})


def baseline(plan: Plan) -> str:
    """The period of a stock's baseline: the last month before the plan's year."""
    return f"{plan.year - 1}-12"


def of_the_plan(plan: Plan, indicator: Indicator, period: str) -> bool:
    """Whether the indicator has a line of this period: each month of the year, and a stock's baseline."""
    return period.startswith(f"{plan.year}-") or (indicator.measure is Measure.STOCK and period == baseline(plan))


def check_period(plan: Plan, indicator: Indicator, period: str, *, today: dt.date) -> None:
    """Raises PeriodNotReportable."""
    months = f"{plan.year}-01至{plan.year}-12"
    if not of_the_plan(plan, indicator, period):
        also = f"，基数填{baseline(plan)}" if indicator.measure is Measure.STOCK else ""
        raise PeriodNotReportable(
            f"{period}不在方案年度内：指标{indicator.id}可填报的期别为{months}{also}",
            f"{period} is not of the plan's year: file {plan.year}-01 to {plan.year}-12"
            + (f", or {baseline(plan)} for the baseline" if also else ""),
            [field_error("/period", "outside_the_year", "不在方案年度内", "is not of the plan's year")],
        )
    if period > f"{today:%Y-%m}":
        raise PeriodNotReportable(
            f"{period}尚未开始，不能提前填报：请在当月或之后填报",
            f"{period} has not begun: file it in that month or later",
            [field_error("/period", "future", "尚未开始", "has not begun")],
        )


def check_content(indicator: Indicator, reporting: Reporting, content: Content, *, least_evidence: int) -> None:
    """What can be said of a filing by itself. Raises ReportInvalid with every fault."""
    faults = _state_faults(content) if indicator.measure is Measure.STATE else _figure_faults(reporting, content)
    quality = [("started", content.started), ("completed", content.completed), ("inspected", content.inspected)]
    told = [(name, number) for name, number in quality if number is not None]
    for (_, before), (name, number) in pairwise(told):
        if number > before:
            zh, en = "应满足 开工 ≥ 建成 ≥ 验收", "started >= completed >= inspected must hold"
            faults.append(field_error(f"/{name}", "quality_order", zh, en))
    claims = content.state not in (None, WorkState.NOT_STARTED) or bool(content.cumulative)
    if claims and len(content.evidence) < least_evidence:
        zh = f"至少须有{least_evidence}份佐证材料：先上传（POST /v1/evidence），再填入编号和摘要"
        en = f"needs at least {least_evidence} file(s) of evidence: hand them in at /v1/evidence and name them here"
        faults.append(field_error("/evidence", "missing", zh, en))
    if faults:
        raise invalid(*faults)


def _state_faults(content: Content) -> list[dict[str, str]]:
    faults = []
    if content.state is None:
        faults.append(
            field_error("/state", "missing", "此项没有数量指标，应填工作状态", "has no number: tell its state")
        )
    if content.cumulative is not None:
        zh, en = "此项没有数量指标，不填数字", "this indicator has no number"
        faults.append(field_error("/cumulative", "unexpected", zh, en))
    return faults


def _figure_faults(reporting: Reporting, content: Content) -> list[dict[str, str]]:
    figure = content.cumulative
    faults = []
    if content.state is not None:
        zh, en = "此项有数量指标，应填累计完成数", "this indicator has a number: tell the figure"
        faults.append(field_error("/state", "unexpected", zh, en))
    if figure is None:
        return [*faults, field_error("/cumulative", "missing", "必填", "required")]
    if figure < 0:
        faults.append(field_error("/cumulative", "negative", "不能为负数", "must not be negative"))
    if figure != round(figure, reporting.decimals):
        zh = f"最多{reporting.decimals}位小数" if reporting.decimals else "应为整数"
        en = f"must have at most {reporting.decimals} decimals"
        faults.append(field_error("/cumulative", "decimals", zh, en))
    if reporting.at_most_one and figure > 1:
        zh, en = "每个地区最多1个，累计不能超过1", "each region has one at the most"
        faults.append(field_error("/cumulative", "at_most_one", zh, en))
    return faults


def check_beside(plan: Plan, indicator: Indicator, period: str, figure: Decimal, book: Book, known: Figures) -> None:
    """Beside the ``known`` figures of ``book``, of which this one takes its place. Raises FigureBelowEarlier,
    FigureAboveLater, BaselineMissing, PartAboveWhole, FigureBelowDeducted."""
    ours = {**known.get(indicator.id, {}), period: figure}
    if indicator.measure is Measure.STOCK:
        _check_baseline(plan, indicator, period, book.accepted)
    else:
        _check_neighbours(ours, period, figure)
    _check_parts(plan, indicator, period, {**known, indicator.id: ours})
    _check_deducted(indicator, ours, book)


def _check_baseline(plan: Plan, indicator: Indicator, period: str, accepted: Figures) -> None:
    first = baseline(plan)
    if period != first and first not in accepted.get(indicator.id, {}):
        raise BaselineMissing(
            f"指标{indicator.id}是存量指标，须先填报并审定{first}的基数，再填报{period}",
            f"indicator {indicator.id} is a stock: first its baseline of {first} must be filed and accepted",
            [field_error("/cumulative", "baseline_missing", f"缺少{first}的基数", f"lacks the baseline of {first}")],
            {"baseline": first},
        )


def _check_neighbours(ours: Mapping[str, Decimal], period: str, figure: Decimal) -> None:
    before = max((other for other in ours if other < period), default=None)
    if before is not None and ours[before] > figure:
        raise FigureBelowEarlier(
            f"累计数{figure:f}低于{before}的累计数{ours[before]:f}：累计数不应减少；如{before}有误，请先更正该期",
            f"{figure:f} is below the cumulative {ours[before]:f} of {before}: if that is wrong, correct it first",
            [field_error("/cumulative", "below_earlier", f"低于{before}的累计数", f"is below that of {before}")],
            {"period": before, "figure": f"{ours[before]:f}"},
        )
    after = min((other for other in ours if other > period), default=None)
    if after is not None and ours[after] < figure:
        raise FigureAboveLater(
            f"累计数{figure:f}高于{after}的累计数{ours[after]:f}：如{after}有误，请先更正该期",
            f"{figure:f} is above the cumulative {ours[after]:f} of {after}: if that is wrong, correct it first",
            [field_error("/cumulative", "above_later", f"高于{after}的累计数", f"is above that of {after}")],
            {"period": after, "figure": f"{ours[after]:f}"},
        )


def _check_parts(plan: Plan, indicator: Indicator, period: str, known: Figures) -> None:
    """At the end of each period from this one on: a period in which nothing was filed has the figure before it."""
    pairs = [(part.id, indicator.id) for part in plan.parts(indicator.id)]
    if indicator.part_of and not plan.indicators[indicator.part_of].sum_of:
        pairs.append((indicator.id, indicator.part_of))
    for part, whole in pairs:
        of_part, of_whole = known.get(part, {}), known.get(whole, {})
        for at in sorted({at for at in (*of_part, *of_whole) if at >= period}):
            some, everything = _level(of_part, at), _level(of_whole, at)
            if some > everything:
                raise PartAboveWhole(
                    f"{at}，指标{part}（其中）的累计数{some:f}高于其总数指标{whole}的累计数{everything:f}："
                    f"请先填报或更正指标{part if indicator.id == whole else whole}",
                    f"in {at} the part {part} with {some:f} is above its whole {whole} with {everything:f}: "
                    f"first file or correct indicator {part if indicator.id == whole else whole}",
                    [field_error("/cumulative", "part_above_whole", "分项高于总数", "a part is above its whole")],
                    {"part": part, "whole": whole, "period": at},
                )


def _level(figures: Mapping[str, Decimal], at: str) -> Decimal:
    last = max((period for period in figures if period <= at), default=None)
    return Decimal(0) if last is None else figures[last]


def _check_deducted(indicator: Indicator, ours: Mapping[str, Decimal], book: Book) -> None:
    for period in ours:
        taken = book.deducted.get((indicator.id, period), Decimal(0))
        counts = counting(indicator, ours, period)
        if taken and counts < taken:
            raise FigureBelowDeducted(
                f"{period}只计{counts:f}，而督导已核减{taken:f}：如更正已包含被核减的部分，请先由督导解除核减",
                f"{period} would count for {counts:f}, and inspections have withdrawn {taken:f} of it: where the "
                "correction leaves those out itself, the inspection first lifts its withdrawal",
                [field_error("/cumulative", "below_deducted", "低于已核减数", "is below what was withdrawn")],
                {"period": period, "deducted": f"{taken:f}"},
            )


def counting(indicator: Indicator, figures: Mapping[str, Decimal], period: str) -> Decimal:
    """What the line of ``period`` counts for: a flow's step from the period before, a stock's level."""
    if indicator.measure is Measure.STOCK:
        return figures[period]
    before = max((other for other in figures if other < period), default=None)
    return figures[period] - (figures[before] if before else Decimal(0))
