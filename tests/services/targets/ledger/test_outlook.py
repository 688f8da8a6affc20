import datetime as dt
from decimal import Decimal
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.words import Comparator, Measure, Prospect, Status, WorkState
from services.targets.ledger.outlook import (
    Aim,
    Forecast,
    Standing,
    checkpoint,
    forecast,
    month_end,
    pace,
    percent,
    rounded,
    stands,
    state_of,
    state_stands,
)

BEGINS, SOFT, DEADLINE = dt.date(2023, 1, 1), dt.date(2023, 10, 31), dt.date(2023, 12, 31)
JULY = dt.date(2023, 7, 1)
NEXT_YEAR = dt.date(2024, 1, 15)
BASELINE_DAY = dt.date(2022, 12, 31)


def an_aim(target: int = 100, comparator: Comparator = Comparator.AT_LEAST, **more: object) -> Aim:
    return Aim(Decimal(target), comparator, **more)  # type: ignore[arg-type]


def a_stock(target: int = 1000, baseline: int | None = 500) -> Aim:
    return an_aim(
        target,
        Comparator.REACHES,
        measure=Measure.STOCK,
        baseline=None if baseline is None else Decimal(baseline),
    )


def seen(aim: Aim, value: int | str, *, due: int = 50, as_of: dt.date = JULY, **more: object) -> Standing:
    return stands(aim, Decimal(value), due=Decimal(due), as_of=as_of, deadline=DEADLINE, **more)  # type: ignore[arg-type]


def light(aim: Aim, value: int | str, **more: object) -> tuple[Status | None, str | None]:
    standing = seen(aim, value, **more)  # type: ignore[arg-type]
    return standing.status, standing.colour


def test_percentages_round_halves_up_and_are_never_capped() -> None:
    assert percent(Decimal(151), Decimal(166)) == Decimal("90.96")  # printed as 90.9 by hand once
    assert percent(Decimal(5970), Decimal(3000)) == Decimal("199.00")
    assert percent(Decimal(1), Decimal(800)) == Decimal("0.13")


@pytest.mark.parametrize(
    ("as_of", "due"),
    [
        (dt.date(2022, 12, 31), "0.00"),
        (dt.date(2023, 1, 1), "0.27"),
        (dt.date(2023, 12, 31), "100.00"),
        (dt.date(2024, 5, 1), "100.00"),
    ],
)
def test_pace_is_the_elapsed_share_of_the_time_to_the_deadline(as_of: dt.date, due: str) -> None:
    assert pace(begins=BEGINS, deadline=DEADLINE, as_of=as_of) == Decimal(due)


def test_a_planned_curve_takes_the_place_of_the_calendar_and_goes_evenly_through_a_month() -> None:
    curve = [Decimal(step) for step in (0, 0, 5, 20, 40, 60, 75, 85, 95, 100, 100, 100)]

    def due(month: int, day: int) -> Decimal:
        return pace(begins=BEGINS, deadline=DEADLINE, as_of=dt.date(2023, month, day), curve=curve)

    assert [due(2, 28), due(3, 31), due(10, 31), due(11, 15)] == [0, 5, 100, 100]
    assert due(4, 15) == Decimal("12.50")


@given(st.lists(st.integers(0, 100), min_size=11, max_size=11), st.dates(dt.date(2022, 6, 1), dt.date(2024, 6, 1)))
def test_pace_never_goes_back_and_stays_from_nought_to_a_hundred(steps: list[int], day: dt.date) -> None:
    curve = [Decimal(step) for step in [*sorted(steps), 100]]
    for planned in ((), curve):
        today = pace(begins=BEGINS, deadline=DEADLINE, as_of=day, curve=planned)
        tomorrow = pace(begins=BEGINS, deadline=DEADLINE, as_of=day + dt.timedelta(days=1), curve=planned)
        assert 0 <= today <= tomorrow <= 100


def test_status_tells_met_from_missed_and_behind_from_on_pace() -> None:
    assert light(an_aim(), 100) == (Status.MET, "绿")
    assert light(an_aim(), 50) == (Status.ON_PACE, "绿")
    assert light(an_aim(), "49.99") == (Status.BEHIND, "红")
    assert light(an_aim(), "99.99", as_of=NEXT_YEAR, due=100) == (Status.MISSED, "红")


