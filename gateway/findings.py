"""Findings of inspections: recorded, mended, re-checked; and the supervision orders (督查单) when nobody mends."""

from enum import StrEnum

from flask import url_for
from flask_smorest import Blueprint
from werkzeug import Response

from contract import fields
from contract import findings as public
from contract.errors import CommandReused
from contract.inspections import InspectionNotFound, InspectionsNotAllowed, SampleUnitNotFound
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from gateway import downloads, pages, scopes
from gateway.door import Asked, answer, ask, etag, operation, polled
from gateway.downloads import BYTES, DOCX
from gateway.inspections import READ, SERVICE, WRITE, Within
from gateway.openapi import Answer

blueprint = Blueprint("findings", __name__, url_prefix="/v1", description="督导发现与整改 · findings")

_PROOF = [{"file_id": "64e0b1f0a1b2c3d4e5f60718", "sha256": "0" * 64, "title": "现场核查记录"}]


class Selection(StrEnum):
    """The state of a finding; overdue: open past its date."""

    SETTLED = "settled"
    OPEN = "open"
    MENDED = "mended"
    PASSED = "passed"
    OVERDUE = "overdue"


class FindingList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.Finding), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class SupervisionOrderList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.SupervisionOrder), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class ListFindings(Within):
    target_id = fields.Text(at_most=10)
    inspection_id = fields.Id()
    state = fields.Choice(Selection)


class ListSupervision(Within):
    target_id = fields.Text(at_most=10)
    finding_id = fields.Id()
    colour = fields.Choice(public.SupervisionColour)


_SEEN = (InspectionsNotAllowed, public.FindingNotFound)
_CHANGES = (*_SEEN, public.FindingInvalid, public.FindingNotOpen, public.FindingChanged, CommandReused)
_PATH = ("command_id", "finding_id", "expected_version")  # said by headers and path, not by the body


@operation(
    blueprint,
    "POST",
    "/inspections/<id:inspection_id>/findings",
    scopes=WRITE,
    body=public.RecordFinding(exclude=("command_id", "inspection_id")),
    example={
        "unit": 3,
        "outcome": "not_found",
        "text": "现场未找到该人员的证书原件",
        "evidence": _PROOF,
        "due_on": "2023-09-30",
    },
    once=True,
    answers=Answer(201, public.Finding, "已登记 · recorded", headers=("Location", "ETag")),
    refusals=(
        InspectionsNotAllowed,
        InspectionNotFound,
        SampleUnitNotFound,
        public.FindingInvalid,
        public.FindingRecordedAlready,
        CommandReused,
    ),
)
def record_finding(asked: Asked, inspection_id: str) -> Response:
    """登记督导发现 · Record what a unit was found to be

    不属实的须附佐证材料（先上传到 /v1/evidence），并有整改期限；填报类指标须写明不属实的数量。
    What is not in order needs evidence (handed in at /v1/evidence), has a date by which to be mended, and for a
    report line the amount that is not as reported.
    """
    found = ask(SERVICE, "record_finding", asked.command(inspection_id=inspection_id), asked.actor)
    where = url_for("findings.read_finding", finding_id=found["finding_id"])
    return answer(found, 201, Location=where, ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "/findings",
    scopes=READ,
    query=ListFindings(),
    answers=Answer(200, FindingList, "一页督导发现 · one page"),
    refusals=(InspectionsNotAllowed, RegionUnknown, RegionAmbiguous),
)
def list_findings(asked: Asked) -> Response:
    """查询督导发现 · List findings"""
    query = pages.opened("findings", asked.query)
    if query.get("state") == Selection.OVERDUE:
        query = {name: value for name, value in query.items() if name != "state"} | {"overdue": True}
    return answer(pages.closed("findings", ask(SERVICE, "findings", asked.actor, **query)))


@operation(
    blueprint,
    "GET",
    "/findings/<id:finding_id>",
    scopes=READ,
    answers=Answer(200, public.Finding, "督导发现 · the finding", headers=("ETag",)),
    refusals=_SEEN,
)
def read_finding(asked: Asked, finding_id: str) -> Response:
    """一项督导发现及其整改经过 · A finding, and how it was mended"""
    found = ask(SERVICE, "finding", finding_id, asked.actor)
    return answer(found, ETag=etag(found), Cache_Control="private, no-cache")


