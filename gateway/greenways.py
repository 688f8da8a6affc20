"""绿色通道 requests: asked of a department, with a clock that stands still while more information is waited for."""

from flask import url_for
from flask_smorest import Blueprint
from werkzeug import Response

from contract import fields
from contract import greenways as public
from contract.errors import CommandReused
from contract.matters import MatterInvalid, MattersNotAllowed
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from gateway import downloads, pages
from gateway.door import Asked, answer, ask, etag, operation
from gateway.downloads import BYTES
from gateway.matters import READ, SERVICE, WRITE, Within
from gateway.openapi import Answer

blueprint = Blueprint("greenways", __name__, url_prefix="/v1", description="绿色通道 · 绿色通道 requests")

_PATH = ("command_id", "greenway_id", "expected_version")  # said by headers and path, not by the body
_GREENWAY = Answer(200, public.Greenway, "办理后的申请 · the request as it is now", headers=("ETag",))
_KEPT = (
    *(CommandReused, MattersNotAllowed, public.GreenwayNotFound, public.GreenwayChanged),
    *(public.GreenwayAnsweredAlready, public.GreenwayNotWaiting, public.GreenwayNotYours),
)
_EXAMPLE = {
    "target_id": "7.1",
    "region": "130102",
    "step": "土地供应",
    "addressed_to": "省自然资源厅",
    "subject": "改扩建学校用地预审",
    "text": "3所改扩建学校需在9月底前取得用地预审意见",
}


class GreenwayList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.Greenway), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class ListGreenways(Within):
    step = fields.Choice(public.GreenwayStep)
    state = fields.Choice(public.GreenwayState)
    addressed_to = fields.Text(at_most=100)


@operation(
    blueprint,
    "POST",
    "/greenways",
    scopes=WRITE,
    body=public.RequestGreenway(exclude=("command_id",)),
    example=_EXAMPLE,
    once=True,
    answers=Answer(201, public.Greenway, "已提出，开始计时 · its clock runs", headers=("Location", "ETag")),
    refusals=(CommandReused, MattersNotAllowed, MatterInvalid),
)
def request_greenway(asked: Asked) -> Response:
    """申请绿色通道 · Request a 绿色通道

    受理部门应在规定的工作日内答复（默认5个），自次日起算，节假日和调休按国务院公布的安排。
    The department has some working days to answer, five by default, from the day after; holidays are as published.
    """
    found = ask(SERVICE, "request_greenway", asked.command(), asked.actor)
    where = url_for("greenways.read_greenway", greenway_id=found["greenway_id"])
    return answer(found, 201, Location=where, ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "/greenways",
    scopes=READ,
    query=ListGreenways(),
    answers=Answer(200, GreenwayList, "一页申请 · one page"),
    refusals=(MattersNotAllowed, RegionUnknown, RegionAmbiguous),
)
def list_greenways(asked: Asked) -> Response:
    """查询绿色通道申请 · List requests

    所辖地区和本部门的申请，以及本单位提出或受理的申请；overdue=true 为逾期未答复。
    Those of one's own region and department, and those that one's own organisation made or has to answer;
    `overdue=true` are those that wait for an answer and are late.
    """
    page = ask(SERVICE, "greenways", asked.actor, **pages.opened("greenways", asked.query))
    return answer(pages.closed("greenways", page))


@operation(
    blueprint,
    "GET",
    "/greenways/<id:greenway_id>",
    scopes=READ,
    answers=Answer(200, public.Greenway, "申请 · the request", headers=("ETag",)),
    refusals=(MattersNotAllowed, public.GreenwayNotFound),
)
def read_greenway(asked: Asked, greenway_id: str) -> Response:
    """读取绿色通道申请及办理经过 · Read a request and all that was done about it"""
    found = ask(SERVICE, "greenway", greenway_id, asked.actor)
    return answer(found, ETag=etag(found), Cache_Control="private, no-cache")


@operation(
    blueprint,
    "GET",
    "/greenways/<id:greenway_id>/evidence/<id:file_id>",
    scopes=READ,
    answers=Answer(200, None, "补充材料 · the document", BYTES, headers=("Content-Disposition",)),
    refusals=(MattersNotAllowed, public.GreenwayNotFound),
)
def read_greenway_evidence(asked: Asked, greenway_id: str, file_id: str) -> Response:
    """查阅补充材料 · See a document that was supplied"""
    missing = public.GreenwayNotFound("没有这份材料", "there is no such document")
    found = ask(SERVICE, "greenway_file", greenway_id, file_id, asked.actor)
    return downloads.proof(file_id, found["sha256"], missing=missing)


@operation(
    blueprint,
    "POST",
    "/greenways/<id:greenway_id>/answer",
    scopes=WRITE,
    body=public.AnswerGreenway(exclude=_PATH),
    once=True,
    edits=True,
    answers=_GREENWAY,
    refusals=_KEPT,
)
def answer_greenway(asked: Asked, greenway_id: str) -> Response:
    """答复绿色通道申请 · Answer a request

    由受理部门答复；要求补充材料的，计时暂停，补充后继续。部门书面答复可由牵头部门代录。
    By the department that it is addressed to; asking for more information stops the clock until it is supplied. The
    dispatcher may record what a department answered on paper.
    """
    return _changed("answer_greenway", asked, greenway_id)


@operation(
    blueprint,
    "POST",
    "/greenways/<id:greenway_id>/supplement",
    scopes=WRITE,
    body=public.SupplyGreenway(exclude=_PATH),
    example={"text": "已补充选址意见书", "evidence": []},
    once=True,
    edits=True,
    answers=_GREENWAY,
    refusals=(*_KEPT, MatterInvalid),
)
def supply_greenway(asked: Asked, greenway_id: str) -> Response:
    """补充材料 · Supply what was asked for"""
    return _changed("supply_greenway", asked, greenway_id)


def _changed(command: str, asked: Asked, greenway_id: str) -> Response:
    found = ask(SERVICE, command, asked.command(greenway_id=greenway_id), asked.actor)
    return answer(found, ETag=etag(found))
