"""Documents: handed in by anybody, seen only through what names them, and by whom that is for."""

import dataclasses
import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from gateway import evidence
from gateway.quotas import Quotas
from gateway.sweeper import Sweeper
from runtime import mongo
from runtime.config import Config
from runtime.files import FileMissing, Files
from samples.stars import applicant, office
from tests.gateway.callers import Caller
from tests.gateway.matters_refused import Register
from tests.gateway.stars import RefusedByDoor
from tests.gateway.stars_refused import Stage
from tests.gateway.test_reports import handed_in
from tests.programme import Programme
from tests.services.reports.builders import a_report

PROVINCE, CITY = office("130000"), office("130100")


@pytest.fixture
def stage(app: Flask, settings: Config, services: Programme) -> Stage:
    return Stage(SimpleNamespace(app=app, settings=settings))


def seen(stage: Stage, application: dict[str, Any], file_id: str, who: dict[str, Any]) -> TestResponse:
    return stage.door.ask("GET", f"/v1/applications/{application['application_id']}/evidence/{file_id}", who)


def named(stored: dict[str, str]) -> dict[str, Any]:
    return {"kind": "other", "title": "其他材料", **stored}


def test_a_document_is_seen_by_whom_the_application_is_for(stage: Stage) -> None:
    base = stage.base()
    stored = stage.hand_in(b"licence", applicant(base["organisation"]))
    application = stage.trade.apply(base, evidence=[*stage.trade.all_evidence("base"), named(stored)])
    for who in (applicant(base["organisation"]), PROVINCE, CITY):
        assert seen(stage, application, stored["file_id"], who).data == b"licence"
    for stranger in (applicant("another"), office("130200")):
        assert seen(stage, application, stored["file_id"], stranger).status_code == 404


def test_to_name_a_file_by_its_id_alone_is_refused(stage: Stage) -> None:
    stored = stage.hand_in(b"somebody else's roster")
    forged = named({"file_id": stored["file_id"], "sha256": "0" * 64})
    with pytest.raises(RefusedByDoor) as refused:
        stage.trade.apply(stage.base(), evidence=[forged])
    assert [error["pointer"] for error in refused.value.answer.json["errors"]] == ["/evidence/0/file_id"]


def expiry(settings: Config, file_id: str) -> Any:
    found = mongo.database(settings, "files")["files"].find_one({"_id": file_id})
    assert found is not None
    return found.get("expires_at")


def test_a_document_goes_in_time_unless_a_record_names_it_which_then_keeps_it(
    app: Flask, stage: Stage, settings: Config
) -> None:
    at = dt.datetime.now(dt.UTC)
    base = stage.base()
    own = applicant(base["organisation"])
    unnamed, anonymous = stage.hand_in(b"never named", own), stage.hand_in(b"by anybody")
    assert dt.timedelta(days=29) < expiry(settings, unnamed["file_id"]) - at < dt.timedelta(days=31)
    assert dt.timedelta(hours=47) < expiry(settings, anonymous["file_id"]) - at < dt.timedelta(hours=49)

    applied, objected = (stage.hand_in(content, own) for content in (b"licence", b"photo"))
    application = stage.on_notice(base=base, evidence=[*stage.trade.all_evidence("base"), named(applied)])
    stage.trade.object(application, evidence=[named(objected)])

    reporter = Caller(app, settings, "reporter-130102")
    filed = handed_in(reporter)
    assert reporter.post("/v1/reports", json=a_report([filed], period="2023-02")).status_code == 201
    register = Register(SimpleNamespace(app=app, settings=settings))
    where, receipt = register.where(), handed_in(register.housing)
    asked = register.housing.post(f"{where}/settlement-request", json={"text": "已解决", "evidence": [receipt]})
    assert asked.status_code == 200, asked.text

    for kept in (applied, objected, filed, receipt):
        assert expiry(settings, kept["file_id"]) is None, "a document that a record names would be deleted"
    later = Sweeper(settings, Files(settings), now=lambda: at + dt.timedelta(days=40))
    assert later.look() >= 2
    assert b"".join(Files(settings).read(applied["file_id"])) == b"licence"
    for gone in (unnamed, anonymous):
        with pytest.raises(FileMissing):
            Files(settings).describe(gone["file_id"])
    other = Stage(SimpleNamespace(app=app, settings=settings))
    with pytest.raises(RefusedByDoor, match="hand it in again"):
        other.trade.apply(other.base(), evidence=[named(unnamed)])


def test_one_address_uploads_so_much_a_day_and_another_address_as_much(
    app: Flask, settings: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    tight = dataclasses.replace(settings.uploads, anonymous_files=2, all_anonymous_megabytes=1)
    quotas = Quotas(dataclasses.replace(settings, uploads=tight), Files(settings))
    monkeypatch.setitem(app.extensions, "quotas", quotas)

    def upload(address: str, size: int = 10) -> int:
        body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n' + b"x" * size
        how = {"data": body + b"\r\n--x--\r\n", "content_type": "multipart/form-data; boundary=x"}
        answer = app.test_client().post("/v1/evidence", environ_base={"REMOTE_ADDR": address}, **how)
        return answer.status_code

    assert [upload("198.51.100.7") for _ in range(3)] == [201, 201, 429]
    assert [upload("2001:db8:1::1"), upload("2001:db8:1::2"), upload("2001:db8:1::3")] == [201, 201, 429]
    assert upload("203.0.113.9", size=2**20) == 429, "all addresses together"
    assert [upload("203.0.113.9") for _ in range(3)] == [201, 201, 429], "what was refused does not count"


def test_what_an_objection_brought_is_for_the_inquiry_alone(stage: Stage) -> None:
    application = stage.on_notice()
    stored = stage.hand_in(b"photo")
    stage.trade.object(application, evidence=[named(stored)])
    assert seen(stage, application, stored["file_id"], PROVINCE).data == b"photo"
    for who in (CITY, applicant(application["organisation"])):
        assert seen(stage, application, stored["file_id"], who).status_code == 404


def test_who_has_no_token_hands_in_less(stage: Stage) -> None:
    large = {"data": b"x" * (evidence.ANONYMOUS_LIMIT + 1), "content_type": "multipart/form-data; boundary=limit"}
    assert stage.door.ask("POST", "/v1/evidence", **large).status_code == 413
