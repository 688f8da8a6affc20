"""Spring Festival 2023: off 21-27 January, worked on Saturday 28 and Sunday 29 (国办发明电〔2022〕16号)."""

import datetime as dt

import chinese_calendar
from hypothesis import given
from hypothesis import strategies as st

from runtime.workdays import Calendar, Window, open_window, reckoned_anew

days = st.dates(dt.date(2004, 1, 1), dt.date(2030, 12, 31))


def test_a_week_of_notice_over_spring_festival_ends_in_february() -> None:
    window = open_window(opened_on=dt.date(2023, 1, 18), working_days=7, calendar=Calendar())
    assert window.ends_on == dt.date(2023, 2, 1)  # 19, 20, 28 (Sat), 29 (Sun), 30, 31 January, 1 February
    assert not window.over(dt.date(2023, 2, 1))
    assert window.over(dt.date(2023, 2, 2))


def test_the_make_up_weekend_is_worked_and_the_festival_is_not() -> None:
    calendar = Calendar()
    assert calendar.worked(dt.date(2023, 1, 28))
    assert calendar.worked(dt.date(2023, 1, 29))
    assert not any(calendar.worked(dt.date(2023, 1, day)) for day in range(21, 28))


def test_a_year_that_nobody_has_published_goes_by_weekdays() -> None:
    assert Calendar().worked(dt.date(2035, 10, 1))  # a Monday
    assert not Calendar().worked(dt.date(2035, 10, 6))


def test_a_late_holiday_notice_moves_the_end_of_a_running_window() -> None:
    opened = open_window(opened_on=dt.date(2035, 9, 28), working_days=7, calendar=Calendar())
    holidays = {dt.date(2035, 10, day): False for day in range(1, 8)}
    late = Calendar(holidays)
    anew = reckoned_anew(opened, calendar=late)
    assert (opened.ends_on, anew.ends_on) == (dt.date(2035, 10, 9), dt.date(2035, 10, 16))
    assert anew.calendar == late.name != opened.calendar


def test_a_window_never_ends_earlier_than_was_announced() -> None:
    opened = open_window(opened_on=dt.date(2035, 9, 28), working_days=7, calendar=Calendar())
    anew = reckoned_anew(opened, calendar=Calendar({dt.date(2035, 9, 29): True, dt.date(2035, 9, 30): True}))
    assert anew.ends_on == opened.ends_on


def test_a_window_is_left_alone_while_the_calendar_is_the_same() -> None:
    window = Window(dt.date(2023, 1, 18), 7, dt.date(2099, 1, 1), Calendar().name)
    assert reckoned_anew(window, calendar=Calendar()) is window


def is_worked(day: dt.date) -> bool:
    """By the library that knows the published years, else by the day of the week. Written for this test."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.isoweekday() <= 5


@given(days, st.integers(1, 40))
def test_a_window_holds_exactly_its_working_days(opened: dt.date, length: int) -> None:
    window = open_window(opened_on=opened, working_days=length, calendar=Calendar())
    after = [opened + dt.timedelta(days=number) for number in range(1, (window.ends_on - opened).days + 1)]
    assert sum(map(is_worked, after)) == Calendar().between(opened, window.ends_on) == length
    assert is_worked(window.ends_on)
