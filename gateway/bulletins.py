"""Bulletins (通报) and the snapshots that they are made from."""

from flask import url_for
from flask_smorest import Blueprint
from werkzeug import Response

from contract import bulletins as public
from contract import fields
from contract.errors import CommandReused
from contract.message import Message
from gateway import downloads, pages, scopes
from gateway.door import Asked, answer, ask, operation
from gateway.downloads import DOCX, XLSX
from gateway.openapi import Answer

blueprint = Blueprint("bulletins", __name__, url_prefix="/v1", description="通报 · bulletins and locked figures")

SERVICE = "targets"


class BulletinList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.BulletinSummary), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class CorrectedEntryList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.CorrectedEntry), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class ListEntries(pages.Page):
    limit = pages.Count(at_least=1, at_most=1000, load_default=100)


_READ = (scopes.TARGETS_READ, scopes.BULLETINS_WRITE)


@operation(
    blueprint,
    "POST",
    "/bulletins",
    scopes=(scopes.BULLETINS_WRITE,),
    body=public.IssueBulletin(exclude=("command_id",)),
    example={"round_id": "64f000000000000000000001", "options": {"leaders": 3, "laggards": 3}},
    once=True,
    answers=Answer(202, public.Bulletin, "已受理，正在生成 · being made", headers=("Location",)),
    refusals=(
        *(CommandReused, public.BulletinsNotAllowed, public.BulletinInvalid, public.SnapshotNotFound),
        *(public.SnapshotNotLocked, public.BulletinNotFound, public.BulletinNotReady, public.NothingMoved),
    ),
)
def issue_bulletin(asked: Asked) -> Response:
    """印发通报 · Issue a bulletin

    依据某期调度的锁定数据（round_id 或 snapshot_id）生成，或更正已印发的通报（corrects 与 reason）。
    编号按年度连续，印发后不再改动；生成进度见 percent。
    Made from a closed round's locked figures, or as the correction of an earlier one, which stays as it was. Numbers
    are consecutive within the plan's year. `percent` tells how far the making is.
    """
    found = ask(SERVICE, "issue_bulletin", asked.command(), asked.actor)
    return answer(found, 202, Location=url_for("bulletins.read_bulletin", bulletin_id=found["bulletin_id"]))


@operation(
    blueprint,
    "GET",
    "/bulletins",
    scopes=_READ,
    query=pages.Page(),
    answers=Answer(200, BulletinList, "一页通报，新的在前 · one page, the newest first"),
    refusals=(public.BulletinsNotAllowed,),
)
def list_bulletins(asked: Asked) -> Response:
    """历次通报 · List the bulletins"""
    page = ask(SERVICE, "bulletins", asked.actor, **pages.opened("bulletins", asked.query))
    return answer(pages.closed("bulletins", page))


@operation(
    blueprint,
    "GET",
    "/bulletins/<id:bulletin_id>",
    scopes=_READ,
    answers=Answer(200, public.Bulletin, "通报及其内容 · the bulletin, and what it says"),
    refusals=(public.BulletinNotFound, public.BulletinsNotAllowed),
)
def read_bulletin(asked: Asked, bulletin_id: str) -> Response:
    """读取通报或其生成进度 · Read a bulletin, or how far its making is"""
    return answer(ask(SERVICE, "bulletin", bulletin_id, asked.actor), Cache_Control="private, no-cache")


@operation(
    blueprint,
    "GET",
    "/bulletins/<id:bulletin_id>/entries",
    scopes=_READ,
    query=ListEntries(),
    answers=Answer(200, CorrectedEntryList, "一页逐条依据 · one page of the entries"),
    refusals=(public.BulletinNotFound, public.BulletinNotReady, public.BulletinsNotAllowed),
)
def list_bulletin_entries(asked: Asked, bulletin_id: str) -> Response:
    """更正通报的逐条依据 · The entries that a correction lists

    通报内容只列前300条；不是更正的通报没有条目。
    The bulletin itself holds the first 300; one that is no correction has none.
    """
    name = f"bulletin/{bulletin_id}"
    page = ask(SERVICE, "bulletin_entries", bulletin_id, asked.actor, **pages.opened(name, asked.query))
    return answer(pages.closed(name, page))


@operation(
    blueprint,
    "GET",
    "/bulletins/<id:bulletin_id>/document.docx",
    scopes=_READ,
    cost=3,
    answers=Answer(200, None, "通报文本 · the document", DOCX, headers=("Content-Disposition",)),
    refusals=(public.BulletinNotFound, public.BulletinNotReady, public.BulletinsNotAllowed),
)
def read_document(asked: Asked, bulletin_id: str) -> Response:
    """下载通报文本 · Download the document"""
    return _file(asked, bulletin_id, "document", DOCX, "docx")


@operation(
    blueprint,
    "GET",
    "/bulletins/<id:bulletin_id>/workbook.xlsx",
    scopes=_READ,
    cost=3,
    answers=Answer(200, None, "附件工作簿 · the annex", XLSX, headers=("Content-Disposition",)),
    refusals=(public.BulletinNotFound, public.BulletinNotReady, public.BulletinsNotAllowed),
)
def read_workbook(asked: Asked, bulletin_id: str) -> Response:
    """下载附件工作簿 · Download the annex: every row that the document is drawn from"""
    return _file(asked, bulletin_id, "workbook", XLSX, "xlsx")


@operation(
    blueprint,
    "GET",
    "/snapshots/<id:snapshot_id>",
    scopes=_READ,
    takes=30,
    cost=4,
    answers=Answer(200, public.Snapshot, "锁定数据 · the snapshot"),
    refusals=(public.SnapshotNotFound, public.BulletinsNotAllowed),
)
def read_snapshot(asked: Asked, snapshot_id: str) -> Response:
    """锁定数据的摘要与复核结果 · A snapshot's digest, and whether it still holds

    verified：摘要相符，且按 sources 重新加总逐条依据得到同样的数字。
    `verified`: the digest fits, and the entries that `sources` names add up to the same figures.
    """
    found = ask(SERVICE, "snapshot", snapshot_id, asked.actor)
    return answer(found, Cache_Control="private, no-cache")


def _file(asked: Asked, bulletin_id: str, name: str, media_type: str, ending: str) -> Response:
    found = ask(SERVICE, "bulletin_file", bulletin_id, name, asked.actor)
    missing = public.BulletinNotFound("这份通报的文件已不存在", "this bulletin's file is gone")
    file = f"bulletin-{bulletin_id}.{ending}"
    response = downloads.kept(found["file_id"], media_type, file, missing=missing, size=found["size"])
    response.set_etag(found["sha256"][:32])
    return response
