"""Dispatch rounds (调度): which lines are expected, what of them is there, and what may happen to a round. Pure."""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from contract import regions
from contract.errors import field_error
from contract.regions import Region
from contract.rounds import (
    NobodyToRemind,
    RoundAlreadyCancelled,
    RoundAlreadyClosed,
    RoundChanged,
    RoundInvalid,
    RoundNotDue,
    RoundPastDue,
)
from plan import Indicator, Plan
from services.reports.domain import last_day

Line = tuple[str, str]  # (indicator, region)
FURTHEST = dt.timedelta(days=366)  # default: how far ahead a round may lie


@dataclass(frozen=True)
class Reminder:
    """``number`` counts the reminders of a round from 1; ``missing`` the lines that were not there."""

    number: int
    at: dt.datetime
    by: str
    missing: int


@dataclass(frozen=True)
class Amendment:
    """``opens_on``, ``due_on``: as they were until then."""

    at: dt.datetime
    by: str
    reason: str
    opens_on: dt.date
    due_on: dt.date


@dataclass(frozen=True)
class Snapshot:
    """What targets locked of a closed round."""

    snapshot_id: str
    digest: str


@dataclass(frozen=True)
class Round:
    round_id: str
    version: int
    year: int
    number: int
    period: str
    as_of: dt.date
    opens_on: dt.date
    due_on: dt.date
    opened_at: dt.datetime
    opened_by: str
    closed_at: dt.datetime | None = None
    closed_by: str | None = None
    closed_early_because: str | None = None
    reminders: tuple[Reminder, ...] = ()
    amendments: tuple[Amendment, ...] = ()
    cancelled_at: dt.datetime | None = None
    cancelled_by: str | None = None
    cancelled_because: str | None = None
    snapshot: Snapshot | None = None

    @property
    def is_open(self) -> bool:
        return self.closed_at is None and self.cancelled_at is None


@dataclass(frozen=True)
class Filing:
    """What is there of a line: the day on which it was filed for the first time, and whether a figure is accepted."""

    first_filed_on: dt.date
    accepted: bool


@dataclass(frozen=True)
class Attendance:
    """One indicator's regions in a round: what is expected is either filed or missing. ``late`` and ``accepted`` are
    among what is filed."""

    target_id: str
    filed: tuple[str, ...]
    late: tuple[str, ...]
    accepted: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def outstanding(self) -> bool:
        return bool(self.late or self.missing)

    def of(self, within: Collection[str]) -> "Attendance":
        filed, late, accepted, missing = (
            tuple(code for code in getattr(self, name) if code in within) for name in _LISTS
        )
        return Attendance(self.target_id, filed, late, accepted, missing)


_LISTS = ("filed", "late", "accepted", "missing")


def open_round(
    *,
    plan: Plan,
    round_id: str,
    number: int,
    period: str,
    opens_on: dt.date | None,
    due_on: dt.date,
    at: dt.datetime,
    today: dt.date,
    by: str,
) -> Round:
    """Raises RoundInvalid."""
    as_of = last_day(period)
    opens = opens_on or today
    faults = []
    if as_of.year != plan.year:
        zh, en = f"不在方案年度{plan.year}年之内", f"is not a month of the plan's year, {plan.year}"
        faults.append(field_error("/period", "period_outside_plan", zh, en))
    _refuse(faults + _day_faults(plan.year, opens_on=opens, due_on=due_on, as_of=as_of, today=today))
    return Round(
        round_id=round_id,
        version=1,
        year=plan.year,
        number=number,
        period=period,
        as_of=as_of,
        opens_on=opens,
        due_on=due_on,
        opened_at=at,
        opened_by=by,
    )


