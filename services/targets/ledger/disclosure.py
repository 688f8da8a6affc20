"""What the public may see of a breakdown: no cell so small that it points at somebody, nor one that can be worked out
from the whole and the cells beside it (domain.md §7)."""

from collections.abc import Mapping
from decimal import Decimal

from contract import regions
from plan import Indicator, Plan


def hidden(values: Mapping[str, Decimal], *, least: int) -> frozenset[str]:
    """Which of the parts of a known whole to leave out: every part of 1 to ``least - 1``, and, where what these hold
    together would tell them, others beside them in the order of ``values``. That order may not depend on the numbers,
    or whoever knows this rule would learn from what was chosen. All of them, empty ones too, where there is nothing to
    hide behind."""
    out = [code for code, value in values.items() if 0 < value < least]
    beside = [code for code, value in values.items() if value >= least]
    held = sum((values[code] for code in out), Decimal(0))
    fewest, most = len(out), len(out) * (least - 1)
    if not out or (beside and len(out) > 1 and held >= least and fewest < held < most):
        return frozenset(out)
    for number, code in enumerate(beside, start=1):
        out.append(code)
        held += values[code]
        if held >= most + least * number:  # whatever the small ones are, the others could be the rest
            return frozenset(out)
    return frozenset(values)


def family(plan: Plan, indicator: Indicator) -> tuple[Indicator, ...]:
    """The indicators whose numbers tell of one another: a sum and its parts, a whole and what is counted of it (其中).
    In the plan's order; one that stands alone is its own family."""
    ids, known = {indicator.id}, set[str]()
    while ids != known:
        known = set(ids)
        for one in plan.indicators.values():
            related = {one.id, *one.sum_of, *filter(None, [one.part_of])}
            if related & ids:
                ids |= related
    return tuple(one for one in plan.indicators.values() if one.id in ids)


def is_veiled(plan: Plan, indicator: Indicator) -> bool:
    """Whether small numbers of the indicator, or of one that is worked out with it, tell of somebody."""
    return any(one.small_cells for one in family(plan, indicator))


def veil(plan: Plan, indicator: Indicator, values: Mapping[str, Mapping[str, Decimal]]) -> frozenset[str]:
    """The regions whose numbers are not shown, the same for the whole family. ``values``: of each of the family (by
    id) the numbers by region; a region that does not tell one is left out.

    What is hidden in one of the family is hidden in all, so that no sum over them leads back to it; a whole less its
    part is looked at like a number of its own. Of a hidden region nothing below it is shown either."""
    of = family(plan, indicator)
    numbers = [values.get(one.id, {}) for one in of]
    for one in of:
        part, whole = values.get(one.id, {}), values.get(one.part_of or "", {})
        numbers.append({code: whole[code] - part[code] for code in part if code in whole})
    out: set[str] = set()
    groups = [plan.region]
    while groups:
        above = groups.pop()
        below = sorted((child.code for child in regions.children(above)), key=_beside)
        hid: set[str] = set()
        for number in numbers:
            beside = {code: number[code] for code in below if code in number}
            hid |= set(below) if above in out else hidden(beside, least=plan.least_public_cell)
        out |= hid
        groups += below
    return frozenset(out)


def _beside(code: str) -> tuple[int, int]:
    """Regions of few others first: most likely the smallest ones, and known without any number."""
    return len(regions.children(code)), -int(code)
