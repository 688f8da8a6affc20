import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

import plan
from contract import reports
from contract.words import Measure, WorkState
from plan import Plan
from runtime import config, mongo
from runtime.mongo import Store, transact
from services.targets.copies.matters import Matters
from services.targets.copies.remarks import Remarks
from services.targets.copies.rounds import Rounds
from services.targets.counting import Counting
from services.targets.ledger.judge import covers, everywhere
from services.targets.ledger.rows import Ledger, Row, scope
from services.targets.ledger.store import Rollups
from services.targets.rules import rules as counting_rules
from services.targets.store import Counts
from services.targets.tree.domain import Action, Goal, Step
from services.targets.tree.store import Tree
from tests.services.targets.builders import a_said
from tests.services.targets.reporting import a_report

PROVINCE, CITY, COUNTY, BESIDE = "130000", "130100", "130102", "130104"
OCTOBER = dt.date(2023, 10, 31)


@pytest.fixture
def the_plan(space: dict[str, str]) -> Plan:
    return plan.read(config.read(space).plan_file)


@pytest.fixture
def store(space: dict[str, str]) -> Store:
    return mongo.database(config.read(space), "targets")


@pytest.fixture
def tree(store: Store, the_plan: Plan) -> Tree:
    found = Tree(store, the_plan)
    found.ensure_indexes()
    return found


@pytest.fixture
def ledger(store: Store, the_plan: Plan, tree: Tree) -> Ledger:
    return Ledger(the_plan, Rollups(Counts(store)), tree, Remarks(store), Rounds(store), Matters(store))


@pytest.fixture
def counting(store: Store, the_plan: Plan) -> Counting:
    counts, remarks = Counts(store), Remarks(store)
    counts.ensure_indexes()
    remarks.ensure_indexes()
    return Counting(counts, counting_rules(the_plan), "targets.reports", remarks)


def give(tree: Tree, indicator: str, region: str, **goal: Any) -> None:
    said = {name: Decimal(value) for name, value in goal.items()}
    version = tree.goals().get((indicator, region), Goal(None)).version + 1
    step = Step(region, Action.ALLOCATED, Goal(said["original"], said.get("adjusted"), version=version))
    at = dt.datetime(2023, 2, 1, tzinfo=dt.UTC)
    transact(tree.store, lambda session: tree.put(session, indicator, [step], at=at, by="dispatcher"))


def row(ledger: Ledger, indicator: str = "2.1", region: str = PROVINCE, **asked: Any) -> Row:
    (found,) = ledger.rows(
        **{"regions": [region], "indicators": [indicator], "as_of": OCTOBER, "period": "2023-10", **asked}
    )
    return found


def test_what_a_county_reports_is_in_its_own_row_and_in_those_above_it(ledger: Ledger, counting: Counting) -> None:
    counting.handle([a_report(figure=300, period="2023-09"), a_report(figure=500, period="2023-10", problems="停工")])
    counting.handle([a_report(figure=100, region=BESIDE, period="2023-10", problems="缺钱", evidence=4)])
    county, city, province = (row(ledger, region=code) for code in (COUNTY, CITY, PROVINCE))
    assert [(one.value, one.period) for one in (county, city, province)] == [(500, 200), (600, 300), (600, 300)]
    assert (county.told.problems, county.told.filed_by, county.told.reviewed_by) == ("停工", "reporter", "reviewer")
    assert province.told.problems == city.told.problems == "长安区：停工；桥西区：缺钱"
    assert (province.told.evidence, province.told.filed_by) == (5, None)
    assert (province.target, province.standing.percent) == (1816, Decimal("33.04"))
    assert (county.target, county.standing.percent, county.standing.status) == (None, None, None)


def test_what_nothing_counts_has_no_value_in_the_ledger_and_cannot_be_told(ledger: Ledger, tree: Tree) -> None:
    give(tree, "19.3", CITY, original=300)
    for region, target in ((PROVINCE, 3000), (CITY, 300)):
        found = row(ledger, "19.3", region)
        assert (found.target, found.value, found.period, found.pace) == (target, None, None, None)
        assert (found.standing.percent, found.standing.status, found.standing.colour) == (None, "无法判断", None)
        assert found.forecasts == ()
    matrix = ledger.matrix(as_of=OCTOBER, period="2023-10", indicators=["19.3"])
    assert {cell.value for cell in matrix.lines["19.3"]} == {None}