@operation(
    blueprint,
    "POST",
    "/findings/<id:finding_id>/rectification",
    scopes=[scopes.INSPECTIONS_WRITE, scopes.MATTERS_WRITE],
    body=public.RecordRectification(exclude=_PATH),
    example={"text": "已补齐证书原件并上传", "evidence": _PROOF},
    once=True,
    edits=True,
    answers=Answer(200, public.Finding, "待复查 · now to be re-checked", headers=("ETag",)),
    refusals=_CHANGES,
)
def record_rectification(asked: Asked, finding_id: str) -> Response:
    """报送整改情况 · Report a finding as mended

    由被督导地区、部门的填报人，或督导人员登记。
    By those who report for the region or department, or by an inspector.
    """
    found = ask(SERVICE, "record_rectification", asked.command(finding_id=finding_id), asked.actor)
    return answer(found, ETag=etag(found))


@operation(
    blueprint,
    "POST",
    "/findings/<id:finding_id>/recheck",
    scopes=WRITE,
    body=public.ReCheck(exclude=_PATH),
    example={"passed": True, "text": "复查属实"},
    once=True,
    edits=True,
    answers=Answer(200, public.Finding, "复查通过，或重新整改 · passed, or open again", headers=("ETag",)),
    refusals=(*_CHANGES, public.RecheckByAnother),
)
def recheck(asked: Asked, finding_id: str) -> Response:
    """复查 · Re-check

    报送整改情况的人不能自己复查。
    By an inspector other than who reported the mending.
    """
    found = ask(SERVICE, "recheck", asked.command(finding_id=finding_id), asked.actor)
    return answer(found, ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "/findings/<id:finding_id>/evidence/<id:file_id>",
    scopes=READ,
    answers=Answer(200, None, "材料 · the document", BYTES, headers=("Content-Disposition",)),
    refusals=(*_SEEN, public.FindingFileNotFound),
)
def read_finding_evidence(asked: Asked, finding_id: str, file_id: str) -> Response:
    """查阅督导和整改材料 · See a document of a finding or of its mending"""
    found = ask(SERVICE, "finding_file", finding_id, file_id, asked.actor)
    missing = public.FindingFileNotFound("没有这份佐证材料", "there is no such document")
    return downloads.proof(file_id, found["sha256"], missing=missing)


@operation(
    blueprint,
    "GET",
    "/supervision-orders",
    scopes=READ,
    query=ListSupervision(),
    answers=Answer(200, SupervisionOrderList, "一页督查单 · one page"),
    refusals=(InspectionsNotAllowed, RegionUnknown, RegionAmbiguous),
)
def list_supervision_orders(asked: Asked) -> Response:
    """查询督查单 · List supervision orders"""
    page = ask(SERVICE, "supervision_orders", asked.actor, **pages.opened("supervision_orders", asked.query))
    return answer(pages.closed("supervision_orders", page))


@operation(
    blueprint,
    "GET",
    "/supervision-orders/<id:supervision_id>",
    scopes=READ,
    answers=Answer(200, public.SupervisionOrder, "督查单 · the order", cached=True),
    refusals=(InspectionsNotAllowed, public.SupervisionOrderNotFound),
)
def read_supervision_order(asked: Asked, supervision_id: str) -> Response:
    """一份督查单，按印发格式 · A supervision order, as it is printed"""
    found = ask(SERVICE, "supervision_order", supervision_id, asked.actor)
    return polled(found, etag=supervision_id, cache="private, max-age=3600")  # once issued it never changes


@operation(
    blueprint,
    "GET",
    "/supervision-orders/<id:supervision_id>/document.docx",
    scopes=READ,
    cost=3,
    answers=Answer(200, None, "督查单文本和回执 · the document", DOCX, headers=("Content-Disposition",)),
    refusals=(InspectionsNotAllowed, public.SupervisionOrderNotFound),
)
def read_supervision_document(asked: Asked, supervision_id: str) -> Response:
    """下载督查单 · Download a supervision order as a document, with the receipt that its addressees fill in"""
    found = ask(SERVICE, "supervision_document", supervision_id, asked.actor)
    return downloads.made(found["content"], DOCX, f"supervision-{supervision_id}.docx")
