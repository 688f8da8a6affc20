from collections.abc import Callable
from typing import Any

import pytest

from contract import inspections as public
from contract.errors import CommandReused, Invalid
from contract.findings import FindingNotFound
from contract.message import Said
from contract.regions import RegionUnknown
from contract.withdrawals import WithdrawalNotFound
from contract.words import Role
from services.inspections import store
from services.inspections.service import Inspections
from tests.services.inspections.builders import (
    CITY_INSPECTOR,
    DISPATCHER,
    INSPECTOR,
    INSPECTOR_2,
    PARTNER,
    REPORTER,
    TODAY,
    a_plan,
    a_sample,
    an_actor,
    an_id,
    what_was_found,
)

Log = Callable[[], list[Said]]


def test_a_planned_inspection_asks_for_its_sample_and_names_nobody(service: Inspections, said: Log) -> None:
    planned = service.plan_inspection(a_plan(), INSPECTOR)
    assert (planned["state"], planned["sample"], planned["seed_given"]) == ("planned", None, True)
    assert (planned["members"], planned["as_of"]) == (["督导一组"], TODAY.isoformat())
    (event,) = said()
    assert event.event is public.InspectionPlanned
    assert event.data == {
        "inspection_id": planned["inspection_id"],
        "version": 1,
        "target_id": "12.1",
        "region": "130100",
        "as_of": TODAY,
        "size": 3,
        "seed": "二〇二三年第一次",
    }