def test_about_is_met_within_the_tolerance_and_at_least_is_not() -> None:
    about = an_aim(10_000, Comparator.ABOUT, tolerance=Decimal(5))
    assert light(about, 9_500)[0] is Status.MET
    assert light(about, 9_499)[0] is not Status.MET
    for strict in (Comparator.AT_LEAST, Comparator.EXACTLY):
        assert light(an_aim(10_000, strict, tolerance=Decimal(5)), 9_500)[0] is not Status.MET


@pytest.mark.parametrize("comparator", list(Comparator))
def test_more_than_promised_is_met_by_every_wording(comparator: Comparator) -> None:
    assert seen(an_aim(100, comparator, baseline=Decimal(0)), 199) == Standing(
        Decimal("199.00"), None, Decimal("149.00"), Status.MET, "绿"
    )


def test_caught_up_later_is_yellow() -> None:
    behind, on_pace = (Decimal(30), Decimal(49)), (Decimal(60), Decimal(49))
    assert light(an_aim(), 60, earlier=behind) == (Status.ON_PACE, "黄")
    assert light(an_aim(), 60, earlier=on_pace) == (Status.ON_PACE, "绿")
    assert light(an_aim(), 40, earlier=behind) == (Status.BEHIND, "红")
    assert light(an_aim(), 100, earlier=behind) == (Status.MET, "绿"), "reached before the deadline is in time"


def test_what_is_reached_only_after_the_deadline_is_yellow() -> None:
    late = {"as_of": NEXT_YEAR, "due": 100}
    assert light(an_aim(), 100, earlier=(Decimal(90), Decimal(100)), **late) == (Status.MET, "黄")
    assert light(an_aim(), 100, earlier=(Decimal(100), Decimal(100)), **late) == (Status.MET, "绿")


def test_finished_is_blue_once_as_much_is_accepted() -> None:
    assert light(an_aim(), 120, accepted=Decimal(100)) == (Status.MET, "蓝")
    assert light(an_aim(), 120, accepted=Decimal(99)) == (Status.MET, "绿")
    assert light(an_aim(), 80, accepted=Decimal(80)) == (Status.ON_PACE, "绿")
    assert light(an_aim(), 120, as_of=NEXT_YEAR, earlier=(Decimal(1), _ALL), accepted=Decimal(120))[1] == "蓝"


_ALL = Decimal(100)


def test_a_stock_is_judged_by_its_increment_and_shows_its_level() -> None:
    half = seen(a_stock(), 750)
    assert (half.percent, half.increment, half.deviation) == (Decimal("75.00"), Decimal("50.00"), Decimal("0.00"))
    assert (half.status, half.colour) == (Status.ON_PACE, "绿")
    behind = seen(a_stock(), 749)
    assert (behind.percent, behind.status) == (Decimal("74.90"), Status.BEHIND)
    assert seen(a_stock(), 480).increment == Decimal("-4.00"), "it may fall below where it began"


def test_without_a_baseline_a_stock_cannot_be_judged_until_it_is_there() -> None:
    unknown = seen(a_stock(baseline=None), 750)
    assert (unknown.percent, unknown.increment, unknown.status, unknown.colour) == (Decimal("75.00"), None, None, None)
    assert light(a_stock(baseline=None), 1000) == (Status.MET, "绿")
    assert light(a_stock(baseline=None), 999, as_of=NEXT_YEAR, due=100) == (Status.MISSED, "红")


def test_a_baseline_above_the_target_has_no_increment_to_show() -> None:
    assert seen(a_stock(1000, 1200), 1200).increment is None
    assert light(a_stock(1000, 1200), 1200) == (Status.MET, "绿")


def test_a_target_of_nought_is_met_and_has_no_percentage() -> None:
    assert seen(an_aim(0), 0) == Standing(None, None, None, Status.MET, "绿")


