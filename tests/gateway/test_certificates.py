"""Certificates through the door: who may do what, what is told, and what two who edit at once are told."""

import json
from typing import Any

import pytest

from tests.builders import a_certificate, a_person
from tests.gateway.callers import Caller, hanging
from tests.gateway.test_reports import handed_in

pytestmark = pytest.mark.usefixtures("services")

URL = "/v1/certificates"
_seeds = iter(range(1000, 2000))


def fresh(**changes: Any) -> dict[str, Any]:
    return a_certificate(next(_seeds), **changes)


def issue(caller: Caller, **changes: Any) -> dict[str, Any]:
    answer = caller.post(URL, json=fresh(**changes))
    assert answer.status_code == 201, answer.text
    return answer.json


def address(certificate: dict[str, Any], what: str = "") -> str:
    return f"{URL}/{certificate['certificate_number']}{what}"


def test_a_certificate_is_issued_and_read_back(centre: Caller) -> None:
    body = fresh()
    issued = centre.post(URL, json=body)
    assert issued.status_code == 201, issued.text
    assert issued.headers["Location"] == f"{URL}/{body['certificate_number']}"
    assert issued.headers["ETag"] == '"1"'
    read = centre.get(issued.headers["Location"])
    assert read.json == issued.json
    assert read.headers["ETag"] == '"1"'
    assert read.headers["Cache-Control"] == "private, no-cache"


def test_nobody_is_shown_in_full(centre: Caller) -> None:
    body = fresh(phone="13800138000")
    answers = [centre.post(URL, json=body), centre.get(f"{URL}/{body['certificate_number']}"), centre.get(URL)]
    for answer in answers:
        assert body["holder_name"] not in answer.text
        assert body["document_number"] not in answer.text
        assert "13800138000" not in answer.text


def test_an_unchanged_certificate_is_not_sent_again(centre: Caller) -> None:
    certificate = issue(centre)
    again = centre.get(address(certificate), headers={"If-None-Match": '"1"'})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == '"1"'
    assert centre.get(address(certificate), headers={"If-None-Match": '"2"'}).status_code == 200


def test_the_same_key_gets_the_first_answer_and_one_certificate(centre: Caller) -> None:
    body, key = fresh(), {"Idempotency-Key": "post-once"}
    first = centre.post(URL, json=body, headers=key)
    reordered = json.dumps(dict(reversed(body.items())), indent=2)
    second = centre.post(URL, data=reordered, content_type="application/json", headers=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json == first.json
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Location"] == first.headers["Location"]
    other = centre.post(URL, json=fresh(), headers=key)
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")


def test_without_a_key_the_number_itself_keeps_it_from_being_issued_twice(centre: Caller) -> None:
    body = fresh()
    centre.post(URL, json=body)
    again = centre.post(URL, json=body)
    assert (again.status_code, again.json["code"]) == (409, "certificate_already_issued")
    other = centre.post(URL, json={**body, "assessor": "另一家评价机构"})
    assert (other.status_code, other.json["code"]) == (409, "certificate_conflict")


def test_a_refusal_names_field_and_reason_in_both_languages(centre: Caller) -> None:
    refused = centre.post(URL, json=fresh(document_number="13010219900101123"))
    assert (refused.status_code, refused.content_type) == (422, "application/problem+json")
    (error,) = refused.json["errors"]
    assert error["pointer"] == "/document_number"
    assert error["detail"] != error["detail_en"]
    assert "13010219900101123" not in refused.text


def test_who_may_only_read_may_not_write(inspector: Caller, province: Caller, partner: Caller) -> None:
    for caller in (inspector, province, partner):
        refused = caller.post(URL, json=fresh())
        assert (refused.status_code, refused.json["code"]) == (403, "scope_missing")
    assert partner.get(URL).status_code == 403


def test_what_one_may_not_see_is_not_there(
    centre: Caller, other_centre: Caller, city: Caller, province: Caller
) -> None:
    mine = issue(centre)
    theirs = issue(other_centre, region="130202")
    assert other_centre.get(address(mine)).status_code == 404
    assert centre.get(address(theirs)).status_code == 404
    assert other_centre.post(address(mine, "/revocation"), json={"reason": "不是我的"}).status_code == 404
    assert city.get(address(mine)).status_code == 200, "石家庄 sees its own"
    assert city.get(address(theirs)).status_code == 404, "石家庄 does not see 唐山"
    assert province.get(address(theirs)).status_code == 200
    seen = {certificate["certificate_number"] for certificate in city.get(f"{URL}?limit=500").json["items"]}
    assert mine["certificate_number"] in seen
    assert theirs["certificate_number"] not in seen
    unknown = centre.get(f"{URL}/Y000813010101230000001")
    assert unknown.json["code"] == centre.get(address(theirs)).json["code"] == "certificate_not_found"


def test_a_list_is_paged_by_opaque_cursors(centre: Caller, other_centre: Caller) -> None:
    issued = [issue(centre)["certificate_number"] for _ in range(5)]
    path, listed = f"{URL}?limit=2", []
    page = centre.get(path).json
    while True:
        assert len(page["items"]) <= 2
        listed += [certificate["certificate_number"] for certificate in page["items"]]
        if page["next"] is None:
            break
        assert page["items"][-1]["certificate_id"] not in page["next"]
        page = centre.get(f"{path}&after={page['next']}").json
    assert len(listed) == len(set(listed))
    assert set(issued) <= set(listed)
    stolen = centre.get(f"{URL}?limit=1").json["next"]
    person = issue(centre)["holder"]["person_key"]
    for path in (f"/v1/people/{person}/certificates?after={stolen}", f"{URL}?after={stolen[:-1]}", f"{URL}?after=x"):
        refused = centre.get(path)
        assert refused.status_code == 422
        assert [error["pointer"] for error in refused.json["errors"]] == ["/query/after"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/query/limit"),
        ("limit=501", "/query/limit"),
        ("limit=ten", "/query/limit"),
        ("limit=1.5", "/query/limit"),
        ("limit=１", "/query/limit"),
        ("limit=" + "9" * 5000, "/query/limit"),
        ("status=gone", "/query/status"),
        ("region=13", "/query/region"),
        ("regoin=130100", "/query/regoin"),
        ("limit=1&limit=2", "/query/limit"),
        ("import_id=1", "/query/import_id"),
    ],
)
def test_a_query_with_errors_is_refused_naming_them(centre: Caller, query: str, pointer: str) -> None:
    refused = centre.get(f"{URL}?{query}")
    assert refused.status_code == 422, refused.text
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]


