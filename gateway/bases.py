"""巾帼家政基地: registered, corrected, moved or merged, seen."""

from flask import url_for
from flask_smorest import Blueprint
from werkzeug import Response

from contract import applications as cased
from contract import fields
from contract import housekeeping as public
from contract.errors import CommandReused
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from gateway import downloads, pages, scopes
from gateway.door import Asked, answer, ask, etag, operation, polled
from gateway.downloads import BYTES
from gateway.openapi import Answer

blueprint = Blueprint("bases", __name__, url_prefix="/v1/bases", description="巾帼家政基地 · bases")

SERVICE = "housekeeping"
WRITERS = (scopes.STARS_APPLY, scopes.STARS_DECIDE)
ONCE = (CommandReused, public.StarsNotAllowed)


class BaseList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.Base), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class ListSubjects(pages.Page):
    region = fields.RegionCode()


class ListBases(ListSubjects):
    awaits = fields.Choice(public.Awaits)


_CHANGED = Answer(200, public.Base, "现在的登记 · as it is registered now", headers=("ETag",))


@operation(
    blueprint,
    "POST",
    "",
    scopes=WRITERS,
    body=public.RegisterBase(exclude=("command_id",)),
    once=True,
    answers=Answer(201, public.Base, "已登记 · registered", headers=("Location", "ETag")),
    refusals=(
        *ONCE,
        public.SubjectInvalid,
        public.SubjectAlreadyRegistered,
        cased.RegionNotYours,
        RegionUnknown,
        RegionAmbiguous,
    ),
)
def register_base(asked: Asked) -> Response:
    """登记基地 · Register a base

    法定代表人信息加密保存。
    What is told of the legal representative is kept encrypted.
    """
    found = ask(SERVICE, "register_base", asked.command(), asked.actor)
    return answer(found, 201, Location=url_for("bases.read_base", base_id=found["base_id"]), ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "",
    scopes=[scopes.STARS_READ],
    query=ListBases(),
    answers=Answer(200, BaseList, "一页基地 · one page"),
    refusals=(public.StarsNotAllowed, RegionUnknown, RegionAmbiguous),
)
def list_bases(asked: Asked) -> Response:
    """查询基地 · List bases"""
    page = ask(SERVICE, "bases", asked.actor, **pages.opened("bases", asked.query))
    return answer(pages.closed("bases", page))


@operation(
    blueprint,
    "GET",
    "/<id:base_id>",
    scopes=[scopes.STARS_READ],
    answers=Answer(200, public.Base, "基地 · the base", cached=True),
    refusals=(public.SubjectNotFound, public.StarsNotAllowed),
)
def read_base(asked: Asked, base_id: str) -> Response:
    """读取基地 · Read a base"""
    found = ask(SERVICE, "base", base_id, asked.actor)
    return polled(found, etag=str(found["version"]), cache="private, no-cache")


@operation(
    blueprint,
    "POST",
    "/<id:base_id>/correction",
    scopes=WRITERS,
    body=public.CorrectBase(exclude=("command_id", "base_id", "expected_version")),
    once=True,
    edits=True,
    answers=_CHANGED,
    refusals=(
        *ONCE,
        public.SubjectNotFound,
        public.SubjectInvalid,
        public.SubjectChanged,
        public.SubjectNotActive,
    ),
)
def correct_base(asked: Asked, base_id: str) -> Response:
    """更正基地登记 · Correct what is registered"""
    found = ask(SERVICE, "correct_base", asked.command(base_id=base_id), asked.actor)
    return answer(found, ETag=etag(found))


@operation(
    blueprint,
    "POST",
    "/<id:base_id>/move",
    scopes=[scopes.STARS_DECIDE],
    body=public.MoveBase(exclude=("command_id", "base_id", "expected_version")),
    once=True,
    edits=True,
    answers=_CHANGED,
    refusals=(
        *ONCE,
        public.SubjectNotFound,
        public.SubjectInvalid,
        public.SubjectChanged,
        public.SubjectNotActive,
        public.BaseMoveNotAllowed,
        cased.EvidenceMissing,
        RegionUnknown,
        RegionAmbiguous,
    ),
)
def move_base(asked: Asked, base_id: str) -> Response:
    """提出迁移或合并 · Propose a move to another region, or a merger into another base

    须附材料；由接收市妇联或省妇联的另一人确认后生效。
    On evidence; it happens when another person confirms it, of the city that receives it or of the province.
    """
    found = ask(SERVICE, "move_base", asked.command(base_id=base_id), asked.actor)
    return answer(found, ETag=etag(found))


@operation(
    blueprint,
    "POST",
    "/<id:base_id>/move/decision",
    scopes=[scopes.STARS_DECIDE],
    body=public.DecideBaseMove(exclude=("command_id", "base_id", "expected_version")),
    once=True,
    edits=True,
    answers=_CHANGED,
    refusals=(
        *ONCE,
        public.SubjectNotFound,
        public.SubjectChanged,
        public.SubjectNotActive,
        public.BaseMoveNotAllowed,
        cased.NotYourOffice,
    ),
)
def decide_base_move(asked: Asked, base_id: str) -> Response:
    """确认迁移或合并 · Confirm or refuse a move

    由接收市妇联或省妇联中提出人以外的人办理；待办：`GET /v1/bases?awaits=decision`。
    申报和认定不随之变动，各自待人处理。
    By the city that receives it or the province, never by who proposed it. What waits:
    `GET /v1/bases?awaits=decision`. Applications and awards do not move with it: each waits for somebody to settle what
    it means.
    """
    found = ask(SERVICE, "decide_base_move", asked.command(base_id=base_id), asked.actor)
    return answer(found, ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "/<id:base_id>/evidence/<id:file_id>",
    scopes=[scopes.STARS_READ],
    answers=Answer(200, None, "材料 · the document", BYTES, headers=("Content-Disposition",)),
    refusals=(public.SubjectNotFound, cased.EvidenceNotFound, public.StarsNotAllowed),
)
def read_base_evidence(asked: Asked, base_id: str, file_id: str) -> Response:
    """查阅登记材料 · See a document that a change rests on"""
    found = ask(SERVICE, "base_file", base_id, file_id, asked.actor)
    missing = cased.EvidenceNotFound("没有这份材料", "there is no such document")
    return downloads.proof(file_id, found["sha256"], missing=missing)


@operation(
    blueprint,
    "POST",
    "/<id:base_id>/representative",
    scopes=[scopes.PEOPLE_REVEAL],
    body=public.RevealSubject(only=("reason",)),
    answers=Answer(200, public.RevealedSubject, "完整信息，不得缓存 · in full, never cached"),
    refusals=(public.SubjectNotFound, public.StarsNotAllowed),
)
def reveal_representative(asked: Asked, base_id: str) -> Response:
    """查看法定代表人 · See the legal representative in full

    须说明理由，每次查看均留痕。
    Takes a reason, and is recorded each time.
    """
    command = asked.command(subject_kind="base", subject_key=base_id)
    return answer(ask(SERVICE, "reveal_subject", command, asked.actor))
