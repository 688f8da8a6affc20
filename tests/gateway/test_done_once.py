"""A command is carried out once, whatever becomes of the service that does it: without an Idempotency-Key too."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from runtime import mongo
from runtime.config import Config
from tests.builders import a_certificate
from tests.gateway.callers import CENTRE, CITY, Caller
from tests.gateway.reports_refused import form
from tests.programme import Programme
from tests.services.inspections.registers import a_matter

DYING = "--package=tests.gateway.dying+certification+inspections+reports"
METHODS = ("register_matter", "import_reports", "reveal_holder", "issue_certificate")


@pytest.fixture
def dying(module_space: dict[str, str], tmp_path: Path) -> Iterator[Programme]:
    graves = {"DIES_AFTER": " ".join(METHODS), "DIED_OF": str(tmp_path)}
    programme = Programme({**module_space, **graves}, tmp_path)
    programme.start(DYING)
    try:
        yield programme
    finally:
        programme.stop_all()


@pytest.fixture
def patient(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits until the service is there again, however slow this machine is."""
    rpc = app.extensions["rpc"]

    class Patient:
        def call(self, *args: Any, timeout: float, **kwargs: Any) -> Any:
            return rpc.call(*args, timeout=max(timeout, 60), **kwargs)

    monkeypatch.setitem(app.extensions, "rpc", Patient())


def while_it_dies(dying: Programme, post: Callable[[], TestResponse]) -> TestResponse:
    """The answer to who asked a service that died over it and was started again."""
    answers: list[TestResponse] = []
    asking = threading.Thread(target=lambda: answers.append(post()))
    asking.start()
    dying.await_death(DYING)
    dying.start(DYING)
    asking.join(70)
    return answers[0]


@pytest.mark.usefixtures("patient")
def test_a_command_without_a_key_is_carried_out_once_though_its_service_dies_before_it_answers(
    app: Flask, settings: Config, dying: Programme
) -> None:
    reporter, centre, city = (Caller(app, settings, name) for name in ("reporter-130102", CENTRE, CITY))

    matter = a_matter(region="130102", owner="省住房城乡建设厅", due_on="2099-12-31")
    made = while_it_dies(dying, lambda: reporter.post("/v1/matters", json=matter))
    assert made.status_code == 201, made.text
    assert _count(settings, "inspections", "matters") == 1

    filled = form([["指标编号", "行政区划", "期别", "累计完成", "工作状态", "佐证材料"]])
    upload = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n' + filled + b"\r\n--x--\r\n"
    )
    multipart = "multipart/form-data; boundary=x"
    made = while_it_dies(dying, lambda: reporter.post("/v1/report-imports", data=upload, content_type=multipart))
    assert made.status_code == 201, made.text
    assert _count(settings, "reports", "imports") == 1

    made = while_it_dies(dying, lambda: centre.post("/v1/certificates", json=a_certificate(77_001)))
    assert made.status_code == 201, made.text

    seen = while_it_dies(
        dying, lambda: city.post(f"{made.headers['Location']}/holder", json={"reason": "核对持证人身份"})
    )
    assert seen.status_code == 200, seen.text
    assert _count(settings, "certification", "reveals") == 1, "one look is recorded as two"


def _count(settings: Config, service: str, collection: str) -> int:
    return mongo.database(settings, service)[collection].count_documents({})
