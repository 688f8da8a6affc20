"""Every way to say no is in the catalogue, and each is provoked here as a client would provoke it."""

import dataclasses
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from contract import regions
from gateway import clients, problems, tokens
from gateway.quotas import Quotas
from runtime.config import Config
from runtime.files import Files, Stored
from runtime.mongo import client
from tests.builders import a_certificate, write_roster
from tests.gateway import (
    allocations_refused,
    bulletins_refused,
    centres_refused,
    inspections_refused,
    ledger_refused,
    matters_refused,
    reports_refused,
    rounds_refused,
    stars_refused,
)
from tests.gateway.callers import Caller, hanging
from tests.programme import Programme, until

CERTIFICATES = "/v1/certificates"
IMPORTS = "/v1/certificate-imports"
_seeds = iter(range(30_000, 40_000))


@pytest.fixture(scope="module", autouse=True)
def importing(services: Programme) -> Iterator[None]:
    services.start("certification.imports")
    yield
    services.stop("certification.imports")


@dataclass
class Scene:
    app: Flask
    settings: Config
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    anybody: Caller
    centre: Caller
    city: Caller
    services: Programme

    def issue(self) -> str:
        """The address of a new certificate."""
        answer = self.centre.post(CERTIFICATES, json=a_certificate(next(_seeds)))
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    def bearer(self, client_id: str, scope: str, **changes: Any) -> dict[str, str]:
        """A token of the demo client with other scopes than it has."""
        found = clients.Clients(self.settings).get(client_id)
        assert found is not None
        return {"Authorization": f"Bearer {tokens.sign(self.settings, found, scope, **changes)}"}

    def upload(self, content: bytes, filename: str = "a.csv", **more: Any) -> TestResponse:
        body = (
            f'--limit\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n\r\n'.encode()
            + content
            + b"\r\n--limit--\r\n"
        )
        return self.centre.post(IMPORTS, data=body, content_type="multipart/form-data; boundary=limit", **more)

    def roster(self) -> bytes:
        return write_roster(self.folder / "a.csv", [a_certificate(next(_seeds))]).read_bytes()


@pytest.fixture
def scene(
    app: Flask,
    settings: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    anybody: Caller,
    centre: Caller,
    city: Caller,
    services: Programme,
) -> Scene:
    return Scene(app, settings, tmp_path, monkeypatch, anybody, centre, city, services)


def malformed_json(scene: Scene) -> TestResponse:
    return scene.centre.post(CERTIFICATES, data=b'{"level": "5"', content_type="application/json")


def malformed_multipart(scene: Scene) -> TestResponse:
    return scene.centre.post(IMPORTS, data=b"no form", content_type="multipart/form-data; boundary=limit")


def malformed_request(scene: Scene) -> TestResponse:
    return scene.centre.post(f"{scene.issue()}/revocation", json={"reason": "试验"}, headers={"If-Match": "3"})


def token_request_invalid(scene: Scene) -> TestResponse:
    return scene.anybody.post("/oauth/token", data={"grant_type": "password"})


def client_invalid(scene: Scene) -> TestResponse:
    return scene.anybody.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=("partner", "wrong"))


def token_invalid(scene: Scene) -> TestResponse:
    return scene.anybody.get(CERTIFICATES, headers=scene.bearer("partner", "certificates:read", lifetime=-1))


def unauthenticated(scene: Scene) -> TestResponse:
    return scene.anybody.get(CERTIFICATES)


def action_not_allowed(scene: Scene) -> TestResponse:
    headers = scene.bearer("civil-affairs-130100", "certificates:write")
    return scene.anybody.post(CERTIFICATES, json=a_certificate(next(_seeds)), headers=headers)


def reveal_not_allowed(scene: Scene) -> TestResponse:
    """The gateway lets the token in, the service, asked with fewer scopes, does not."""
    rpc = scene.app.extensions["rpc"]

    class Stripping:
        def call(self, service: str, method: str, command: dict[str, Any], actor: dict[str, Any], **more: Any) -> Any:
            return rpc.call(service, method, command, {**actor, "scopes": []}, **more)

    address = scene.issue()
    scene.monkeypatch.setitem(scene.app.extensions, "rpc", Stripping())
    return scene.city.post(f"{address}/holder", json={"reason": "核对身份信息"})