def test_an_allocated_target_is_what_a_county_is_judged_by_and_an_adjusted_one_stands_beside_it(
    ledger: Ledger, counting: Counting, tree: Tree
) -> None:
    counting.handle([a_report(figure=88)])
    give(tree, "2.1", COUNTY, original=44)
    assert row(ledger, region=COUNTY).standing.percent == 200
    give(tree, "2.1", COUNTY, original=44, adjusted=100)
    adjusted = row(ledger, region=COUNTY)
    assert (adjusted.target, adjusted.adjusted_target) == (44, 100)
    assert (adjusted.standing.percent, adjusted.percent_of_original) == (88, 200)


def test_the_ledger_of_a_day_counts_what_took_effect_until_then(ledger: Ledger, counting: Counting) -> None:
    counting.handle([a_report(figure=300, period="2023-05"), a_report(figure=500, period="2023-10", problems="新")])
    then = row(ledger, as_of=dt.date(2023, 6, 15), period="2023-05")
    assert (then.value, then.period, then.told.problems) == (300, 300, None)
    assert then.pace == Decimal("45.48")


def test_caught_up_since_the_last_months_end_is_yellow(ledger: Ledger, counting: Counting) -> None:
    counting.handle([a_report(figure=100, period="2023-09"), a_report(figure=1600, period="2023-10")])
    assert (row(ledger).standing.status, row(ledger).standing.colour) == ("达序时", "黄")


def test_finished_and_accepted_is_blue_for_the_region_and_its_sum(ledger: Ledger, counting: Counting) -> None:
    counting.handle([a_report(figure=1000, inspected=1000), a_report(region=BESIDE, figure=816, inspected=815)])
    assert row(ledger).standing.colour == "绿"
    counting.handle([a_report(region=BESIDE, version=2, figure=816, inspected=816)])
    assert row(ledger).standing.colour == "蓝"
    filed = a_report(reports.ReportFiled, region=BESIDE, period="2023-07", figure=816, inspected=0)
    counting.handle([filed])
    assert row(ledger).standing.colour == "蓝", "what is not accepted yet changes nothing"


def test_a_stock_shows_its_level_and_the_share_of_its_way(ledger: Ledger, counting: Counting) -> None:
    assert row(ledger, "20.3").standing.increment is None
    counting.handle([a_report(target="20.3", region=PROVINCE, period="2022-12", figure=300)])
    counting.handle([a_report(target="20.3", region=PROVINCE, period="2023-10", figure=450)])
    found = row(ledger, "20.3")
    assert (found.value, found.period) == (450, 150)
    assert (found.standing.percent, found.standing.increment) == (90, 75)
    assert found.standing.status == "未达序时", "90 % of the level is three quarters of the way; ten months are over"


def test_a_sum_is_told_by_its_parts(ledger: Ledger, counting: Counting) -> None:
    counting.handle([a_report(target="14.3", figure=2, problems="缺地"), a_report(target="14.6", figure=40)])
    found = row(ledger, "14.2", COUNTY)
    assert (found.value, found.told.evidence, found.told.problems) == (42, 2, "长安区：缺地")


def test_decimals_are_kept_to_the_last_place(ledger: Ledger, counting: Counting) -> None:
    counting.handle([a_report(target="4.1", figure="0.125"), a_report(target="4.1", region=BESIDE, figure="0.250")])
    found = row(ledger, "4.1")
    assert (found.value, found.decimals) == (Decimal("0.375"), 3)


def test_below_the_level_that_reports_there_is_no_figure_rather_than_nought(ledger: Ledger) -> None:
    assert row(ledger, "20.2", CITY).value is None
    assert row(ledger, "6.2", CITY).value == 0
    assert row(ledger, "6.2", COUNTY).value is None


def test_what_has_no_number_stands_by_its_state(ledger: Ledger, counting: Counting) -> None:
    assert row(ledger, "9").standing.status is None
    counting.handle([a_report(target="9", figure=None, state="已完成", evidence=2)])
    county, province = row(ledger, "9", COUNTY), row(ledger, "9")
    assert (county.told.state, county.standing.colour) == (WorkState.DONE, "绿")
    assert (province.told.state, province.standing.status) == (WorkState.UNDER_WAY, "达序时")
    assert (province.told.evidence, province.value, province.standing.percent) == (2, None, None)


