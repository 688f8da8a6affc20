"""Reports through the door: two people, a form, and the evidence."""

import io
from typing import Any

import pytest
import python_calamine
from flask import Flask
from werkzeug.test import TestResponse

from runtime.config import Config
from tests.gateway.callers import Caller
from tests.gateway.reports_refused import IMPORTS, REPORTS, form
from tests.services.reports.builders import PDF, a_report

pytestmark = pytest.mark.usefixtures("services")


@pytest.fixture
def reporter(app: Flask, settings: Config) -> Caller:
    return Caller(app, settings, "reporter-130102")


@pytest.fixture
def reviewer(app: Flask, settings: Config) -> Caller:
    return Caller(app, settings, "report-reviewer-130100")


@pytest.fixture
def housing(app: Flask, settings: Config) -> Caller:
    return Caller(app, settings, "housing-reviewer")


def upload(caller: Caller, path: str, content: bytes, filename: str, **more: Any) -> TestResponse:
    data = {"file": (io.BytesIO(content), filename)}
    return caller.post(path, data=data, content_type="multipart/form-data", **more)


def handed_in(caller: Caller, content: bytes = PDF) -> dict[str, str]:
    stored = upload(caller, "/v1/evidence", content, "验收单.pdf").json
    return {"file_id": stored["file_id"], "sha256": stored["sha256"], "title": "竣工验收单"}


def test_filed_by_one_and_accepted_by_another(reporter: Caller, reviewer: Caller, housing: Caller) -> None:
    proof = handed_in(reporter)
    filed = reporter.post(REPORTS, json=a_report([proof], period="2023-01"))
    assert filed.status_code == 201, filed.text
    address = filed.headers["Location"]
    assert (address, filed.headers["ETag"]) == (f"{REPORTS}/{filed.json['report_id']}", '"1"')
    read = reviewer.get(address)
    assert (read.json, read.headers["ETag"]) == (filed.json, '"1"')
    stale = reviewer.post(f"{address}/decision", json={"decision": "accept"}, headers={"If-Match": '"2"'})
    assert (stale.status_code, stale.json["code"], stale.json["version"]) == (412, "report_changed", 1)
    done = reviewer.post(f"{address}/decision", json={"decision": "accept"}, headers={"If-Match": '"1"'})
    assert (done.status_code, done.json["figure"], done.headers["ETag"]) == (200, "10", '"2"')
    assert [step["event"] for step in done.json["history"]] == ["filed", "accepted"]
    assert reporter.post(f"{address}/decision", json={"decision": "accept"}).json["code"] == "scope_missing"

    seen = housing.get(f"{address}/evidence/{proof['file_id']}")
    assert (seen.data, seen.headers["Content-Disposition"]) == (PDF, f'attachment; filename="{proof["file_id"]}.pdf"')


def test_the_same_key_files_once(reporter: Caller) -> None:
    body, key = a_report([handed_in(reporter)], target_id="5.1"), {"Idempotency-Key": "report-1"}
    first, again = (reporter.post(REPORTS, json=body, headers=key) for _ in range(2))
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"


def test_another_departments_line_does_not_exist_for_one(reporter: Caller, housing: Caller) -> None:
    road = reporter.post(REPORTS, json=a_report([handed_in(reporter)], target_id="4.1"))
    assert housing.get(road.headers["Location"]).json["code"] == "report_not_found"
    assert "4.1" not in {line["target_id"] for line in housing.get(REPORTS).json["items"]}


def test_lists_are_filtered_and_paged(reporter: Caller, reviewer: Caller) -> None:
    proof = [handed_in(reporter)]
    for month in ("2023-01", "2023-02", "2023-03"):
        filed = reporter.post(REPORTS, json=a_report(proof, target_id="5.2", period=month))
        assert filed.status_code == 201, filed.text
    asked: dict[str, Any] = {"target_id": "5.2", "region": "130102", "status": "filed", "limit": 2}
    first = reviewer.get(REPORTS, query_string=asked).json
    rest = reviewer.get(REPORTS, query_string={**asked, "after": first["next"]}).json
    assert [line["period"] for line in first["items"] + rest["items"]] == ["2023-01", "2023-02", "2023-03"]
    assert rest["next"] is None
    assert (
        reviewer.get(REPORTS, query_string={"target_id": "5.2", "period": "2023-02"}).json["items"][0]["unit"] == "个"
    )


def test_a_form_is_downloaded_filled_handed_back_and_annotated(reporter: Caller, reviewer: Caller) -> None:
    answer = reporter.get("/v1/report-template.xlsx", query_string={"region": "130102", "period": "2023-05"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="report-130102-2023-05.xlsx"'
    rows = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    proof = handed_in(reporter)
    for row in rows[1:]:
        if row[0] in ("13.1", "13.2"):
            row[rows[0].index("累计完成")] = {"13.1": "2", "13.2": "二十"}[row[0]]
            row[rows[0].index("佐证材料")] = f"{proof['file_id']}:{proof['sha256']}"
    key = {"Idempotency-Key": "form-1"}
    content = form(rows)
    done = upload(reporter, IMPORTS, content, "填报表.xlsx", headers=key)
    assert (done.status_code, done.json["filed"], done.json["refused"]) == (201, 1, 1), done.text
    again = upload(reporter, IMPORTS, content, "填报表.xlsx", headers=key)
    assert (again.json, again.headers["Idempotent-Replayed"]) == (done.json, "true")
    address = done.headers["Location"]
    read = reporter.get(address)
    assert (read.json, reporter.get(address, headers={"If-None-Match": read.headers["ETag"]}).status_code) == (
        done.json,
        304,
    )
    result = reporter.get(f"{address}/result.xlsx")
    header, *shown = (
        python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(result.data)).get_sheet_by_index(0).to_python()
    )
    assert {row[0]: row[header.index("结果")] for row in shown if row[header.index("结果")]} == {
        "13.1": "已填报",
        "13.2": "退回",
    }
    assert reviewer.get(address).json["code"] == "scope_missing"


def test_a_dry_run_is_not_to_be_had_here(reporter: Caller) -> None:
    data = {"file": (io.BytesIO(form([["指标编号"]])), "a.xlsx"), "dry_run": "true"}
    refused = reporter.post(IMPORTS, data=data, content_type="multipart/form-data")
    assert [error["pointer"] for error in refused.json["errors"]] == ["/form/dry_run"]


def test_the_dispatcher_may_review_too(app: Flask, settings: Config, reporter: Caller) -> None:
    filed = reporter.post(REPORTS, json=a_report([handed_in(reporter)], target_id="15.1"))
    dispatcher = Caller(app, settings, "dispatcher")
    command = {"decision": "return", "reason": "请附分类明细"}
    done = dispatcher.post(f"{filed.headers['Location']}/decision", json=command)
    assert (done.status_code, done.json["status"], done.json["review_reason"]) == (200, "returned", "请附分类明细")