def test_lists_are_filtered(centre: Caller, province: Caller) -> None:
    chosen = issue(centre, region="130105")
    assert centre.post(address(chosen, "/revocation"), json={"reason": "查无此人"}).status_code == 200
    found = province.get(f"{URL}?region=130105&status=revoked").json["items"]
    assert [certificate["certificate_number"] for certificate in found] == [chosen["certificate_number"]]


def test_a_persons_certificates_are_found_by_the_opaque_key(centre: Caller, other_centre: Caller) -> None:
    person = a_person(424242)
    first = issue(centre, person=person)
    second = issue(centre, person=person, level="4")
    key = first["holder"]["person_key"]
    assert second["holder"]["person_key"] == key
    numbers = [found["certificate_number"] for found in centre.get(f"/v1/people/{key}/certificates").json["items"]]
    assert sorted(numbers) == sorted([first["certificate_number"], second["certificate_number"]])
    assert other_centre.get(f"/v1/people/{key}/certificates").json == {"items": [], "next": None}
    assert centre.get("/v1/people/130102199001011234/certificates").status_code == 404, "an ID number is no key"


def test_a_correction_answers_with_the_new_version_and_address(centre: Caller) -> None:
    certificate = issue(centre)
    corrected = centre.post(
        address(certificate, "/correction"), json={"reason": "录入有误", "assessor": "河北另一评价机构"}
    )
    assert corrected.status_code == 200, corrected.text
    assert corrected.headers["ETag"] == '"2"'
    assert corrected.headers["Content-Location"] == address(certificate)
    assert corrected.json["assessor"] == "河北另一评价机构"


def test_of_two_who_correct_at_once_the_second_is_told(centre: Caller) -> None:
    certificate = issue(centre)
    headers = {"If-Match": centre.get(address(certificate)).headers["ETag"]}
    body = {"reason": "录入有误", "assessor": "甲"}
    assert centre.post(address(certificate, "/correction"), json=body, headers=headers).status_code == 200
    late = centre.post(address(certificate, "/correction"), json={**body, "assessor": "乙"}, headers=headers)
    assert (late.status_code, late.json["code"]) == (412, "certificate_changed")
    assert centre.get(address(certificate)).json["assessor"] == "甲"


@pytest.mark.parametrize(("tag", "status"), [("*", 200), ('W/"1"', 412), ('"v1"', 412), ('"0"', 412), ('"1"', 200)])
def test_if_match_means_what_the_rfc_says(centre: Caller, tag: str, status: int) -> None:
    certificate = issue(centre)
    answer = centre.post(address(certificate, "/revocation"), json={"reason": "试验"}, headers={"If-Match": tag})
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("tag", ["", "1", '"1", "2"', '"1'])
def test_if_match_that_is_no_single_tag_is_refused(centre: Caller, tag: str) -> None:
    certificate = issue(centre)
    refused = centre.post(address(certificate, "/revocation"), json={"reason": "试验"}, headers={"If-Match": tag})
    assert (refused.status_code, refused.json["code"]) == (400, "malformed_request")


def test_an_edit_under_the_same_key_is_made_once(centre: Caller) -> None:
    certificate = issue(centre)
    headers = {"Idempotency-Key": "revoke-1", "If-Match": '"1"'}
    first = centre.post(address(certificate, "/revocation"), json={"reason": "查无此人"}, headers=headers)
    second = centre.post(address(certificate, "/revocation"), json={"reason": "查无此人"}, headers=headers)
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json == first.json
    assert second.headers["ETag"] == '"2"'