def scope_missing(scene: Scene) -> TestResponse:
    return scene.city.post(CERTIFICATES, json=a_certificate(next(_seeds)))


def certificate_not_found(scene: Scene) -> TestResponse:
    return scene.centre.get(f"{CERTIFICATES}/Y000813010101230000001")


def import_not_found(scene: Scene) -> TestResponse:
    return scene.centre.get(f"{IMPORTS}/{'0' * 24}")


def import_without_result(scene: Scene) -> TestResponse:
    address = scene.upload(bytes(1000), "zeros.xlsx").headers["Location"]
    until(lambda: scene.centre.get(address).json["state"] == "failed", what="the import of zeros fails")
    return scene.centre.get(f"{address}/result.xlsx")


def path_not_found(scene: Scene) -> TestResponse:
    return scene.anybody.get("/v1/certificate")


def entries_not_found(scene: Scene) -> TestResponse:
    return Caller(scene.app, scene.settings, "reporter-130100").get("/v1/targets/12.1/entries?region=130200")


def target_not_found(scene: Scene) -> TestResponse:
    return scene.anybody.get("/v1/targets/99.9")


def method_not_allowed(scene: Scene) -> TestResponse:
    answer = scene.centre("DELETE", scene.issue())
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    return answer


def not_acceptable(scene: Scene) -> TestResponse:
    return scene.anybody.get("/v1/regions", headers={"Accept": "application/xml"})


def certificate_already_issued(scene: Scene) -> TestResponse:
    body = a_certificate(next(_seeds))
    scene.centre.post(CERTIFICATES, json=body)
    return scene.centre.post(CERTIFICATES, json=body)


def certificate_conflict(scene: Scene) -> TestResponse:
    body = a_certificate(next(_seeds))
    scene.centre.post(CERTIFICATES, json=body)
    return scene.centre.post(CERTIFICATES, json={**body, "assessor": "另一家"})


def certificate_not_revoked(scene: Scene) -> TestResponse:
    return scene.city.post(f"{scene.issue()}/reinstatement", json={"reason": "试验"})


def certificate_revoked_already(scene: Scene) -> TestResponse:
    address = scene.issue()
    scene.centre.post(f"{address}/revocation", json={"reason": "试验"})
    return scene.city.post(f"{address}/revocation", json={"reason": "试验"})


def import_not_finished(scene: Scene) -> TestResponse:
    with hanging("certification.imports"):
        address = scene.upload(scene.roster()).headers["Location"]
        return scene.centre.get(f"{address}/result.xlsx")


def request_in_progress(scene: Scene) -> TestResponse:
    """A second one comes while the first waits for a service that takes its time."""
    body, headers = a_certificate(next(_seeds)), {**scene.centre.headers, "Idempotency-Key": "both at once"}
    first: list[TestResponse] = []
    with hanging("certification"):
        ahead = threading.Thread(
            target=lambda: first.append(scene.app.test_client().post(CERTIFICATES, json=body, headers=headers))
        )
        ahead.start()
        keys = client(scene.settings.mongo_uri)[f"{scene.settings.mongo_prefix}_gateway"]["idempotency"]
        until(lambda: keys.find_one({"answer": {"$exists": False}}), what="the first has its key")
        second = scene.centre.post(CERTIFICATES, json=body, headers=headers)
    ahead.join(30)
    assert first[0].status_code == 201, first[0].text
    assert 1 <= int(second.headers["Retry-After"]) <= 5
    return second


def precondition_failed(scene: Scene) -> TestResponse:
    return scene.city.post(f"{scene.issue()}/revocation", json={"reason": "试验"}, headers={"If-Match": 'W/"1"'})


def certificate_changed(scene: Scene) -> TestResponse:
    return scene.city.post(f"{scene.issue()}/revocation", json={"reason": "试验"}, headers={"If-Match": '"7"'})


