"""Progress reports (填报): filed by departments and regions, accepted by a second person; templates and workbooks."""

import hashlib

from flask import current_app, url_for
from flask_smorest import Blueprint
from werkzeug import Response

from contract import fields
from contract import reports as public
from contract.errors import CommandReused, Invalid, Refused, field_error
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from contract.targets import TargetNotFound
from contract.words import ReportStatus
from gateway import bodies, door, downloads, pages, scopes, uploads
from gateway.door import Asked, answer, ask, etag, operation, polled
from gateway.downloads import BYTES, XLSX
from gateway.openapi import Answer
from runtime.files import Files

blueprint = Blueprint("reports", __name__, url_prefix="/v1", description="进展填报与审核 · progress reports")

SERVICE = "reports"
_READ = (scopes.REPORTS_READ, scopes.REPORTS_WRITE, scopes.REPORTS_REVIEW)
_BESIDE = (
    public.FigureBelowEarlier,
    public.FigureAboveLater,
    public.FigureBelowDeducted,
    public.PartAboveWhole,
    public.BaselineMissing,
)
_REFUSED = (
    *(public.ReportsNotAllowed, public.ReportRegionNotYours, public.DepartmentNotYours, TargetNotFound),
    *(public.SumNotReported, public.IndicatorNotReported, public.ReportingLevelWrong, public.PeriodNotReportable),
    *(public.ReportInvalid, public.ReportUnchanged, public.ReportChanged, CommandReused),
    *(RegionUnknown, RegionAmbiguous, *_BESIDE),
)
_EXAMPLE = {
    "target_id": "2.1",
    "region": "130102",
    "period": "2023-03",
    "cumulative": "10",
    "started": "14",
    "completed": "12",
    "inspected": "10",
    "problems": "资金未到位",
    "next_steps": "争取专项债券",
    "evidence": [{"file_id": "64e0b1f0a1b2c3d4e5f60718", "sha256": "0" * 64, "title": "竣工验收单"}],
}


class ReportList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.ReportLine), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class ListReports(pages.Page):
    target_id = fields.Text(at_most=10)
    region = fields.RegionCode(metadata={"description": "行政区划代码，含下级 · a region and all below it"})
    period = public.Period()
    status = fields.Choice(ReportStatus)


class AskTemplate(Message):
    region = fields.RegionCode(required=True)
    period = public.Period(required=True)


@operation(
    blueprint,
    "POST",
    "/reports",
    scopes=[scopes.REPORTS_WRITE],
    body=public.FileReport(exclude=("command_id", "expected_version")),
    example=_EXAMPLE,
    once=True,
    edits=True,
    answers=Answer(201, public.Report, "已填报，待审核 · filed, waits for a review", headers=("Location", "ETag")),
    refusals=_REFUSED,
)
def file_report(asked: Asked) -> Response:
    """填报进展 · File progress

    每个指标、地区、期别一条；再次填报即更正（须说明理由），重新审核，审核前原审定数继续有效。
    佐证材料先上传到 /v1/evidence。
    One line for each indicator, region and period. Filed again it is a correction, with a reason, and reviewed again;
    until then the accepted figure goes on counting. Evidence is handed in at /v1/evidence first.
    """
    found = ask(SERVICE, "file_report", asked.command(), asked.actor)
    return answer(found, 201, Location=url_for("reports.read_report", report_id=found["report_id"]), ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "/reports",
    scopes=_READ,
    query=ListReports(),
    answers=Answer(200, ReportList, "一页填报 · one page"),
    refusals=(public.ReportsNotAllowed, RegionUnknown, RegionAmbiguous),
)
def list_reports(asked: Asked) -> Response:
    """查询填报 · List reports

    只含所辖地区和本部门的指标。
    Those of one's own region and department.
    """
    page = ask(SERVICE, "reports", asked.actor, **pages.opened("reports", asked.query))
    return answer(pages.closed("reports", page))


@operation(
    blueprint,
    "GET",
    "/reports/<id:report_id>",
    scopes=_READ,
    answers=Answer(200, public.Report, "填报及其经过 · the line and its history", headers=("ETag",)),
    refusals=(public.ReportsNotAllowed, public.ReportNotFound),
)
def read_report(asked: Asked, report_id: str) -> Response:
    """读取一条填报 · Read a report"""
    found = ask(SERVICE, "report", report_id, asked.actor)
    # No 304: a deduction changes what is shown and leaves the version, which is for If-Match, as it is.
    return answer(found, Cache_Control="private, no-cache", Vary="Authorization", ETag=etag(found))


