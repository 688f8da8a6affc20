"""Applications for stars: opened, moved from office to office, reviewed, appealed, settled."""

from flask import url_for
from flask_smorest import Blueprint
from werkzeug import Response

from contract import applications as public
from contract import fields
from contract import housekeeping as kept
from contract.housekeeping import SubjectKind
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from gateway import pages, scopes
from gateway.bases import ONCE, SERVICE
from gateway.door import Asked, answer, ask, etag, operation, polled
from gateway.openapi import Answer

blueprint = Blueprint(
    "applications", __name__, url_prefix="/v1/applications", description="星级申报 · applications for stars"
)

_PATH = ("command_id", "application_id", "expected_version")
_CHANGED = Answer(200, public.Application, "申报现在的状态 · the application as it is now", headers=("ETag",))
_CHANGES = (*ONCE, public.CaseNotFound, public.CaseChanged, public.NotYourOffice)


class ApplicationList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.Application), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class ListApplications(pages.Page):
    region = fields.RegionCode()
    state = fields.Text(at_most=30)
    subject_kind = fields.Choice(SubjectKind)


@operation(
    blueprint,
    "POST",
    "",
    scopes=[scopes.STARS_APPLY],
    body=public.OpenApplication(exclude=("command_id",)),
    once=True,
    answers=Answer(201, public.Application, "已建立草稿 · a draft", headers=("Location", "ETag")),
    refusals=(
        *ONCE,
        kept.SubjectNotFound,
        kept.SubjectNotActive,
        public.CaseOpenAlready,
        public.RegionNotYours,
        public.NotYourOffice,
    ),
)
def open_application(asked: Asked) -> Response:
    """建立申报 · Open an application

    程序和评分标准的版本自此固定。
    The versions of procedure and rubric are its own from now on.
    """
    return _opened(ask(SERVICE, "open_application", asked.command(), asked.actor))


@operation(
    blueprint,
    "GET",
    "",
    scopes=[scopes.STARS_READ],
    query=ListApplications(),
    answers=Answer(200, ApplicationList, "一页申报 · one page"),
    refusals=(kept.StarsNotAllowed, RegionUnknown, RegionAmbiguous),
)
def list_applications(asked: Asked) -> Response:
    """查询申报 · List applications

    申请人见自己的，评审员见分配给自己的，妇联见所辖区域的。
    Applicants see their own, reviewers those they review, offices those of their region.
    """
    page = ask(SERVICE, "applications", asked.actor, **pages.opened("applications", asked.query))
    return answer(pages.closed("applications", page))


@operation(
    blueprint,
    "GET",
    "/<id:application_id>",
    scopes=[scopes.STARS_READ],
    answers=Answer(200, public.Application, "申报 · the application", cached=True),
    refusals=(public.CaseNotFound, kept.StarsNotAllowed),
)
def read_application(asked: Asked, application_id: str) -> Response:
    """读取申报 · Read an application

    评分在全部提交前只有本人可见；评审员身份只对监督者可见。
    Scores are their author's alone until all are in; who reviews is for overseers to know.
    """
    found = ask(SERVICE, "application", application_id, asked.actor)
    return polled(found, etag=str(found["version"]), cache="private, no-cache")


@operation(
    blueprint,
    "POST",
    "/<id:application_id>/evidence",
    scopes=[scopes.STARS_APPLY],
    body=public.AddEvidence(exclude=_PATH),
    once=True,
    edits=True,
    answers=_CHANGED,
    refusals=(*_CHANGES, public.TransitionNotAllowed),
)
def add_evidence(asked: Asked, application_id: str) -> Response:
    """补充材料 · Add evidence

    仅在草稿和退回补正时；已交材料不能删除。
    While it is the applicant's turn; what was handed in is never removed.
    """
    return _changed(asked, "add_evidence", application_id)


