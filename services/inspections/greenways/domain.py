"""绿色通道 requests and their clock. Pure.

The clock counts working days after the day of the request, stands still from the day on which more information is
asked for, and goes on, with what was left, the day after it was supplied.
"""

import datetime as dt
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from contract.greenways import (
    GreenwayAnswer,
    GreenwayAnsweredAlready,
    GreenwayNotWaiting,
    GreenwayNotYours,
    GreenwayState,
    GreenwayStep,
)
from contract.words import Role
from runtime.workdays import Calendar, Window, open_window, reckoned_anew
from services.inspections.about import About
from services.inspections.access import Actor
from services.inspections.evidence import Proof
from services.inspections.history import Tracked, begun, stepped

_OPTIONS = Path(__file__).with_name("greenways.toml")
_AFTER = {GreenwayAnswer.GRANTED: GreenwayState.GRANTED, GreenwayAnswer.REFUSED: GreenwayState.REFUSED}
CLOCK = "clock"
# Holidays are those of the published tables; the notices that housekeeping records are its own.
CALENDAR = Calendar()


@lru_cache(maxsize=1)
def working_days() -> int:
    """How many there are to answer."""
    return int(tomllib.loads(_OPTIONS.read_text())["answer"]["working_days"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Greenway(Tracked):
    """``window`` is the running clock, None while it stands still and once it is answered; ``days_left`` how many
    working days it had when it last started or stopped. ``overdue_since``: the first day on which it was late."""

    greenway_id: str
    item: int
    target_id: str | None
    region: str
    step: GreenwayStep
    addressed_to: str
    subject: str
    text: str
    state: GreenwayState
    requested_on: dt.date
    organisation: str
    working_days: int
    days_left: int
    window: Window | None
    overdue_since: dt.date | None = None
    answered_on: dt.date | None = None
    evidence: tuple[Proof, ...] = ()

    def overdue(self, today: dt.date) -> bool:
        return self.window is not None and self.window.over(today)

    @property
    def late(self) -> bool | None:
        return None if self.answered_on is None else self.overdue_since is not None


def request(
    *,
    greenway_id: str,
    about: About,
    step: GreenwayStep,
    addressed_to: str,
    subject: str,
    text: str,
    days: int,
    calendar: Calendar,
    today: dt.date,
    at: dt.datetime,
    who: Actor,
) -> Greenway:
    return Greenway(
        greenway_id=greenway_id,
        item=about.item,
        target_id=about.target_id,
        region=about.region,
        step=step,
        addressed_to=addressed_to,
        subject=subject,
        text=text,
        state=GreenwayState.WAITING,
        requested_on=today,
        organisation=who.organisation,
        working_days=days,
        days_left=days,
        window=open_window(opened_on=today, working_days=days, calendar=calendar),
        **begun("requested", at=at, by=who.client_id, organisation=who.organisation),
    )


def answer(
    greenway: Greenway,
    *,
    answer: GreenwayAnswer,
    reason: str,
    calendar: Calendar,
    today: dt.date,
    at: dt.datetime,
    who: Actor,
) -> Greenway:
    """Raises GreenwayAnsweredAlready, GreenwayNotWaiting, GreenwayNotYours."""
    _not_answered(greenway)
    if greenway.window is None:
        raise GreenwayNotWaiting(
            "正在等待申请单位补充材料，补充后再答复",
            "more information is waited for: answer once it is supplied",
        )
    if who.organisation != greenway.addressed_to and not _records_for_others(greenway, who):
        raise GreenwayNotYours(
            f"由“{greenway.addressed_to}”答复", "this is for the department to answer that it is addressed to"
        )
    since = greenway.overdue_since
    if since is None and greenway.window.over(today):
        since = _first_late_day(greenway.window)
    if answer is GreenwayAnswer.MORE_INFORMATION:
        used = calendar.between(greenway.window.opened_on, today)
        after = {"state": GreenwayState.MORE_ASKED, "days_left": max(greenway.days_left - used, 0)}
    else:
        after = {"state": _AFTER[answer], "answered_on": today}
    return stepped(
        greenway,
        answer.name.lower(),
        at=at,
        by=who.client_id,
        organisation=who.organisation,
        text=reason,
        window=None,
        overdue_since=since,
        **after,
    )


def supply(
    greenway: Greenway,
    *,
    text: str,
    evidence: tuple[Proof, ...],
    calendar: Calendar,
    today: dt.date,
    at: dt.datetime,
    who: Actor,
) -> Greenway:
    """There is always a working day left to answer. Raises GreenwayAnsweredAlready, GreenwayNotWaiting,
    GreenwayNotYours."""
    _not_answered(greenway)
    if greenway.state is not GreenwayState.MORE_ASKED:
        raise GreenwayNotWaiting(
            "没有要求补充材料，请等待答复", "no more information was asked for: wait for the answer"
        )
    if who.organisation != greenway.organisation:
        raise GreenwayNotYours("由申请单位补充材料", "this is for who requested it to supply")
    left = max(greenway.days_left, 1)
    return stepped(
        greenway,
        "supplied",
        at=at,
        by=who.client_id,
        organisation=who.organisation,
        text=text,
        state=GreenwayState.WAITING,
        days_left=left,
        window=open_window(opened_on=today, working_days=left, calendar=calendar),
        evidence=(*greenway.evidence, *evidence),
    )


def fall_due(greenway: Greenway, *, calendar: Calendar, today: dt.date, at: dt.datetime) -> Greenway:
    """By today's calendar, and marked, once, as overdue. The same one when there is nothing to do."""
    if greenway.window is None:
        return greenway
    window = reckoned_anew(greenway.window, calendar=calendar)
    if greenway.overdue_since is None and window.over(today):
        late = _first_late_day(window)
        return stepped(greenway, "overdue", at=at, by=CLOCK, organisation=CLOCK, window=window, overdue_since=late)
    if window == greenway.window:
        return greenway
    return stepped(greenway, "reckoned_anew", at=at, by=CLOCK, organisation=CLOCK, window=window)


def _records_for_others(greenway: Greenway, who: Actor) -> bool:
    """The dispatcher records what a department without an account has answered on paper, but not to itself."""
    return who.role is Role.DISPATCHER and who.organisation != greenway.organisation


def _first_late_day(window: Window) -> dt.date:
    return window.ends_on + dt.timedelta(days=1)


def _not_answered(greenway: Greenway) -> None:
    if greenway.answered_on is not None:
        raise GreenwayAnsweredAlready(
            "该申请已答复；如需再办，请另行申请", "it has been answered; if it is needed again, make a new request"
        )
