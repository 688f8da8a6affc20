"""The day on which a round is due where nobody says another."""

import datetime as dt

from runtime.workdays import Calendar
from services.reports.domain import last_day

DUE_WORKING_DAYS = 5  # default: figures of a month are due on this working day of the next one


def due_day(period: str, working_days: int = DUE_WORKING_DAYS) -> dt.date:
    """The n-th working day after the period's end, with the make-up days of 调休 where they are published."""
    return Calendar().after(last_day(period), working_days)