def test_a_forecast_needs_three_months_with_facts(ledger: Ledger, counting: Counting) -> None:
    counting.handle([a_report(figure=100, period="2023-04"), a_report(figure=200, period="2023-05")])
    first, _ = row(ledger, as_of=dt.date(2023, 6, 30)).forecasts
    assert (first.prospect.value, first.value) == ("无法判断", None)
    counting.handle([a_report(figure=300, period="2023-06")])
    soft, final = row(ledger, as_of=dt.date(2023, 6, 30)).forecasts
    assert (soft.on, final.on) == (OCTOBER, dt.date(2023, 12, 31))
    assert 300 < soft.value < final.value


def test_the_plans_departments_answer_until_somebody_is_named(ledger: Ledger) -> None:
    province, county = row(ledger, "8.1"), row(ledger, "8.1", COUNTY)
    assert (province.responsible.lead, province.responsible.co) == ("省市场监管局", ("省教育厅",))
    assert (county.responsible.lead, county.responsible.co) == ("省市场监管局", ("省教育厅",))


def test_the_deadline_is_the_plans_until_a_round_asks_for_less(ledger: Ledger, the_plan: Plan) -> None:
    assert row(ledger).due_on == the_plan.deadline


def test_counts_that_are_handed_in_take_the_place_of_the_rollups(ledger: Ledger, counting: Counting) -> None:
    counting.handle([a_report(figure=300)])
    assert row(ledger, counted={("2.1", PROVINCE): {dt.date(2023, 6, 30): Decimal(7)}}).value == 7
    assert row(ledger, counted={}).value == 0


def test_the_matrix_says_of_every_cell_what_its_row_says(ledger: Ledger, counting: Counting, tree: Tree) -> None:
    counting.handle([a_said(region=COUNTY)])
    counting.handle([a_report(figure=300, period="2023-09", inspected=3), a_report(figure=500, period="2023-10")])
    counting.handle([a_report(target="4.1", figure="12.345"), a_report(target="14.3", region="130682", figure=1)])
    counting.handle([a_report(target="20.3", region=PROVINCE, period="2022-12", figure=300)])
    counting.handle([a_report(target="16", figure=None, state="推进中")])
    give(tree, "2.1", CITY, original=600)
    for as_of, period in ((OCTOBER, "2023-10"), (dt.date(2024, 2, 1), "2023-12")):
        matrix = ledger.matrix(as_of=as_of, period=period)
        assert tuple(matrix.codes) == everywhere()
        rows = ledger.rows(
            regions=everywhere(), indicators=list(ledger.plan.indicators), as_of=as_of, period=period, forecasts=False
        )
        assert len(rows) == 42 * 180
        for one in rows:
            place = matrix.lines[one.indicator.id][everywhere().index(one.region)]
            shown = (one.value, one.period, one.standing, one.told.state if one.value is None else None)
            assert (place.value, place.period, place.standing, place.state) == shown, (one.indicator.id, one.region)


def test_every_region_is_there_once(the_plan: Plan) -> None:
    # 182 regions: 定州 and 辛集 are units and counties under one code
    assert len(everywhere()) == len(set(everywhere())) == 180
    for indicator in the_plan.indicators.values():
        assert covers(indicator, PROVINCE)
        if indicator.measure is not Measure.STATE and indicator.reporting is None:
            assert covers(indicator, COUNTY)


@pytest.mark.parametrize(
    ("indicator", "says"),
    [
        ("1.1", "不低于；县级填报"),
        ("3.1", "完成；县级填报；每地1个"),
        ("4.2", "完成；4.1的其中项；县级填报"),
        ("8", "按工作状态和佐证；县级填报"),
        ("8.2", "达到（存量）；县级填报"),
        ("12.1", "不低于；持证人员，每人计一次"),
        ("13.2", "左右（±5%）；县级填报"),
        ("14.2", "完成；14.3、14.4、14.5、14.6之和"),
        ("19.1", "完成；认定，每个主体计一次"),
        ("19.3", "完成；经确认的活动"),
        ("20.1", "完成；市级填报；每地1个"),
        ("20.2", "完成；省级填报"),
    ],
)
def test_a_row_says_how_its_target_is_worded_and_what_is_counted(the_plan: Plan, indicator: str, says: str) -> None:
    assert scope(the_plan, the_plan.indicators[indicator]) == says