def body_too_large(scene: Scene) -> TestResponse:
    return scene.centre.post(CERTIFICATES, json={"remarks": "很" * 40_000})


def media_type_unsupported(scene: Scene) -> TestResponse:
    return scene.centre.post(CERTIFICATES, data="level=5", content_type="application/x-www-form-urlencoded")


def breakdown_unknown(scene: Scene) -> TestResponse:
    return scene.anybody.get("/v1/targets/12.1?by=sex")


def detail_not_public(scene: Scene) -> TestResponse:
    return scene.anybody.get("/v1/targets/12.1?region=130102&by=month")


def certificate_invalid(scene: Scene) -> TestResponse:
    return scene.centre.post(CERTIFICATES, json=a_certificate(next(_seeds), document_number="130102199001011234"))


def idempotency_key_reused(scene: Scene) -> TestResponse:
    headers = {"Idempotency-Key": "two bodies"}
    scene.centre.post(CERTIFICATES, json=a_certificate(next(_seeds)), headers=headers)
    return scene.centre.post(CERTIFICATES, json=a_certificate(next(_seeds)), headers=headers)


def invalid(scene: Scene) -> TestResponse:
    answer = scene.centre.post(CERTIFICATES, json={**a_certificate(next(_seeds)), "colour": "red"})
    assert [(error["pointer"], error["code"]) for error in answer.json["errors"]] == [("/colour", "unknown")]
    return answer


def nothing_to_correct(scene: Scene) -> TestResponse:
    return scene.centre.post(f"{scene.issue()}/correction", json={"reason": "试验"})


def region_ambiguous(scene: Scene) -> TestResponse:
    code = next(code for code, heirs in regions._former.items() if len(heirs) > 1)
    return scene.anybody.get(f"/v1/targets/12.1?region={code}")


def region_unknown(scene: Scene) -> TestResponse:
    return scene.anybody.get("/v1/targets/12.1?region=110000")


def roster_unreadable(scene: Scene) -> TestResponse:
    """The file is gone from the store when the service looks for it."""

    class Forgetful(Files):
        def write(self, *args: Any, **kwargs: Any) -> Stored:
            stored = super().write(*args, **kwargs)
            self.delete(stored.file_id)
            return stored

    scene.monkeypatch.setitem(scene.app.extensions, "files", Forgetful(scene.settings))
    return scene.upload(scene.roster())


def too_many_requests(scene: Scene) -> TestResponse:
    patient = clients.made("impatient", "s", role=clients.Role.PARTNER, region="130000", organisation="o", per_minute=1)
    headers = {"Authorization": f"Bearer {tokens.sign(scene.settings, patient, 'targets:read')}"}
    for _ in range(2):  # a minute may end in between
        scene.anybody.get("/v1/regions", headers=headers)
    return scene.anybody.get("/v1/regions", headers=headers)


def internal_error(scene: Scene) -> TestResponse:
    class Broken:
        def call(self, *args: Any, **kwargs: Any) -> Any:
            raise KeyError("王小明 130102199001011234")

    scene.monkeypatch.setitem(scene.app.extensions, "rpc", Broken())
    return scene.centre.post(CERTIFICATES, json=a_certificate(next(_seeds)), headers={"Idempotency-Key": "breaks"})


def temporarily_unavailable(scene: Scene) -> TestResponse:
    scene.services.stop("targets")
    try:
        return scene.anybody.get("/v1/targets/12.1")
    finally:
        scene.services.start("targets")


def outcome_unknown(scene: Scene) -> TestResponse:
    with hanging("certification"):
        return scene.centre.post(CERTIFICATES, json=a_certificate(next(_seeds)))


def limited(scene: Scene, **limits: int) -> Scene:
    """The gateway with other limits on uploads."""
    uploads = dataclasses.replace(scene.settings.uploads, **limits)
    settings = dataclasses.replace(scene.settings, uploads=uploads)
    scene.monkeypatch.setitem(scene.app.extensions, "quotas", Quotas(settings, scene.app.extensions["files"]))
    return scene