@given(st.integers(1, 500), st.integers(0, 600), st.integers(0, 600), st.integers(0, 100))
def test_more_never_looks_worse(target: int, one: int, other: int, due: int) -> None:
    order = [Status.BEHIND, Status.ON_PACE, Status.MET]
    less, more = (seen(an_aim(target), value, due=due) for value in sorted((one, other)))
    assert less.percent <= more.percent
    assert order.index(less.status) <= order.index(more.status)


def test_the_checkpoint_is_the_last_months_end_and_after_the_year_its_deadline() -> None:
    def before(*day: int) -> dt.date | None:
        return checkpoint(dt.date(*day), begins=BEGINS, deadline=DEADLINE)

    assert before(2023, 1, 20) is None
    assert before(2023, 3, 1) == dt.date(2023, 2, 28)
    assert before(2023, 12, 31) == dt.date(2023, 11, 30)
    assert before(2024, 7, 9) == DEADLINE


# forecast


def ahead(days: dict[dt.date, Decimal], on: dt.date = DEADLINE, **more: object) -> Forecast:
    asked: dict[str, object] = {
        "as_of": dt.date(2023, 6, 30),
        "begins": BEGINS,
        "aim": an_aim(),
        "least_months": 3,
        "confidence": Decimal(80),
        "decimals": 2,
    }
    return forecast(days, on=on, **{**asked, **more})  # type: ignore[arg-type]


def daily(rate: Decimal, until: dt.date) -> dict[dt.date, Decimal]:
    return {BEGINS + dt.timedelta(days=at): rate for at in range((until - BEGINS).days + 1)}


def by_month(*steps: int) -> dict[dt.date, Decimal]:
    return {month_end(dt.date(2023, month, 1)): Decimal(step) for month, step in enumerate(steps, 1)}


@given(st.decimals("0.01", 50, places=2), st.dates(dt.date(2023, 3, 31), dt.date(2023, 12, 30)))
def test_what_goes_evenly_is_foretold_exactly(rate: Decimal, as_of: dt.date) -> None:
    foretold = ahead(daily(rate, as_of), as_of=as_of)
    assert {foretold.low, foretold.value, foretold.high} == {rate * 365}


@given(st.lists(st.integers(0, 400), min_size=6, max_size=6), st.integers(0, 150))
def test_a_forecast_lies_in_its_interval_above_what_is_counted_and_grows_with_time(
    steps: list[int], later: int
) -> None:
    days = by_month(*steps)
    soon, late = ahead(days, SOFT), ahead(days, SOFT + dt.timedelta(days=later))
    if soon.prospect is Prospect.CANNOT_TELL:
        assert sum(step > 0 for step in steps) < 3
        assert (soon.value, soon.low, soon.high) == (None, None, None)
        return
    assert sum(steps) <= soon.low <= soon.value <= soon.high
    assert soon.low <= late.low
    assert soon.value <= late.value
    assert soon.high <= late.high


@given(st.lists(st.integers(1, 400), min_size=6, max_size=6))
def test_the_more_certain_it_shall_be_the_wider_is_the_interval(steps: list[int]) -> None:
    sure, unsure = (ahead(by_month(*steps), confidence=Decimal(level)) for level in (95, 50))
    assert sure.low <= unsure.low <= unsure.high <= sure.high


def test_one_burst_moves_the_forecast_little() -> None:
    even = ahead(by_month(100, 100, 100, 100, 100, 100))
    burst = ahead(by_month(100, 100, 100, 1000, 100, 100))
    assert even.value is not None
    assert burst.value is not None
    ended = Decimal(1500)
    assert burst.value - ended < 3 * (even.value - Decimal(600)), "a mean would have been moved by half of it"
    assert burst.high > burst.value


@pytest.mark.parametrize("steps", [(), (50,), (50, 50), (50, 0, 0, 0, 0, 50)])
def test_below_three_months_with_facts_nothing_is_foretold(steps: tuple[int, ...]) -> None:
    assert ahead(by_month(*steps)) == Forecast(DEADLINE, None, None, None, Prospect.CANNOT_TELL)


def test_the_least_number_of_months_is_an_option() -> None:
    assert ahead(by_month(50, 50), as_of=dt.date(2023, 2, 28), least_months=2).value is not None


