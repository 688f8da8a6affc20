"""How progress is judged is the plan file's to say, and a plan that says nonsense stops the start."""

from decimal import Decimal
from pathlib import Path

import pytest

import plan
from plan import Outlook, Plan

PLAN = Path("plan/hebei-2023.toml")


def changed(folder: Path, found: str, instead: str) -> Plan:
    said = PLAN.read_text(encoding="utf-8")
    assert found in said
    path = folder / "other.toml"
    path.write_text(said.replace(found, instead, 1), encoding="utf-8")
    return plan.read(path)


def with_curve(folder: Path, curve: str) -> Plan:
    return changed(folder, 'target = "1816"\n', f'target = "1816"\ncurve = {curve}\n')


def test_tolerance_least_months_and_confidence_are_options() -> None:
    assert plan.read(PLAN).outlook == Outlook(tolerance=Decimal(5), least_months=3, confidence=Decimal(80))


def test_a_planned_curve_is_twelve_cumulative_percents(tmp_path: Path) -> None:
    curve = with_curve(tmp_path, "[0, 0, 5, 12.5, 30, 45, 60, 75, 90, 100, 100, 100]").indicators["2.1"].curve
    assert (len(curve), curve[3], curve[-1]) == (12, Decimal("12.5"), 100)
    assert plan.read(PLAN).indicators["2.1"].curve == ()


@pytest.mark.parametrize(
    "curve",
    [
        "[10, 100]",
        "[0, 0, 5, 4, 30, 45, 60, 75, 90, 100, 100, 100]",
        "[0, 0, 5, 12, 30, 45, 60, 75, 90, 95, 95, 99]",
        "[-1, 0, 5, 12, 30, 45, 60, 75, 90, 100, 100, 100]",
    ],
)
def test_a_curve_that_goes_back_or_ends_below_all_is_refused(tmp_path: Path, curve: str) -> None:
    with pytest.raises(plan.PlanUnreadable, match=r"curve of indicator 2\.1"):
        with_curve(tmp_path, curve)


@pytest.mark.parametrize(
    ("found", "instead"),
    [
        ('tolerance = "5"', 'tolerance = "100"'),
        ("least_months = 3", "least_months = 1"),
        ('confidence = "80"', 'confidence = "0"'),
    ],
)
def test_an_option_out_of_its_range_is_refused(tmp_path: Path, found: str, instead: str) -> None:
    with pytest.raises(plan.PlanUnreadable, match="outlook"):
        changed(tmp_path, found, instead)


def test_small_cells_go_by_the_unit_unless_the_indicator_says_otherwise(tmp_path: Path) -> None:
    known = plan.read(PLAN).indicators
    assert known["12.1"].small_cells
    assert not known["2.1"].small_cells
    assert known["18.1"].small_cells, "人次 is not among the units, and legal aid is somebody's"
    assert not changed(tmp_path, 'unit = "户"\n', 'unit = "户"\nsmall_cells = false\n').indicators["11.1"].small_cells
