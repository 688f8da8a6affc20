"""The description is true: OpenAPI 3.1, with every route, and generated requests find no answer that it lacks."""

import itertools
import json
import re
from types import SimpleNamespace
from typing import Any

import hypothesis
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway import clients, problems, scopes, tokens
from runtime.config import Config
from tests.builders import a_certificate
from tests.gateway.callers import CENTRE, CITY, Caller
from tests.gateway.matters_refused import Register
from tests.gateway.stars_refused import Stage
from tests.services.reports.builders import a_report, hand_in

_counties = iter(("130102", "130104"))  # one for each time that requests are generated
_HIDDEN = {"/", "/static/<path:filename>", "/openapi.json", "/docs", "/problems/<code>"}  # the description's own pages


@pytest.fixture(scope="module")
def spec(app: Flask) -> dict[str, Any]:
    answer = app.test_client().get("/openapi.json")
    assert answer.status_code == 200
    return answer.json


def operations(spec: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, item in spec["paths"].items()
        for method, operation in item.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]


def test_every_route_is_described_and_nothing_else(app: Flask, spec: dict[str, Any]) -> None:
    routes = {
        (method.lower(), re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.rule not in _HIDDEN and method not in ("HEAD", "OPTIONS")
    }
    assert routes == {(method, path) for method, path, _ in operations(spec)}


def test_it_is_openapi_3_1_and_every_reference_leads_somewhere(spec: dict[str, Any]) -> None:
    assert spec["openapi"] == "3.1.0"
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(spec)):
        found: Any = spec
        for step in reference.split("/"):
            found = found[step]


def test_every_operation_says_what_it_does_who_may_and_what_goes_wrong(spec: dict[str, Any]) -> None:
    named = {*problems.catalogue()} - {"method_not_allowed"}  # there is no such operation
    told = set()
    for method, path, operation in operations(spec):
        assert "·" in operation["summary"], f"{method} {path}: a summary in Chinese and English"
        assert operation["security"], f"{method} {path}: say who may, or that it is public"
        for alternative in operation["security"]:
            assert set(alternative.get("oauth2", [])) <= set(scopes.MEANS)
        for status, response in operation["responses"].items():
            if int(status) >= 400 and path not in ("/readyz",):
                assert set(response["content"]) == {"application/problem+json"}, f"{method} {path} {status}"
                told |= set(re.findall(r"`(\w+)`", response["description"]))
    assert told == named, "a problem that no operation documents, or one that is not in the catalogue"


def test_posts_that_change_something_take_an_idempotency_key(spec: dict[str, Any]) -> None:
    without = {
        path
        for method, path, operation in operations(spec)
        if method == "post"
        and "Idempotency-Key" not in [parameter["name"] for parameter in operation.get("parameters", [])]
    }
    assert without == {
        "/oauth/token",
        "/v1/certificates/{certificate_number}/holder",  # what is revealed is kept nowhere
        "/v1/bases/{base_id}/representative",
        "/v1/fusao/{person_key}/person",
        "/v1/applications/{application_id}/objections/{objection_id}/statement",
        "/v1/evidence",  # the same document again is another copy, of the same digest
        "/v1/notices/{application_id}/objections",  # by anybody: there is no caller whose key it would be
        "/v1/objections/{objection_id}/status",
        "/v1/objections/{objection_id}/appeal",
    }


def test_bodies_show_no_field_that_the_gateway_fills_in(spec: dict[str, Any]) -> None:
    for name in ("IssueCertificate", "CorrectCertificate", "RevokeCertificate", "RecallImport", "RevealHolder"):
        schema = spec["components"]["schemas"][name]
        assert not {"command_id", "expected_version", "import_id"} & set(schema["properties"]), name
        assert schema["additionalProperties"] is False, name


def test_every_field_says_what_it_means_in_both_languages(spec: dict[str, Any]) -> None:
    silent = [
        f"{name}.{field}"
        for name, schema in spec["components"]["schemas"].items()
        for field, shape in schema["properties"].items()
        if "$ref" not in shape and "·" not in shape.get("description", "")
    ]
    assert not silent, "say it in gateway/glossary.py, or in the field's metadata"


@pytest.mark.usefixtures("services")
def test_the_example_can_be_posted_as_it_stands(spec: dict[str, Any], centre: Caller) -> None:
    example = spec["paths"]["/v1/certificates"]["post"]["requestBody"]["content"]["application/json"]["example"]
    issued = centre.post("/v1/certificates", json=example)
    assert issued.status_code == 201, issued.text


