"""Working days in mainland China, with the make-up days of 调休.

Three sources, the first that knows the day: holiday notices that a service recorded, chinesecalendar's table of
published years, and, for a year that neither knows, Monday to Friday. A window remembers by which calendar it was
reckoned, so that it is reckoned anew as soon as a late notice is recorded or the library is updated.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version

import chinese_calendar

_LIBRARY = version("chinesecalendar")
_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """``recorded``: days of holiday notices, and whether they are worked."""

    recorded: Mapping[dt.date, bool] = field(default_factory=dict)

    @cached_property
    def name(self) -> str:
        """What a window is stamped with: the library's version, and the recorded notices' hash if there are any."""
        if not self.recorded:
            return f"chinesecalendar {_LIBRARY}"
        days = "".join(f"{day}{int(worked)}" for day, worked in sorted(self.recorded.items()))
        return f"chinesecalendar {_LIBRARY} + {hashlib.sha256(days.encode()).hexdigest()[:12]}"

    def worked(self, day: dt.date) -> bool:
        if day in self.recorded:
            return self.recorded[day]
        try:
            return bool(chinese_calendar.is_workday(day))
        except NotImplementedError:  # the library's word for a year that is not published yet
            return day.weekday() < 5

    def after(self, day: dt.date, working_days: int) -> dt.date:
        """The last of that many working days, counted from the day after ``day`` (民法典 §201)."""
        left = working_days
        while left > 0:
            day += _ONE_DAY
            left -= self.worked(day)
        return day

    def between(self, opened: dt.date, until: dt.date) -> int:
        """Working days after ``opened`` up to and with ``until``."""
        days = (until - opened).days
        return sum(self.worked(opened + dt.timedelta(days=number)) for number in range(1, days + 1))


@dataclass(frozen=True, slots=True)
class Window:
    """``ends_on`` is the last day that belongs to it."""

    opened_on: dt.date
    working_days: int
    ends_on: dt.date
    calendar: str

    def over(self, today: dt.date) -> bool:
        return today > self.ends_on


def open_window(*, opened_on: dt.date, working_days: int, calendar: Calendar) -> Window:
    return Window(opened_on, working_days, calendar.after(opened_on, working_days), calendar.name)


def reckoned_anew(window: Window, *, calendar: Calendar) -> Window:
    """By today's calendar. Never ends earlier than was announced: people may have counted on it."""
    if window.calendar == calendar.name:
        return window
    ends_on = calendar.after(window.opened_on, window.working_days)
    return replace(window, ends_on=max(window.ends_on, ends_on), calendar=calendar.name)
