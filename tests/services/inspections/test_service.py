import datetime as dt
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from contract import inspections as public
from contract.errors import CommandReused, Invalid, Refused
from contract.findings import (
    FindingChanged,
    FindingFileNotFound,
    FindingInvalid,
    FindingNotFound,
    FindingRecordedAlready,
    RecheckByAnother,
)
from contract.message import Said
from contract.regions import RegionUnknown
from contract.withdrawals import (
    WithdrawalChanged,
    WithdrawalLifted,
    WithdrawalNotFound,
    WithdrawalNotPossible,
    WithdrawalOrdered,
)
from contract.words import Role
from runtime.config import Config
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
    an_answer,
    an_id,
    handed_in,
)

Log = Callable[[], list[Said]]


@pytest.fixture
def proof(settings: Config) -> list[dict[str, str]]:
    return [handed_in(settings)]


@pytest.fixture
def sampled(service: Inspections) -> dict[str, Any]:
    """An inspection of 12.1 in 石家庄 with three units, drawn."""
    planned = service.plan_inspection(a_plan(), INSPECTOR)
    service.on_targets(a_sample(planned))
    return service.inspection(planned["inspection_id"], INSPECTOR)


@pytest.fixture
def found(service: Inspections, sampled: dict[str, Any], proof: list[dict[str, str]]) -> dict[str, Any]:
    return service.record_finding(a_finding(sampled, proof), INSPECTOR)


def a_finding(sampled: dict[str, Any], proof: list[dict[str, str]], **changes: Any) -> dict[str, Any]:
    """The command."""
    command = {
        "inspection_id": sampled["inspection_id"],
        "unit": 1,
        "outcome": "not_found",
        "text": "现场未找到证书原件",
        "evidence": proof,
    }
    return command | changes


def pass_it(service: Inspections, finding: dict[str, Any], proof: list[dict[str, str]]) -> dict[str, Any]:
    told = {"finding_id": finding["finding_id"], "text": "已补齐"}
    service.record_rectification(told | {"evidence": proof}, REPORTER)
    return service.recheck(told | {"passed": True}, INSPECTOR)


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


def test_before_its_sample_is_drawn_nothing_can_be_found(service: Inspections, proof: list[dict[str, str]]) -> None:
    planned = service.plan_inspection(a_plan(), INSPECTOR)
    with pytest.raises(public.SampleUnitNotFound):
        service.record_finding(a_finding(planned, proof), INSPECTOR)


def test_a_finding_is_shown_with_its_unit_and_counted_in_the_inspection(
    service: Inspections, sampled: dict[str, Any], found: dict[str, Any], proof: list[dict[str, str]]
) -> None:
    assert (found["state"], found["due_on"], found["amount"]) == ("open", "2023-08-16", None)
    service.record_finding(
        {"inspection_id": sampled["inspection_id"], "unit": 2, "outcome": "in_order", "text": "属实"}, INSPECTOR
    )
    units = service.inspection_units(sampled["inspection_id"], INSPECTOR)["items"]
    assert [unit["outcome"] for unit in units] == ["not_found", "in_order", None]
    assert units[0]["finding_id"] == found["finding_id"]
    told = service.inspection(sampled["inspection_id"], INSPECTOR)
    assert (told["outcomes"]["not_found"], told["outcomes"]["in_order"], told["unmended"]) == (1, 1, 1)
    pass_it(service, found, proof)
    assert service.inspection(sampled["inspection_id"], INSPECTOR)["unmended"] == 0


def test_a_unit_is_checked_once(service: Inspections, found: dict[str, Any], sampled: dict[str, Any]) -> None:
    again = {"inspection_id": sampled["inspection_id"], "unit": 1, "outcome": "in_order", "text": "属实"}
    with pytest.raises(FindingRecordedAlready) as refused:
        service.record_finding(again, INSPECTOR_2)
    assert refused.value.facts["finding_id"] == found["finding_id"]