def test_revoked_and_reinstated_by_whom_it_behoves(centre: Caller, city: Caller) -> None:
    certificate = issue(centre)
    assert city.post(address(certificate, "/revocation"), json={"reason": "抽查不合格"}).status_code == 422
    paper = handed_in(city)
    revoked = city.post(address(certificate, "/revocation"), json={"reason": "抽查不合格", "evidence": [paper]})
    assert (revoked.status_code, revoked.json["status"]) == (200, "revoked")
    again = city.post(address(certificate, "/revocation"), json={"reason": "抽查不合格"})
    assert (again.status_code, again.json["code"]) == (409, "certificate_revoked_already")
    assert centre.post(address(certificate, "/reinstatement"), json={"reason": "误撤"}).status_code == 403
    assert city.get(address(certificate, f"/evidence/{paper['file_id']}")).status_code == 200
    back = city.post(address(certificate, "/reinstatement"), json={"reason": "误撤", "evidence": [handed_in(city)]})
    assert (back.status_code, back.json["status"], back.headers["ETag"]) == (200, "valid", '"3"')
    assert city.post(address(certificate, "/reinstatement"), json={"reason": "误撤"}).status_code == 409
    assert [change["reason"] for change in back.json["history"]][1:] == ["抽查不合格", "误撤"]


def test_a_reason_is_always_needed(city: Caller, centre: Caller) -> None:
    certificate = issue(centre)
    for what in ("/revocation", "/reinstatement", "/correction", "/holder"):
        refused = city.post(address(certificate, what), json={})
        assert refused.status_code == 422, (what, refused.text)
        assert "/reason" in [error["pointer"] for error in refused.json["errors"]]


def test_what_the_path_says_the_body_may_not(centre: Caller) -> None:
    certificate = issue(centre)
    for name in ("certificate_number", "expected_version", "command_id"):
        refused = centre.post(address(certificate, "/revocation"), json={"reason": "试验", name: "1"})
        assert [(error["pointer"], error["code"]) for error in refused.json["errors"]] == [(f"/{name}", "unknown")]


def test_a_verification_is_recorded(centre: Caller, city: Caller) -> None:
    certificate = issue(centre)
    verified = city.post(address(certificate, "/verification"), json={"outcome": "核验通过"})
    assert (verified.status_code, verified.json["verification"]) == (200, "核验通过")
    unknown = city.post(address(certificate, "/verification"), json={"outcome": "大概可以"})
    assert unknown.json["errors"][0]["code"] == "choice"
    assert centre.post(address(certificate, "/verification"), json={"outcome": "核验通过"}).status_code == 403


def test_a_holder_is_revealed_to_whom_it_is_allowed_and_kept_nowhere(
    centre: Caller, city: Caller, province: Caller
) -> None:
    body = fresh()
    certificate = centre.post(URL, json=body).json
    for caller in (city, province):
        revealed = caller.post(
            address(certificate, "/holder"), json={"reason": "核对身份信息"}, headers={"Idempotency-Key": "reveal"}
        )
        assert revealed.status_code == 200, revealed.text
        assert revealed.json["document_number"] == body["document_number"]
        assert revealed.headers["Cache-Control"] == "no-store"
        assert "Idempotent-Replayed" not in revealed.headers
    assert centre.post(address(certificate, "/holder"), json={"reason": "核对身份信息"}).status_code == 403


@pytest.mark.parametrize("number", ["张三", "a b", "Y" * 31, "130102199001011234%00", "..", "%2e%2e%2f"])
def test_what_can_be_no_number_is_not_there(centre: Caller, number: str) -> None:
    assert centre.get(f"{URL}/{number}").status_code == 404


def test_a_service_that_hangs_leaves_the_outcome_unknown_and_the_same_key_works_afterwards(centre: Caller) -> None:
    body, key = fresh(), {"Idempotency-Key": "while it hung"}
    with hanging("certification"):
        away = centre.post(URL, json=body, headers=key)
    assert (away.status_code, away.json["code"]) == (504, "outcome_unknown")
    assert "same Idempotency-Key" in away.json["detail_en"]
    assert int(away.headers["Retry-After"]) > 0
    again = centre.post(URL, json=body, headers=key)
    assert again.status_code == 201, again.text
    assert "Idempotent-Replayed" not in again.headers, "an unknown outcome was stored"


def test_faults_of_form_and_of_content_are_named_in_one_answer(centre: Caller) -> None:
    body = a_certificate(987, issued_on="2023-05-01") | {
        "document_number": "130102199001011234",  # its check digit is wrong
        "level": "九级",
        "remarks": 7,
        "colour": "red",
    }
    del body["assessor"]
    refused = centre.post("/v1/certificates", json=body)
    assert (refused.status_code, refused.json["code"]) == (422, "invalid")
    assert {error["pointer"] for error in refused.json["errors"]} == {
        *("/assessor", "/remarks", "/colour"),  # of form
        *("/document_number", "/level"),  # of content
    }
    again = centre.post("/v1/certificates", json=a_certificate(987) | {"remarks": 7})
    assert [error["pointer"] for error in again.json["errors"]] == ["/remarks"], "what is right is not at fault"
