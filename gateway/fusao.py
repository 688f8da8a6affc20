"""河北福嫂: registered by their employer, moved to another, seen; always by the opaque key that stands for them."""

from flask import url_for
from flask_smorest import Blueprint
from werkzeug import Response

from contract import applications as cased
from contract import fields
from contract import housekeeping as public
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from gateway import downloads, pages, scopes
from gateway.bases import ONCE, SERVICE, WRITERS, ListSubjects
from gateway.door import Asked, answer, ask, etag, operation
from gateway.downloads import BYTES
from gateway.openapi import Answer

blueprint = Blueprint("fusao", __name__, url_prefix="/v1/fusao", description="河北福嫂 · 福嫂")


class FusaoList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.Fusao), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


@operation(
    blueprint,
    "POST",
    "",
    scopes=WRITERS,
    body=public.RegisterFusao(exclude=("command_id",)),
    once=True,
    answers=Answer(201, public.Fusao, "已登记，已脱敏 · registered, masked", headers=("Location", "ETag")),
    refusals=(
        *ONCE,
        public.SubjectInvalid,
        public.SubjectAlreadyRegistered,
        public.SubjectNotFound,
        public.SubjectNotActive,
    ),
)
def register_fusao(asked: Asked) -> Response:
    """登记福嫂 · Register a 福嫂

    个人信息加密保存；所持证书由证书事件得知。
    Personal data is kept encrypted; what certificates she holds is heard from certification.
    """
    found = ask(SERVICE, "register_fusao", asked.command(), asked.actor)
    return answer(found, 201, Location=url_for("fusao.read_fusao", person_key=found["person_key"]), ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "",
    scopes=[scopes.STARS_READ],
    query=ListSubjects(),
    answers=Answer(200, FusaoList, "一页福嫂，已脱敏 · one page, masked"),
    refusals=(public.StarsNotAllowed, RegionUnknown, RegionAmbiguous),
)
def list_fusao(asked: Asked) -> Response:
    """查询福嫂 · List 福嫂"""
    page = ask(SERVICE, "fusao_list", asked.actor, **pages.opened("fusao", asked.query))
    return answer(pages.closed("fusao", page))


@operation(
    blueprint,
    "GET",
    "/<person_key:person_key>",
    scopes=[scopes.STARS_READ],
    answers=Answer(200, public.Fusao, "福嫂，已脱敏 · masked"),
    refusals=(public.SubjectNotFound, public.StarsNotAllowed),
)
def read_fusao(asked: Asked, person_key: str) -> Response:
    """读取福嫂 · Read a 福嫂"""
    found = ask(SERVICE, "fusao", person_key, asked.actor)
    return answer(found, ETag=etag(found), Cache_Control="private, no-cache")


@operation(
    blueprint,
    "POST",
    "/<person_key:person_key>/move",
    scopes=WRITERS,
    body=public.MoveFusao(exclude=("command_id", "person_key", "expected_version")),
    once=True,
    edits=True,
    answers=Answer(200, public.Fusao, "现在的登记 · as it is registered now", headers=("ETag",)),
    refusals=(
        *ONCE,
        public.SubjectNotFound,
        public.SubjectChanged,
        public.SubjectNotActive,
        cased.EvidenceMissing,
    ),
)
def move_fusao(asked: Asked, person_key: str) -> Response:
    """变更所在单位 · Another employer

    须附材料。申报和认定不随之变动，各自待人处理。
    On evidence. Applications and awards do not move with her: each waits for somebody to settle what it means.
    """
    found = ask(SERVICE, "move_fusao", asked.command(person_key=person_key), asked.actor)
    return answer(found, ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "/<person_key:person_key>/evidence/<id:file_id>",
    scopes=[scopes.STARS_READ],
    answers=Answer(200, None, "材料 · the document", BYTES, headers=("Content-Disposition",)),
    refusals=(public.SubjectNotFound, cased.EvidenceNotFound, public.StarsNotAllowed),
)
def read_fusao_evidence(asked: Asked, person_key: str, file_id: str) -> Response:
    """查阅登记材料 · See a document that a change rests on"""
    found = ask(SERVICE, "fusao_file", person_key, file_id, asked.actor)
    missing = cased.EvidenceNotFound("没有这份材料", "there is no such document")
    return downloads.proof(file_id, found["sha256"], missing=missing)


@operation(
    blueprint,
    "POST",
    "/<person_key:person_key>/person",
    scopes=[scopes.PEOPLE_REVEAL],
    body=public.RevealSubject(only=("reason",)),
    answers=Answer(200, public.RevealedSubject, "完整个人信息，不得缓存 · in full, never cached"),
    refusals=(public.SubjectNotFound, public.StarsNotAllowed),
)
def reveal_fusao(asked: Asked, person_key: str) -> Response:
    """查看福嫂完整信息 · See a 福嫂 in full

    须说明理由，每次查看均留痕。
    Takes a reason, and is recorded each time.
    """
    command = asked.command(subject_kind="fusao", subject_key=person_key)
    return answer(ask(SERVICE, "reveal_subject", command, asked.actor))
