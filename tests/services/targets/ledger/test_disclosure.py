import itertools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plan
from contract import regions
from plan import Plan
from services.targets.ledger.disclosure import family, hidden, is_veiled, veil
from services.targets.ledger.judge import everywhere

LEAST = 5

parts = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.integers(0, 12).map(Decimal), max_size=8)


def of(**values: int) -> set[str]:
    return set(hidden({name: Decimal(value) for name, value in values.items()}, least=LEAST))


def test_where_no_part_is_small_all_are_shown() -> None:
    assert of(a=5, b=900, c=0) == set()


def test_one_small_part_is_never_left_out_alone() -> None:
    assert of(a=3, b=60, c=7) == {"a", "b"}


def test_what_is_hidden_beside_them_does_not_depend_on_the_numbers() -> None:
    assert of(a=3, b=60, c=7) == {"a", "b"}
    assert of(a=3, b=7, c=60) == {"a", "b"}
    assert of(a=4, b=3, c=60) == {"a", "b"}
    assert of(a=4, b=4, c=60) == {"a", "b", "c"}, "4 and 4 is the only way to 8"
    assert of(d=0, a=3, b=60, c=7) == {"a", "b"}, "nothing hides nobody"
    assert of(a=1, b=5, c=60) == {"a", "b", "c"}, "1 and 5 is the only way to 6"


def test_where_all_others_are_nothing_or_not_enough_all_are_hidden() -> None:
    assert of(a=4, b=0) == {"a", "b"}
    assert of(a=1, b=1, c=0, d=0) == {"a", "b", "c", "d"}
    assert of(a=2, b=3, c=0) == {"a", "b", "c"}
    assert of(a=2, b=3, c=0, d=60) == {"a", "b"}, "two of five: neither tells the other"
    assert of(a=0, b=0) == set()
    assert of() == set()


@pytest.mark.parametrize(("number", "least", "most"), [(2, 5, 20), (3, 5, 17), (3, 3, 14), (4, 3, 12), (5, 3, 10)])
def test_who_knows_the_rule_and_all_that_is_shown_cannot_tell_a_small_part(number: int, least: int, most: int) -> None:
    """Every way in which so many parts can come to a whole, by what is shown of it: of each small part that is left
    out at least two numbers go with that."""
    alike: dict[Any, list[tuple[int, ...]]] = defaultdict(list)
    for parts in itertools.product(range(most + 1), repeat=number):
        if sum(parts) <= most:
            out = hidden({str(place): Decimal(value) for place, value in enumerate(parts)}, least=least)
            shown = tuple(None if str(place) in out else value for place, value in enumerate(parts))
            alike[sum(parts), shown].append(parts)
    for (_, shown), ways in alike.items():
        for place in (place for place, value in enumerate(shown) if value is None):
            possible = {way[place] for way in ways}
            assert len(possible) > 1 or not 0 < possible.pop() < least or sum(ways[0]) < least, ways


def test_a_whole_that_is_small_itself_shows_no_part() -> None:
    assert of(a=2, b=0, c=0) == {"a", "b", "c"}


@given(parts)
def test_no_small_part_is_shown_or_can_be_worked_out_from_the_whole(values: dict[str, Decimal]) -> None:
    left_out = hidden(values, least=LEAST)
    for code, value in values.items():
        if 0 < value < LEAST:
            assert code in left_out
    if left_out and left_out != frozenset(values):
        assert len(left_out) >= 2
        assert sum(values[code] for code in left_out) >= LEAST


@given(parts)
def test_nothing_is_left_out_without_a_small_part(values: dict[str, Decimal]) -> None:
    if not any(0 < value < LEAST for value in values.values()):
        assert hidden(values, least=LEAST) == frozenset()


# what is worked out across regions and across indicators

PLAN = plan.read(Path("plan/hebei-2023.toml"))


def of_people(*ids: str) -> Plan:
    """The plan, in which these count persons."""
    return replace(PLAN, indicators={id: replace(one, small_cells=id in ids) for id, one in PLAN.indicators.items()})


def rolled(counties: dict[str, int]) -> dict[str, Decimal]:
    """The numbers of every region, from those of counties."""
    sums = dict.fromkeys(everywhere(), Decimal(0))
    for county, value in counties.items():
        for code in regions.get(county).path:
            sums[code] += value
    return sums


Cell = tuple[str, str]  # (indicator, region)
Equation = dict[Cell, Fraction]  # what hidden cells, each so many times, add up to is known


