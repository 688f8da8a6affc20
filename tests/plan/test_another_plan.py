"""Another year and another province are another file: nothing of this plan is in the code that counts by it."""

import ast
import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

import plan
from contract.words import Comparator
from services.targets import plan_table
from services.targets.domain import Cause, Fact, Rule, Standing, told
from services.targets.ledger.outlook import aim_of, pace, percent, stands
from services.targets.rules import rules
from services.targets.tree import domain as tree

OTHER = plan.read(Path("tests/plan/other.toml"))
RULES = {rule.indicator: rule for rule in rules(OTHER)}
CODE = [
    file
    for folder in ("plan", "services/targets", "services/reports", "services/inspections")
    for file in sorted(Path(folder).rglob("*.py"))
]


def a_fact(id: str, on: dt.date, **said: object) -> Fact:
    usual = {"version": 1, "fact": "certificate", "kind": "养老护理员", "grade": "4", "region": "140105"}
    return Fact(**{"fact_id": id, "on": on, "since": on, "status": "valid", **usual, **said})  # type: ignore[arg-type]


def a_report(id: str, target_id: str, figure: str, on: dt.date) -> Fact:
    return a_fact(id, on, fact="report", kind=target_id, grade="figure", amount=Decimal(figure), status="accepted")


def count(rule: Rule, *facts: Fact) -> Decimal:
    """Of one subject, as entries add up."""
    standing, value = Standing("one"), Decimal(0)
    for seq, fact in enumerate(facts, 1):
        cause = Cause(f"{seq:024}", "event", "service", seq, dt.datetime(2025, 1, 1, tzinfo=dt.UTC))
        standing, entries = told(rule, standing, fact, cause=cause)
        value += sum((entry.value for entry in entries), Decimal(0))
    return value


def test_a_plan_of_another_province_and_year_is_read() -> None:
    assert (OTHER.region, OTHER.year, OTHER.begins) == ("140000", 2024, dt.date(2024, 1, 1))
    assert OTHER.indicators["1.1"].comparator is Comparator.ABOUT
    assert tree.roots(OTHER)["2.3", "140000"].original == Decimal("10.5")
    assert tree.owners(OTHER)["2.1", "140000"].co == ("省住房城乡建设厅",)


def test_its_year_is_the_one_that_counts_and_its_options_hold() -> None:
    rule = RULES["1.1"]
    assert count(rule, a_fact("a", dt.date(2024, 2, 29))) == 1
    assert count(rule, a_fact("a", dt.date(2023, 5, 1))) == 0
    assert count(rule, a_fact("a", dt.date(2023, 5, 1)), a_fact("b", dt.date(2024, 5, 1))) == 1, "may be a second one"
    assert count(rule, a_fact("a", dt.date(2024, 5, 1), grade="5")) == 0, "level 5 does not count here"
    assert count(rule, a_fact("a", dt.date(2024, 5, 1), verification="不一致")) == 0


def test_its_sum_is_counted_from_its_parts_with_their_decimals() -> None:
    june = dt.date(2024, 6, 30)
    reported = a_report("a", "2.2", "12", june), a_report("b", "2.3", "4.5", june)
    of_sum = sum(count(RULES["2.1"], report) for report in reported)
    assert of_sum == sum(count(RULES[report.kind], report) for report in reported) == Decimal("16.5")
    assert percent(of_sum, OTHER.indicators["2.1"].target or Decimal(0)) == Decimal("54.10")
    assert tree.decimals_of(OTHER, OTHER.indicators["2.1"]) == 1


def test_its_stock_begins_with_its_own_december() -> None:
    december, june = a_report("a", "3.1", "60", dt.date(2023, 12, 31)), a_report("b", "3.1", "75", dt.date(2024, 6, 30))
    assert count(RULES["3.1"], december, june) == 75
    aim = aim_of(OTHER, OTHER.indicators["3.1"], Decimal(90), Decimal(60))
    assert aim is not None
    assert aim.increment(Decimal(75)) == Decimal("50.00")


def test_its_own_deadline_and_its_leap_year_set_the_pace_and_its_tolerance_the_target() -> None:
    june = dt.date(2024, 6, 30)
    due = pace(begins=OTHER.begins, deadline=OTHER.deadline, as_of=june)
    assert due == percent(Decimal(182), Decimal(335))
    about = aim_of(OTHER, OTHER.indicators["1.1"], Decimal(800), None)
    assert about is not None
    assert stands(about, Decimal(720), due=due, as_of=june, deadline=OTHER.deadline).status == "已完成"
    assert stands(about, Decimal(719), due=due, as_of=dt.date(2024, 12, 1), deadline=OTHER.deadline).status == "未完成"


def test_it_prints_as_a_table() -> None:
    assert [row[2] for row in plan_table.rows(OTHER)] == ["~800", "30.5", "≥20", "10.5", "→90"]
    assert plan_table.rows(OTHER)[1][4] == "Σ 2.2-2.3"


@pytest.mark.parametrize("file", CODE, ids=str)
def test_no_code_that_counts_by_a_plan_names_a_year_or_a_province(file: Path) -> None:
    named = [
        f"{file}:{line}: {value!r}"
        for line, value in _constants(ast.parse(file.read_text(encoding="utf-8")))
        if value in (2023, 2024) or (isinstance(value, str) and any(word in value for word in _NAMES))
    ]
    assert not named, "this belongs into the plan file"


_NAMES = ("2023", "130000", "河北", "冀")


def _constants(code: ast.AST) -> Iterator[tuple[int, object]]:
    """All but docstrings."""
    told = {
        id(node.body[0].value)
        for node in ast.walk(code)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(code):
        if isinstance(node, ast.Constant) and id(node) not in told:
            yield node.lineno, node.value