def upload_quota_reached(scene: Scene) -> TestResponse:
    return limited(scene, organisation_files=0).upload(scene.roster())


def storage_full(scene: Scene) -> TestResponse:
    address = scene.issue()
    refused = limited(scene, free_megabytes=2**40).upload(scene.roster())
    assert scene.centre.get(address).status_code == 200, "what is there can be read all the same"
    assert scene.issue(), "and what brings no file goes on"
    return refused


PROVOKE: dict[str, tuple[int, Callable[[Scene], TestResponse]]] = {
    "malformed_json": (400, malformed_json),
    "malformed_multipart": (400, malformed_multipart),
    "malformed_request": (400, malformed_request),
    "token_request_invalid": (400, token_request_invalid),
    "client_invalid": (401, client_invalid),
    "token_invalid": (401, token_invalid),
    "unauthenticated": (401, unauthenticated),
    "action_not_allowed": (403, action_not_allowed),
    "detail_not_public": (403, detail_not_public),
    "reveal_not_allowed": (403, reveal_not_allowed),
    "scope_missing": (403, scope_missing),
    "certificate_not_found": (404, certificate_not_found),
    "import_not_found": (404, import_not_found),
    "import_without_result": (404, import_without_result),
    "path_not_found": (404, path_not_found),
    "entries_not_found": (404, entries_not_found),
    "target_not_found": (404, target_not_found),
    "method_not_allowed": (405, method_not_allowed),
    "not_acceptable": (406, not_acceptable),
    "certificate_already_issued": (409, certificate_already_issued),
    "certificate_conflict": (409, certificate_conflict),
    "certificate_not_revoked": (409, certificate_not_revoked),
    "certificate_revoked_already": (409, certificate_revoked_already),
    "import_not_finished": (409, import_not_finished),
    "request_in_progress": (409, request_in_progress),
    "precondition_failed": (412, precondition_failed),
    "certificate_changed": (412, certificate_changed),
    "body_too_large": (413, body_too_large),
    "media_type_unsupported": (415, media_type_unsupported),
    "breakdown_unknown": (422, breakdown_unknown),
    "certificate_invalid": (422, certificate_invalid),
    "idempotency_key_reused": (422, idempotency_key_reused),
    "invalid": (422, invalid),
    "nothing_to_correct": (422, nothing_to_correct),
    "region_ambiguous": (422, region_ambiguous),
    "region_unknown": (422, region_unknown),
    "roster_unreadable": (422, roster_unreadable),
    "too_many_requests": (429, too_many_requests),
    "upload_quota_reached": (429, upload_quota_reached),
    "internal_error": (500, internal_error),
    "temporarily_unavailable": (503, temporarily_unavailable),
    "outcome_unknown": (504, outcome_unknown),
    "storage_full": (507, storage_full),
    **allocations_refused.PROVOKE,
    **bulletins_refused.PROVOKE,
    **stars_refused.PROVOKE,
    **centres_refused.PROVOKE,
    **inspections_refused.PROVOKE,
    **ledger_refused.PROVOKE,
    **matters_refused.PROVOKE,
    **reports_refused.PROVOKE,
    **rounds_refused.PROVOKE,
}


OF_THE_SERVER = {"address_too_long": 414, "headers_too_large": 431}  # test_server.py provokes them

# Until the window, the day or the lease ends.
_WAIT_SAID_BY_ITSELF = ("too_many_requests", "upload_quota_reached", "request_in_progress")


def test_the_catalogue_is_closed_and_each_type_of_it_is_provoked_here() -> None:
    listed = {code: kind.status for code, kind in problems.catalogue().items()}
    assert listed == {code: status for code, (status, _) in PROVOKE.items()} | OF_THE_SERVER, (
        "a refusal was added or removed: provoke it in PROVOKE"
    )