def test_a_day_that_is_over_is_not_foretold_but_told() -> None:
    days = by_month(10, 20, 30, 40, 50, 60)
    assert ahead(days, dt.date(2023, 3, 31)) == Forecast(
        dt.date(2023, 3, 31), Decimal(60), Decimal(60), Decimal(60), Prospect.NOT_REACHED
    )
    assert ahead(days, dt.date(2023, 4, 30)).prospect is Prospect.REACHED


def test_what_takes_effect_after_the_day_asked_is_not_known_yet() -> None:
    days = by_month(10, 10, 10, 10, 10, 10)
    assert ahead(days | {JULY: Decimal(999)}) == ahead(days)


def test_a_month_not_reported_yet_is_no_standstill_but_two_are() -> None:
    six, seven = by_month(*[100] * 6), by_month(*[100] * 6, 0)
    july, august = dt.date(2023, 7, 31), dt.date(2023, 8, 31)
    assert ahead(seven, as_of=july, monthly=True) == ahead(six, as_of=dt.date(2023, 6, 30), monthly=True)
    assert ahead(six, as_of=july, monthly=False).value < ahead(six, as_of=july, monthly=True).value
    assert ahead(six, as_of=august, monthly=True).value < ahead(six, as_of=july, monthly=True).value


def test_the_prospect_is_told_by_the_whole_interval() -> None:
    days = by_month(100, 90, 110, 100, 80, 120)

    def prospect(target: int) -> Prospect:
        return ahead(days, aim=an_aim(target)).prospect

    found = ahead(days)
    assert (prospect(int(found.low)), prospect(int(found.high) + 1)) == (Prospect.LIKELY, Prospect.UNLIKELY)
    assert prospect(int(found.high)) is Prospect.OPEN
    assert ahead(days, aim=None).prospect is Prospect.CANNOT_TELL
    assert ahead(days, aim=None).value == found.value, "without a target there is still a trend"


def test_where_each_region_has_one_there_are_never_more_than_regions() -> None:
    days = by_month(2, 2, 2, 2, 2, 2)
    capped = ahead(days, most=14)
    assert (capped.low, capped.value, capped.high) == (14, 14, 14)
    assert ahead(days, most=5).value == 12, "what is counted is counted"


def test_a_stock_goes_on_from_its_baseline() -> None:
    grown = {BASELINE_DAY: Decimal(500)} | daily(Decimal(1), dt.date(2023, 6, 30))
    assert ahead(grown, aim=a_stock(), stock=True).value == 865
    untold = daily(Decimal(5), dt.date(2023, 6, 30))
    assert ahead(untold, aim=a_stock(baseline=None), stock=True).prospect is Prospect.CANNOT_TELL


def test_forecasts_have_the_decimals_of_their_figure() -> None:
    days = by_month(10, 11, 10, 12, 10, 11)
    assert ahead(days, decimals=0).value == rounded(ahead(days, decimals=6).value, 0)
    assert ahead(days, decimals=0).value.as_tuple().exponent == 0


@given(st.lists(st.integers(0, 9), min_size=12, max_size=12))
def test_after_the_year_the_forecast_is_what_was_counted(steps: list[int]) -> None:
    found = [ahead(by_month(*steps), on, as_of=NEXT_YEAR).value for on in (SOFT, DEADLINE)]
    sums = list(accumulate(steps))
    assert found == [sums[9], sums[11]]


# what has no number


def test_a_region_is_done_when_all_below_it_are() -> None:
    done, under_way, not_started = WorkState.DONE, WorkState.UNDER_WAY, WorkState.NOT_STARTED
    assert state_of([done, done]) is done
    assert state_of([done, None]) is under_way
    assert state_of([not_started, None]) is not_started
    assert state_of([not_started, done]) is under_way
    assert state_of([None, None]) is None


def test_a_state_has_a_colour_and_no_number() -> None:
    def colours(as_of: dt.date) -> list[str | None]:
        told = [None, *WorkState]
        return [state_stands(state, as_of=as_of, deadline=DEADLINE).colour for state in told]

    assert colours(JULY) == [None, "红", "绿", "绿"]
    assert colours(NEXT_YEAR) == ["红", "红", "红", "绿"]
