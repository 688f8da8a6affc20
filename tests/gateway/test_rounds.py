"""Rounds and bulletins as a client meets them: opened, reminded, closed, locked, issued and downloaded."""

import datetime as dt
import io
from collections.abc import Iterator

import pytest
from docx import Document
from flask import Flask

from deploy import fonts
from runtime.config import Config
from tests.gateway.callers import Caller
from tests.gateway.rounds_refused import SOON
from tests.programme import Programme, until

PROCESSES = (
    "reports+targets",
    "certification.relay+housekeeping.relay+reports.relay+targets.relay+targets.counting+targets.desk",
)


@pytest.fixture(scope="module")
def programme(module_space: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programme]:
    """Only what a round passes through."""
    fonts.ensure()
    running = Programme(module_space, tmp_path_factory.mktemp("programme"))
    try:
        running.start(*PROCESSES)
        yield running
    finally:
        running.stop_all()


@pytest.fixture
def dispatcher(app: Flask, settings: Config) -> Caller:
    return Caller(app, settings, "dispatcher")


@pytest.fixture
def second(app: Flask, settings: Config) -> Caller:
    return Caller(app, settings, "dispatcher-2")


@pytest.fixture
def third(app: Flask, settings: Config) -> Caller:
    return Caller(app, settings, "dispatcher-3")


def test_a_round_from_its_opening_to_its_bulletin(
    programme: Programme,
    dispatcher: Caller,
    second: Caller,
    third: Caller,
    city: Caller,
    inspector: Caller,
) -> None:
    mistaken = dispatcher.post("/v1/rounds", json={"period": "2023-10", "due_on": f"{SOON}"})
    cancelled = dispatcher.post(f"{mistaken.headers['Location']}/cancellation", json={"reason": "日期填错"})
    assert (cancelled.status_code, cancelled.json["cancelled_because"]) == (200, "日期填错")
    assert (cancelled.json["tally"]["expected"], cancelled.json["outstanding"]) == (0, [])
    opened = dispatcher.post("/v1/rounds", json={"period": "2023-10", "due_on": f"{SOON}"})
    assert (opened.status_code, opened.json["number"], opened.json["tally"]["filed"]) == (201, 2, 0)
    address = opened.headers["Location"]

    stale = {"If-Match": opened.headers["ETag"]}
    later = {"due_on": f"{SOON + dt.timedelta(days=2)}", "reason": "延期两日"}
    amended = dispatcher.post(f"{address}/amendments", json=later, headers=stale)
    assert (amended.status_code, amended.json["due_on"]) == (200, later["due_on"])
    (before,) = amended.json["amendments"]
    assert (before["due_on"], before["by"], before["reason"]) == (f"{SOON}", "dispatcher", "延期两日")
    assert dispatcher.post(f"{address}/cancellation", json={"reason": "期别选错"}, headers=stale).status_code == 412

    reminded = dispatcher.post(f"{address}/reminders", json={}, headers={"If-Match": amended.headers["ETag"]})
    assert reminded.status_code == 201, reminded.text
    assert reminded.json["reminders"][0]["missing"] == opened.json["tally"]["expected"]
    listed = dispatcher.get(reminded.headers["Location"]).json["outstanding"]
    assert sum(len(one["missing"]) for one in listed) == opened.json["tally"]["expected"]

    of_unit = inspector.get(f"{address}?unit=133100&department=省交通运输厅").json
    assert [unit["region"] for unit in of_unit["units"]] == ["133100"]
    assert of_unit["tally"]["missing"] == 6
    assert city.get(address).json["code"] == "scope_missing"

    closed = dispatcher.post(f"{address}/closure", json={"reason": "各地均已填报"})
    assert (closed.status_code, closed.json["closed_early_because"]) == (200, "各地均已填报")
    locked = until(lambda: inspector.get(address).json["snapshot"], seconds=120, what="the round shows its snapshot")
    snapshot = inspector.get(f"/v1/snapshots/{locked['snapshot_id']}").json
    assert (snapshot["digest"], snapshot["verified"]) == (locked["digest"], True)
    assert {source["service"] for source in snapshot["sources"]} == {"certification", "housekeeping", "reports"}

    asked = dispatcher.post(
        "/v1/bulletins", json={"round_id": closed.json["round_id"]}, headers={"Idempotency-Key": "first"}
    )
    assert asked.status_code == 202, asked.text
    bulletin = asked.headers["Location"]
    state = lambda: dispatcher.get(bulletin).json["state"]  # noqa: E731
    until(lambda: state() == "draft", seconds=120, what="the bulletin is drafted")
    assert inspector.get(bulletin).json["code"] == "bulletin_not_found"
    for wrong in ("reviews", "issuance"):
        body = {"decision": "pass"} if wrong == "reviews" else {}
        assert dispatcher.post(f"{bulletin}/{wrong}", json=body).status_code in (403, 409)
    tag = dispatcher.get(bulletin).headers["ETag"]
    reviewed = second.post(f"{bulletin}/reviews", json={"decision": "pass"}, headers={"If-Match": tag})
    assert (reviewed.status_code, reviewed.json["state"]) == (200, "reviewed")
    assert second.post(f"{bulletin}/issuance", json={}).json["code"] == "bulletin_needs_another"
    signed = third.post(f"{bulletin}/issuance", json={}, headers={"If-Match": reviewed.headers["ETag"]})
    assert signed.status_code == 202, signed.text
    until(lambda: state() == "done", seconds=120, what="the bulletin is issued")
    found = inspector.get(bulletin).json
    assert (found["code"], found["percent"], len(found["content"]["lines"])) == ("民生工程通报〔2023〕第1期", 100, 37)
    document = inspector.get(f"{bulletin}/document.docx")
    assert document.content_length == found["files"]["document"]["size"]
    assert found["code"] in "\n".join(one.text for one in Document(io.BytesIO(document.data)).paragraphs)
    workbook = inspector.get(f"{bulletin}/workbook.xlsx")
    assert workbook.data.startswith(b"PK")
    assert [one["number"] for one in inspector.get("/v1/bulletins").json["items"]] == [1]
    again = dispatcher.post("/v1/rounds", json={"period": "2023-10", "due_on": f"{SOON}"})
    assert again.json["code"] == "period_already_closed"
