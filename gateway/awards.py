"""Awards: seen, changed, settled; public lists, and verification with three answers."""

import io

import segno
from flask import current_app
from flask_smorest import Blueprint
from werkzeug import Response

from contract import applications as cased
from contract import fields
from contract import housekeeping as public
from contract.errors import Invalid, field_error
from contract.housekeeping import Awaits, AwardStatus, SubjectKind, Verdict
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from gateway import downloads, pages, scopes
from gateway.bases import ONCE, SERVICE
from gateway.door import Asked, answer, ask, etag, operation
from gateway.downloads import BYTES
from gateway.openapi import Answer
from runtime import clock
from runtime.rpc import ServiceUnavailable

blueprint = Blueprint("awards", __name__, url_prefix="/v1", description="星级认定 · awards")

_SVG = "image/svg+xml"
_PATH = ("command_id", "award_id", "expected_version")
_CHANGED = Answer(200, public.Award, "认定现在的状态 · the award as it is now", headers=("ETag",))


class AwardList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.Award), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class PublicAwardList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.PublicAward), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class ListPublicAwards(pages.Page):
    region = fields.RegionCode()
    subject_kind = fields.Choice(SubjectKind)
    stars = pages.Count(at_least=1, at_most=5)


class ListAwards(ListPublicAwards):
    status = fields.Choice(AwardStatus)
    awaits = fields.Choice(Awaits)


class VerifyAward(Message):
    """One of the two."""

    number = fields.Text(at_most=40, metadata={"description": "证书编号 · the number on the plaque"})
    qr = fields.Text(at_most=80, metadata={"description": "二维码中的内容 · what the QR code says after `qr=`"})


@operation(
    blueprint,
    "GET",
    "/awards",
    scopes=[scopes.STARS_READ],
    query=ListAwards(),
    answers=Answer(200, AwardList, "一页认定 · one page"),
    refusals=(public.StarsNotAllowed, RegionUnknown, RegionAmbiguous),
)
def list_awards(asked: Asked) -> Response:
    """查询认定 · List awards"""
    page = ask(SERVICE, "awards", asked.actor, **pages.opened("awards", asked.query))
    return answer(pages.closed("awards", page))


@operation(
    blueprint,
    "GET",
    "/awards/<id:award_id>",
    scopes=[scopes.STARS_READ],
    answers=Answer(200, public.Award, "认定 · the award"),
    refusals=(public.AwardNotFound, public.StarsNotAllowed),
)
def read_award(asked: Asked, award_id: str) -> Response:
    """读取认定 · Read an award"""
    found = ask(SERVICE, "award", award_id, asked.actor)
    return answer(found, ETag=etag(found), Cache_Control="private, no-cache")


@operation(
    blueprint,
    "GET",
    "/awards/<id:award_id>/qr.svg",
    scopes=[scopes.STARS_READ],
    cost=2,
    answers=Answer(200, None, "二维码 · the QR code for the plaque", media_type=_SVG),
    refusals=(public.AwardNotFound, public.StarsNotAllowed),
)
def read_qr(asked: Asked, award_id: str) -> Response:
    """牌匾二维码 · The QR code for the plaque

    扫码即到查验地址；只抄编号不能伪造。
    It leads to the verification; whoever has only seen the number cannot make it.
    """
    found = ask(SERVICE, "award", award_id, asked.actor)
    drawn = io.BytesIO()
    address = current_app.extensions["settings"].public_address
    where = f"{address}/v1/verifications/stars?qr={found['qr']}"
    segno.make(where, error="q").save(drawn, kind="svg", scale=4, xmldecl=True)
    return Response(drawn.getvalue(), content_type=_SVG)


@operation(
    blueprint,
    "POST",
    "/awards/<id:award_id>/changes",
    scopes=[scopes.STARS_DECIDE],
    body=public.ChangeAward(exclude=_PATH),
    once=True,
    edits=True,
    answers=_CHANGED,
    refusals=(
        *ONCE,
        public.AwardNotFound,
        public.AwardChangedMeanwhile,
        public.AwardChangeNotAllowed,
        cased.NotYourOffice,
        cased.EvidenceMissing,
        cased.MatterOpen,
    ),
)
def change_award(asked: Asked, award_id: str) -> Response:
    """年审保持、降星、暂停、恢复、撤销 · Keep, lower, suspend, resume, revoke

    年审保持即时生效；其余须附材料，由省妇联另一人确认后生效，计数随之变动。升星须另行申报并公示。
    To keep it takes effect at once; all else is proposed with evidence, and takes effect, also on the counts, when a
    second person of the province confirms it. More stars come only by another application with its own notice.
    """
    found = ask(SERVICE, "change_award", asked.command(award_id=award_id), asked.actor)
    return answer(found, ETag=etag(found))


