"""A city's own stars: reported by the city, and an award that counts once the province has confirmed them."""

from flask import url_for
from flask_smorest import Blueprint
from werkzeug import Response

from contract import applications as cased
from contract import fields
from contract import housekeeping as awarded
from contract import recognitions as public
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from gateway import downloads, pages, scopes
from gateway.bases import ONCE, SERVICE, ListSubjects
from gateway.door import Asked, answer, ask, etag, operation
from gateway.downloads import BYTES
from gateway.openapi import Answer

blueprint = Blueprint("recognitions", __name__, url_prefix="/v1/city-recognitions", description="市级认定 · city stars")

_PATH = ("command_id", "recognition_id", "expected_version")
_CHANGED = Answer(200, public.CityRecognition, "现在的状态 · as it is now", headers=("ETag",))
_EDITED = (
    *ONCE,
    public.RecognitionNotFound,
    public.RecognitionChanged,
    public.RecognitionSettled,
    cased.NotYourOffice,
)


class RecognitionList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.CityRecognition), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class ListRecognitions(ListSubjects):
    state = fields.Choice(public.RecognitionState)
    subject_kind = fields.Choice(awarded.SubjectKind)


@operation(
    blueprint,
    "POST",
    "",
    scopes=[scopes.STARS_DECIDE],
    body=public.RecogniseByCity(exclude=("command_id",)),
    once=True,
    answers=Answer(
        201, public.CityRecognition, "已报告，待省级确认 · reported, to be confirmed", headers=("Location", "ETag")
    ),
    refusals=(
        *ONCE,
        awarded.SubjectNotFound,
        awarded.SubjectNotActive,
        awarded.CityNoticeTooShort,
        awarded.AwardChangeNotAllowed,
        cased.EvidenceMissing,
        cased.NotYourOffice,
    ),
)
def recognise_by_city(asked: Asked) -> Response:
    """报告市级品牌认定 · Report a city's own recognition

    须有满期的市级公示；经省妇联确认后才计入。与省级认定属同一主体时只计一次。
    After the city's own full notice. It counts once the province has confirmed it; with a provincial award of the same
    subject it counts once.
    """
    found = ask(SERVICE, "recognise_by_city", asked.command(), asked.actor)
    where = url_for("recognitions.read_recognition", recognition_id=found["recognition_id"])
    return answer(found, 201, Location=where, ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "",
    scopes=[scopes.STARS_READ],
    query=ListRecognitions(),
    answers=Answer(200, RecognitionList, "一页市级认定 · one page"),
    refusals=(awarded.StarsNotAllowed, RegionUnknown, RegionAmbiguous),
)
def list_recognitions(asked: Asked) -> Response:
    """查询市级认定 · List recognitions

    待确认的：`state=reported`。
    Those that wait for the province: `state=reported`.
    """
    page = ask(SERVICE, "recognitions", asked.actor, **pages.opened("recognitions", asked.query))
    return answer(pages.closed("recognitions", page))


@operation(
    blueprint,
    "GET",
    "/<id:recognition_id>",
    scopes=[scopes.STARS_READ],
    answers=Answer(200, public.CityRecognition, "市级认定 · the recognition", headers=("ETag",)),
    refusals=(public.RecognitionNotFound, awarded.StarsNotAllowed),
)
def read_recognition(asked: Asked, recognition_id: str) -> Response:
    """读取市级认定 · Read a recognition"""
    found = ask(SERVICE, "recognition", recognition_id, asked.actor)
    return answer(found, ETag=etag(found), Cache_Control="private, no-cache")


@operation(
    blueprint,
    "GET",
    "/<id:recognition_id>/evidence/<id:file_id>",
    scopes=[scopes.STARS_READ],
    answers=Answer(200, None, "材料 · the document", BYTES, headers=("Content-Disposition",)),
    refusals=(public.RecognitionNotFound, cased.EvidenceNotFound, awarded.StarsNotAllowed),
)
def read_recognition_evidence(asked: Asked, recognition_id: str, file_id: str) -> Response:
    """查阅认定文件 · See a document that it rests on"""
    found = ask(SERVICE, "recognition_file", recognition_id, file_id, asked.actor)
    missing = cased.EvidenceNotFound("没有这份材料", "there is no such document")
    return downloads.proof(file_id, found["sha256"], missing=missing)


@operation(
    blueprint,
    "POST",
    "/<id:recognition_id>/decision",
    scopes=[scopes.STARS_DECIDE],
    body=public.DecideRecognition(exclude=_PATH),
    once=True,
    edits=True,
    answers=_CHANGED,
    refusals=(*_EDITED, awarded.SubjectNotActive, awarded.AwardChangeNotAllowed),
)
def decide_recognition(asked: Asked, recognition_id: str) -> Response:
    """确认市级认定 · Confirm or refuse a recognition

    由省妇联中报告人以外的人办理；确认后授牌并计入，不予确认的不计入。
    By the province, never by whoever reported it. Confirmed, it is an award and counts; refused, it never does.
    """
    found = ask(SERVICE, "decide_recognition", asked.command(recognition_id=recognition_id), asked.actor)
    return answer(found, ETag=etag(found))


@operation(
    blueprint,
    "POST",
    "/<id:recognition_id>/withdrawal",
    scopes=[scopes.STARS_DECIDE],
    body=public.WithdrawRecognition(exclude=_PATH),
    once=True,
    edits=True,
    answers=_CHANGED,
    refusals=_EDITED,
)
def withdraw_recognition(asked: Asked, recognition_id: str) -> Response:
    """撤回报告 · Withdraw what was reported

    省级处理之前，由报告的市撤回。
    By the city, while the province has not decided.
    """
    found = ask(SERVICE, "withdraw_recognition", asked.command(recognition_id=recognition_id), asked.actor)
    return answer(found, ETag=etag(found))
