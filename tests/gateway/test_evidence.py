"""Documents: handed in by anybody, seen only through what names them, and by whom that is for."""

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from gateway import evidence
from runtime.config import Config
from samples.stars import all_evidence, applicant, office
from tests.gateway.stars_refused import Stage
from tests.programme import Programme

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
    application = stage.trade.apply(base, evidence=[*all_evidence("base"), named(stored)])
    for who in (applicant(base["organisation"]), PROVINCE, CITY):
        assert seen(stage, application, stored["file_id"], who).data == b"licence"
    for stranger in (applicant("another"), office("130200")):
        assert seen(stage, application, stored["file_id"], stranger).status_code == 404


def test_to_name_a_file_by_its_id_alone_shows_nothing(stage: Stage) -> None:
    stored = stage.hand_in(b"somebody else's roster")
    forged = named({"file_id": stored["file_id"], "sha256": "0" * 64})
    application = stage.trade.apply(stage.base(), evidence=[forged])
    answer = seen(stage, application, stored["file_id"], PROVINCE)
    assert (answer.status_code, answer.json["code"]) == (404, "evidence_not_found")


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
