"""Inspections as clients meet them: who may, what is answered, and how it goes on."""

from typing import Any

import pytest
from flask import Flask

from runtime.config import Config
from services.inspections.service import Inspections
from tests.gateway.callers import Caller
from tests.programme import Programme, until
from tests.services.inspections.builders import a_plan, a_sample, an_answer, handed_in

pytestmark = pytest.mark.usefixtures("services")


@pytest.fixture
def other(app: Flask, settings: Config) -> Caller:
    return Caller(app, settings, "inspector-2")


@pytest.fixture
def dispatcher(app: Flask, settings: Config) -> Caller:
    return Caller(app, settings, "dispatcher")


@pytest.fixture
def heard(settings: Config) -> Inspections:
    """Hears in the others' stead: that they really say it is tests/journeys' to show."""
    found = Inspections()
    found.settings = settings  # type: ignore[assignment]
    return found


@pytest.fixture
def sampled(inspector: Caller, heard: Inspections) -> str:
    """The address of an inspection whose sample is drawn."""
    planned = inspector.post("/v1/inspections", json=a_plan(command_id=None))
    assert planned.status_code == 201, planned.text
    heard.on_targets(a_sample(planned.json))
    return planned.headers["Location"]


def a_finding(settings: Config, **changes: Any) -> dict[str, Any]:
    proof = [handed_in(settings)]
    return {"unit": 1, "outcome": "not_found", "text": "现场未找到证书原件", "evidence": proof} | changes


def test_an_inspection_is_planned_once_for_a_key_and_read_by_whom_it_concerns(
    inspector: Caller, dispatcher: Caller, partner: Caller
) -> None:
    headers = {"Idempotency-Key": "plan 1"}
    planned = inspector.post("/v1/inspections", json=a_plan(), headers=headers)
    again = inspector.post("/v1/inspections", json=a_plan(), headers=headers)
    assert (again.json, again.headers["Idempotent-Replayed"]) == (planned.json, "true")
    address = planned.headers["Location"]
    assert dispatcher.get(address).json == planned.json
    assert partner.get(address).status_code == 403
    assert dispatcher.post("/v1/inspections", json=a_plan()).json["code"] == "scope_missing"
    tag = dispatcher.get(address).headers["ETag"]
    assert dispatcher.get(address, headers={"If-None-Match": tag}).status_code == 304


def test_the_sample_is_listed_page_by_page(inspector: Caller, sampled: str) -> None:
    first = inspector.get(f"{sampled}/units?limit=2").json
    rest = inspector.get(f"{sampled}/units?limit=2&after={first['next']}").json
    assert [unit["number"] for unit in first["items"] + rest["items"]] == [1, 2, 3]
    assert rest["next"] is None


def test_a_finding_goes_its_way_to_a_passed_recheck_with_its_versions(
    inspector: Caller, other: Caller, sampled: str, settings: Config
) -> None:
    found = inspector.post(f"{sampled}/findings", json=a_finding(settings))
    address = found.headers["Location"]
    assert (found.status_code, found.headers["ETag"]) == (201, '"1"')
    mended = inspector.post(
        f"{address}/rectification",
        json={"text": "已补齐", "evidence": [handed_in(settings)]},
        headers={"If-Match": '"1"'},
    )
    assert (mended.json["state"], mended.headers["ETag"]) == ("mended", '"2"')
    passed = other.post(f"{address}/recheck", json={"passed": True, "text": "属实"}, headers={"If-Match": '"2"'})
    assert (passed.json["state"], passed.json["version"]) == ("passed", 3)
    assert inspector.get(address).json == passed.json
    assert inspector.get(sampled).json["outcomes"]["not_found"] == 1


def test_a_document_is_read_by_who_sees_its_finding(
    inspector: Caller, dispatcher: Caller, partner: Caller, sampled: str, settings: Config
) -> None:
    body = a_finding(settings)
    address = inspector.post(f"{sampled}/findings", json=body).headers["Location"]
    where = f"{address}/evidence/{body['evidence'][0]['file_id']}"
    assert dispatcher.get(where).data == "现场核查记录".encode()
    assert partner.get(where).status_code == 403


def test_a_withdrawal_tells_what_its_owner_answered(
    inspector: Caller, other: Caller, sampled: str, settings: Config, heard: Inspections
) -> None:
    address = inspector.post(f"{sampled}/findings", json=a_finding(settings)).headers["Location"]
    ordered = other.post(f"{address}/withdrawal", json={"reason": "查无实据"})
    assert (ordered.status_code, ordered.json["state"]) == (201, "pending")
    where = ordered.headers["Location"]
    heard.on_certification(an_answer(ordered.json))
    assert inspector.get(where).json["state"] == "done"
    inspector.post(f"{address}/rectification", json={"text": "已补齐", "evidence": [handed_in(settings)]})
    other.post(f"{address}/recheck", json={"passed": True, "text": "属实"})
    lifting = other.post(f"{where}/lifting", json={"reason": "复查通过"}, headers={"If-Match": '"2"'})
    assert (lifting.json["state"], lifting.headers["ETag"]) == ("lifting", '"3"')
    listed = inspector.get(f"/v1/withdrawals?inspection_id={ordered.json['inspection_id']}").json["items"]
    assert [each["order_id"] for each in listed] == [ordered.json["order_id"]]


def test_what_is_overdue_is_listed_and_its_orders_are_printed(
    inspector: Caller, dispatcher: Caller, sampled: str, settings: Config, heard: Inspections, services: Programme
) -> None:
    address = inspector.post(f"{sampled}/findings", json=a_finding(settings, unit=2)).headers["Location"]
    finding = inspector.get(address).json
    services.start("inspections.clock")
    try:
        year = int(finding["due_on"][:4]) + 1
        heard.set_time(f"{year}-01-15T04:00:00+00:00")
        overdue = inspector.get(f"/v1/findings?state=overdue&inspection_id={finding['inspection_id']}").json["items"]
        assert [each["finding_id"] for each in overdue] == [finding["finding_id"]]
        query = f"/v1/supervision-orders?finding_id={finding['finding_id']}"
        (order,) = until(lambda: dispatcher.get(query).json["items"], what="the order is issued")
        read = dispatcher.get(f"/v1/supervision-orders/{order['supervision_id']}")
        assert read.json["lines"][0] == "蓝色督查单"
        document = dispatcher.get(f"/v1/supervision-orders/{order['supervision_id']}/document.docx")
        assert document.headers["Content-Disposition"] == (
            f'attachment; filename="supervision-{order["supervision_id"]}.docx"'
        )
        assert document.data.startswith(b"PK")
        assert dispatcher.get(f"{query}&colour=红").json["items"] == []
    finally:
        heard.set_time(None)
        services.stop("inspections.clock")
