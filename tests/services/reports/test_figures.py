"""Whatever is filed in whatever order: what the checks let stand keeps the plan's promises."""

from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import plan
from contract.errors import Refused
from contract.reports import FigureBelowDeducted
from services.reports import figures
from services.reports.figures import Book

PLAN = plan.read(Path("plan/hebei-2023.toml"))
PERIODS = ("2022-12", "2023-01", "2023-02", "2023-03", "2023-04")
FILED = st.tuples(st.sampled_from(["4.1", "4.2", "8.2"]), st.sampled_from(PERIODS), st.integers(0, 6))
TAKEN = st.dictionaries(st.tuples(st.just("4.1"), st.sampled_from(PERIODS[1:])), st.integers(1, 2), max_size=2)


@given(filings=st.lists(FILED, max_size=30), taken=TAKEN)
def test_flows_never_fall_parts_stay_below_their_whole_and_stocks_begin_with_a_baseline(filings, taken) -> None:
    known: dict[str, dict[str, Decimal]] = {}
    deducted: dict[tuple[str, str], Decimal] = {}
    for target, period, figure in filings:
        if target != "8.2" and period == "2022-12":
            continue  # refused by its period
        book = Book(known, known, deducted)
        with suppress(Refused):
            figures.check_beside(PLAN, PLAN.indicators[target], period, Decimal(figure), book, known)
            known.setdefault(target, {})[period] = Decimal(figure)
        for (of, at), amount in taken.items():  # an inspection takes what it may
            if at in known.get(of, {}) and (of, at) not in deducted:
                counts = figures.counting(PLAN.indicators[of], known[of], at)
                deducted |= {(of, at): Decimal(amount)} if amount <= counts else {}

        for flow in ("4.1", "4.2"):
            told = [known.get(flow, {})[at] for at in sorted(known.get(flow, {}))]
            assert told == sorted(told)
        for at in PERIODS:
            some, everything = (figures._level(known.get(target, {}), at) for target in ("4.2", "4.1"))
            assert some <= everything
        assert "8.2" not in known or "2022-12" in known["8.2"]
        for (of, at), amount in deducted.items():
            assert figures.counting(PLAN.indicators[of], known[of], at) >= amount


def test_a_correction_of_one_period_leaves_the_next_what_was_withdrawn_of_it() -> None:
    known = {"4.1": {"2023-01": Decimal(5), "2023-02": Decimal(8), "2023-03": Decimal(9)}}
    book = Book(known, known, {("4.1", "2023-02"): Decimal(3)})
    with pytest.raises(FigureBelowDeducted) as refused:
        figures.check_beside(PLAN, PLAN.indicators["4.1"], "2023-01", Decimal(6), book, known)
    assert refused.value.facts == {"period": "2023-02", "deducted": "3"}
    figures.check_beside(PLAN, PLAN.indicators["4.1"], "2023-01", Decimal(4), book, known)
