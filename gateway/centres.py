"""Training centres (培训机构) and the filings of assessors (评价机构备案): kept by the province, seen by bureaux."""

from flask import url_for
from flask_smorest import Blueprint
from werkzeug import Response

from contract import fields
from contract import training as public
from contract.errors import CommandReused
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from gateway import pages, scopes
from gateway.door import Asked, answer, ask, etag, operation, polled
from gateway.openapi import Answer

blueprint = Blueprint("centres", __name__, url_prefix="/v1", description="培训机构和评价机构备案 · centres and filings")

SERVICE = "training"


class CentreList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.Centre), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class AssessorList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.Assessor), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class ListCentres(pages.Page):
    region = fields.RegionCode(metadata={"description": "行政区划代码，含下级 · a region and all below it"})


class ListAssessors(pages.Page):
    name = fields.Text(at_most=100, metadata={"description": "机构全称 · those called exactly so"})


_READ = (scopes.CENTRES_READ, scopes.CENTRES_WRITE)
_WRITE = (scopes.CENTRES_WRITE,)
_PATH = ("command_id", "credit_code", "expected_version")  # said by headers and path, not by the body
_KEPT = (CommandReused, public.CentresNotAllowed)


@operation(
    blueprint,
    "POST",
    "/centres",
    scopes=_WRITE,
    body=public.RegisterCentre(exclude=("command_id",)),
    once=True,
    answers=Answer(201, public.Centre, "已登记 · registered", headers=("Location", "ETag")),
    refusals=(*_KEPT, public.CentreInvalid, public.CentreAlreadyRegistered, RegionUnknown, RegionAmbiguous),
)
def register_centre(asked: Asked) -> Response:
    """登记培训机构 · Register a training centre

    统一社会信用代码校验不通过但确认无误的，填写 credit_code_reason。
    A 统一社会信用代码 that fails the check but is right all the same is taken with a `credit_code_reason`.
    """
    found = ask(SERVICE, "register_centre", asked.command(), asked.actor)
    return answer(found, 201, Location=url_for("centres.read_centre", code=found["credit_code"]), ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "/centres",
    scopes=_READ,
    query=ListCentres(),
    answers=Answer(200, CentreList, "一页培训机构 · one page"),
    refusals=(public.CentresNotAllowed, RegionUnknown, RegionAmbiguous),
)
def list_centres(asked: Asked) -> Response:
    """查询所辖区域的培训机构 · List the region's training centres"""
    page = ask(SERVICE, "centres", asked.actor, **pages.opened("centres", asked.query))
    return answer(pages.closed("centres", page))


@operation(
    blueprint,
    "GET",
    "/centres/<credit_code:code>",
    scopes=_READ,
    answers=Answer(200, public.Centre, "培训机构 · the centre", cached=True),
    refusals=(public.CentresNotAllowed, public.CentreNotFound),
)
def read_centre(asked: Asked, code: str) -> Response:
    """按统一社会信用代码读取培训机构 · Read a training centre by its 统一社会信用代码"""
    found = ask(SERVICE, "centre", code, asked.actor)
    return polled(found, etag=str(found["version"]), cache="private, no-cache")


@operation(
    blueprint,
    "POST",
    "/centres/<credit_code:code>/closure",
    scopes=_WRITE,
    body=public.CloseCentre(exclude=_PATH),
    once=True,
    edits=True,
    answers=Answer(200, public.Centre, "注销后的培训机构 · the centre as it is now", headers=("ETag",)),
    refusals=(*_KEPT, public.CentreNotFound, public.CentreAlreadyClosed, public.RegistrationChanged),
)
def close_centre(asked: Asked, code: str) -> Response:
    """注销培训机构 · Close a training centre"""
    found = ask(SERVICE, "close_centre", asked.command(credit_code=code), asked.actor)
    return answer(found, ETag=etag(found))


@operation(
    blueprint,
    "POST",
    "/assessors",
    scopes=_WRITE,
    body=public.FileAssessor(exclude=("command_id",)),
    once=True,
    answers=Answer(201, public.Assessor, "已备案 · filed", headers=("Location", "ETag")),
    refusals=(*_KEPT, public.AssessorInvalid, public.AssessorAlreadyFiled, public.NumberPrefixTaken),
)
def file_assessor(asked: Asked) -> Response:
    """登记评价机构备案 · File an assessor

    同一机构可再次提交：编号前缀累加，起始日取最早，名称和截止日以最后一次为准。备案生效后，该机构的证书编号前13位须与备案一致。
    May be told again for one body: prefixes add up, the earliest first day stays, name and last day are the last said.
    From then on the first 13 characters of its certificates' numbers must be as filed.
    """
    found = ask(SERVICE, "file_assessor", asked.command(), asked.actor)
    return answer(found, 201, Location=url_for("centres.read_assessor", code=found["credit_code"]), ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "/assessors",
    scopes=_READ,
    query=ListAssessors(),
    answers=Answer(200, AssessorList, "一页评价机构 · one page"),
    refusals=(public.CentresNotAllowed,),
)
def list_assessors(asked: Asked) -> Response:
    """查询评价机构备案 · List the filings of assessors"""
    page = ask(SERVICE, "assessors", asked.actor, **pages.opened("assessors", asked.query))
    return answer(pages.closed("assessors", page))


@operation(
    blueprint,
    "GET",
    "/assessors/<credit_code:code>",
    scopes=_READ,
    answers=Answer(200, public.Assessor, "评价机构备案 · the assessor and its filing", cached=True),
    refusals=(public.CentresNotAllowed, public.AssessorNotFound),
)
def read_assessor(asked: Asked, code: str) -> Response:
    """按统一社会信用代码读取评价机构备案 · Read an assessor's filing by its 统一社会信用代码"""
    found = ask(SERVICE, "assessor", code, asked.actor)
    return polled(found, etag=str(found["version"]), cache="private, no-cache")


@operation(
    blueprint,
    "POST",
    "/assessors/<credit_code:code>/withdrawal",
    scopes=_WRITE,
    body=public.WithdrawFiling(exclude=_PATH),
    once=True,
    edits=True,
    answers=Answer(200, public.Assessor, "撤销后的备案 · the filing as it is now", headers=("ETag",)),
    refusals=(*_KEPT, public.AssessorNotFound, public.FilingAlreadyWithdrawn, public.RegistrationChanged),
)
def withdraw_filing(asked: Asked, code: str) -> Response:
    """撤销评价机构备案 · Withdraw an assessor's filing

    当日仍有效；此前发放的证书仍按备案核对。
    It holds through today, and what was issued up to then is still checked against it.
    """
    found = ask(SERVICE, "withdraw_filing", asked.command(credit_code=code), asked.actor)
    return answer(found, ETag=etag(found))