def amend(
    round: Round,
    *,
    opens_on: dt.date | None,
    due_on: dt.date | None,
    reason: str,
    at: dt.datetime,
    today: dt.date,
    by: str,
) -> Round:
    """What is None stays. Nobody who was in time becomes late by it, and nobody who was late in time. Raises
    RoundAlreadyClosed, RoundAlreadyCancelled, RoundPastDue, RoundInvalid."""
    _require_open(round)
    if today > round.due_on:
        raise RoundPastDue(
            f"本期调度已于{round.due_on}截止，不能再调整：迟报以该日为准，可按期关闭或取消",
            f"the round was due on {round.due_on}, by which it is judged who is late: close or cancel it",
            facts={"due_on": round.due_on.isoformat()},
        )
    opens, due = opens_on or round.opens_on, due_on or round.due_on
    faults = []
    if (opens, due) == (round.opens_on, round.due_on):
        zh, en = "与现在的安排相同：请填写要调整的日期", "is as it was: say which day is to be another"
        faults.append(field_error("/due_on" if opens_on is None else "/opens_on", "unchanged", zh, en))
    if opens != round.opens_on and not today <= min(opens, round.opens_on):
        zh, en = "已经开始的调度不能改开始日，也不能改到今天以前", "only a day to come becomes another day to come"
        faults.append(field_error("/opens_on", "opened_already", zh, en))
    if due < today:
        zh, en = f"不能早于今天（{today}）", f"must not lie before today, {today}"
        faults.append(field_error("/due_on", "in_the_past", zh, en))
    _refuse(faults + _day_faults(round.year, opens_on=opens, due_on=due, as_of=round.as_of, today=today))
    before = Amendment(at, by, reason, round.opens_on, round.due_on)
    amendments = (*round.amendments, before)
    return replace(round, version=round.version + 1, opens_on=opens, due_on=due, amendments=amendments)


def cancel(round: Round, *, reason: str, at: dt.datetime, by: str) -> Round:
    """Raises RoundAlreadyClosed, RoundAlreadyCancelled."""
    _require_open(round)
    return replace(round, version=round.version + 1, cancelled_at=at, cancelled_by=by, cancelled_because=reason)


def _day_faults(
    year: int, *, opens_on: dt.date, due_on: dt.date, as_of: dt.date, today: dt.date
) -> list[dict[str, str]]:
    faults = []
    first, last = dt.date(year, 1, 1), max(as_of, today) + FURTHEST
    if not first <= opens_on <= last:
        zh, en = f"应在{first}至{last}之间", f"must lie between {first} and {last}"
        faults.append(field_error("/opens_on", "too_far_away", zh, en))
    if due_on < as_of:
        zh, en = f"不能早于报告期末日{as_of}", f"must not lie before the period's last day, {as_of}"
        faults.append(field_error("/due_on", "due_before_period_ends", zh, en))
    if due_on < opens_on:
        zh = f"截止日{due_on}早于开始日{opens_on}，请填写 due_on"
        en = f"the round would be due on {due_on}, before it opens on {opens_on}: say due_on"
        faults.append(field_error("/due_on", "due_before_open", zh, en))
    if due_on > last:
        zh, en = f"不能晚于{last}", f"must not lie after {last}"
        faults.append(field_error("/due_on", "too_far_away", zh, en))
    return faults


def _refuse(faults: list[dict[str, str]]) -> None:
    """Raises RoundInvalid when there are any."""
    if faults:
        raise RoundInvalid("调度安排有误，请按所列字段更正", "correct the listed fields and send it again", faults)


def remind(round: Round, *, missing: int, at: dt.datetime, by: str) -> Round:
    """Raises RoundAlreadyClosed, RoundAlreadyCancelled, NobodyToRemind."""
    _require_open(round)
    if not missing:
        raise NobodyToRemind(
            "应报数据均已填报，无需催报", "all that is expected has been filed: nobody is to be reminded"
        )
    reminder = Reminder(len(round.reminders) + 1, at, by, missing)
    return replace(round, version=round.version + 1, reminders=(*round.reminders, reminder))


def close(round: Round, *, reason: str | None, at: dt.datetime, today: dt.date, by: str) -> Round:
    """Raises RoundAlreadyClosed, RoundAlreadyCancelled, RoundNotDue. A reason is kept only where it was needed."""
    _require_open(round)
    early = today <= round.due_on
    if early and reason is None:
        raise RoundNotDue(
            f"本期调度{round.due_on}截止，提前关闭须填写理由 reason",
            f"the round is due on {round.due_on}; to close it before that day is over, give a reason",
            facts={"due_on": round.due_on.isoformat()},
        )
    return replace(
        round,
        version=round.version + 1,
        closed_at=at,
        closed_by=by,
        closed_early_because=reason if early else None,
    )


