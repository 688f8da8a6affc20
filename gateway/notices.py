"""公示: what anybody may see and object to. And what binds applications: quotas, the holiday calendar, reviewers."""

from flask import request
from flask_smorest import Blueprint
from werkzeug import Response

from contract import applications as public
from contract import fields
from contract import housekeeping as kept
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from gateway import downloads, pages, scopes
from gateway.bases import ONCE, SERVICE, ListSubjects
from gateway.door import Asked, answer, ask, operation
from gateway.downloads import BYTES
from gateway.limits import address
from gateway.openapi import Answer

blueprint = Blueprint("notices", __name__, url_prefix="/v1", description="公示、异议、名额、评审员 · notices")


class NoticeList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.PublicNotice), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class QuotaList(Message):
    items = fields.Many(fields.Nested(public.Quota), required=True)


class HolidayNoticeList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.HolidayNotice), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class ListHolidayNotices(pages.Page):
    state = fields.Choice(public.HolidayNoticeState)


class ReviewerList(Message):
    items = fields.Many(fields.Nested(public.Reviewer), required=True)


class ListQuotas(Message):
    year = pages.Count(at_least=2020, at_most=2100)


@operation(
    blueprint,
    "GET",
    "/notices",
    public=True,
    query=ListSubjects(),
    answers=Answer(200, NoticeList, "正在公示的名单，已脱敏 · what is on notice, masked"),
    refusals=(RegionUnknown, RegionAmbiguous),
)
def list_notices(asked: Asked) -> Response:
    """公示名单 · What is on public notice"""
    page = ask(SERVICE, "notices", **pages.opened("notices", asked.query))
    return answer(pages.closed("notices", page), Cache_Control="public, max-age=30")


@operation(
    blueprint,
    "POST",
    "/notices/<id:application_id>/objections",
    public=True,
    body=public.RaiseObjection(exclude=("command_id", "application_id", "sender")),
    answers=Answer(201, public.ReceivedObjection, "已收到异议 · received"),
    refusals=(
        public.CaseNotFound,
        public.ObjectionInvalid,
        public.NoticeClosed,
        public.ObjectionsFull,
        public.ObjectionsTooMany,
    ),
)
def raise_objection(asked: Asked, application_id: str) -> Response:
    """提出异议 · Object

    任何人可提出：实名（姓名和联系电话），或匿名并附已上传（POST /v1/evidence）的证据材料。两个工作日内决定是否受理，
    逾期视为受理；受理的异议核查完毕前不予授牌。内容加密保存，只有核查人可查阅。
    请保存回执：凭回执查询进展，对不予受理提出申诉。
    By anybody: with name and phone, or anonymous with files that were handed in. Within two working days it is admitted
    or refused, and admitted when nobody answers; once admitted it stops the award until it is looked into. Keep the
    receipt: with it you follow the objection, and appeal a refusal.
    """
    sender = f"client:{asked.caller.client_id}" if asked.caller else f"address:{address(request.remote_addr)}"
    return answer(ask(SERVICE, "raise_objection", asked.command(application_id=application_id, sender=sender)), 201)


@operation(
    blueprint,
    "POST",
    "/objections/<id:objection_id>/status",
    public=True,
    body=public.ReadObjectionStatus(only=("receipt",)),
    answers=Answer(200, public.ObjectionStatus, "异议办理情况 · how it stands"),
    refusals=(public.ObjectionNotFound,),
)
def objection_status(asked: Asked, objection_id: str) -> Response:
    """查询异议 · Follow an objection

    凭提出异议时给出的回执。回执不写入地址，以免留在日志里。
    By the receipt that was given for it, which stands in no address and so in no log.
    """
    return answer(ask(SERVICE, "objection_status", asked.body | {"objection_id": objection_id}))


@operation(
    blueprint,
    "POST",
    "/objections/<id:objection_id>/appeal",
    public=True,
    body=public.AppealObjection(exclude=("command_id", "objection_id")),
    answers=Answer(200, public.ObjectionStatus, "已收到申诉 · received"),
    refusals=(public.ObjectionNotFound, public.ObjectionInvalid, public.AppealNotAllowed),
)
def appeal_objection(asked: Asked, objection_id: str) -> Response:
    """对不予受理提出申诉 · Appeal a refusal

    凭回执，在两个工作日内提出一次；由另一人在两个工作日内决定，逾期视为受理。
    With the receipt, once, within two working days; somebody else decides within two, and silence admits it.
    """
    return answer(ask(SERVICE, "appeal_objection", asked.command(objection_id=objection_id)))


@operation(
    blueprint,
    "GET",
    "/quotas",
    scopes=[scopes.STARS_READ],
    query=ListQuotas(),
    cost=3,
    answers=Answer(200, QuotaList, "各市推荐名额及使用情况 · the cities' places, and how many are used"),
    refusals=(kept.StarsNotAllowed,),
)
def list_quotas(asked: Asked) -> Response:
    """推荐名额 · Places to recommend"""
    return answer(ask(SERVICE, "quotas", asked.actor, **asked.query))


