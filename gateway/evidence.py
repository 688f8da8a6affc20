"""Documents that applications, decisions and objections rest on: handed in once, then named by id and digest."""

from flask import current_app, request
from flask_smorest import Blueprint
from werkzeug import Response

from contract import applications as public
from contract import fields
from contract import housekeeping as kept
from contract.message import Message
from gateway import downloads, problems, scopes, uploads
from gateway.bases import SERVICE
from gateway.door import Asked, answer, ask, operation
from gateway.downloads import BYTES
from gateway.openapi import Answer

blueprint = Blueprint("evidence", __name__, url_prefix="/v1", description="佐证材料 · evidence")

ANONYMOUS_LIMIT = 5 * 2**20


class StoredEvidence(Message):
    """What goes into ``evidence`` of a command, with its kind and title."""

    file_id = fields.Id(required=True)
    sha256 = fields.Text(required=True, at_least=64, at_most=64)
    size = fields.Whole(required=True)


@operation(
    blueprint,
    "POST",
    "/evidence",
    public=True,
    form=uploads.form(BYTES, "不超过25 MiB，未登录不超过5 MiB · at most 25 MiB, without a token 5 MiB"),
    answers=Answer(201, StoredEvidence, "已保存（加密） · kept, encrypted"),
)
def hand_in(asked: Asked) -> Response:
    """上传材料 · Hand in a document

    任何人可上传，供申报、核查或异议引用；加密保存。
    By anybody, to be named in an application, a decision or an objection; kept encrypted.
    """
    if asked.caller is None and (request.content_length is None or request.content_length > ANONYMOUS_LIMIT):
        raise problems.too_large(ANONYMOUS_LIMIT)
    stored = uploads.receive(current_app.extensions["files"]).stored
    return answer(StoredEvidence.write(file_id=stored.file_id, sha256=stored.sha256, size=stored.size), 201)


@operation(
    blueprint,
    "GET",
    "/applications/<id:application_id>/evidence/<id:file_id>",
    scopes=[scopes.STARS_READ],
    answers=Answer(200, None, "材料 · the document", BYTES, headers=("Content-Disposition",)),
    refusals=(public.CaseNotFound, public.EvidenceNotFound, kept.StarsNotAllowed),
)
def read_evidence(asked: Asked, application_id: str, file_id: str) -> Response:
    """查阅材料 · See a document

    申报及其经办过程的材料；异议材料只有核查人可见。
    Those of the application and its steps; an objection's only for the inquiry.
    """
    found = ask(SERVICE, "evidence_file", application_id, file_id, asked.actor)
    missing = public.EvidenceNotFound("没有这份材料", "there is no such document")
    return downloads.proof(file_id, found["sha256"], missing=missing)