def test_a_seed_that_nobody_gives_is_made_by_chance_and_recorded(service: Inspections) -> None:
    seeds = {service.plan_inspection(a_plan(seed=None), INSPECTOR)["seed"] for _ in range(3)}
    assert len(seeds) == 3
    assert all(len(seed) == 32 for seed in seeds)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"target_id": "99.9"}, "/target_id"),
        ({"target_id": "19.3"}, "/target_id"),  # activities: nothing is counted of them yet
        ({"target_id": "9.1"}, "/target_id"),
        ({"as_of": "2023-08-02"}, "/as_of"),
        ({"members": []}, "/members"),
        ({"size": 0}, "/size"),
        ({"title": "联系人13800000000"}, "/title"),
    ],
)
def test_what_cannot_be_sampled_is_refused_with_its_place(
    service: Inspections, said: Log, changes: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(Invalid) as refused:
        service.plan_inspection(a_plan(**changes), INSPECTOR)
    assert pointer in [error["pointer"] for error in refused.value.errors]
    assert said() == []


def test_only_inspectors_plan_and_only_in_their_region(service: Inspections, said: Log) -> None:
    for actor in (DISPATCHER, REPORTER, PARTNER, CITY_INSPECTOR):
        with pytest.raises(public.InspectionsNotAllowed):
            service.plan_inspection(a_plan(), actor)
    with pytest.raises(RegionUnknown):
        service.plan_inspection(a_plan(region="110000"), INSPECTOR)
    assert said() == []


def test_a_drawn_sample_is_kept_once_in_its_order(service: Inspections, sampled: dict[str, Any]) -> None:
    assert (sampled["state"], sampled["sample"]["drawn"], sampled["sample"]["frame_size"]) == ("drawn", 3, 100)
    service.on_targets(a_sample(sampled, 2))
    assert service.inspection(sampled["inspection_id"], INSPECTOR) == sampled, "told twice, it is drawn once"
    units = service.inspection_units(sampled["inspection_id"], DISPATCHER)["items"]
    assert [(unit["number"], unit["region"], unit["outcome"]) for unit in units] == [
        (1, "130102", None),
        (2, "130104", None),
        (3, "130102", None),
    ]
    there = service.inspection_units(sampled["inspection_id"], INSPECTOR, region="130104")["items"]
    assert [unit["number"] for unit in there] == [2]


def test_a_sample_of_an_inspection_that_is_not_ours_is_not_swallowed(service: Inspections) -> None:
    stranger = {"inspection_id": an_id("x"), "target_id": "12.1", "region": "130100", "as_of": "2023-08-01"}
    with pytest.raises(public.InspectionNotFound):
        service.on_targets(a_sample(stranger | {"seed": "s"}))


def test_dispatchers_read_and_others_see_what_lies_in_their_region(
    service: Inspections, sampled: dict[str, Any], found: dict[str, Any]
) -> None:
    order = service.order_withdrawal({"finding_id": found["finding_id"], "reason": "查无实据"}, INSPECTOR_2)
    for actor in (INSPECTOR, DISPATCHER):
        for listed in (service.inspections, service.findings, service.withdrawals):
            assert len(listed(actor)["items"]) == 1
    assert service.inspections(REPORTER)["items"] == [], "an inspection of the city is not the county's"
    assert [each["unit"] for each in service.findings(REPORTER)["items"]] == [1], "what was found there is"
    for call, id, refusal in (
        (service.inspection, sampled["inspection_id"], public.InspectionNotFound),
        (service.finding, found["finding_id"], FindingNotFound),
        (service.withdrawal, order["order_id"], WithdrawalNotFound),
    ):
        with pytest.raises(refusal):
            call(id, CITY_INSPECTOR)
        with pytest.raises(public.InspectionsNotAllowed):
            call(id, PARTNER)
    assert service.findings(INSPECTOR, region="130200") == {"items": [], "next": None}


def test_a_department_sees_what_concerns_its_own_indicators(
    service: Inspections, sampled: dict[str, Any], found: dict[str, Any]
) -> None:
    owner = an_actor(Role.REPORTER, "reporter-mz", organisation="省民政厅")
    other = an_actor(Role.REPORTER, "reporter-jy", organisation="省教育厅")
    assert len(service.inspections(owner)["items"]) == len(service.findings(owner)["items"]) == 1
    assert service.inspections(other)["items"] == service.findings(other)["items"] == []
    with pytest.raises(FindingNotFound):
        service.finding(found["finding_id"], other)
    leading = an_actor(Role.DISPATCHER, organisation="省发展改革委")  # owns part of item 19, and oversees all
    assert len(service.inspections(leading)["items"]) == len(service.findings(leading)["items"]) == 1


def test_which_certificate_was_looked_at_is_for_who_may_see_certificates(
    service: Inspections, sampled: dict[str, Any], found: dict[str, Any]
) -> None:
    order = service.order_withdrawal({"finding_id": found["finding_id"], "reason": "查无实据"}, INSPECTOR_2)

    def units(actor: dict[str, Any]) -> set[str | None]:
        asked = [
            *service.inspection_units(sampled["inspection_id"], actor)["items"],
            *service.findings(actor)["items"],
            *service.withdrawals(actor)["items"],
            service.finding(found["finding_id"], actor),
            service.withdrawal(order["order_id"], actor),
        ]
        return {each[name] for each in asked for name in ("subject", "fact_id") if name in each}

    owner = {"organisation": "省民政厅"}
    for blind in (Role.REPORTER, Role.REPORT_REVIEWER):
        assert units(an_actor(blind, **owner)) == {None}
    for sees in (an_actor(Role.CIVIL_AFFAIRS, **owner), DISPATCHER, INSPECTOR):
        assert None not in units(sees)


def test_the_same_command_told_twice_does_it_once_and_another_content_is_refused(
    service: Inspections, sampled: dict[str, Any], proof: list[dict[str, str]], said: Log
) -> None:
    finding = what_was_found(sampled, proof, command_id="k2")
    recorded = service.record_finding(finding, INSPECTOR)
    of = {"finding_id": recorded["finding_id"]}
    told: list[tuple[Callable[..., Any], dict[str, Any]]] = [
        (service.plan_inspection, a_plan(command_id="k1")),
        (service.record_finding, finding),
        (service.order_withdrawal, of | {"reason": "查无实据", "command_id": "k3"}),
        (service.record_rectification, of | {"text": "已补齐", "evidence": proof, "command_id": "k4"}),
        (service.recheck, of | {"text": "复查", "passed": False, "command_id": "k5"}),
    ]
    for call, command in told:
        who = INSPECTOR_2 if call in (service.recheck, service.order_withdrawal) else INSPECTOR
        first = call(command, who)
        assert call(command, who) == first
    assert len(said()) == 3
    with pytest.raises(CommandReused):
        service.plan_inspection(a_plan(command_id="k1", size=2), INSPECTOR)


def test_lists_go_on_where_the_page_before_ended(service: Inspections) -> None:
    for number in range(5):
        planned = service.plan_inspection(a_plan(title=f"第{number}次"), INSPECTOR)
    service.on_targets(a_sample(planned, 5))
    first = service.inspections(INSPECTOR, limit=3)
    rest = service.inspections(INSPECTOR, limit=3, after=first["next"])
    assert [each["title"] for each in first["items"] + rest["items"]] == [f"第{number}次" for number in range(5)]
    assert rest["next"] is None
    units = service.inspection_units(planned["inspection_id"], INSPECTOR, limit=3)
    more = service.inspection_units(planned["inspection_id"], INSPECTOR, limit=3, after=units["next"])
    assert [unit["number"] for unit in units["items"] + more["items"]] == [1, 2, 3, 4, 5]
    assert len(service.inspections(INSPECTOR, state="drawn")["items"]) == 1


def test_the_log_can_be_read_and_says_how_far_it_was_sent(service: Inspections, kept: store.Inspections) -> None:
    service.plan_inspection(a_plan(), INSPECTOR)
    assert {"head_seq": 0, "published_seq": 0, "unpublished": 1}.items() <= service.status().items()
    kept.outbox.order(token=1)
    (item,) = service.events()["items"]
    assert (item["seq"], item["type"]) == (1, "inspections.inspection_planned")