def solved(equations: Iterable[Equation]) -> list[Equation]:
    """The equations resolved as far as they go (reduced row echelon form): what is known of one cell stands alone."""
    done: dict[Cell, Equation] = {}

    def without(row: Equation, cell: Cell, pivot: Equation) -> None:
        factor = row[cell]
        for other, value in pivot.items():
            left = row.get(other, Fraction(0)) - factor * value
            if left:
                row[other] = left
            else:
                row.pop(other, None)

    for equation in equations:
        row = dict(equation)
        for cell in list(row):
            if cell in row and cell in done:
                without(row, cell, done[cell])
        if not row:
            continue
        first = next(iter(row))
        row = {cell: value / row[first] for cell, value in row.items()}
        for known in done.values():
            if first in known:
                without(known, first, row)
        done[first] = row
    return list(done.values())


def derivable(ids: tuple[str, ...], out: frozenset[str], sums: dict[str, tuple[str, ...]]) -> set[Cell]:
    """The hidden cells that follow from what is shown, by solving every equation that anybody knows."""

    def equation(whole: Cell, parts: Iterable[Cell]) -> Equation:
        terms = {whole: Fraction(1), **dict.fromkeys(parts, Fraction(-1))}
        return {cell: factor for cell, factor in terms.items() if cell[1] in out}

    across_regions = (
        equation((id, code), ((id, child.code) for child in regions.children(code)))
        for id in ids
        for code in everywhere()
        if regions.children(code)
    )
    across_parts = (
        equation((whole, code), ((part, code) for part in parts))
        for whole, parts in sums.items()
        for code in everywhere()
    )
    return {cell for row in solved([*across_regions, *across_parts]) if len(row) == 1 for cell in row}


A_FEW = ["130102", "130104", "130105", "130107", "130638", "130632", "130629", "130682", "130181", "131102"]
few = st.dictionaries(st.sampled_from(A_FEW), st.integers(0, 12), max_size=len(A_FEW))


@settings(max_examples=15, deadline=None)
@given(few)
def test_no_hidden_county_can_be_worked_out_from_all_that_is_shown(counties: dict[str, int]) -> None:
    values = rolled(counties)
    out = veil(PLAN, PLAN.indicators["12.1"], {"12.1": values})
    assert {code for code, value in values.items() if 0 < value < LEAST} - out <= {PLAN.region}
    assert derivable(("12.1",), out, {}) == set()


@settings(max_examples=6, deadline=None)
@given(few, few)
def test_nor_across_a_sum_and_its_parts(one: dict[str, int], other: dict[str, int]) -> None:
    plan_of = of_people("14.3")
    ids = ("14.2", "14.3", "14.4", "14.5", "14.6")
    parts = {"14.3": rolled(one), "14.4": rolled(other), "14.5": rolled({}), "14.6": rolled({"130108": 900})}
    whole = {code: sum((part[code] for part in parts.values()), Decimal(0)) for code in everywhere()}
    out = veil(plan_of, plan_of.indicators["14.3"], {"14.2": whole, **parts})
    for values in (whole, *parts.values()):
        assert {code for code, value in values.items() if 0 < value < LEAST} - out <= {plan_of.region}
    assert derivable(ids, out, {"14.2": ids[1:]}) == set()


def test_the_check_itself_finds_what_can_be_worked_out() -> None:
    alone = frozenset({"130102"})
    assert derivable(("12.1",), alone, {}) == {("12.1", "130102")}


@given(few, few)
def test_a_whole_less_its_part_is_no_small_number_either(part: dict[str, int], rest: dict[str, int]) -> None:
    plan_of = of_people("4.2")
    of_part, of_rest = rolled(part), rolled(rest)
    whole = {code: of_part[code] + of_rest[code] for code in everywhere()}
    out = veil(plan_of, plan_of.indicators["4.1"], {"4.1": whole, "4.2": of_part})
    for values in (of_part, of_rest, whole):
        assert {code for code, value in values.items() if 0 < value < LEAST} - out <= {plan_of.region}


def test_what_counts_things_is_shown_as_it_is_and_what_counts_people_is_not() -> None:
    veiled = {id for id, one in PLAN.indicators.items() if is_veiled(PLAN, one)}
    assert veiled == {"6.1", "10.1", "11.1", "12.1", "15.1", "18.1"}, "who holds stars is on a public list by name"
    assert is_veiled(of_people("14.3"), PLAN.indicators["14.6"]), "its siblings and their sum would tell"
    assert [one.id for one in family(PLAN, PLAN.indicators["4.2"])] == ["4.1", "4.2"]
    assert [one.id for one in family(PLAN, PLAN.indicators["2.1"])] == ["2.1"]
