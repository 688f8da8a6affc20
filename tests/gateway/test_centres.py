"""Centres and filings through the door, and what a filing means for the next certificate."""

from collections.abc import Iterator

import pytest

from tests.builders import a_certificate
from tests.gateway.callers import Caller
from tests.programme import Programme, until
from tests.services.training.builders import a_centre, a_code, a_filing

pytestmark = pytest.mark.usefixtures("services")


@pytest.fixture(scope="module")
def telling(services: Programme) -> Iterator[Programme]:
    services.start("training.relay")
    yield services
    services.stop("training.relay")


def test_a_centre_is_registered_read_and_closed(province: Caller, city: Caller) -> None:
    registered = province.post("/v1/centres", json=a_centre(1))
    assert registered.status_code == 201, registered.text
    address = registered.headers["Location"]
    assert address == f"/v1/centres/{a_code(1)}"
    read = city.get(address)
    assert (read.status_code, read.json) == (200, registered.json)
    assert city.get(address, headers={"If-None-Match": read.headers["ETag"]}).status_code == 304
    closed = province.post(
        f"{address}/closure", json={"reason": "停止办学"}, headers={"If-Match": read.headers["ETag"]}
    )
    assert (closed.status_code, closed.json["status"], closed.headers["ETag"]) == (200, "closed", '"2"')


def test_the_same_key_registers_once_and_another_body_under_it_is_refused(province: Caller) -> None:
    key = {"Idempotency-Key": "centre-2"}
    first = province.post("/v1/centres", json=a_centre(2), headers=key)
    again = province.post("/v1/centres", json=a_centre(2), headers=key)
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert province.post("/v1/centres", json=a_centre(3), headers=key).json["code"] == "idempotency_key_reused"


def test_a_code_that_fails_the_check_is_refused_by_its_field_and_taken_with_a_reason(province: Caller) -> None:
    wrong = a_code(4)[:-1] + ("0" if a_code(4)[-1] != "0" else "1")
    refused = province.post("/v1/centres", json=a_centre(4, credit_code=wrong))
    assert (refused.status_code, refused.content_type) == (422, "application/problem+json")
    assert [(error["pointer"], error["code"]) for error in refused.json["errors"]] == [("/credit_code", "credit_code")]
    taken = province.post("/v1/centres", json=a_centre(4, credit_code=wrong, credit_code_reason="登记机关已书面确认"))
    assert (taken.status_code, taken.json["credit_code_reason"]) == (201, "登记机关已书面确认")


def test_lists_page_through_what_one_may_see(province: Caller, city: Caller) -> None:
    for number, region in ((5, "130102"), (6, "130202"), (7, "130104")):
        assert province.post("/v1/centres", json=a_centre(number, region=region)).status_code == 201
    seen, after = [], {}
    while True:
        page = city.get("/v1/centres", query_string={"limit": 1, **after}).json
        seen += [each["credit_code"] for each in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert {a_code(5), a_code(7)} <= set(seen)
    assert a_code(6) not in seen
    assert city.get(f"/v1/centres/{a_code(6)}").json["code"] == "centre_not_found"
    assert len(seen) == len(set(seen))


def test_only_the_province_keeps_filings_and_a_centre_has_no_such_scope(city: Caller, centre: Caller) -> None:
    assert city.post("/v1/assessors", json=a_filing(8)).json["code"] == "centres_not_allowed"
    assert centre.post("/v1/assessors", json=a_filing(8)).json["code"] == "scope_missing"
    assert centre.get("/v1/centres").json["code"] == "scope_missing"


@pytest.mark.parametrize("path", ["/v1/centres/12345", "/v1/assessors/9113010000000001X!", "/v1/centres/%20"])
def test_what_cannot_be_a_code_is_nowhere(province: Caller, path: str) -> None:
    assert province.get(path).json["code"] == "path_not_found"


def test_once_filed_the_next_certificate_of_that_body_must_bear_its_prefix(
    province: Caller, centre: Caller, telling: Programme
) -> None:
    name = "石家庄示例评价中心"
    filed = province.post("/v1/assessors", json=a_filing(9, name=name, number_prefix="Y123413000001"))
    assert filed.status_code == 201, filed.text
    assert province.get(filed.headers["Location"]).json == filed.json
    assert province.get("/v1/assessors", query_string={"name": name}).json["items"] == [filed.json]
    seeds = iter(range(60_000, 61_000))

    def refused() -> bool:
        return centre.post("/v1/certificates", json=a_certificate(next(seeds), assessor=name)).status_code == 422

    until(refused, seconds=20, what="certification has heard of the filing")
    answer = centre.post("/v1/certificates", json=a_certificate(next(seeds), assessor=name))
    assert answer.json["code"] == "certificate_invalid"
    assert [(error["pointer"], error["code"]) for error in answer.json["errors"]] == [
        ("/certificate_number", "assessor_contradicts_number")
    ]
    right = a_certificate(next(seeds), assessor=name, certificate_number="Y123413000001235000001")
    assert centre.post("/v1/certificates", json=right).status_code == 201