def _require_open(round: Round) -> None:
    if round.closed_at is not None:
        raise RoundAlreadyClosed("本期调度已经关闭", "the round is closed already")
    if round.cancelled_at is not None:
        raise RoundAlreadyCancelled("本期调度已经取消，可重新开始该期", "the round was cancelled: open it anew")


def check_version(round: Round, expected: int | None) -> None:
    """Raises RoundChanged when the caller decided on another version than the one recorded."""
    if expected is not None and expected != round.version:
        raise RoundChanged(
            f"调度已被他人更改：当前版本为{round.version}，请重新读取后再提交",
            f"the round has changed and is now at version {round.version}: read it again",
            facts={"version": round.version},
        )


def expected(plan: Plan) -> dict[str, tuple[str, ...]]:
    """The regions that report each indicator: those of its reporting level. What is counted from facts, or summed,
    is not asked for."""
    return {
        indicator.id: tuple(region.code for region in _OF_LEVEL[indicator.reporting.level](plan))
        for indicator in plan.indicators.values()
        if indicator.reporting
    }


def reporting(plan: Plan) -> frozenset[str]:
    """The regions of which any line is expected."""
    return frozenset(code for codes in expected(plan).values() for code in codes)


_OF_LEVEL: dict[str, Callable[[Plan], Sequence[Region]]] = {
    "province": lambda plan: (regions.get(plan.region),),
    "unit": lambda plan: regions.children(plan.region),
    "county": lambda plan: regions.counties(plan.region),
}


def attendance(plan: Plan, filings: Mapping[Line, Filing], *, due_on: dt.date) -> list[Attendance]:
    """Who filed, was late, was accepted and is missing, in the plan's order."""
    found = []
    for target_id, codes in expected(plan).items():
        there = {code: filings[target_id, code] for code in codes if (target_id, code) in filings}
        found.append(
            Attendance(
                target_id=target_id,
                filed=tuple(there),
                late=tuple(code for code, filing in there.items() if filing.first_filed_on > due_on),
                accepted=tuple(code for code, filing in there.items() if filing.accepted),
                missing=tuple(code for code in codes if code not in there),
            )
        )
    return found


def seen(
    all: Iterable[Attendance], plan: Plan, *, within: str, department: str | None
) -> list[tuple[Indicator, Attendance]]:
    """What of it concerns a region's subtree and, if one is given, a department's indicators."""
    codes = {*regions.subtree(within)}
    return [
        (plan.indicators[one.target_id], one.of(codes))
        for one in all
        if department is None or department in plan.indicators[one.target_id].departments
    ]


def tally(all: Iterable[Attendance]) -> dict[str, int]:
    """contract.rounds.Tally."""
    counts = dict.fromkeys(("expected", *_LISTS), 0)
    for one in all:
        for name in _LISTS:
            counts[name] += len(getattr(one, name))
    counts["expected"] = counts["filed"] + counts["missing"]
    return counts


def by_unit(all: Sequence[Attendance]) -> list[tuple[Region, dict[str, int]]]:
    """The tally of each of the 14 units of which something is expected, its counties' lines with its own."""
    told = []
    for unit in regions.units():
        codes = {*regions.subtree(unit.code)}
        counts = tally(one.of(codes) for one in all)
        if counts["expected"]:
            told.append((unit, counts))
    return told


def by_department(all: Sequence[tuple[Indicator, Attendance]]) -> list[tuple[str, dict[str, int]]]:
    """The tally of each department that owns an indicator; of one shared by two, with its owner."""
    owners = dict.fromkeys(indicator.owner for indicator, _ in all)
    told = [(owner, tally(one for indicator, one in all if indicator.owner == owner)) for owner in owners]
    return [(owner, counts) for owner, counts in told if counts["expected"]]
