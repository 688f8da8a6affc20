"""Problems (问题台账): put on the books (挂账), and off them (销账) when somebody else has seen the proof."""

from typing import Any

from flask import url_for
from flask_smorest import Blueprint
from marshmallow import ValidationError
from werkzeug import Response

from contract import fields
from contract import matters as public
from contract.errors import CommandReused
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from gateway import downloads, pages, scopes
from gateway.door import Asked, answer, ask, etag, operation
from gateway.downloads import BYTES
from gateway.openapi import Answer

blueprint = Blueprint("matters", __name__, url_prefix="/v1", description="问题台账 · problems, on and off the books")

SERVICE = "inspections"
READ = (scopes.INSPECTIONS_READ, scopes.MATTERS_WRITE)
WRITE = (scopes.MATTERS_WRITE,)
_PATH = ("command_id", "matter_id", "expected_version")  # said by headers and path, not by the body
_MATTER = Answer(200, public.MatterRecord, "办理后的问题 · the problem as it is now", headers=("ETag",))
_KEPT = (CommandReused, public.MattersNotAllowed, public.MatterNotFound, public.MatterChanged)
_EXAMPLE = {
    "target_id": "2.1",
    "region": "130102",
    "kind": "资金",
    "title": "老旧小区改造资金缺口",
    "text": "二期12个小区配套资金尚缺1230万元",
    "owner": "石家庄市长安区财政局",
    "due_on": "2099-08-31",
}