@operation(
    blueprint,
    "POST",
    "/quotas",
    scopes=[scopes.STARS_DECIDE],
    body=public.SetQuota(exclude=("command_id",)),
    once=True,
    answers=Answer(200, public.Quota, "名额 · the quota"),
    refusals=(*ONCE, public.NotYourOffice, RegionUnknown, RegionAmbiguous),
)
def set_quota(asked: Asked) -> Response:
    """下达名额 · Give a city its places"""
    return answer(ask(SERVICE, "set_quota", asked.command(), asked.actor))


@operation(
    blueprint,
    "POST",
    "/holidays",
    scopes=[scopes.STARS_DECIDE],
    body=public.RecordHolidayNotice(exclude=("command_id",)),
    once=True,
    answers=Answer(201, public.HolidayNotice, "已录入，待第二人确认 · recorded, to be confirmed"),
    refusals=(*ONCE, public.NotYourOffice, public.HolidayNoticeInvalid, public.EvidenceMissing),
)
def record_holiday_notice(asked: Asked) -> Response:
    """录入节假日安排 · Record a holiday notice

    须附通知文件；由省妇联另一人确认后生效。
    With its document; its days hold when another person of the province confirms it.
    """
    return answer(ask(SERVICE, "record_holiday_notice", asked.command(), asked.actor), 201)


@operation(
    blueprint,
    "GET",
    "/holidays",
    scopes=[scopes.STARS_DECIDE],
    query=ListHolidayNotices(),
    answers=Answer(200, HolidayNoticeList, "一页节假日安排 · one page"),
    refusals=(public.NotYourOffice, kept.StarsNotAllowed),
)
def list_holiday_notices(asked: Asked) -> Response:
    """查询节假日安排 · List holiday notices

    待确认的：`state=proposed`。
    Those that wait for a second person: `state=proposed`.
    """
    page = ask(SERVICE, "holiday_notices", asked.actor, **pages.opened("holidays", asked.query))
    return answer(pages.closed("holidays", page))


@operation(
    blueprint,
    "GET",
    "/holidays/<id:notice_id>/evidence/<id:file_id>",
    scopes=[scopes.STARS_DECIDE],
    answers=Answer(200, None, "材料 · the document", BYTES, headers=("Content-Disposition",)),
    refusals=(public.NotYourOffice, public.HolidayNoticeNotFound, public.EvidenceNotFound, kept.StarsNotAllowed),
)
def read_holiday_evidence(asked: Asked, notice_id: str, file_id: str) -> Response:
    """查阅通知文件 · See the notice's document"""
    found = ask(SERVICE, "holiday_file", notice_id, file_id, asked.actor)
    missing = public.EvidenceNotFound("没有这份材料", "there is no such document")
    return downloads.proof(file_id, found["sha256"], missing=missing)


@operation(
    blueprint,
    "POST",
    "/holidays/<id:notice_id>/decision",
    scopes=[scopes.STARS_DECIDE],
    body=public.DecideHolidayNotice(exclude=("command_id", "notice_id")),
    once=True,
    takes=30,
    answers=Answer(200, public.HolidayNotice, "已重新计算期限 · running windows are reckoned anew"),
    refusals=(
        *ONCE,
        public.NotYourOffice,
        public.HolidayNoticeNotFound,
        public.HolidayNoticeSettled,
        public.HolidayNoticeInvalid,
    ),
)
def decide_holiday_notice(asked: Asked, notice_id: str) -> Response:
    """确认节假日安排 · Confirm or refuse a holiday notice

    由省妇联中录入人以外的人办理。确认后，正在进行的公示、补正、评审期限随即重新计算；已公布的截止日不会提前。
    By the province, never by who recorded it. Confirmed, running windows are reckoned anew at once; none ends earlier
    than was announced.
    """
    return answer(ask(SERVICE, "decide_holiday_notice", asked.command(notice_id=notice_id), asked.actor))


@operation(
    blueprint,
    "GET",
    "/reviewers",
    scopes=[scopes.STARS_DECIDE],
    answers=Answer(200, ReviewerList, "评审员 · reviewers"),
    refusals=(public.NotYourOffice, kept.StarsNotAllowed),
)
def list_reviewers(asked: Asked) -> Response:
    """评审员名册 · Who may review"""
    return answer(ask(SERVICE, "reviewers", asked.actor))


@operation(
    blueprint,
    "POST",
    "/reviewers",
    scopes=[scopes.STARS_DECIDE],
    body=public.RegisterReviewer(exclude=("command_id",)),
    once=True,
    answers=Answer(200, public.Reviewer, "评审员 · the reviewer"),
    refusals=(*ONCE, public.NotYourOffice, kept.SubjectNotFound, RegionUnknown, RegionAmbiguous),
)
def register_reviewer(asked: Asked) -> Response:
    """登记评审员 · Register a reviewer"""
    return answer(ask(SERVICE, "register_reviewer", asked.command(), asked.actor))


@operation(
    blueprint,
    "POST",
    "/reviewers/interests",
    scopes=[scopes.STARS_REVIEW],
    body=public.DeclareInterest(exclude=("command_id",)),
    once=True,
    answers=Answer(200, public.Reviewer, "已申报回避 · declared"),
    refusals=(*ONCE, public.NotReviewing, kept.SubjectNotFound),
)
def declare_interest(asked: Asked) -> Response:
    """申报利害关系 · Declare an interest

    正在评审的席位随即另行分配。
    A seat that the reviewer holds goes to another at once.
    """
    return answer(ask(SERVICE, "declare_interest", asked.command(), asked.actor))
