"""Who may split and adjust targets, what they are answered, and that two people cannot overwrite one another."""

from functools import partial
from typing import Any

import pytest

from contract.allocations import (
    AllocationChanged,
    AllocationInvalid,
    AllocationNotAllowed,
    NodeNotFound,
    TargetNotAllocated,
)
from contract.errors import CommandReused, Invalid, Refused
from contract.targets import TargetNotFound
from runtime import config
from runtime.config import Config
from services.targets.service import Targets
from services.targets.tree.store import tree
from tests.interleaved import Point, commits, interleaved, writes
from tests.organisations import organisation_of

PROVINCE, CITY, OTHER_CITY, COUNTY = "130000", "130100", "130200", "130102"


def an_actor(role: str = "dispatcher", region: str = PROVINCE, **said: Any) -> dict[str, Any]:
    scopes = ["targets:read", "targets:adjust", "reports:read"]
    return {
        "client_id": f"{role}-{region}",
        "role": role,
        "region": region,
        "organisation": organisation_of(role, region),
        "scopes": scopes,
        **said,
    }


DISPATCHER = an_actor()
UNIT_DISPATCHER = an_actor(region=CITY)
UNIT_REVIEWER = an_actor("report_reviewer", CITY)


def a_split(*children: tuple[str, str], region: str = PROVINCE, id: str = "12.1", **said: Any) -> dict[str, Any]:
    return {
        "target_id": id,
        "region": region,
        "reserve": "0",
        "children": [{"region": code, "target": target} for code, target in children],
        "document": "冀发改民生〔2023〕1号",
        **said,
    }


def an_adjustment(adjusted: str | None, region: str = CITY, id: str = "12.1", **said: Any) -> dict[str, Any]:
    base = {"target_id": id, "region": region, "adjusted": adjusted, "reason": "中央资金追加"}
    return base | {"document": "冀发改民生〔2023〕9号"} | said


@pytest.fixture
def settings(space: dict[str, str]) -> Config:
    return config.read(space)


@pytest.fixture
def service(settings: Config) -> Targets:
    """The service's methods on the real database, without the broker."""
    found = Targets()
    found.settings = settings  # type: ignore[assignment]
    return found


def test_a_split_is_answered_with_the_tree_and_its_gap(service: Targets) -> None:
    made = service.allocate_targets(a_split((CITY, "600"), (OTHER_CITY, "500"), reserve="100"), DISPATCHER)
    assert (made["original"], made["reserve"], made["allocated"], made["gap"]) == ("3000", "100", "1100", "1800")
    city = made["children"][0]
    assert (city["region"], city["target"], city["gap"], city["version"]) == (CITY, "600", "600", 2)
    assert made["children"][2]["target"] is None
    (change,) = made["history"]
    assert (change["action"], change["by"], change["document"]) == (
        "split",
        "dispatcher-130000",
        "冀发改民生〔2023〕1号",
    )
    assert service.tree({"target_id": "12.1"}, DISPATCHER) | {"known_at": None} == made | {"known_at": None}


def test_a_unit_splits_onward_by_its_dispatcher_its_reviewer_or_the_province(service: Targets) -> None:
    service.allocate_targets(a_split((CITY, "600")), DISPATCHER)
    for actor, target in ((UNIT_DISPATCHER, "10"), (UNIT_REVIEWER, "20"), (DISPATCHER, "30")):
        made = service.allocate_targets(a_split((COUNTY, target), region=CITY, reason="重新测算"), actor)
        assert made["children"][0]["target"] == target
        assert made["gap"] == str(600 - int(target))


@pytest.mark.parametrize(
    ("actor", "region", "refusal"),
    [
        (UNIT_DISPATCHER, PROVINCE, NodeNotFound),
        (UNIT_DISPATCHER, OTHER_CITY, NodeNotFound),
        (an_actor("report_reviewer"), PROVINCE, AllocationNotAllowed),
        (an_actor("report_reviewer"), CITY, AllocationNotAllowed),
        (an_actor("report_reviewer", COUNTY), COUNTY, AllocationNotAllowed),
        (an_actor("report_reviewer", CITY, organisation="省司法厅"), CITY, AllocationNotAllowed),
        (an_actor("reporter", CITY), CITY, AllocationNotAllowed),
        (an_actor(scopes=["targets:read"]), PROVINCE, AllocationNotAllowed),
    ],
)
def test_who_may_not_split_is_refused_and_who_may_not_see_finds_nothing(
    service: Targets, actor: dict[str, Any], region: str, refusal: type[Refused]
) -> None:
    with pytest.raises(refusal):
        service.allocate_targets(a_split((COUNTY, "1"), region=region), actor)