class Flag(fields.Yes):
    """``true`` or ``false`` in a query string, where everything is text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if value not in ("true", "false"):
            raise ValidationError("type|应为 true 或 false|must be true or false")
        return bool(value == "true")


class MatterList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.MatterRecord), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class MatterCountList(Message):
    items = fields.Many(fields.Nested(public.MatterCount), required=True)


class Within(pages.Page):
    region = fields.RegionCode(metadata={"description": "行政区划代码，含下级 · a region and all below it"})
    item = pages.Count(at_least=1, at_most=999, metadata={"description": "工程序号 · the plan's item"})
    target_id = fields.Text(at_most=10)
    overdue = Flag(metadata={"description": "是否逾期 · only what is late, or only what is not"})


class ListMatters(Within):
    kind = fields.Choice(public.MatterKind)
    state = fields.Choice(public.MatterState)
    owner = fields.Text(at_most=100)


class CountMatters(Message):
    region = fields.RegionCode(metadata={"description": "行政区划代码，含下级 · a region and all below it"})
    item = pages.Count(at_least=1, at_most=999, metadata={"description": "工程序号 · the plan's item"})


@operation(
    blueprint,
    "POST",
    "/matters",
    scopes=WRITE,
    body=public.RegisterMatter(exclude=("command_id",)),
    example=_EXAMPLE,
    once=True,
    answers=Answer(201, public.MatterRecord, "已挂账 · on the books", headers=("Location", "ETag")),
    refusals=(CommandReused, public.MattersNotAllowed, public.MatterInvalid),
)
def register_matter(asked: Asked) -> Response:
    """问题挂账 · Put a problem on the books

    可针对指标（target_id）或整项工程（item）。文字中不得有身份证号码或手机号码。
    About an indicator or a whole item. ID and mobile numbers in the texts are refused.
    """
    found = ask(SERVICE, "register_matter", asked.command(), asked.actor)
    return answer(found, 201, Location=url_for("matters.read_matter", matter_id=found["matter_id"]), ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "/matters",
    scopes=READ,
    query=ListMatters(),
    answers=Answer(200, MatterList, "一页问题 · one page"),
    refusals=(public.MattersNotAllowed, RegionUnknown, RegionAmbiguous),
)
def list_matters(asked: Asked) -> Response:
    """查询问题台账 · List problems

    所辖地区和本部门的问题，以及本单位登记或负责的问题。
    Those of one's own region and department, and those that one's own organisation registered or has to mend.
    """
    page = ask(SERVICE, "matters", asked.actor, **pages.opened("matters", asked.query))
    return answer(pages.closed("matters", page))


@operation(
    blueprint,
    "GET",
    "/matter-counts",
    scopes=READ,
    query=CountMatters(),
    answers=Answer(200, MatterCountList, "逐项逐地区的数量 · by item and region"),
    refusals=(public.MattersNotAllowed, RegionUnknown, RegionAmbiguous),
)
def count_matters(asked: Asked) -> Response:
    """问题数量，按工程和登记地区 · Count problems by item and by the region that they were registered for"""
    return answer(ask(SERVICE, "matter_counts", asked.actor, **asked.query))


@operation(
    blueprint,
    "GET",
    "/matters/<id:matter_id>",
    scopes=READ,
    answers=Answer(200, public.MatterRecord, "问题 · the problem", headers=("ETag",)),
    refusals=(public.MattersNotAllowed, public.MatterNotFound),
)
def read_matter(asked: Asked, matter_id: str) -> Response:
    """读取问题及办理经过 · Read a problem and all that was done about it"""
    found = ask(SERVICE, "matter", matter_id, asked.actor)
    return answer(found, ETag=etag(found), Cache_Control="private, no-cache")


@operation(
    blueprint,
    "GET",
    "/matters/<id:matter_id>/evidence/<id:file_id>",
    scopes=READ,
    answers=Answer(200, None, "佐证材料 · the document", BYTES, headers=("Content-Disposition",)),
    refusals=(public.MattersNotAllowed, public.MatterNotFound),
)
def read_matter_evidence(asked: Asked, matter_id: str, file_id: str) -> Response:
    """查阅销账佐证 · See a document that proves it"""
    missing = public.MatterNotFound("没有这份材料", "there is no such document")
    found = ask(SERVICE, "matter_file", matter_id, file_id, asked.actor)
    return downloads.proof(file_id, found["sha256"], missing=missing)


@operation(
    blueprint,
    "POST",
    "/matters/<id:matter_id>/progress",
    scopes=WRITE,
    body=public.UpdateMatter(exclude=_PATH),
    once=True,
    edits=True,
    answers=_MATTER,
    refusals=(*_KEPT, public.MatterSettledAlready),
)
def update_matter(asked: Asked, matter_id: str) -> Response:
    """更新进展 · Tell what was done since"""
    return _changed("update_matter", asked, matter_id)


@operation(
    blueprint,
    "POST",
    "/matters/<id:matter_id>/settlement-request",
    scopes=WRITE,
    body=public.AskSettlement(exclude=_PATH),
    example={"text": "资金已于8月20日到位，附拨款凭证", "evidence": []},
    once=True,
    edits=True,
    answers=_MATTER,
    refusals=(*_KEPT, public.MatterInvalid, public.MatterSettledAlready, public.SettlementAskedAlready),
)
def ask_settlement(asked: Asked, matter_id: str) -> Response:
    """申请销账 · Ask for it to be settled

    佐证材料先上传到 /v1/evidence。
    Evidence is handed in at /v1/evidence first.
    """
    return _changed("ask_settlement", asked, matter_id)


@operation(
    blueprint,
    "POST",
    "/matters/<id:matter_id>/settlement",
    scopes=WRITE,
    body=public.SettleMatter(exclude=_PATH),
    once=True,
    edits=True,
    answers=_MATTER,
    refusals=(*_KEPT, public.MatterSettledAlready, public.SettlementNotAsked, public.OwnSettlement),
)
def settle_matter(asked: Asked, matter_id: str) -> Response:
    """销账 · Settle it

    申请人和责任单位不能自行销账。
    Neither who asked for it nor its owner can.
    """
    return _changed("settle_matter", asked, matter_id)


@operation(
    blueprint,
    "POST",
    "/matters/<id:matter_id>/return",
    scopes=WRITE,
    body=public.ReturnMatter(exclude=_PATH),
    once=True,
    edits=True,
    answers=_MATTER,
    refusals=(*_KEPT, public.MatterSettledAlready, public.SettlementNotAsked, public.OwnSettlement),
)
def return_matter(asked: Asked, matter_id: str) -> Response:
    """退回销账申请 · Leave it on the books: what was shown does not prove it"""
    return _changed("return_matter", asked, matter_id)


@operation(
    blueprint,
    "POST",
    "/matters/<id:matter_id>/reopening",
    scopes=WRITE,
    body=public.ReopenMatter(exclude=_PATH),
    once=True,
    edits=True,
    answers=_MATTER,
    refusals=(*_KEPT, public.MatterInvalid, public.MatterNotSettled),
)
def reopen_matter(asked: Asked, matter_id: str) -> Response:
    """重新挂账 · Put it on the books again"""
    return _changed("reopen_matter", asked, matter_id)


def _changed(command: str, asked: Asked, matter_id: str) -> Response:
    found = ask(SERVICE, command, asked.command(matter_id=matter_id), asked.actor)
    return answer(found, ETag=etag(found))
