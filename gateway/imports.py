"""Rosters: uploaded, worked through by a job, looked at row by row, given back annotated, recalled."""

import hashlib

from flask import current_app, url_for
from flask_smorest import Blueprint
from werkzeug import Response

from contract import certification as public
from contract import fields
from contract.errors import Refused
from contract.message import Message
from contract.words import RowOutcome
from gateway import bodies, door, downloads, idempotency, pages, scopes, uploads
from gateway.certificates import SERVICE
from gateway.door import Asked, answer, ask, operation, polled
from gateway.downloads import BYTES, XLSX
from gateway.openapi import Answer
from runtime.files import Files

blueprint = Blueprint(
    "certificate-imports", __name__, url_prefix="/v1/certificate-imports", description="花名册导入 · rosters"
)

_FOLLOWED_BY = (scopes.IMPORTS_WRITE, scopes.CERTIFICATES_READ)


class RowList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.Row), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class ListRows(pages.Page):
    limit = pages.Count(at_least=1, at_most=1000, load_default=100)
    outcome = fields.Choice(RowOutcome)


@operation(
    blueprint,
    "POST",
    "",
    scopes=[scopes.IMPORTS_WRITE],
    form=uploads.form(
        BYTES,
        "xlsx 或 csv，不超过25 MiB · xlsx or csv, at most 25 MiB",
        dry_run={
            "type": "boolean",
            "default": False,
            "description": "只检查不登记 · check the rows and record nothing",
        },
    ),
    once=True,
    takes=20,
    answers=Answer(202, public.Import, "已受理 · taken; look at Location", headers=("Location",)),
    refusals=(public.RosterUnreadable, public.ActionNotAllowed),
)
def start_import(asked: Asked) -> Response:
    """上传花名册 · Upload a roster

    同一文件再次上传得到同一任务；逐行结果见 rows，标注后的文件见 result.xlsx。
    The same file again is the same job.
    """
    files: Files = current_app.extensions["files"]
    upload = uploads.receive(files)
    stored = upload.stored
    content = {"sha256": stored.sha256, "filename": upload.filename, "dry_run": upload.dry_run}

    def work(command_id: str) -> Response:
        command = {**content, "file_id": stored.file_id, "size": stored.size, "command_id": command_id}
        found = ask(SERVICE, "start_import", command, asked.actor)
        address = url_for("certificate-imports.read_import", import_id=found["import_id"])
        return answer(found, 202, Location=address)

    try:
        response = door.answer_once(asked, bodies.canonical(content), work)
    except Refused:
        files.delete(stored.file_id)
        raise
    if response.status_code != 202 or idempotency.REPLAYED in response.headers:
        files.delete(stored.file_id)
    return response


@operation(
    blueprint,
    "GET",
    "/<id:import_id>",
    scopes=_FOLLOWED_BY,
    answers=Answer(200, public.Import, "导入任务 · the job", cached=True),
    refusals=(public.ImportNotFound,),
)
def read_import(asked: Asked, import_id: str) -> Response:
    """导入任务的进展 · How far a job is"""
    found = ask(SERVICE, "import_job", import_id, asked.actor)
    return polled(found, etag=hashlib.sha256(bodies.canonical(found)).hexdigest()[:32], cache="private, no-cache")


@operation(
    blueprint,
    "GET",
    "/<id:import_id>/rows",
    scopes=_FOLLOWED_BY,
    query=ListRows(),
    answers=Answer(200, RowList, "一页逐行结果 · one page of what became of the rows"),
    refusals=(public.ImportNotFound,),
)
def list_rows(asked: Asked, import_id: str) -> Response:
    """逐行结果 · What became of each row

    行号与表格中的行号一致（表头为第1行）。
    `row` is the spreadsheet's own number; the header is 1.
    """
    name = f"rows/{import_id}"
    page = ask(SERVICE, "import_rows", import_id, asked.actor, **pages.opened(name, asked.query))
    return answer(pages.closed(name, page))


@operation(
    blueprint,
    "GET",
    "/<id:import_id>/result.xlsx",
    scopes=[scopes.IMPORTS_WRITE],  # it shows people in full, which reading certificates does not
    cost=5,
    answers=Answer(200, None, "标注后的花名册 · the annotated roster", XLSX, headers=("Content-Disposition",)),
    refusals=(public.ImportNotFound, public.ImportNotFinished, public.ImportWithoutResult),
)
def read_result(asked: Asked, import_id: str) -> Response:
    """下载标注后的花名册 · The roster, annotated

    含上传文件中的个人信息，不得缓存。
    Holds the personal data that was uploaded: never cached.
    """
    found = ask(SERVICE, "import_result", import_id, asked.actor)
    missing = public.ImportWithoutResult("该导入没有可下载的结果文件", "this import has no result to download")
    name = f"certificate-import-{import_id}.xlsx"
    return downloads.kept(found["file_id"], XLSX, name, missing=missing, size=found["size"])


@operation(
    blueprint,
    "POST",
    "/<id:import_id>/recall",
    scopes=[scopes.IMPORTS_WRITE, scopes.IMPORTS_RECALL],
    body=public.RecallImport(exclude=("command_id", "import_id")),
    once=True,
    takes=20,
    answers=Answer(202, public.Import, "正在撤回 · being recalled; look at Location", headers=("Location",)),
    refusals=(public.ImportNotFound, public.ImportNotFinished, public.CertificateInvalid, public.ActionNotAllowed),
)
def recall_import(asked: Asked, import_id: str) -> Response:
    """整批撤回 · Recall a whole import

    其登记的证书逐张撤销，人员退出计数；民政部门撤回须附材料。
    Its certificates are revoked one by one, and their people leave the count; a bureau adds evidence.
    """
    found = ask(SERVICE, "recall_import", asked.command(import_id=import_id), asked.actor)
    return answer(found, 202, Location=url_for("certificate-imports.read_import", import_id=import_id))
