"""Dispatch rounds by their rules alone."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import plan as plans
from contract import regions
from contract.rounds import (
    NobodyToRemind,
    RoundAlreadyCancelled,
    RoundAlreadyClosed,
    RoundChanged,
    RoundInvalid,
    RoundNotDue,
    RoundPastDue,
)
from plan import Plan
from services.reports.rounds import domain as rounds
from services.reports.rounds.domain import Attendance, Filing, Line, Round
from services.reports.rounds.due import due_day

AT = dt.datetime(2023, 11, 1, 1, tzinfo=dt.UTC)
TODAY = dt.date(2023, 11, 1)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plans.read(Path(plans.__file__).with_name("hebei-2023.toml"))


def opened(plan: Plan, **asked: Any) -> Round:
    said = {"period": "2023-10", "opens_on": None, **asked}
    said.setdefault("due_on", due_day(said["period"]))
    return rounds.open_round(plan=plan, round_id="0" * 24, number=10, at=AT, today=TODAY, by="dispatcher", **said)


def closed(round: Round, today: dt.date, reason: str | None = None) -> Round:
    return rounds.close(round, reason=reason, at=AT, today=today, by="dispatcher")


def attendance(plan: Plan, filings: dict[Line, Filing]) -> dict[str, Attendance]:
    found = rounds.attendance(plan, filings, due_on=dt.date(2023, 11, 7))
    return {one.target_id: one for one in found}


@pytest.mark.parametrize(
    ("period", "due"),
    [
        ("2023-10", "2023-11-07"),  # a Wednesday to a Tuesday
        ("2023-09", "2023-10-11"),  # National Day until 6 October; the 7th and 8th are worked
        ("2023-12", "2024-01-08"),  # New Year's Day
    ],
)
def test_a_round_is_due_on_the_fifth_working_day_of_the_next_month(plan: Plan, period: str, due: str) -> None:
    assert due_day(period) == dt.date.fromisoformat(due)


def test_a_period_is_enough_to_open_a_round(plan: Plan) -> None:
    found = opened(plan)
    assert (found.as_of, found.opens_on, found.due_on) == (dt.date(2023, 10, 31), TODAY, dt.date(2023, 11, 7))


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"period": "2024-01"}, "/period"),
        ({"period": "2023-08"}, "/due_on"),  # would have been due before today
        ({"due_on": dt.date(2023, 10, 30)}, "/due_on"),
        ({"opens_on": dt.date(2023, 11, 9)}, "/due_on"),
        ({"opens_on": dt.date(1900, 1, 1)}, "/opens_on"),
        ({"due_on": dt.date(2100, 12, 31)}, "/due_on"),
    ],
)
def test_days_that_contradict_one_another_are_refused(plan: Plan, asked: dict[str, Any], pointer: str) -> None:
    with pytest.raises(RoundInvalid) as refused:
        opened(plan, **asked)
    assert {fault["pointer"] for fault in refused.value.errors} == {pointer}


def amended(round: Round, today: dt.date = TODAY, **said: Any) -> Round:
    days = {"opens_on": None, "due_on": None} | {name: dt.date.fromisoformat(day) for name, day in said.items()}
    return rounds.amend(round, **days, reason="延期两日", at=AT, today=today, by="dispatcher")


def test_a_round_is_moved_until_its_last_day_is_over_and_keeps_what_was_before(plan: Plan) -> None:
    round = opened(plan)
    twice = amended(amended(round, due_on="2023-11-09"), dt.date(2023, 11, 9), due_on="2023-11-13")
    assert (twice.due_on, twice.version) == (dt.date(2023, 11, 13), 3)
    assert [one.due_on for one in twice.amendments] == [dt.date(2023, 11, 7), dt.date(2023, 11, 9)]
    assert {(one.by, one.reason, one.at) for one in twice.amendments} == {("dispatcher", "延期两日", AT)}
    with pytest.raises(RoundPastDue):
        amended(round, round.due_on + dt.timedelta(days=1), due_on="2023-11-09")


@pytest.mark.parametrize(
    ("said", "pointer", "code"),
    [
        ({}, "/due_on", "unchanged"),
        ({"due_on": "2023-11-02"}, "/due_on", "in_the_past"),  # who was in time would be late
        ({"due_on": "2023-10-30"}, "/due_on", "due_before_period_ends"),
        ({"due_on": "2025-01-01"}, "/due_on", "too_far_away"),
        ({"opens_on": "2023-11-05"}, "/opens_on", "opened_already"),
    ],
)
def test_an_amendment_changes_no_day_that_has_come(plan: Plan, said: dict[str, str], pointer: str, code: str) -> None:
    with pytest.raises(RoundInvalid) as refused:
        amended(opened(plan), dt.date(2023, 11, 3), **said)
    assert (pointer, code) in {(fault["pointer"], fault["code"]) for fault in refused.value.errors}


def test_the_opening_is_moved_until_the_round_has_opened(plan: Plan) -> None:
    round = opened(plan, opens_on=dt.date(2023, 11, 5))
    assert amended(round, opens_on="2023-11-02").opens_on == dt.date(2023, 11, 2)
    with pytest.raises(RoundInvalid):
        amended(round, opens_on="2023-10-31")
    with pytest.raises(RoundInvalid):
        amended(round, dt.date(2023, 11, 6), opens_on="2023-11-07")


def test_what_is_cancelled_stays_so_and_what_is_closed_is_not_cancelled(plan: Plan) -> None:
    round = rounds.cancel(opened(plan), reason="期别选错", at=AT, by="dispatcher")
    for act in (
        lambda: closed(round, dt.date(2023, 11, 9)),
        lambda: rounds.remind(round, missing=3, at=AT, by="dispatcher"),
        lambda: amended(round, due_on="2023-11-09"),
        lambda: rounds.cancel(round, reason="期别选错", at=AT, by="dispatcher"),
    ):
        with pytest.raises(RoundAlreadyCancelled):
            act()
    with pytest.raises(RoundAlreadyClosed):
        rounds.cancel(closed(opened(plan), dt.date(2023, 11, 8)), reason="期别选错", at=AT, by="dispatcher")


def test_up_to_its_last_day_a_round_is_closed_only_with_a_reason(plan: Plan) -> None:
    round = opened(plan)
    with pytest.raises(RoundNotDue):
        closed(round, round.due_on)
    assert closed(round, round.due_on, "均已填报").closed_early_because == "均已填报"


def test_after_its_last_day_it_is_closed_without_one_and_keeps_none(plan: Plan) -> None:
    round = opened(plan)
    found = closed(round, round.due_on + dt.timedelta(days=1), "到期")
    assert (found.closed_at, found.closed_early_because, found.version) == (AT, None, 2)


def test_what_is_closed_is_neither_closed_nor_reminded_again(plan: Plan) -> None:
    round = closed(opened(plan), dt.date(2023, 11, 8))
    with pytest.raises(RoundAlreadyClosed):
        closed(round, dt.date(2023, 11, 9))
    with pytest.raises(RoundAlreadyClosed):
        rounds.remind(round, missing=3, at=AT, by="dispatcher")


def test_reminders_are_numbered_and_nobody_is_reminded_of_nothing(plan: Plan) -> None:
    twice = rounds.remind(rounds.remind(opened(plan), missing=3, at=AT, by="甲"), missing=1, at=AT, by="甲")
    assert [(one.number, one.missing) for one in twice.reminders] == [(1, 3), (2, 1)]
    with pytest.raises(NobodyToRemind):
        rounds.remind(twice, missing=0, at=AT, by="甲")


def test_who_decided_on_another_version_is_told_so(plan: Plan) -> None:
    with pytest.raises(RoundChanged):
        rounds.check_version(replace(opened(plan), version=3), 2)


def test_each_indicator_is_expected_from_the_regions_of_its_level(plan: Plan) -> None:
    expected = rounds.expected(plan)
    assert len(expected["2.1"]) == 167
    assert expected["20.4"] == ("130000",)
    assert not expected.keys() & {"12.1", "14.2", "19.1"}, "what is counted or summed is not asked for"
    assert "16" in expected, "what has no number is"


def test_late_is_what_was_first_filed_after_the_last_day_and_missing_what_never_was(plan: Plan) -> None:
    found = attendance(
        plan,
        {
            ("2.1", "130102"): Filing(dt.date(2023, 11, 7), accepted=True),
            ("2.1", "130104"): Filing(dt.date(2023, 11, 8), accepted=False),
        },
    )["2.1"]
    assert (found.late, found.accepted, len(found.filed), len(found.missing)) == (("130104",), ("130102",), 2, 165)


def test_units_and_departments_together_have_what_the_province_has(plan: Plan) -> None:
    filings = {("2.1", county.code): Filing(TODAY, accepted=True) for county in regions.counties("130100")}
    all = rounds.attendance(plan, filings, due_on=dt.date(2023, 11, 7))
    seen = rounds.seen(all, plan, within="130000", department=None)
    whole = rounds.tally(all)
    assert whole["filed"] == 21
    assert sum(counts["expected"] for _, counts in rounds.by_department(seen)) == whole["expected"]
    province = sum(len(codes) for codes in rounds.expected(plan).values() if codes == ("130000",))
    assert sum(counts["expected"] for _, counts in rounds.by_unit(all)) == whole["expected"] - province
    assert {unit.code: counts["filed"] for unit, counts in rounds.by_unit(all)}["130100"] == 21


def test_a_unit_sees_its_own_and_a_department_its_own(plan: Plan) -> None:
    all = rounds.attendance(plan, {}, due_on=dt.date(2023, 11, 7))
    seen = rounds.seen(all, plan, within="133100", department="省交通运输厅")
    assert [indicator.id for indicator, _ in seen] == ["4.1", "4.2"]
    assert set(seen[0][1].missing) == {"130638", "130632", "130629"}