def test_nobody_adjusts_their_own_target(service: Targets) -> None:
    service.allocate_targets(a_split((CITY, "600")), DISPATCHER)
    for actor in (UNIT_DISPATCHER, UNIT_REVIEWER):
        with pytest.raises((AllocationNotAllowed, NodeNotFound)):
            service.adjust_target(an_adjustment("10"), actor)
    service.allocate_targets(a_split((COUNTY, "40"), region=CITY), UNIT_REVIEWER)
    assert service.adjust_target(an_adjustment("30", COUNTY), UNIT_REVIEWER)["target"] == "30"


def test_an_adjustment_shows_beside_the_original_and_its_history_stays(service: Targets) -> None:
    service.allocate_targets(a_split((CITY, "600")), DISPATCHER)
    service.adjust_target(an_adjustment("500"), DISPATCHER)
    service.adjust_target(an_adjustment("550", reason="再次核定"), DISPATCHER)
    found = service.adjust_target(an_adjustment(None, reason="撤回调整", document="冀〔2023〕12号"), DISPATCHER)
    assert (found["original"], found["adjusted"], found["target"], found["version"]) == ("600", None, "600", 5)
    assert [(one["action"], one["adjusted"]) for one in found["history"]] == [
        ("allocated", None),
        ("adjusted", "500"),
        ("adjusted", "550"),
        ("restored", None),
    ]
    province = service.tree({"target_id": "12.1"}, DISPATCHER)
    assert (province["version"], province["history"][-1]["action"]) == (5, "child_adjusted")


def test_the_tree_as_it_was_known_then_is_answered(service: Targets) -> None:
    service.set_time("2023-03-01T00:00:00+00:00")
    service.allocate_targets(a_split((CITY, "600")), DISPATCHER)
    service.set_time("2023-08-01T00:00:00+00:00")
    service.adjust_target(an_adjustment("500"), DISPATCHER)

    def then(instant: str) -> dict[str, Any]:
        return service.tree({"target_id": "12.1", "region": CITY, "as_known_at": instant}, DISPATCHER)

    assert [then(f"2023-0{month}-15T00:00:00Z")["target"] for month in (2, 3, 8)] == [None, "600", "500"]
    assert len(then("2023-03-15T00:00:00Z")["history"]) == 1


def test_time_is_not_set_in_production(service: Targets, space: dict[str, str]) -> None:
    service.settings = config.read({**space, "APP_ENV": "production"})  # type: ignore[assignment]
    with pytest.raises(AllocationNotAllowed):
        service.set_time("2023-03-01T00:00:00+00:00")


def test_who_decided_on_an_older_version_is_told_the_newer(service: Targets) -> None:
    service.allocate_targets(a_split((CITY, "600"), expected_version=1), DISPATCHER)
    for command, call in (
        (a_split((CITY, "600"), expected_version=1), service.allocate_targets),
        (an_adjustment("2900", PROVINCE, expected_version=1), service.adjust_target),
    ):
        with pytest.raises(AllocationChanged) as refused:
            call(command, DISPATCHER)
        assert refused.value.facts == {"version": 2}


@pytest.mark.parametrize("at", [writes, commits])
def test_of_two_who_decide_at_once_one_is_refused(service: Targets, at: Point) -> None:
    def decide(target: str) -> Any:
        command = a_split((CITY, target), expected_version=1, command_id=target)
        return service.allocate_targets(command, DISPATCHER)

    both = interleaved(partial(decide, "600"), partial(decide, "700"), at=at)
    assert [isinstance(one, AllocationChanged) for one in both].count(True) == 1
    assert service.tree({"target_id": "12.1"}, DISPATCHER)["version"] == 2


@pytest.mark.parametrize("at", [writes, commits])
def test_a_part_is_not_raised_while_its_whole_is_lowered(service: Targets, at: Point) -> None:
    def decide(id: str, target: str) -> Any:
        command = a_split((CITY, target), id=id, reason="同时", command_id=f"{id} {target}")
        return service.allocate_targets(command, DISPATCHER)

    for id, target in (("4.1", "700"), ("4.2", "100")):
        decide(id, target)
    both = interleaved(partial(decide, "4.1", "150"), partial(decide, "4.2", "300"), at=at)
    assert [isinstance(one, AllocationInvalid) for one in both].count(True) == 1


