"""The units' ranking.

The rule (*default*): each unit's mean, over the indicators that a target was allocated to it for, of its completion in
percent of the pace (序时进度); of a stock, of its increment. Nothing is capped unless a ceiling was asked for, and the
bulletin says by which rule it ranks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from contract import regions
from contract.words import Measure
from plan import Plan
from services.targets.bulletins.domain import Measured, Options, Score
from services.targets.ledger.outlook import rounded
from services.targets.snapshots.domain import Figures

_HUNDRED = Decimal(100)


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