def test_every_problem_of_the_gateways_own_is_transient_or_final_for_a_reason() -> None:
    before_any_key = {
        *("malformed_json", "malformed_multipart", "malformed_request", "token_request_invalid", "path_not_found"),
        *("method_not_allowed", "not_acceptable", "precondition_failed", "body_too_large", "media_type_unsupported"),
        *("idempotency_key_reused", *OF_THE_SERVER),
    }
    own = {code: kind for code, kind in problems.catalogue().items() if issubclass(kind, problems.Problem)}
    assert {code for code, kind in own.items() if not kind.transient} == before_any_key


@pytest.mark.parametrize("code", PROVOKE)
def test_the_problem_is_told_as_rfc_9457_has_it(scene: Scene, code: str) -> None:
    status, provoke = PROVOKE[code]
    answer = provoke(scene)
    told = answer.json
    assert (answer.status_code, told["code"]) == (status, code), answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert (told["type"], told["status"]) == (f"/problems/{code}", status)
    assert told["title"]
    assert told["detail"] != told["detail_en"]
    assert told["detail"].isascii() is False, "the Chinese detail is not Chinese"
    assert told["detail_en"], "there is no English detail"
    assert told["instance"].startswith("/")
    assert told["correlation_id"] == answer.headers["X-Request-Id"]
    assert ("errors" in told) or status != 422
    for error in told.get("errors", []):
        assert error.keys() >= {"pointer", "code", "detail", "detail_en"}
        assert error["pointer"].startswith("/")
    assert ("WWW-Authenticate" in answer.headers) == (status == 401 or code == "scope_missing")
    kind = problems.catalogue()[code]
    assert ("Retry-After" in answer.headers) == (kind.retry_after is not None or code in _WAIT_SAID_BY_ITSELF)
    assert "Traceback" not in answer.text


def test_a_type_leads_to_what_it_means(anybody: Caller) -> None:
    page = anybody.get("/docs").text
    for code in problems.catalogue():
        led = anybody.get(f"/problems/{code}")
        assert (led.status_code, led.headers["Location"]) == (302, f"/docs#problem-{code}")
        assert f'id="problem-{code}"' in page
    assert anybody.get("/problems/unheard_of").status_code == 404


def test_an_internal_error_says_nothing_of_what_was_sent(
    scene: Scene, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = internal_error(scene)
    output = capsys.readouterr()
    for said in (answer.text, output.out, output.err, caplog.text):
        assert "130102199001011234" not in said
        assert "王小明" not in said
    assert answer.json["correlation_id"]


def test_an_internal_error_is_not_kept_under_the_key(scene: Scene) -> None:
    body = a_certificate(next(_seeds))
    headers = {"Idempotency-Key": "breaks once"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(scene.app.extensions, "rpc", None)
        assert scene.centre.post(CERTIFICATES, json=body, headers=headers).status_code == 500
    assert scene.centre.post(CERTIFICATES, json=body, headers=headers).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        '{"level": "5"}'.encode("utf-16"),
        b'{"level": NaN}',
        b'{"level": "5", "level": "4"}',
        b'{"level": "\\ud800"}',
        b"[" * 20_000,
        b'{"a":' * 10_000,
        b'{"n": ' + b"9" * 5000 + b"}",
        b"{} {}",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_not_plain_json_is_a_400(centre: Caller, body: bytes) -> None:
    refused = centre.post(CERTIFICATES, data=body, content_type="application/json")
    assert (refused.status_code, refused.json["code"]) == (400, "malformed_json"), refused.text


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"5"])
def test_json_that_is_no_object_is_a_422(centre: Caller, body: bytes) -> None:
    refused = centre.post(CERTIFICATES, data=body, content_type="application/json; charset=utf-8")
    assert (refused.status_code, refused.json["code"]) == (422, "invalid"), refused.text


def test_an_unknown_query_parameter_is_refused_on_every_route(centre: Caller, app: Flask, scene: Scene) -> None:
    address = scene.issue()
    for path in ("/v1/regions", "/v1/targets", address, f"{IMPORTS}/{'0' * 24}", "/openapi.json"):
        refused = centre.get(f"{path}?unheard_of=1")
        assert [error["pointer"] for error in refused.json["errors"]] == ["/query/unheard_of"], path
