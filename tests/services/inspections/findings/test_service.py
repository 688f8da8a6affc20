import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest

from contract import inspections as public
from contract.errors import Refused
from contract.findings import (
    FindingChanged,
    FindingFileNotFound,
    FindingInvalid,
    FindingNotFound,
    FindingRecordedAlready,
    RecheckByAnother,
)
from contract.words import Role
from runtime.config import Config
from services.inspections.service import Inspections
from tests.services.inspections.builders import (
    DISPATCHER,
    INSPECTOR,
    INSPECTOR_2,
    REPORTER,
    a_plan,
    an_actor,
    an_id,
    handed_in,
    pass_it,
    what_was_found,
)


def test_before_its_sample_is_drawn_nothing_can_be_found(service: Inspections, proof: list[dict[str, str]]) -> None:
    planned = service.plan_inspection(a_plan(), INSPECTOR)
    with pytest.raises(public.SampleUnitNotFound):
        service.record_finding(what_was_found(planned, proof), INSPECTOR)


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
            service.record_finding(what_was_found(sampled, proof), an_actor(Role.INSPECTOR, f"inspector-{number}"))
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
            service.record_finding(what_was_found(sampled, [proof[0] | wrong]), INSPECTOR)
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


def test_whose_facts_they_are_may_report_the_mending_too(
    service: Inspections, found: dict[str, Any], proof: list[dict[str, str]]
) -> None:
    bureau = an_actor(Role.CIVIL_AFFAIRS, "civil-affairs-130100", region="130100")
    told = {"finding_id": found["finding_id"], "text": "已补齐", "evidence": proof}
    with pytest.raises(public.InspectionsNotAllowed):
        service.record_rectification(told, bureau | {"scopes": ["inspections:read"]})
    mended = service.record_rectification(told, bureau | {"scopes": ["inspections:read", "matters:write"]})
    assert mended["state"] == "mended"


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
