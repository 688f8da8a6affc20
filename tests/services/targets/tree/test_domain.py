"""The rules of the target tree: what may be split, what is checked, and what is only shown."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import plan
from contract import regions
from contract.allocations import AllocationInvalid, TargetNotAdjusted, TargetNotAllocated
from services.targets.tree import domain as tree
from services.targets.tree.domain import Action, Goal, Step

PLAN = plan.read(Path("plan/hebei-2023.toml"))
CITY, COUNTY = "130100", "130102"
DOCUMENT = "冀发改民生〔2023〕1号"


def a_tree(**goals: Any) -> dict[tuple[str, str], Goal]:
    """The plan's roots and what is named: ``a_tree(i4_1={"130100": 700})``."""
    found = tree.roots(PLAN)
    for name, by_region in goals.items():
        for region, target in by_region.items():
            goal = target if isinstance(target, Goal) else Goal(Decimal(target))
            found[name.removeprefix("i").replace("_", "."), region] = goal
    return found


def split(
    goals: dict[tuple[str, str], Goal], id: str, children: Iterable[tuple[str, int | str]], **said: Any
) -> list[Step]:
    asked = {"region": PLAN.region, "reserve": 0, "document": DOCUMENT, "reason": None, **said}
    asked["reserve"] = Decimal(asked["reserve"])
    return tree.allocate(
        PLAN,
        PLAN.indicators[id],
        goals,
        children=[(region, Decimal(target)) for region, target in children],
        **asked,
    )


def adjust(goals: dict[tuple[str, str], Goal], id: str, region: str, adjusted: int | None, **said: Any) -> list[Step]:
    target = None if adjusted is None else Decimal(adjusted)
    asked = {"document": DOCUMENT, "reason": "中央资金追加", **said}
    return tree.adjust(PLAN, PLAN.indicators[id], goals, region=region, adjusted=target, **asked)


def after(goals: dict[tuple[str, str], Goal], id: str, steps: Iterable[Step]) -> dict[tuple[str, str], Goal]:
    return {**goals, **{(id, step.region): step.goal for step in steps}}


def faults(refused: pytest.ExceptionInfo[AllocationInvalid]) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in refused.value.errors]


def test_the_root_is_the_plans_own_number_and_a_state_has_none() -> None:
    roots = tree.roots(PLAN)
    assert len(roots) == 37
    assert roots["12.1", "130000"] == Goal(Decimal(3000))
    assert ("16", "130000") not in roots


def test_a_split_sets_the_children_and_the_reserve_and_leaves_the_plans_number() -> None:
    steps = split(a_tree(), "12.1", [(CITY, 600), ("130200", 500)], reserve=100)
    assert [(step.region, step.action) for step in steps] == [
        ("130000", Action.SPLIT),
        (CITY, Action.ALLOCATED),
        ("130200", Action.ALLOCATED),
    ]
    parent, city, _ = (step.goal for step in steps)
    assert (parent.original, parent.reserve, parent.version) == (Decimal(3000), Decimal(100), 2)
    assert (city.original, city.version, city.document) == (Decimal(600), 2, DOCUMENT)


@pytest.mark.parametrize(
    ("children", "reserve", "gap"),
    [([(CITY, 600)], 0, 2400), ([(CITY, 2900)], 100, 0), ([(CITY, 3000), ("130200", 200)], 50, -250)],
)
def test_children_may_come_to_less_or_more_and_the_gap_is_shown(
    children: list[tuple[str, int]], reserve: int, gap: int
) -> None:
    goals = after(a_tree(), "12.1", split(a_tree(), "12.1", children, reserve=reserve))
    assert tree.gap(goals, "12.1", PLAN.region) == gap


@given(
    st.lists(st.integers(0, 10**7), min_size=14, max_size=14),
    st.integers(0, 10**7),
)
def test_the_gap_is_what_is_left_whatever_is_split(targets: list[int], reserve: int) -> None:
    children = [(unit.code, target) for unit, target in zip(regions.units(), targets, strict=True)]
    goals = after(a_tree(), "6.1", split(a_tree(), "6.1", children, reserve=reserve))
    gap = tree.gap(goals, "6.1", PLAN.region)
    assert gap is not None
    assert gap + reserve + sum(targets) == 860_000


