"""How the audit judges a cell, in figures that were worked out by hand."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from audit import rules
from audit.snapshots import Judge

PLAN = rules.read(Path("plan/hebei-2023.toml"))
AUGUST, AFTER = dt.date(2023, 8, 31), dt.date(2024, 1, 15)  # 243 of 365 days are 66.58 percent, 212 to July 58.08


def judged(
    id: str, days: dict[str, str], *, as_of: dt.date = AUGUST, goal: str | None = "100", **stored: Any
) -> dict[str, Any]:
    judge = Judge(PLAN, PLAN.indicators[id], as_of, as_of.isoformat()[:7])
    target = None if goal is None else Decimal(goal)
    found = judge.figure(
        {"region": "130000", **stored}, (target, None), {day: Decimal(step) for day, step in days.items()}
    )
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in found.items()}


@pytest.mark.parametrize(
    ("days", "stored", "status", "colour"),
    [
        ({"2023-08-31": "66"}, {}, "未达序时", "红"),
        ({"2023-07-31": "59", "2023-08-31": "8"}, {}, "达序时", "绿"),
        ({"2023-07-31": "58", "2023-08-31": "9"}, {}, "达序时", "黄"),
        ({"2023-07-31": "10", "2023-08-31": "90"}, {}, "已完成", "绿"),  # before the deadline is in time
        ({"2023-07-31": "60", "2023-08-31": "40"}, {}, "已完成", "绿"),
        ({"2023-07-31": "60", "2023-08-31": "40"}, {"inspected": "100"}, "已完成", "蓝"),
        ({"2023-07-31": "60", "2023-08-31": "40"}, {"inspected": "99"}, "已完成", "绿"),
    ],
    ids=str,
)
def test_a_flow_is_judged_by_the_pace_and_by_the_month_before(
    days: dict[str, str], stored: dict[str, str], status: str, colour: str
) -> None:
    found = judged("2.1", days, **stored)
    assert (found["status"], found["colour"], found["pace"]) == (status, colour, "66.58")


def test_after_the_deadline_what_is_missing_is_missed_and_what_came_late_is_yellow() -> None:
    assert judged("2.1", {"2023-12-31": "99"}, as_of=AFTER)["colour"] == "红"
    assert judged("2.1", {"2023-12-31": "99"}, as_of=AFTER)["status"] == "未完成"
    assert judged("2.1", {"2023-12-31": "99", "2024-01-10": "1"}, as_of=AFTER)["colour"] == "黄"
    assert judged("2.1", {"2023-12-31": "100"}, as_of=AFTER)["colour"] == "绿"


def test_a_stock_is_judged_by_the_way_from_its_baseline() -> None:
    found = judged("8.2", {"2022-12-31": "40", "2023-08-31": "45"})
    assert (found["value"], found["percent"], found["increment"]) == ("85", "85.00", "75.00")
    assert (found["deviation"], found["status"]) == ("8.42", "达序时")
    behind = judged("8.2", {"2022-12-31": "40", "2023-08-31": "30"})
    assert (behind["increment"], behind["status"], behind["colour"]) == ("50.00", "未达序时", "红")
    untold = judged("8.2", {"2023-08-31": "30"})
    assert (untold["percent"], untold.get("increment"), untold.get("status")) == ("30.00", None, None)


def test_percentages_are_rounded_half_up_and_never_capped() -> None:
    assert judged("2.1", {"2023-08-31": "1"}, goal="8")["percent"] == "12.50"
    assert judged("2.1", {"2023-08-31": "1"}, goal="800")["percent"] == "0.13"
    assert judged("2.1", {"2023-08-31": "250"})["percent"] == "250.00"


def test_an_adjusted_target_is_what_counts_and_the_original_stays_beside_it() -> None:
    judge = Judge(PLAN, PLAN.indicators["2.1"], AUGUST, "2023-08")
    found = judge.figure({"region": "130000"}, (Decimal(100), Decimal(200)), {"2023-08-31": Decimal(100)})
    assert (found["percent"], found["percent_of_original"], found["status"]) == (50, 100, "未达序时")


def test_about_is_reached_within_the_tolerance() -> None:
    about = replace(PLAN.indicators["2.1"], comparator="~")
    found = Judge(PLAN, about, AUGUST, "2023-08").figure(
        {"region": "130000"}, (Decimal(100), None), {"2023-07-31": Decimal(95)}
    )
    assert found["status"] == "已完成"


@pytest.mark.parametrize(
    ("state", "as_of", "status", "colour"),
    [
        ("已完成", AUGUST, "已完成", "绿"),
        ("推进中", AUGUST, "达序时", "绿"),
        ("未启动", AUGUST, "未达序时", "红"),
        (None, AUGUST, None, None),
        ("推进中", AFTER, "未完成", "红"),
        ("已完成", AFTER, "已完成", "绿"),
    ],
)
def test_what_has_no_number_is_judged_by_its_state(
    state: str | None, as_of: dt.date, status: str | None, colour: str | None
) -> None:
    found = judged("16", {}, as_of=as_of, goal=None, state=state)
    assert (found.get("status"), found.get("colour"), found.get("value")) == (status, colour, None)


def test_a_curve_is_followed_evenly_within_a_month() -> None:
    curve = tuple(Decimal(percent) for percent in (0, 0, 10, 20, 30, 40, 50, 62, 70, 80, 90, 100))
    planned = replace(PLAN.indicators["2.1"], curve=curve)
    found = Judge(PLAN, planned, dt.date(2023, 8, 15), "2023-08").figure({"region": "130000"}, (None, None), {})
    assert str(found["pace"]) == "55.81", "50 and 15 of 31 days of the 12 of August"


def test_what_nothing_counts_cannot_be_told_and_is_not_a_nought() -> None:
    assert judged("19.3", {}) == {"target": "100", "status": "无法判断"}
    assert judged("19.3", {}, goal=None) == {}
    assert judged("19.3", {}, value="0")["status"] == "未达序时", "a snapshot of 0.2 is judged by what it wrote"
