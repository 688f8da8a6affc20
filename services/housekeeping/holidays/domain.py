"""A holiday notice: its days hold once a second person has confirmed it. Pure.

Every window grows by a day off and none ever shrinks again, so that days off without end would hold every award: what
no real notice says is refused, whoever says it.
"""

import datetime as dt
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from contract.applications import (
    EvidenceMissing,
    HolidayNoticeInvalid,
    HolidayNoticeNotFound,
    HolidayNoticeSettled,
    HolidayNoticeState,
    NotYourOffice,
)
from contract.errors import field_error
from contract.housekeeping import Confirmation
from runtime.workdays import Calendar
from services.housekeeping.access import Actor
from services.housekeeping.evidence import Evidence

_LIMITS = Path(__file__).with_name("limits.toml")
_ONE_DAY = dt.timedelta(days=1)
_SETTLED = {
    Confirmation.CONFIRM: HolidayNoticeState.CONFIRMED,
    Confirmation.REFUSE: HolidayNoticeState.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Limits:
    source: str
    in_a_row: int
    in_a_year: int
    years_ahead: int


@dataclass(frozen=True, slots=True)
class Day:
    day: dt.date
    working: bool


@dataclass(frozen=True, slots=True)
class Notice:
    notice_id: str
    version: int
    document: str
    days: tuple[Day, ...]
    evidence: tuple[Evidence, ...]
    by: str
    at: dt.datetime
    state: HolidayNoticeState = HolidayNoticeState.PROPOSED
    decided_by: str | None = None
    decided_at: dt.datetime | None = None
    reason: str | None = None

    @property
    def worked(self) -> dict[dt.date, bool]:
        return {each.day: each.working for each in self.days}


def propose(notice: Notice, *, recorded: Calendar, plan_year: int) -> Notice:
    """Raises HolidayNoticeInvalid, EvidenceMissing."""
    if not notice.evidence:
        fault = field_error("/evidence", "missing", "须附通知文件", "is needed")
        raise EvidenceMissing("须附节假日安排通知的文件", "the notice itself is needed as evidence", [fault])
    faults = [*_faults(notice, recorded.recorded, plan_year, limits())]
    if faults:
        raise HolidayNoticeInvalid("节假日安排有误", "the holiday notice has errors", faults)
    return notice


def decide(
    notice: Notice,
    decision: Confirmation,
    *,
    recorded: Calendar,
    plan_year: int,
    by: Actor,
    at: dt.datetime,
    reason: str,
) -> Notice:
    """Raises HolidayNoticeSettled, NotYourOffice; HolidayNoticeInvalid when it is too much beside what was confirmed
    since."""
    by.require_office("province")
    if notice.state is not HolidayNoticeState.PROPOSED:
        raise HolidayNoticeSettled(
            "该通知已确认或否决", "this notice has been decided on", facts={"state": notice.state.value}
        )
    if by.client_id == notice.by:
        raise NotYourOffice(
            "录入通知的人不得自行确认，请由另一人办理", "who recorded it does not confirm it: let another"
        )
    if decision is Confirmation.CONFIRM:
        propose(notice, recorded=recorded, plan_year=plan_year)
    return replace(
        notice,
        version=notice.version + 1,
        state=_SETTLED[decision],
        decided_by=by.client_id,
        decided_at=at,
        reason=reason,
    )


@lru_cache(maxsize=1)
def limits() -> Limits:
    return Limits(**tomllib.loads(_LIMITS.read_text(encoding="utf-8")))


def not_found() -> HolidayNoticeNotFound:
    return HolidayNoticeNotFound("没有这份节假日安排", "there is no such holiday notice")


def _faults(notice: Notice, recorded: Mapping[dt.date, bool], plan_year: int, most: Limits) -> Iterator[dict[str, str]]:
    days = notice.worked
    if not days or len(days) != len(notice.days):
        yield field_error("/days", "twice", "日期不得为空或重复", "must be there, each day once")
        return
    last = plan_year + most.years_ahead
    if any(not plan_year <= day.year <= last for day in days):
        yield field_error(
            "/days", "range", f"日期应在{plan_year}年至{last}年之间", f"must lie in the years {plan_year} to {last}"
        )
        return
    merged = {**recorded, **days}
    after = Calendar(merged)
    if any(_in_a_row(after, day) > most.in_a_row for day, worked in days.items() if not worked):
        zh, en = f"连同相邻周末和假日，连续休息不得超过{most.in_a_row}日", f"at most {most.in_a_row} days off in a row"
        yield field_error("/days", "in_a_row", zh, en)
    a_year = Counter(day.year for day, worked in merged.items() if not worked)
    if any(a_year[day.year] > most.in_a_year for day in days):
        zh, en = f"一年内所列休息日不得超过{most.in_a_year}日", f"at most {most.in_a_year} listed days off in a year"
        yield field_error("/days", "in_a_year", zh, en)


def _in_a_row(calendar: Calendar, day: dt.date) -> int:
    """How many days off there are around it."""
    first = last = day
    while not calendar.worked(first - _ONE_DAY):
        first -= _ONE_DAY
    while not calendar.worked(last + _ONE_DAY):
        last += _ONE_DAY
    return (last - first).days + 1
