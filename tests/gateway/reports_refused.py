"""Every refusal of reports, provoked as a client would provoke it. Each has a county of its own."""

import io
import itertools
from collections.abc import Callable
from typing import Any, Protocol

import xlsxwriter
from flask import Flask
from werkzeug.test import TestResponse

from contract import regions
from runtime import mongo
from runtime.config import Config
from tests.gateway.callers import Caller
from tests.services.reports.builders import a_report, hand_in

REPORTS, IMPORTS = "/v1/reports", "/v1/report-imports"
NOBODY = "0" * 24
_counties = itertools.cycle(county.code for county in regions.counties())


class Scene(Protocol):
    app: Flask
    settings: Config


def form(rows: list[list[str]]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, cells in enumerate(rows):
        sheet.write_row(number, 0, cells)
    book.close()
    return out.getvalue()


class Desk:
    """Reporters and reviewers, with a county of its own for one refusal."""

    def __init__(self, scene: Any) -> None:
        self.settings: Config = scene.settings
        self.county = next(_counties)
        self.unit = regions.get(self.county).path[1]
        self.reporter, self.reviewer, self.housing, self.small = (
            Caller(scene.app, scene.settings, name)
            for name in (f"reporter-{self.unit}", f"report-reviewer-{self.unit}", "housing-reporter", "reporter-130102")
        )
        self.bearer = scene.bearer
        self.anybody = scene.anybody
        self.app = scene.app
        self.monkeypatch = scene.monkeypatch
        self.proof = [hand_in(scene.settings)]

    def file(self, caller: Caller | None = None, **changes: Any) -> TestResponse:
        more = {"headers": changes.pop("headers")} if "headers" in changes else {}
        body = a_report(self.proof, **{"region": self.county, **changes})
        return (caller or self.reporter).post(REPORTS, json=body, **more)

    def decide(self, filed: TestResponse, decision: str = "accept", **more: Any) -> TestResponse:
        return self.reviewer.post(f"{filed.headers['Location']}/decision", json={"decision": decision}, **more)

    def accept(self, **changes: Any) -> TestResponse:
        filed = self.file(**changes)
        assert filed.status_code == 201, filed.text
        return self.decide(filed)

    def hand_back(self, content: bytes) -> TestResponse:
        body = (
            b'--limit\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n'
            + content
            + b"\r\n--limit--\r\n"
        )
        return self.reporter.post(IMPORTS, data=body, content_type="multipart/form-data; boundary=limit")


def reports_not_allowed(desk: Desk) -> TestResponse:
    """The gateway lets the token in, the service, asked with fewer scopes, does not."""
    rpc = desk.app.extensions["rpc"]

    class Stripping:
        def call(self, service: str, method: str, command: Any, actor: dict[str, Any], **more: Any) -> Any:
            return rpc.call(service, method, command, {**actor, "scopes": []}, **more)

    desk.monkeypatch.setitem(desk.app.extensions, "rpc", Stripping())
    return desk.file()


def report_region_not_yours(desk: Desk) -> TestResponse:
    return desk.file(desk.small, region="130202")


def department_not_yours(desk: Desk) -> TestResponse:
    return desk.file(desk.housing, target_id="4.1")


def reporter_reviews_own(desk: Desk) -> TestResponse:
    filed = desk.file()
    headers = desk.bearer(f"reporter-{desk.unit}", "reports:write reports:review")
    return desk.anybody.post(f"{filed.headers['Location']}/decision", json={"decision": "accept"}, headers=headers)


def report_not_found(desk: Desk) -> TestResponse:
    return desk.reporter.get(f"{REPORTS}/{NOBODY}")


def report_evidence_not_found(desk: Desk) -> TestResponse:
    return desk.reporter.get(f"{desk.file().headers['Location']}/evidence/{NOBODY}")


def report_import_not_found(desk: Desk) -> TestResponse:
    return desk.reporter.get(f"{IMPORTS}/{NOBODY}/result.xlsx")


def report_unchanged(desk: Desk) -> TestResponse:
    desk.file()
    return desk.file()


def report_already_decided(desk: Desk) -> TestResponse:
    filed = desk.file()
    desk.decide(filed)
    return desk.decide(filed)


def report_changed(desk: Desk) -> TestResponse:
    return desk.decide(desk.file(), headers={"If-Match": '"7"'})


def report_invalid(desk: Desk) -> TestResponse:
    return desk.file(cumulative="1.5")


def figure_below_earlier(desk: Desk) -> TestResponse:
    desk.accept()
    return desk.file(period="2023-04", cumulative="9")


def figure_above_later(desk: Desk) -> TestResponse:
    desk.accept(period="2023-04")
    return desk.file(period="2023-03", cumulative="11")


def figure_below_deducted(desk: Desk) -> TestResponse:
    """As it is once an inspection's order has been done."""
    report = desk.accept().json
    mongo.database(desk.settings, "reports")["deductions"].insert_one(
        {"_id": report["report_id"], "order_id": report["report_id"], "region": desk.county}
        | {"report_id": report["report_id"], "amount": "4"}
    )
    return desk.file(cumulative="3", reason="更正")


def part_above_whole(desk: Desk) -> TestResponse:
    return desk.file(target_id="4.2")


def baseline_missing(desk: Desk) -> TestResponse:
    return desk.file(target_id="8.2")


def indicator_not_reported(desk: Desk) -> TestResponse:
    return desk.file(target_id="12.1")


def sum_not_reported(desk: Desk) -> TestResponse:
    return desk.file(target_id="14.2")


def reporting_level_wrong(desk: Desk) -> TestResponse:
    return desk.file(desk.housing, region="130000")


def period_not_reportable(desk: Desk) -> TestResponse:
    return desk.file(period="2024-01")


def report_workbook_unreadable(desk: Desk) -> TestResponse:
    return desk.hand_back(form([["姓名"], ["甲"]]))


_STATUS: dict[int, tuple[Callable[[Desk], TestResponse], ...]] = {
    403: (reports_not_allowed, report_region_not_yours, department_not_yours, reporter_reviews_own),
    404: (report_not_found, report_evidence_not_found, report_import_not_found),
    409: (report_unchanged, report_already_decided),
    412: (report_changed,),
    422: (
        *(report_invalid, figure_below_earlier, figure_above_later, figure_below_deducted, part_above_whole),
        *(baseline_missing, indicator_not_reported, sum_not_reported, reporting_level_wrong),
        *(period_not_reportable, report_workbook_unreadable),
    ),
}


def _provoke(act: Callable[[Desk], TestResponse]) -> Callable[[Any], TestResponse]:
    return lambda scene: act(Desk(scene))


PROVOKE = {act.__name__: (status, _provoke(act)) for status, acts in _STATUS.items() for act in acts}