def test_of_many_who_check_one_unit_at_once_one_succeeds(
    service: Inspections, sampled: dict[str, Any], proof: list[dict[str, str]]
) -> None:
    outcomes, barrier = [], threading.Barrier(5)

    def check(number: int) -> None:
        barrier.wait()
        try:
            service.record_finding(a_finding(sampled, proof), an_actor(Role.INSPECTOR, f"inspector-{number}"))
            outcomes.append("recorded")
        except Refused as refused:
            outcomes.append(refused.code)

    threads = [threading.Thread(target=check, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["finding_recorded_already"] * 4 + ["recorded"]


def test_a_file_that_was_not_handed_in_proves_nothing(
    service: Inspections, sampled: dict[str, Any], proof: list[dict[str, str]]
) -> None:
    for wrong in ({"file_id": an_id("nowhere")}, {"sha256": "1" * 64}):
        with pytest.raises(FindingInvalid) as refused:
            service.record_finding(a_finding(sampled, [proof[0] | wrong]), INSPECTOR)
        assert refused.value.errors[0]["pointer"] == "/evidence/0"


def test_a_finding_is_mended_by_who_reports_there_and_rechecked_by_another(
    service: Inspections, found: dict[str, Any], proof: list[dict[str, str]]
) -> None:
    told = {"finding_id": found["finding_id"], "text": "已补齐", "evidence": proof}
    elsewhere = an_actor(Role.REPORTER, "reporter-130104", region="130104")
    with pytest.raises(FindingNotFound):
        service.record_rectification(told, elsewhere)
    with pytest.raises(public.InspectionsNotAllowed):
        service.record_rectification(told, DISPATCHER)
    waiting = service.record_rectification(told | {"expected_version": 1}, REPORTER)
    assert (waiting["state"], waiting["rectifications"][0]["by"]) == ("mended", "reporter-130102")
    with pytest.raises(public.InspectionsNotAllowed):
        service.recheck({"finding_id": found["finding_id"], "passed": True, "text": "属实"}, REPORTER)
    passed = service.recheck({"finding_id": found["finding_id"], "passed": True, "text": "属实"}, INSPECTOR)
    assert (passed["state"], passed["rechecks"][0]["passed"]) == ("passed", True)


def test_an_inspector_who_reported_the_mending_does_not_recheck_it(
    service: Inspections, found: dict[str, Any], proof: list[dict[str, str]]
) -> None:
    told = {"finding_id": found["finding_id"], "text": "已补齐"}
    service.record_rectification(told | {"evidence": proof}, INSPECTOR)
    with pytest.raises(RecheckByAnother):
        service.recheck(told | {"passed": True}, INSPECTOR)
    assert service.recheck(told | {"passed": True}, INSPECTOR_2)["state"] == "passed"


def test_a_change_decided_on_another_version_is_stale(
    service: Inspections, found: dict[str, Any], proof: list[dict[str, str]]
) -> None:
    stale = {"finding_id": found["finding_id"], "expected_version": 7}
    for call, command in (
        (service.record_rectification, stale | {"text": "已补齐", "evidence": proof}),
        (service.recheck, stale | {"text": "复查", "passed": True}),
        (service.order_withdrawal, stale | {"reason": "查无实据"}),
    ):
        with pytest.raises(FindingChanged):
            call(command, INSPECTOR)


def test_of_a_report_line_what_is_wrong_is_withdrawn_and_no_more(
    service: Inspections, proof: list[dict[str, str]], said: Log
) -> None:
    planned = service.plan_inspection(a_plan(target_id="4.1"), INSPECTOR)
    service.on_targets(a_sample(planned, fact="report", amount="12.5"))
    with pytest.raises(FindingInvalid):
        service.record_finding(a_finding(planned, proof, outcome="not_as_reported", amount="12.6"), INSPECTOR)
    found = service.record_finding(a_finding(planned, proof, outcome="not_as_reported", amount="2.5"), INSPECTOR)
    order = service.order_withdrawal({"finding_id": found["finding_id"], "reason": "里程不实"}, INSPECTOR)
    assert (order["fact"], order["amount"], order["effective_on"]) == ("report", "2.5", "2023-05-01")
    assert said()[-1].data["amount"] == Decimal("2.5")


def test_whose_facts_they_are_may_report_the_mending_too(
    service: Inspections, found: dict[str, Any], proof: list[dict[str, str]]
) -> None:
    bureau = an_actor(Role.CIVIL_AFFAIRS, "civil-affairs-130100", region="130100")
    told = {"finding_id": found["finding_id"], "text": "已补齐", "evidence": proof}
    with pytest.raises(public.InspectionsNotAllowed):
        service.record_rectification(told, bureau | {"scopes": ["inspections:read"]})
    mended = service.record_rectification(told, bureau | {"scopes": ["inspections:read", "matters:write"]})
    assert mended["state"] == "mended"


def test_a_withdrawal_is_ordered_answered_and_lifted_after_the_recheck(
    service: Inspections, found: dict[str, Any], proof: list[dict[str, str]], said: Log
) -> None:
    order = service.order_withdrawal({"finding_id": found["finding_id"], "reason": "查无实据"}, INSPECTOR)
    assert (order["state"], order["amount"], order["effective_on"]) == ("pending", "1", "2023-05-01")
    assert service.finding(found["finding_id"], INSPECTOR)["order_id"] == order["order_id"]
    lift = {"order_id": order["order_id"], "reason": "复查通过"}
    with pytest.raises(WithdrawalNotPossible):
        service.lift_withdrawal(lift, INSPECTOR)
    service.on_certification(an_answer(order))
    done = service.withdrawal(order["order_id"], DISPATCHER)
    assert (done["state"], done["version"]) == ("done", 2)
    with pytest.raises(WithdrawalNotPossible):
        service.lift_withdrawal(lift, INSPECTOR)
    pass_it(service, found, proof)
    with pytest.raises(WithdrawalChanged):
        service.lift_withdrawal(lift | {"expected_version": 1}, INSPECTOR)
    lifting = service.lift_withdrawal(lift | {"expected_version": 2}, INSPECTOR)
    assert (lifting["state"], lifting["order_version"]) == ("lifting", 2)
    service.on_certification(an_answer(order, version=1))
    assert service.withdrawal(order["order_id"], INSPECTOR) == lifting, "an answer to what was told before"
    service.on_certification(an_answer(lifting))
    assert service.withdrawal(order["order_id"], INSPECTOR)["state"] == "lifted"
    told = [(event.event, event.data["version"]) for event in said()[1:]]
    assert told == [(WithdrawalOrdered, 1), (WithdrawalLifted, 2)]
    assert {event.data["fact_id"] for event in said()[1:]} == {found["fact_id"]}


def test_a_refused_withdrawal_says_why_and_another_may_follow(service: Inspections, found: dict[str, Any]) -> None:
    command = {"finding_id": found["finding_id"], "reason": "查无实据"}
    order = service.order_withdrawal(command, INSPECTOR)
    with pytest.raises(WithdrawalNotPossible) as refused:
        service.order_withdrawal(command, INSPECTOR_2)
    assert refused.value.facts == {"order_id": order["order_id"]}
    service.on_certification(an_answer(order, done=False, reason="证书此前已撤销"))
    told = service.withdrawal(order["order_id"], INSPECTOR)
    assert (told["state"], told["answer"]) == ("refused", "证书此前已撤销")
    assert service.order_withdrawal(command, INSPECTOR)["order_id"] != order["order_id"]


def test_two_inspections_that_meet_at_one_certificate_withdraw_it_once(
    service: Inspections, proof: list[dict[str, str]], kept: store.Inspections
) -> None:
    orders = []
    for number in (1, 2):
        planned = service.plan_inspection(a_plan(title=f"第{number}次"), INSPECTOR)
        drawn = a_sample(planned, 1)
        drawn.data["units"][0]["fact_id"] = an_id("the same certificate")
        service.on_targets(drawn)
        finding = service.record_finding(a_finding(planned, proof), INSPECTOR)
        orders.append({"finding_id": finding["finding_id"], "reason": "查无实据"})
    service.order_withdrawal(orders[0], INSPECTOR)
    with pytest.raises(WithdrawalNotPossible):
        service.order_withdrawal(orders[1], INSPECTOR)
    assert len(service.withdrawals(INSPECTOR)["items"]) == 1


def test_dispatchers_read_and_others_see_what_lies_in_their_region(
    service: Inspections, sampled: dict[str, Any], found: dict[str, Any]
) -> None:
    order = service.order_withdrawal({"finding_id": found["finding_id"], "reason": "查无实据"}, INSPECTOR)
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


def test_the_same_command_told_twice_does_it_once_and_another_content_is_refused(
    service: Inspections, sampled: dict[str, Any], proof: list[dict[str, str]], said: Log
) -> None:
    finding = a_finding(sampled, proof, command_id="k2")
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
        first = call(command, INSPECTOR_2 if call == service.recheck else INSPECTOR)
        assert call(command, INSPECTOR_2 if call == service.recheck else INSPECTOR) == first
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


def test_a_finding_shows_its_own_files_and_no_others(
    service: Inspections, found: dict[str, Any], proof: list[dict[str, str]], settings: Config
) -> None:
    assert service.finding_file(found["finding_id"], proof[0]["file_id"], INSPECTOR) == proof[0]
    other = handed_in(settings, "别的材料")
    with pytest.raises(FindingFileNotFound):
        service.finding_file(found["finding_id"], other["file_id"], INSPECTOR)


def test_what_is_overdue_is_listed_from_the_day_after(
    service: Inspections, found: dict[str, Any], on_day: Callable[[dt.date], None]
) -> None:
    on_day(dt.date(2023, 8, 16))
    assert service.findings(INSPECTOR, overdue=True)["items"] == []
    on_day(dt.date(2023, 8, 17))
    (late,) = service.findings(INSPECTOR, overdue=True)["items"]
    assert service.findings(INSPECTOR, overdue=True, state="passed")["items"] == [late], "what is overdue is open"
    assert (late["finding_id"], late["overdue"]) == (found["finding_id"], True)


def test_the_log_can_be_read_and_says_how_far_it_was_sent(service: Inspections, kept: store.Inspections) -> None:
    service.plan_inspection(a_plan(), INSPECTOR)
    assert {"head_seq": 0, "published_seq": 0, "unpublished": 1}.items() <= service.status().items()
    kept.outbox.order(token=1)
    (item,) = service.events()["items"]
    assert (item["seq"], item["type"]) == (1, "inspections.inspection_planned")