def test_a_unit_splits_its_own_target_between_its_counties() -> None:
    goals = a_tree(i12_1={CITY: 600})
    steps = split(goals, "12.1", [(COUNTY, 40)], region=CITY)
    goals = after(goals, "12.1", steps)
    assert (goals["12.1", COUNTY].current, tree.gap(goals, "12.1", CITY)) == (40, 560)
    assert goals["12.1", CITY].original == 600


def test_what_was_given_nothing_has_nothing_to_split() -> None:
    with pytest.raises(TargetNotAllocated):
        split(a_tree(), "12.1", [(COUNTY, 40)], region=CITY)


def test_another_number_for_a_child_needs_a_reason_and_the_same_number_does_not() -> None:
    goals = a_tree(i12_1={CITY: 600})
    with pytest.raises(AllocationInvalid) as refused:
        split(goals, "12.1", [(CITY, 700)])
    assert faults(refused) == [("/reason", "missing")]
    assert split(goals, "12.1", [(CITY, 600)])[1].goal.original == 600
    assert split(goals, "12.1", [(CITY, 700)], reason="人口增长")[1].goal.reason == "人口增长"


@pytest.mark.parametrize("region", [COUNTY, "130000", "140000"])
def test_only_the_next_level_down_is_split_to(region: str) -> None:
    with pytest.raises((AllocationInvalid, regions.RegionUnknown)) as refused:
        split(a_tree(), "12.1", [(region, 5)])
    if region != "140000":
        assert [error["code"] for error in refused.value.errors] == ["not_a_child"]


def test_a_child_is_named_once_by_whatever_code() -> None:
    with pytest.raises(AllocationInvalid) as refused:
        split(a_tree(), "12.1", [("130682", 5), ("139001", 6)])  # 139001 is 定州's other code
    assert faults(refused) == [("/children/1/region", "duplicate")]


@pytest.mark.parametrize(
    ("id", "target", "code"),
    [
        ("12.1", "-1", "range"),
        ("12.1", "1.5", "decimals"),
        ("14.2", "1.5", "decimals"),
        ("4.1", "1.2345", "decimals"),
        ("3.1", "22", "at_most_one"),
        ("20.1", "2", "at_most_one"),
        ("20.2", "1", "level"),
    ],
)
def test_a_number_that_cannot_be_is_refused_by_its_field(id: str, target: str, code: str) -> None:
    with pytest.raises(AllocationInvalid) as refused:
        split(a_tree(), id, [(CITY, target)])
    assert [error["code"] for error in refused.value.errors] == [code]


@pytest.mark.parametrize(("id", "target"), [("3.1", "21"), ("20.1", "1"), ("4.1", "1.234"), ("12.1", "0")])
def test_the_most_that_can_be_is_taken(id: str, target: str) -> None:
    assert split(a_tree(), id, [(CITY, target)])[1].goal.original == Decimal(target)


def test_what_units_report_is_not_split_between_counties_except_where_the_unit_is_one() -> None:
    goals = a_tree(i6_2={CITY: 3})
    with pytest.raises(AllocationInvalid) as refused:
        split(goals, "6.2", [(COUNTY, 1)], region=CITY)
    assert faults(refused) == [("/children/0/region", "level")]
    assert split(goals, "6.2", [("130682", 1)])[1].region == "130682"


def test_one_park_for_each_county_and_no_more() -> None:
    goals = a_tree(i3_1={CITY: 21})
    with pytest.raises(AllocationInvalid) as refused:
        split(goals, "3.1", [(COUNTY, 2)], region=CITY)
    assert faults(refused) == [("/children/0/target", "at_most_one")]


