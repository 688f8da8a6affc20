"""公示: what anybody may see and object to. And what binds applications: quotas, the holiday calendar, reviewers."""

from flask_smorest import Blueprint
from werkzeug import Response

from contract import applications as public
from contract import fields
from contract import housekeeping as kept
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from gateway import pages, scopes
from gateway.bases import ONCE, SERVICE, ListSubjects
from gateway.door import Asked, answer, ask, operation
from gateway.openapi import Answer

blueprint = Blueprint("notices", __name__, url_prefix="/v1", description="公示、异议、名额、评审员 · notices")


class NoticeList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.PublicNotice), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class QuotaList(Message):
    items = fields.Many(fields.Nested(public.Quota), required=True)


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
    body=public.RaiseObjection(exclude=("command_id", "application_id")),
    answers=Answer(201, public.ReceivedObjection, "已收到异议 · received"),
    refusals=(public.CaseNotFound, public.ObjectionInvalid, public.NoticeClosed, public.ObjectionsFull),
)
def raise_objection(asked: Asked, application_id: str) -> Response:
    """提出异议 · Object

    任何人可提出：实名，或匿名并附证据材料。异议未核查完毕前不予授牌；内容加密保存，只有核查人可查阅。
    By anybody: named, or anonymous with evidence. No award before the inquiry has ended; only the inquiry reads it.
    """
    return answer(ask(SERVICE, "raise_objection", asked.command(application_id=application_id)), 201)


@operation(
    blueprint,
    "GET",
    "/quotas",
    scopes=[scopes.STARS_READ],
    query=ListQuotas(),
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
    takes=30,
    answers=Answer(200, public.HolidayNotice, "已重新计算期限 · running windows are reckoned anew"),
    refusals=(*ONCE, public.NotYourOffice, public.HolidayNoticeInvalid),
)
def record_holiday_notice(asked: Asked) -> Response:
    """录入节假日安排 · Record a holiday notice

    正在进行的公示、补正、评审期限随即重新计算；已公布的截止日不会提前。
    Running windows are reckoned anew at once; none ends earlier than was announced.
    """
    return answer(ask(SERVICE, "record_holiday_notice", asked.command(), asked.actor))


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