def test_a_command_told_again_changes_nothing(service: Targets) -> None:
    command = a_split((CITY, "600"), command_id="one")
    first = service.allocate_targets(command, DISPATCHER)
    again = service.allocate_targets(command, DISPATCHER)
    assert again["version"] == first["version"] == 2
    with pytest.raises(CommandReused):
        service.allocate_targets({**command, "reserve": "1"}, DISPATCHER)


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (a_split((CITY, "1"), id="99.9"), TargetNotFound),
        (a_split((CITY, "1"), id="16"), AllocationInvalid),
        (a_split((COUNTY, "1"), region=CITY), TargetNotAllocated),
        (a_split((CITY, "1"), document="身份证130102199003070011"), Invalid),
        (a_split((CITY, "many")), Invalid),
    ],
)
def test_what_cannot_be_split_is_refused(service: Targets, command: dict[str, Any], refusal: type[Refused]) -> None:
    with pytest.raises(refusal):
        service.allocate_targets(command, DISPATCHER)


def test_a_refused_split_leaves_nothing_behind(service: Targets, settings: Config) -> None:
    with pytest.raises(AllocationInvalid):
        service.allocate_targets(a_split((CITY, "600"), (COUNTY, "1")), DISPATCHER)
    assert service.tree({"target_id": "12.1"}, DISPATCHER)["version"] == 1
    assert tree(settings).store["goal_changes"].count_documents({}) == 0


NAMED = {"target_id": "12.1", "region": CITY, "lead": "石家庄市民政局", "principal": "王某某", "contact": "赵某"}


def test_who_answers_is_named_shown_to_report_readers_and_to_nobody_else(service: Targets) -> None:
    made = service.name_responsible({**NAMED, "contact_phone": "0311-86000000"}, UNIT_DISPATCHER)
    assert (made["lead"], made["principal"], made["contact_phone"]) == ("石家庄市民政局", "王某某", "0311-86000000")
    assert made["version"] == 2
    asked = {"target_id": "12.1"}
    items = service.responsibles(asked, DISPATCHER)["items"]
    assert (items[0]["lead"], items[1]["principal"], len(items)) == ("省民政厅", "王某某", 15)
    blind = service.responsibles(asked, an_actor("partner", scopes=["targets:read"]))["items"][1]
    assert (blind["lead"], blind["principal"], blind["contact"]) == ("石家庄市民政局", None, None)


def test_the_offices_that_answer_are_chosen_from_the_plans_list(service: Targets) -> None:
    with pytest.raises(AllocationInvalid) as refused:
        service.name_responsible({**NAMED, "lead": "市民政局", "co": ["石家庄市财政局", "唐山市财政局"]}, DISPATCHER)
    assert [(fault["pointer"], fault["code"]) for fault in refused.value.errors] == [
        ("/lead", "organisation_unknown"),
        ("/co/1", "organisation_unknown"),
    ]
    made = service.name_responsible({**NAMED, "co": ["河北省石家庄市财政局", "省教育厅"]}, DISPATCHER)
    assert made["co"] == ["石家庄市财政局", "省教育厅"]


def test_a_name_lies_nowhere_in_plain(service: Targets, settings: Config) -> None:
    service.name_responsible({**NAMED, "command_id": "one"}, DISPATCHER)
    store = tree(settings).store
    for name in store.list_collection_names():
        assert "王某某" not in str(list(store[name].find())), name


def test_naming_is_for_dispatchers_and_for_units_within_themselves(service: Targets) -> None:
    assert service.name_responsible({**NAMED, "region": COUNTY}, UNIT_REVIEWER)["region"] == COUNTY
    with pytest.raises(AllocationNotAllowed):
        service.name_responsible(NAMED, an_actor("reporter", CITY))
    with pytest.raises(NodeNotFound):
        service.name_responsible({**NAMED, "region": OTHER_CITY}, UNIT_REVIEWER)
    with pytest.raises(AllocationChanged):
        service.name_responsible({**NAMED, "expected_version": 7}, DISPATCHER)


def test_what_has_no_number_has_somebody_who_answers_for_it(service: Targets) -> None:
    assert service.name_responsible({**NAMED, "target_id": "16"}, DISPATCHER)["principal"] == "王某某"