def test_a_part_is_never_above_its_whole_in_the_same_region() -> None:
    goals = a_tree(i4_1={CITY: 700}, i4_2={"130200": 30})
    with pytest.raises(AllocationInvalid) as above:
        split(goals, "4.2", [(CITY, 701)])
    assert faults(above) == [("/children/0/target", "above_whole")]
    with pytest.raises(AllocationInvalid) as below:
        split(goals, "4.1", [("130200", 29)])
    assert faults(below) == [("/children/0/target", "below_part")]
    assert split(goals, "4.2", [(CITY, 700)])


def test_a_sum_that_its_parts_do_not_come_to_is_shown_once_all_are_set() -> None:
    sum_of = PLAN.indicators["14.2"]
    goals = a_tree(i14_2={CITY: 900}, i14_3={CITY: 20}, i14_4={CITY: 20}, i14_5={CITY: 60})
    assert tree.sum_gap(goals, sum_of, CITY) is None
    goals = a_tree(i14_2={CITY: 900}, i14_3={CITY: 20}, i14_4={CITY: 20}, i14_5={CITY: 60}, i14_6={CITY: 790})
    assert tree.sum_gap(goals, sum_of, CITY) == 10
    assert tree.sum_gap(goals, sum_of, PLAN.region) == 0
    assert tree.sum_gap(goals, PLAN.indicators["4.1"], CITY) is None


def test_what_has_no_number_is_not_split() -> None:
    with pytest.raises(AllocationInvalid):
        split(a_tree(), "16", [(CITY, 1)])


def test_an_adjustment_stands_beside_the_original_and_can_be_taken_back() -> None:
    goals = a_tree(i12_1={CITY: 600})
    adjusted = adjust(goals, "12.1", CITY, 500)
    assert [(step.region, step.action) for step in adjusted] == [
        (CITY, Action.ADJUSTED),
        ("130000", Action.CHILD_ADJUSTED),
    ]
    goals = after(goals, "12.1", adjusted)
    assert (goals["12.1", CITY].original, goals["12.1", CITY].current) == (600, 500)
    back = adjust(goals, "12.1", CITY, None, document=None)
    assert back[0].action is Action.RESTORED
    assert (back[0].goal.current, back[0].goal.version) == (600, 3)
    with pytest.raises(TargetNotAdjusted):
        adjust(after(goals, "12.1", back), "12.1", CITY, None)


def test_the_plans_own_number_can_be_adjusted_and_the_gap_is_reckoned_from_it() -> None:
    goals = after(a_tree(), "12.1", split(a_tree(), "12.1", [(CITY, 3000)]))
    goals = after(goals, "12.1", adjust(goals, "12.1", PLAN.region, 3400))
    assert (goals["12.1", PLAN.region].original, tree.gap(goals, "12.1", PLAN.region)) == (3000, 400)


def test_an_adjustment_names_the_document_that_decided_it() -> None:
    with pytest.raises(AllocationInvalid) as refused:
        adjust(a_tree(), "12.1", PLAN.region, 3400, document=None)
    assert faults(refused) == [("/document", "missing")]


def test_nothing_is_adjusted_before_it_was_allocated() -> None:
    with pytest.raises(TargetNotAllocated):
        adjust(a_tree(), "12.1", CITY, 500)


@pytest.mark.parametrize(
    ("id", "adjusted", "code"), [("4.1", 329, "below_part"), ("4.2", 7001, "above_whole"), ("3.1", 168, "at_most_one")]
)
def test_an_adjustment_is_checked_as_a_split_is(id: str, adjusted: int, code: str) -> None:
    with pytest.raises(AllocationInvalid) as refused:
        adjust(a_tree(), id, PLAN.region, adjusted)
    assert faults(refused) == [("/adjusted", code)]


def test_the_province_answers_by_the_plans_owner_until_somebody_is_named() -> None:
    owners = tree.owners(PLAN)
    assert (owners["5.1", "130000"].lead, owners["5.1", "130000"].co) == ("省农业农村厅", ("省卫生健康委",))
    assert ("16", "130000") in owners
