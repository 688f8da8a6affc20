"""What is short to write and dear to calculate, or lies beyond what can be written at all, ends in the field itself."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import fields
from contract.errors import Invalid
from contract.message import Message
from contract.reports import Period


class Edge(Message):
    number = fields.Number()
    day = fields.Day()
    instant = fields.Instant()
    period = Period()


def fault(**body: Any) -> str:
    with pytest.raises(Invalid) as refused:
        Edge.read(body)
    (error,) = refused.value.errors
    return error["code"]


@pytest.mark.parametrize(
    "number",
    [
        *("1E+100000000", "-1E+100000000", "1E-100000000", "0E+100000000", "1" * 41, "1E+15", "999999999999999.5E1"),
        *(10**15, -(10**15), 10**4000, 1e15, "0." + "0" * 12 + "1"),
    ],
)
def test_a_number_beyond_what_anybody_counts_is_refused_before_it_is_calculated_with(number: Any) -> None:
    assert fault(number=number) == "range"


@pytest.mark.parametrize(
    "number", ["NaN", "sNaN", "Infinity", "-inf", "five", "1E+99999999999999999999", "", True, [], {}]
)
def test_what_is_no_number_is_refused_as_such(number: Any) -> None:
    assert fault(number=number) == "type"


@given(st.decimals(min_value=-(10**14), max_value=10**14, places=12))
def test_every_number_within_the_bounds_comes_back_as_it_was_given(number: Decimal) -> None:
    assert Edge.read(Edge.write(number=number)) == {"number": number}


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "2101-01-01", "9999-12-31"])
def test_a_day_outside_the_years_is_refused_whichever_way_it_is_read(day: str) -> None:
    assert fault(day=day) == "range"
    with pytest.raises(Invalid):
        Edge.read({"day": day, "number": " 1 "})  # a blank to strip: not by the short way


@pytest.mark.parametrize("day", ["0000-01-01", "2023-02-29", "2023-13-01"])
def test_a_day_that_is_in_no_calendar_is_no_day(day: str) -> None:
    assert fault(day=day) == "date"


@pytest.mark.parametrize(
    "instant",
    [
        *("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1899-12-31T23:59:59Z"),
        *("2101-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59"),
    ],
)
def test_an_instant_at_the_edge_of_time_is_refused_and_not_moved_to_utc(instant: str) -> None:
    assert fault(instant=instant) == "range"


def test_the_first_and_the_last_day_are_taken() -> None:
    for day in (fields.FIRST_DAY, fields.LAST_DAY):
        assert Edge.read({"day": day.isoformat()}) == {"day": day}
        assert Edge.read({"instant": f"{day.isoformat()}T12:00:00Z"})["instant"].date() == day


@pytest.mark.parametrize("period", ["0000-01", "1999-12", "2100-01", "9999-12", "2023-00", "2023-13"])
def test_a_month_outside_the_years_is_refused(period: str) -> None:
    assert fault(period=period) == "period"