def test_the_pages_need_no_network_and_no_script(anybody: Caller) -> None:
    page = anybody.get("/docs")
    assert page.status_code == 200
    assert page.content_type == "text/html; charset=utf-8"
    assert "<script" not in page.text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page.text)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    (style,) = re.findall(r'rel="stylesheet" href="([^"]+)"', page.text)
    with anybody.get(style) as sheet:
        assert sheet.status_code == 200
    targets = set(re.findall(r'href="#([^"]+)"', page.text))
    anchors = set(re.findall(r'id="([^"]+)"', page.text))
    assert targets <= anchors, f"links that lead nowhere: {sorted(targets - anchors)}"


def test_the_description_is_not_sent_twice(anybody: Caller) -> None:
    for path in ("/openapi.json", "/docs"):
        first = anybody.get(path)
        again = anybody.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


@pytest.mark.usefixtures("services")
def test_generated_requests_get_documented_answers_and_no_5xx(app: Flask, settings: Config, centre: Caller) -> None:
    """As clients with every scope there is, so that nothing ends at the door; half of the time on what exists."""
    known = [clients.Clients(settings).get(client_id) for client_id in (CENTRE, CITY)]
    tokens_of = [tokens.sign(settings, client, " ".join(scopes.MEANS)) for client in known if client is not None]
    assert len(tokens_of) == 2
    description = schemathesis.openapi.from_wsgi("/openapi.json", app)
    tried, seeds = set(), itertools.count(70_000)
    starred, reported = _starred(app, settings), _reported(app, settings)
    registered = _registered(app, settings)
    for found in description.get_all_operations():
        operation = found.ok()
        issued = centre.post("/v1/certificates", json=a_certificate(next(seeds)))
        assert issued.status_code == 201, issued.text
        existing = {
            "certificate_number": issued.json["certificate_number"],
            "person_key": issued.json["holder"]["person_key"],
            "target_id": "12.1",
            "import_id": _imported(centre),
            "report_id": reported,
            **registered,
            **starred,
        }
        for token in tokens_of:
            _try(operation, {"Authorization": f"Bearer {token}"}, existing)
        tried.add((operation.method, operation.path))
    assert len(tried) == len(operations(description.raw_schema))


def _starred(app: Flask, settings: Config) -> dict[str, str]:
    stage = Stage(SimpleNamespace(app=app, settings=settings))
    award_id = stage.awarded()
    stage.trade.set_time(None)
    stored = stage.hand_in(b"document")
    base = stage.trade.base(stage.number + 1_000)
    more = {"kind": "other", "title": "其他", **stored}
    application = stage.on_notice(base=base, evidence=[*stage.trade.all_evidence("base"), more])
    objection = stage.trade.object(application)
    return {
        "award_id": award_id,
        "base_id": application["subject_key"],
        "application_id": application["application_id"],
        "objection_id": objection["objection_id"],
        "file_id": stored["file_id"],
    }


def _registered(app: Flask, settings: Config) -> dict[str, str]:
    register = Register(SimpleNamespace(app=app, settings=settings))
    made = {"matter_id": register.where(), "greenway_id": register.greenway(), "hint_id": register.hint()}
    return {name: where.rpartition("/")[2] for name, where in made.items()}


def _reported(app: Flask, settings: Config) -> str:
    line = a_report([hand_in(settings)], region=next(_counties))
    answer = Caller(app, settings, "reporter-130100").post("/v1/reports", json=line)
    assert answer.status_code == 201, answer.text
    return str(answer.json["report_id"])


def _imported(centre: Caller) -> str:
    body = b'--limit\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nx\r\n--limit--\r\n'
    answer = centre.post("/v1/certificate-imports", data=body, content_type="multipart/form-data; boundary=limit")
    return str(answer.json["import_id"])


def _try(operation: Any, headers: dict[str, str], existing: dict[str, str]) -> None:
    @hypothesis.settings(
        max_examples=4,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(), exists=st.booleans())
    def ask(case: Case, exists: bool) -> None:
        if exists and case.path_parameters:
            case.path_parameters = {name: existing.get(name, made) for name, made in case.path_parameters.items()}
        # In this process nothing unpacks an answer: one that grew past what is sent as it is could not be read.
        answer = case.call(headers=headers | {"Accept-Encoding": "identity"})
        case.validate_response(
            answer,
            checks=[
                not_a_server_error,
                status_code_conformance,
                content_type_conformance,
                response_headers_conformance,
                response_schema_conformance,
            ],
        )

    ask()