@operation(
    blueprint,
    "POST",
    "/<id:application_id>/transitions",
    scopes=[scopes.STARS_APPLY, scopes.STARS_DECIDE],
    body=public.MoveApplication(exclude=_PATH),
    once=True,
    edits=True,
    answers=_CHANGED,
    refusals=(
        *_CHANGES,
        public.TransitionNotAllowed,
        public.EvidenceMissing,
        public.NotEligible,
        public.RecommenderMissing,
        public.QuotaReached,
        public.CureExpired,
        public.NoEligibleReviewer,
        public.OutcomeNotSettled,
        public.OutcomeBelowThreshold,
        public.NoticeNotOver,
        public.NoticeDisputed,
        public.NoticeClosed,
        public.ObjectionNotFound,
        public.GroundUnknown,
        public.MatterOpen,
        public.StandingHigher,
        kept.AwardChangeNotAllowed,
        RegionUnknown,
    ),
)
def move_application(asked: Asked, application_id: str) -> Response:
    """办理一步 · Take a step

    步骤见 docs/housekeeping.md 的状态图；申报的 transitions 列出您现在可以办理的。
    The steps are in the state diagram; `transitions` of the application are those that you may take now.
    """
    return _changed(asked, "move_application", application_id)


@operation(
    blueprint,
    "POST",
    "/<id:application_id>/reviews",
    scopes=[scopes.STARS_REVIEW],
    body=public.SubmitReview(exclude=_PATH),
    once=True,
    edits=True,
    answers=Answer(201, public.Application, "已收到评分 · the scores are in", headers=("ETag",)),
    refusals=(
        *ONCE,
        public.CaseNotFound,
        public.CaseChanged,
        public.NotReviewing,
        public.AlreadyScored,
        public.ReviewTooLate,
        public.MarksInvalid,
    ),
)
def submit_review(asked: Asked, application_id: str) -> Response:
    """提交评分 · Hand in a review

    须逐项打分；修改是新的一版，原版保留；全部提交后不再更改。
    Every item has its mark; a revision is another version beside the first; when all are in, nothing changes.
    """
    command = asked.command(application_id=application_id)
    found = ask(SERVICE, "submit_review", command, asked.actor)
    return answer(found, 201, ETag=etag(found))


@operation(
    blueprint,
    "POST",
    "/<id:application_id>/appeal",
    scopes=[scopes.STARS_APPLY],
    body=public.AppealApplication(exclude=("command_id", "application_id")),
    once=True,
    answers=Answer(201, public.Application, "申诉已立案 · the appeal, a new application", headers=("Location", "ETag")),
    refusals=(
        *ONCE,
        public.CaseNotFound,
        public.CaseOpenAlready,
        public.AppealNotAllowed,
        public.NotYourOffice,
        public.NoEligibleReviewer,
    ),
)
def appeal_application(asked: Asked, application_id: str) -> Response:
    """申诉 · Appeal

    同一评分标准，另换评审员和经办人；两次结果并列展示。
    The same rubric, other reviewers and clerks; both outcomes stand side by side.
    """
    command = asked.command(application_id=application_id)
    return _opened(ask(SERVICE, "appeal_application", command, asked.actor))


@operation(
    blueprint,
    "POST",
    "/<id:application_id>/settlement",
    scopes=[scopes.STARS_DECIDE],
    body=public.SettleApplication(exclude=_PATH),
    once=True,
    edits=True,
    answers=_CHANGED,
    refusals=(*_CHANGES, kept.MatterNotOpen),
)
def settle_application(asked: Asked, application_id: str) -> Response:
    """处理主体变更 · Settle what a move or merger means"""
    return _changed(asked, "settle_application", application_id)


@operation(
    blueprint,
    "POST",
    "/<id:application_id>/objections/<id:objection_id>/statement",
    scopes=[scopes.PEOPLE_REVEAL],
    body=public.ReadObjection(only=("reason",)),
    answers=Answer(200, public.OpenedObjection, "异议内容，不得缓存 · in full, never cached"),
    refusals=(public.CaseNotFound, public.ObjectionNotFound, public.NotYourOffice, kept.StarsNotAllowed),
)
def read_objection(asked: Asked, application_id: str, objection_id: str) -> Response:
    """查阅异议 · Read an objection

    供核查使用，须说明理由，每次查阅均留痕。
    For the inquiry; takes a reason, and is recorded each time.
    """
    command = asked.command(application_id=application_id, objection_id=objection_id)
    return answer(ask(SERVICE, "read_objection", command, asked.actor))


def _changed(asked: Asked, method: str, application_id: str) -> Response:
    found = ask(SERVICE, method, asked.command(application_id=application_id), asked.actor)
    return answer(found, ETag=etag(found))


def _opened(found: dict[str, int]) -> Response:
    where = url_for("applications.read_application", application_id=found["application_id"])
    return answer(found, 201, Location=where, ETag=etag(found))
