"""The loaded plan as a table, to be compared with the document that it was taken from.

python -m services.targets.plan_table FILE [--json]
"""

import argparse
import json
import signal
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import plan as plans
from contract.words import Comparator, Measure
from plan import Indicator, Plan, PlanUnreadable

_HEADS = ("id", "指标", "目标", "单位", "类型", "责任单位", "牵头", "计数依据")
_RIGHT = 2  # the column of numbers
_FIGURES = {"county": "县级填报", "unit": "市级填报", "province": "省级填报"}
_EACH = {"county": "county-level unit", "unit": "reporting unit", "province": "province"}
_FACTS = {"certificate": "证书，一人一次", "award": "认定", "activity": "活动", "sum": "分项之和"}


def rows(plan: Plan) -> list[tuple[str, ...]]:
    """One for each indicator, in the plan's order, as _HEADS names them."""
    return [
        (
            one.id,
            one.name,
            target(one),
            one.unit,
            kind(plan, one),
            "、".join(one.departments),
            one.owner,
            counted_by(one),
        )
        for one in plan.indicators.values()
    ]


def target(indicator: Indicator) -> str:
    """With its comparator, as the plan words it; what is to be reached exactly has no sign."""
    if indicator.target is None or indicator.comparator is None:
        return ""
    sign = "" if indicator.comparator is Comparator.EXACTLY else indicator.comparator.value
    return f"{sign}{indicator.target:f}"


def kind(plan: Plan, indicator: Indicator) -> str:
    """flow, stock, ⊂ its whole, Σ of its parts, or state."""
    if indicator.sum_of:
        listed = [id for id in plan.indicators if id in indicator.sum_of]
        ids = list(plan.indicators)
        first = ids.index(listed[0])
        together = ids[first : first + len(listed)] == listed
        return f"Σ {listed[0]}-{listed[-1]}" if together else f"Σ {'+'.join(listed)}"
    if indicator.part_of is not None:
        return f"⊂ {indicator.part_of}"
    if indicator.measure is Measure.FLOW and indicator.reporting and indicator.reporting.at_most_one:
        return f"flow, one per {_EACH[indicator.reporting.level]}"
    return indicator.measure.value


def counted_by(indicator: Indicator) -> str:
    return _FIGURES[indicator.reporting.level] if indicator.reporting else _FACTS[indicator.fact]


def table(plan: Plan) -> str:
    """Aligned for a terminal, where a Chinese character is two columns wide."""
    lines = [_HEADS, *rows(plan)]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(_HEADS))]
    rule = tuple("─" * width for width in widths)
    return "\n".join(_line(line, widths) for line in (lines[0], rule, *lines[1:]))


def told(plan: Plan) -> dict[str, Any]:
    """All that the plan says of each indicator, for a machine."""
    return {
        "id": plan.id,
        "name": plan.name,
        "document": plan.document,
        "region": plan.region,
        "year": plan.year,
        "soft_deadline": plan.soft_deadline.isoformat(),
        "deadline": plan.deadline.isoformat(),
        "indicators": [
            {
                "id": one.id,
                "item": one.item,
                "item_name": one.item_name,
                "name": one.name,
                "quote": one.quote,
                "comparator": one.comparator and one.comparator.value,
                "target": None if one.target is None else f"{one.target:f}",
                "unit": one.unit,
                "measure": one.measure.value,
                "kind": kind(plan, one),
                "part_of": one.part_of,
                "sum_of": list(one.sum_of),
                "departments": list(one.departments),
                "owner": one.owner,
                "fact": one.fact,
                "reported_at": one.reporting and one.reporting.level,
            }
            for one in plan.indicators.values()
        ],
    }


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = []
    for column, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        blanks = " " * (width - _width(cell))
        padded.append(blanks + cell if column == _RIGHT else cell + blanks)
    return "  ".join(padded).rstrip()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make plan", description="列出方案的全部指标")
    parser.add_argument("--json", action="store_true", help="机器可读")
    parser.add_argument("file", type=Path, help="方案文件（TOML）")
    options = parser.parse_args(arguments)
    try:
        plan = plans.read(options.file)
    except PlanUnreadable as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(told(plan), ensure_ascii=False, indent=2))
        return 0
    print(f"{plan.name}（{plan.document}）：{plan.soft_deadline} 前力争基本完成，{plan.deadline} 前完成")
    print(table(plan))
    numbers = sum(1 for one in plan.indicators.values() if one.target is not None)
    print(f"有数量的指标 {numbers} 项，其余 {len(plan.indicators) - numbers} 项按工作状态和佐证跟踪")
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `make plan | head`
    sys.exit(main(sys.argv[1:]))