@operation(
    blueprint,
    "POST",
    "/reports/<id:report_id>/decision",
    scopes=[scopes.REPORTS_REVIEW],
    body=public.DecideReport(exclude=("command_id", "report_id", "expected_version")),
    once=True,
    edits=True,
    answers=Answer(200, public.Report, "审核后的填报 · the line as it is now", headers=("ETag",)),
    refusals=(
        *(public.ReportsNotAllowed, public.ReportNotFound, public.ReporterReviewsOwn, public.ReportAlreadyDecided),
        *(public.ReportInvalid, public.ReportChanged, CommandReused, *_BESIDE),
    ),
)
def decide_report(asked: Asked, report_id: str) -> Response:
    """审核 · Accept, return or reject

    填报人不得审核本人的填报；退回（return）、驳回（reject）须说明理由。
    A second person decides, never who filed it; to return or to reject needs a reason.
    """
    found = ask(SERVICE, "decide_report", asked.command(report_id=report_id), asked.actor)
    return answer(found, ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "/reports/<id:report_id>/evidence/<id:file_id>",
    scopes=_READ,
    answers=Answer(200, None, "材料 · the document", BYTES, headers=("Content-Disposition",)),
    refusals=(public.ReportsNotAllowed, public.ReportNotFound, public.ReportEvidenceNotFound),
)
def read_report_evidence(asked: Asked, report_id: str, file_id: str) -> Response:
    """查阅佐证材料 · See a report's evidence"""
    found = ask(SERVICE, "report_evidence", report_id, file_id, asked.actor)
    name = f"{file_id}.{found['kind']}"
    missing = public.ReportEvidenceNotFound("没有这份材料", "there is no such document")
    return downloads.kept(file_id, BYTES, name, missing=missing, size=found["size"])


@operation(
    blueprint,
    "GET",
    "/report-template.xlsx",
    scopes=[scopes.REPORTS_WRITE],
    query=AskTemplate(),
    takes=30,
    cost=5,
    answers=Answer(200, None, "填报表 · the workbook to fill in", XLSX, headers=("Content-Disposition",)),
    refusals=(
        *(public.ReportsNotAllowed, public.ReportRegionNotYours, public.PeriodNotReportable),
        *(public.ReportInvalid, RegionUnknown, RegionAmbiguous),
    ),
)
def read_template(asked: Asked) -> Response:
    """下载填报表 · The workbook to fill in

    含该地区及其下级在本账号职责内的全部指标和上次审定的累计数。
    Every indicator that this client files for the region and those below it, with what was accepted last.
    """
    found = ask(SERVICE, "report_template", asked.query["region"], asked.query["period"], asked.actor)
    return downloads.made(found["content"], XLSX, f"report-{asked.query['region']}-{asked.query['period']}.xlsx")


@operation(
    blueprint,
    "POST",
    "/report-imports",
    scopes=[scopes.REPORTS_WRITE],
    form=uploads.form(XLSX, "填好的填报表，不超过5 MiB、2000行 · the filled workbook, at most 5 MiB and 2000 rows"),
    once=True,
    takes=120,
    cost=8,
    answers=Answer(201, public.ReportImport, "逐行结果 · what became of each row", headers=("Location",)),
    refusals=(public.ReportWorkbookUnreadable, public.ReportsNotAllowed, CommandReused),
)
def import_reports(asked: Asked) -> Response:
    """上传填好的填报表 · Hand in a filled workbook

    逐行填报，有误的行不影响其他行；标注后的文件见 result.xlsx。
    Each row is filed or refused by itself; result.xlsx is the workbook with the reasons beside the rows.
    """
    files: Files = current_app.extensions["files"]
    upload = uploads.receive(files)
    stored = upload.stored
    content = {"sha256": stored.sha256, "filename": upload.filename}

    def work(command_id: str) -> Response:
        command = {**content, "file_id": stored.file_id, "size": stored.size, "command_id": command_id}
        found = ask(SERVICE, "import_reports", command, asked.actor)
        return answer(found, 201, Location=url_for("reports.read_import", import_id=found["import_id"]))

    try:
        if upload.dry_run:
            fault = field_error("/form/dry_run", "unknown", "此处没有这个字段", "is not a known field here")
            raise Invalid("表单有误", "the form has errors", [fault])
        response = door.answer_once(asked, bodies.canonical(content), work)
    except Refused:
        files.delete(stored.file_id)
        raise
    files.delete(stored.file_id)  # what was filed and the annotated workbook are kept
    return response


@operation(
    blueprint,
    "GET",
    "/report-imports/<id:import_id>",
    scopes=[scopes.REPORTS_WRITE],
    answers=Answer(200, public.ReportImport, "逐行结果 · what became of each row", cached=True),
    refusals=(public.ReportsNotAllowed, public.ReportImportNotFound),
)
def read_import(asked: Asked, import_id: str) -> Response:
    """读取导入结果 · Read an import"""
    found = ask(SERVICE, "report_import", import_id, asked.actor)
    etag = hashlib.sha256(bodies.canonical(found)).hexdigest()[:32]
    return polled(found, etag=etag, cache="private, no-cache", weak=True)


@operation(
    blueprint,
    "GET",
    "/report-imports/<id:import_id>/result.xlsx",
    scopes=[scopes.REPORTS_WRITE],
    cost=3,
    answers=Answer(200, None, "标注后的填报表 · the annotated workbook", XLSX, headers=("Content-Disposition",)),
    refusals=(public.ReportsNotAllowed, public.ReportImportNotFound),
)
def read_result(asked: Asked, import_id: str) -> Response:
    """下载标注后的填报表 · The workbook, annotated"""
    found = ask(SERVICE, "report_import_result", import_id, asked.actor)
    missing = public.ReportImportNotFound("没有这次导入的结果文件", "this import has no result to download")
    return downloads.kept(found["file_id"], XLSX, f"report-import-{import_id}.xlsx", missing=missing)
