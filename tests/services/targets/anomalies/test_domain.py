"""What looks odd is told once, with the numbers by which to judge it; what does not is left alone."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

import plan as plans
from contract.inspections import AnomalyKind
from services.targets.anomalies.domain import Anomaly, Step, anomalies, options

PLAN = plans.read(Path(plans.__file__).with_name("hebei-2023.toml"))
YEAR_END = PLAN.deadline


def a_step(day: str, value: int | str, *, indicator: str = "11.1", region: str = "130102", recorded: str = "") -> Step:
    on = dt.date.fromisoformat(day)
    known = dt.date.fromisoformat(recorded) if recorded else on + dt.timedelta(days=5)
    return Step(indicator, region, on, known, Decimal(value))


def found(*steps: Step, as_of: dt.date = YEAR_END) -> list[Anomaly]:
    return anomalies(PLAN, steps, as_of=as_of, options=options())


def monthly(values: list[int], **more: str) -> list[Step]:
    """Reported figures: each month's increase, effective on its last day."""
    ends = [dt.date(2023, month % 12 + 1, 1) - dt.timedelta(days=1) for month in range(1, 12)] + [dt.date(2023, 12, 31)]
    return [a_step(end.isoformat(), value, **more) for end, value in zip(ends, values, strict=False) if value]


ORDINARY = [40, 55, 38, 61, 47, 52]


def test_an_ordinary_year_says_nothing() -> None:
    assert found(*monthly(ORDINARY)) == []


@pytest.mark.parametrize(("months", "expected"), [(2, 0), (3, 1), (5, 1)])
def test_the_same_increase_three_months_in_a_row_is_one_hint_however_long_it_goes_on(
    months: int, expected: int
) -> None:
    hints = found(*monthly([40, *[50] * months, 61]))
    assert [hint.kind for hint in hints] == [AnomalyKind.SAME_EVERY_MONTH] * expected
    if hints:
        assert hints[0].key == "same_every_month:11.1:130102:2023-02"
        last = f"2023-{months + 1:02}"
        assert hints[0].measures == {"from_month": "2023-02", "to_month": last, "months": months, "each": "50"}


def test_months_without_an_increase_and_very_small_ones_are_no_wonder() -> None:
    assert found(*monthly([1, 1, 1, 1, 1])) == []
    assert found(*monthly([50, 50, 0, 50, 50])) == []


def test_a_month_of_many_times_the_usual_is_told_with_what_is_usual() -> None:
    (hint,) = found(*monthly([40, 55, 38, 240, 47]))
    assert (hint.kind, hint.measures["month"], hint.measures["count"]) == (
        AnomalyKind.IMPOSSIBLE_PACE,
        "2023-04",
        "240",
    )
    assert Decimal(hint.measures["median_of_other_months"]) == Decimal("43.5")
    assert found(*monthly([40, 55, 240])) == [], "two other months are too few to know what is usual"


def test_a_county_that_brings_a_quarter_of_the_province_in_a_month_is_told_and_the_province_is_not() -> None:
    (hint,) = found(a_step("2023-05-31", 10_004))  # of 40,000
    assert (hint.kind, hint.measures["percent_of_annual_target"]) == (AnomalyKind.IMPOSSIBLE_PACE, "25.01")
    assert found(a_step("2023-05-31", 10_000)) == []
    assert found(a_step("2023-05-31", 30, indicator="20.1", region="130000")) == []


def test_certificates_issued_on_a_months_last_day_are_a_burst_when_they_are_most_of_it() -> None:
    spread = [a_step(f"2023-05-{day:02}", 2, indicator="12.1") for day in range(1, 11)]
    (hint,) = found(*spread, a_step("2023-05-31", 20, indicator="12.1"))
    assert hint.key == "last_day_burst:12.1:130102:2023-05"
    counted = {"month": "2023-05", "count": "40", "on_the_last_days": "20", "last_days": 1, "percent": "50.00"}
    assert hint.measures == counted
    assert found(*spread, a_step("2023-05-31", 19, indicator="12.1")) == []
    assert found(a_step("2023-05-31", 19, indicator="12.1")) == [], "too few to say anything"


def test_reported_figures_always_lie_on_the_last_day_and_that_is_no_burst() -> None:
    assert found(*monthly(ORDINARY)) == []


def test_a_year_recorded_in_the_days_before_a_milestone_is_a_burst() -> None:
    early = a_step("2023-05-31", 40, recorded="2023-06-05")
    late = [a_step("2023-08-31", 30, recorded="2023-10-29"), a_step("2023-09-30", 35, recorded="2023-10-31")]
    (hint,) = found(early, *late)
    assert hint.key == "last_day_burst:11.1:130102:2023-10-31"
    assert (hint.measures["recorded"], hint.measures["recorded_at_the_end"]) == ("105", "65")
    assert found(early, a_step("2023-08-31", 30, recorded="2023-10-28"), late[1]) == []


def test_only_the_plans_year_up_to_the_day_is_looked_at() -> None:
    steps = monthly([40, 50, 50, 50, 61])
    assert found(*steps, as_of=dt.date(2023, 4, 29)) == []
    assert len(found(*steps, as_of=dt.date(2023, 4, 30))) == 1
    assert found(a_step("2022-12-31", 100_000)) == [], "a baseline is no increase"


def test_a_sum_is_looked_at_by_its_parts() -> None:
    parts = monthly([40, 50, 50, 50, 61], indicator="14.6")
    as_sum = monthly([40, 50, 50, 50, 61], indicator="14.2")
    assert [hint.target_id for hint in found(*parts, *as_sum)] == ["14.6"]


def test_what_is_seen_again_has_the_same_key_and_every_option_says_where_it_comes_from() -> None:
    steps = monthly([40, 50, 50, 50, 61])
    assert [hint.key for hint in found(*steps)] == [hint.key for hint in found(*reversed(steps))]
    assert (
        "default" in Path(plans.__file__).parents[1].joinpath("services/targets/anomalies/anomalies.toml").read_text()
    )