@operation(
    blueprint,
    "POST",
    "/awards/<id:award_id>/changes/decision",
    scopes=[scopes.STARS_DECIDE],
    body=public.DecideAwardChange(exclude=_PATH),
    once=True,
    edits=True,
    answers=_CHANGED,
    refusals=(
        *ONCE,
        public.AwardNotFound,
        public.AwardChangedMeanwhile,
        public.AwardChangeNotAllowed,
        public.MatterNotOpen,
        cased.NotYourOffice,
        cased.MatterOpen,
    ),
)
def decide_award_change(asked: Asked, award_id: str) -> Response:
    """确认变更 · Confirm or refuse what is proposed

    由省妇联中提出人以外的人办理；待办：`GET /v1/awards?awaits=decision`。
    By the province, never by who proposed it. What waits: `GET /v1/awards?awaits=decision`.
    """
    found = ask(SERVICE, "decide_award_change", asked.command(award_id=award_id), asked.actor)
    return answer(found, ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "/awards/<id:award_id>/evidence/<id:file_id>",
    scopes=[scopes.STARS_READ],
    answers=Answer(200, None, "材料 · the document", BYTES, headers=("Content-Disposition",)),
    refusals=(public.AwardNotFound, cased.EvidenceNotFound, public.StarsNotAllowed),
)
def read_award_evidence(asked: Asked, award_id: str, file_id: str) -> Response:
    """查阅认定材料 · See a document that a change rests on"""
    found = ask(SERVICE, "award_file", award_id, file_id, asked.actor)
    missing = cased.EvidenceNotFound("没有这份材料", "there is no such document")
    return downloads.proof(file_id, found["sha256"], missing=missing)


@operation(
    blueprint,
    "POST",
    "/awards/<id:award_id>/settlement",
    scopes=[scopes.STARS_DECIDE],
    body=public.SettleAward(exclude=_PATH),
    once=True,
    edits=True,
    answers=_CHANGED,
    refusals=(
        *ONCE,
        public.AwardNotFound,
        public.AwardChangedMeanwhile,
        public.AwardChangeNotAllowed,
        public.MatterNotOpen,
        cased.EvidenceMissing,
        cased.NotYourOffice,
    ),
)
def settle_award(asked: Asked, award_id: str) -> Response:
    """处理主体变更 · Settle what a move or merger means

    终止有效认定须附材料，并由省妇联另一人确认。
    To end an award that stands is proposed with evidence, and a second person confirms it.
    """
    found = ask(SERVICE, "settle_award", asked.command(award_id=award_id), asked.actor)
    return answer(found, ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "/stars",
    public=True,
    query=ListPublicAwards(),
    answers=Answer(200, PublicAwardList, "有效认定名单，已脱敏 · valid awards, masked"),
    refusals=(RegionUnknown, RegionAmbiguous),
)
def list_stars(asked: Asked) -> Response:
    """星级名单 · Who holds stars"""
    page = ask(SERVICE, "public_awards", **pages.opened("stars", asked.query))
    return answer(pages.closed("stars", page), Cache_Control="public, max-age=30")


@operation(
    blueprint,
    "GET",
    "/verifications/stars",
    public=True,
    query=VerifyAward(),
    answers=Answer(200, public.VerifiedAward, "有效、无效、无法判断 · valid, not valid, cannot tell"),
)
def verify_award(asked: Asked) -> Response:
    """查验星级 · Verify an award

    “无法判断”不等于“无效”：编号抄错，或登记系统暂时无法查询。
    `cannot_tell` is not `not_valid`: a slip in the number, or a register that cannot be asked now.
    """
    if len(asked.query) != 1:
        fault = field_error("/query/number", "one_of", "编号与二维码内容须填其一", "give number or qr, and not both")
        raise Invalid("查询参数有误", "the query has errors", [fault])
    try:
        found = ask(SERVICE, "verify_award", **asked.query)
    except ServiceUnavailable:
        found = public.VerifiedAward.write(
            verdict=Verdict.CANNOT_TELL.value,
            because="register_away",
            reason="登记系统暂时无法查询，请稍后再试",
            reason_en="the register cannot be asked now: try again shortly",
            award=None,
            checked_at=clock.now(),
        )
    return answer(found)
