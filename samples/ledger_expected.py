"""What must come of the sample ledger: found from the lines that are filed, by no service's code."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from contract import regions
from contract.words import Measure
from samples.ledger import LATE, Sample, unit_of

_ALL = Decimal(100)
_DAYS_GONE, _DAYS = 304, 365  # up to 31 October of a year that is no leap year

Cell = tuple[str, str]  # (indicator, region)


@dataclass(frozen=True)
class Expected:
    """Of the province and the units: by (indicator, region) the ``targets``, ``values`` and ``percents``; ``scores``
    of the units in the bulletin; how many lines of October are ``late`` and ``missing`` by unit, the province's own
    under its code."""

    targets: dict[Cell, Decimal]
    values: dict[Cell, Decimal]
    percents: dict[Cell, Decimal]
    scores: dict[str, Decimal]
    late: dict[str, int]
    missing: dict[str, int]

    @property
    def ranking(self) -> list[str]:
        return sorted(self.scores, key=lambda code: (-self.scores[code], code))


def expected(sample: Sample) -> Expected:
    targets = _targets(sample)
    values = _values(sample, sample.period)
    percents = {cell: _percent(value, targets[cell]) for cell, value in values.items() if targets.get(cell)}
    late, missing = _outstanding(sample)
    return Expected(targets, values, percents, _scores(sample, targets, values, percents), late, missing)


def differences(
    told: Expected, *, rows: Sequence[Mapping[str, Any]], round: Mapping[str, Any], bulletin: Mapping[str, Any]
) -> list[str]:
    """What of the API's answers is not as told, in words; nothing when all is. ``rows``: of the ledger by region."""
    found = []
    shown = {(row["target_id"], row["region"]): row for row in rows}
    for name, field, wanted in (
        ("目标", "target", told.targets),
        ("累计", "value", told.values),
        ("完成率", "percent", told.percents),
    ):
        for (id, region), number in wanted.items():
            answered = shown[id, region][field]
            if answered is None or Decimal(answered) != number:
                found.append(_differs(f"{id} {regions.get(region).name} {name}", number, answered))
    ranked = {one["region"]: one["score"] for one in bulletin["content"]["ranking"]}
    for region, score in told.scores.items():
        if ranked[region] is None or Decimal(ranked[region]) != score:
            found.append(_differs(f"{regions.get(region).name} 得分", score, ranked[region]))
    if list(ranked) != told.ranking:
        found.append(_differs("名次", "、".join(told.ranking), "、".join(ranked)))
    units = {unit["region"]: unit for unit in round["units"]}
    for region, unit in units.items():
        for name, wanted_lines in (("late", told.late), ("missing", told.missing)):
            if unit[name] != wanted_lines.get(region, 0):
                found.append(_differs(f"{regions.get(region).name} {name}", wanted_lines.get(region, 0), unit[name]))
    for name, everywhere in (("late", told.late), ("missing", told.missing)):
        if round["tally"][name] != sum(everywhere.values()):
            found.append(_differs(f"全省 {name}", sum(everywhere.values()), round["tally"][name]))
    return found


def _differs(what: str, wanted: object, answered: object) -> str:
    return f"{what}：应为 {wanted}，实为 {answered}"


def _targets(sample: Sample) -> dict[Cell, Decimal]:
    found = {
        (one.id, sample.plan.region): one.target
        for one in sample.plan.indicators.values()
        if one.target is not None and (one.reporting or one.sum_of)
    }
    for split in sample.splits.values():
        found |= {(split.target_id, unit): target for unit, target in split.units.items()}
    return found


def _values(sample: Sample, period: str) -> dict[Cell, Decimal]:
    """What is cumulated by the end of a period: each region's last figure up to then, added up."""
    last: dict[Cell, Decimal] = {}
    for line in sorted(sample.lines, key=lambda line: line.period):
        if line.cumulative is not None and line.period <= period:
            last[line.target_id, line.region] = line.cumulative
    sums: dict[Cell, Decimal] = defaultdict(Decimal)
    for (id, region), figure in last.items():
        for above in {unit_of(region), sample.plan.region}:
            sums[id, above] += figure
            for one in sample.plan.indicators.values():
                if id in one.sum_of:
                    sums[one.id, above] += figure
    return dict(sums)


def _scores(
    sample: Sample, targets: dict[Cell, Decimal], values: dict[Cell, Decimal], percents: dict[Cell, Decimal]
) -> dict[str, Decimal]:
    """The mean of completion in percent of the pace, over all that was allocated; a stock's by its increment."""
    pace = _percent(Decimal(_DAYS_GONE), Decimal(_DAYS))
    before = _values(sample, sample.baseline)
    found = {}
    for unit in regions.units():
        ratios = []
        for id, split in sample.splits.items():
            if unit.code not in split.units or not split.units[unit.code]:
                continue
            cell = (id, unit.code)
            reached = percents.get(cell, Decimal("0.00"))
            if sample.plan.indicators[id].measure is Measure.STOCK:
                reached = _percent(values[cell] - before[cell], targets[cell] - before[cell])
            ratios.append(_rounded(reached * _ALL / pace))
        found[unit.code] = _rounded(sum(ratios, Decimal(0)) / len(ratios))
    return found


def _outstanding(sample: Sample) -> tuple[dict[str, int], dict[str, int]]:
    filed = {(line.target_id, line.region) for line in sample.lines if line.period == sample.period}
    late = Counter(unit_of(region) for _, region in filed if unit_of(region) == LATE)
    asked: Counter[str] = Counter()
    for one in sample.plan.indicators.values():
        if one.reporting is None:
            continue
        if one.reporting.level == "province":
            asked[sample.plan.region] += 1
        for unit in regions.units():
            if one.reporting.level == "unit":
                asked[unit.code] += 1
            if one.reporting.level == "county":
                asked[unit.code] += len(regions.counties(unit.code))
    asked.subtract(unit_of(region) for _, region in filed)
    return dict(late), dict(asked)


def _percent(part: Decimal, whole: Decimal) -> Decimal:
    return _rounded(part * _ALL / whole)


def _rounded(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.01"), ROUND_HALF_UP)
