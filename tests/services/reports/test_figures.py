"""Whatever is filed in whatever order: what the checks let stand keeps the plan's promises."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import plan
from contract.errors import Refused
from contract.reports import FigureBelowDeducted, PartAboveWhole
from services.reports import figures
from services.reports.figures import Book

PLAN = plan.read(Path("plan/hebei-2023.toml"))
PERIODS = ("2022-12", "2023-01", "2023-02", "2023-03", "2023-04")
FILED = st.tuples(st.sampled_from(["4.1", "4.2", "8.2"]), st.sampled_from(PERIODS), st.integers(0, 6))
TAKEN = st.dictionaries(st.tuples(st.just("4.1"), st.sampled_from(PERIODS[1:])), st.integers(1, 2), max_size=2)


def reached(told: dict[str, Decimal], at: str) -> Decimal:
    """The cumulative figure at the end of a period: of the last one told until then. Written for this test."""
    figure = Decimal(0)
    for period in PERIODS[: PERIODS.index(at) + 1]:
        figure = told.get(period, figure)
    return figure


def added(told: dict[str, Decimal], at: str) -> Decimal:
    """What a period adds to the one told before it."""
    place = PERIODS.index(at)
    return told[at] - (reached(told, PERIODS[place - 1]) if place else Decimal(0))


def as_promised(known: dict[str, dict[str, Decimal]], deducted: dict[tuple[str, str], Decimal]) -> bool:
    """Flows never fall, a part is never above its whole, a stock begins with its baseline, and nothing counts for less
    than was taken off it. Written for this test, by nothing that checks."""
    for flow in ("4.1", "4.2"):
        told = [known.get(flow, {})[at] for at in sorted(known.get(flow, {}))]
        if told != sorted(told):
            return False
    if any(reached(known.get("4.2", {}), at) > reached(known.get("4.1", {}), at) for at in PERIODS):
        return False
    if "8.2" in known and "2022-12" not in known["8.2"]:
        return False
    return all(added(known[of], at) >= amount for (of, at), amount in deducted.items())


@given(filings=st.lists(FILED, max_size=30), taken=TAKEN)
def test_what_keeps_the_plans_promises_is_taken_and_nothing_else(filings, taken) -> None:
    known: dict[str, dict[str, Decimal]] = {}
    deducted: dict[tuple[str, str], Decimal] = {}
    for target, period, figure in filings:
        if target != "8.2" and period == "2022-12":
            continue  # refused by its period
        after = {**known, target: known.get(target, {}) | {period: Decimal(figure)}}
        taken_in = True
        try:
            figures.check_beside(
                PLAN, PLAN.indicators[target], period, Decimal(figure), Book(known, known, deducted), known
            )
        except Refused:
            taken_in = False
        assert taken_in == as_promised(after, deducted), (known, target, period, figure)
        known = after if taken_in else known
        for (of, at), amount in taken.items():  # an inspection takes what it may
            if at in known.get(of, {}) and (of, at) not in deducted:
                deducted |= {(of, at): Decimal(amount)} if amount <= added(known[of], at) else {}


def test_a_correction_of_one_period_leaves_the_next_what_was_withdrawn_of_it() -> None:
    known = {"4.1": {"2023-01": Decimal(5), "2023-02": Decimal(8), "2023-03": Decimal(9)}}
    book = Book(known, known, {("4.1", "2023-02"): Decimal(3)})
    with pytest.raises(FigureBelowDeducted) as refused:
        figures.check_beside(PLAN, PLAN.indicators["4.1"], "2023-01", Decimal(6), book, known)
    assert refused.value.facts == {"period": "2023-02", "deducted": "3"}
    figures.check_beside(PLAN, PLAN.indicators["4.1"], "2023-01", Decimal(4), book, known)


def test_a_whole_is_compared_with_its_part_in_the_periods_after_the_one_that_is_filed_too() -> None:
    known = {"4.1": {"2023-01": Decimal(5)}, "4.2": {"2023-03": Decimal(4)}}
    with pytest.raises(PartAboveWhole) as refused:
        figures.check_beside(PLAN, PLAN.indicators["4.1"], "2023-01", Decimal(3), Book(known, known, {}), known)
    assert refused.value.facts == {"part": "4.2", "whole": "4.1", "period": "2023-03"}
