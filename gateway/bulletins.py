"""Bulletins (通报) and the snapshots that they are made from."""

from flask import url_for
from flask_smorest import Blueprint
from werkzeug import Response

from contract import bulletins as public
from contract import fields
from contract.errors import CommandReused
from contract.message import Message
from gateway import downloads, pages, scopes
from gateway.door import Asked, answer, ask, etag, operation
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
_WRITE = (scopes.BULLETINS_WRITE,)
_PATH = ("command_id", "bulletin_id", "expected_version")  # said by headers and path, not by the body
_STEP = (
    *(CommandReused, public.BulletinsNotAllowed, public.BulletinNotFound, public.BulletinNotReady),
    *(public.BulletinStepNotOpen, public.BulletinChanged),
)


@operation(
    blueprint,
    "POST",
    "/bulletins",
    scopes=_WRITE,
    body=public.DraftBulletin(exclude=("command_id",)),
    example={"round_id": "64f000000000000000000001", "options": {"leaders": 3, "laggards": 3}},
    once=True,
    answers=Answer(202, public.Bulletin, "已受理，正在起草 · being composed", headers=("Location", "ETag")),
    refusals=(
        *(CommandReused, public.BulletinsNotAllowed, public.BulletinInvalid, public.SnapshotNotFound),
        *(public.SnapshotNotLocked, public.BulletinNotFound, public.BulletinNotReady, public.NothingMoved),
        public.BulletinAlreadyThere,
    ),
)
def draft_bulletin(asked: Asked) -> Response:
    """起草通报 · Draft a bulletin

    依据某期调度的锁定数据（round_id 或 snapshot_id）起草，或起草已印发通报的更正（corrects 与 reason）。
    每期只有一份通报，其后只能更正。草稿经另一人核稿、第三人签发后编号印发；此前文本均标明草稿，只有调度员可见。
    From a closed round's locked figures, or as the correction of an earlier one, which stays as it was. Of a round
    there is one bulletin; what follows corrects it. A second person reviews it, a third signs it; until then its files
    are marked as drafts, and only dispatchers see it. `percent` tells how far the making is.
    """
    found = ask(SERVICE, "draft_bulletin", asked.command(), asked.actor)
    location = url_for("bulletins.read_bulletin", bulletin_id=found["bulletin_id"])
    return answer(found, 202, Location=location, ETag=etag(found))


@operation(
    blueprint,
    "POST",
    "/bulletins/<id:bulletin_id>/revisions",
    scopes=_WRITE,
    body=public.ReviseBulletin(exclude=_PATH),
    example={"title": "关于10月民生工程进展情况的通报", "options": {"leaders": 5, "laggards": 5}},
    once=True,
    edits=True,
    answers=Answer(202, public.Bulletin, "已受理，正在重新起草 · being composed again", headers=("ETag",)),
    refusals=(*_STEP, public.BulletinInvalid),
)
def revise_bulletin(asked: Asked, bulletin_id: str) -> Response:
    """修改通报草稿 · Revise a draft

    由起草人在核稿前或退回后修改，随后须重新核稿。
    By its drafter, before it is reviewed or when it was returned; then it is reviewed again.
    """
    found = ask(SERVICE, "revise_bulletin", asked.command(bulletin_id=bulletin_id), asked.actor)
    return answer(found, 202, ETag=etag(found))


@operation(
    blueprint,
    "POST",
    "/bulletins/<id:bulletin_id>/reviews",
    scopes=_WRITE,
    body=public.ReviewBulletin(exclude=_PATH),
    example={"decision": "return", "remarks": "标题请按期别规范表述"},
    once=True,
    edits=True,
    answers=Answer(200, public.Bulletin, "核稿后的通报 · the bulletin as it is now", headers=("ETag",)),
    refusals=(*_STEP, public.BulletinNeedsAnother, public.BulletinInvalid),
)
def review_bulletin(asked: Asked, bulletin_id: str) -> Response:
    """核稿：通过或退回 · Review a draft: pass or return it

    起草人以外的人核稿；退回须写明意见。签发前，已核稿的也可退回。
    By another than its drafter; `remarks` are needed to return it, which is possible until it is signed.
    """
    found = ask(SERVICE, "review_bulletin", asked.command(bulletin_id=bulletin_id), asked.actor)
    return answer(found, ETag=etag(found))


@operation(
    blueprint,
    "POST",
    "/bulletins/<id:bulletin_id>/issuance",
    scopes=_WRITE,
    body=public.IssueBulletin(exclude=_PATH),
    example={},
    once=True,
    edits=True,
    answers=Answer(202, public.Bulletin, "已签发，正在编号印发 · signed, being made", headers=("ETag",)),
    refusals=(*_STEP, public.BulletinNeedsAnother),
)
def issue_bulletin(asked: Asked, bulletin_id: str) -> Response:
    """签发通报 · Sign a bulletin, which issues it

    由起草人、核稿人以外的人签发。签发后生成正式文本并编号，编号按年度连续，印发后不再改动；内容即所核之稿。
    By another than its drafter and its reviewer. Its documents are made and it gets its number, consecutive within the
    plan's year; from then on it never changes. It says what was reviewed.
    """
    found = ask(SERVICE, "issue_bulletin", asked.command(bulletin_id=bulletin_id), asked.actor)
    return answer(found, 202, ETag=etag(found))


@operation(
    blueprint,
    "POST",
    "/bulletins/<id:bulletin_id>/discard",
    scopes=_WRITE,
    body=public.DiscardBulletin(exclude=_PATH),
    example={"reason": "期别选错，另行起草"},
    once=True,
    edits=True,
    answers=Answer(200, public.Bulletin, "废弃后的通报 · the bulletin as it is now", headers=("ETag",)),
    refusals=_STEP,
)
def discard_bulletin(asked: Asked, bulletin_id: str) -> Response:
    """废弃通报草稿 · Discard a draft

    签发前均可废弃，须写明理由；未占用编号，可另行起草。
    Until it is signed, with a reason. It takes no number, and another may be drafted.
    """
    found = ask(SERVICE, "discard_bulletin", asked.command(bulletin_id=bulletin_id), asked.actor)
    return answer(found, ETag=etag(found))


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
    """历次通报 · List the bulletins: what was issued, and to dispatchers also drafts"""
    page = ask(SERVICE, "bulletins", asked.actor, **pages.opened("bulletins", asked.query))
    return answer(pages.closed("bulletins", page))


@operation(
    blueprint,
    "GET",
    "/bulletins/<id:bulletin_id>",
    scopes=_READ,
    answers=Answer(200, public.Bulletin, "通报及其内容 · the bulletin, and what it says", headers=("ETag",)),
    refusals=(public.BulletinNotFound, public.BulletinsNotAllowed),
)
def read_bulletin(asked: Asked, bulletin_id: str) -> Response:
    """读取通报或其生成进度 · Read a bulletin, or how far its making is

    草稿及办理经过只有调度员可见。
    Drafts, and who took which step, are for dispatchers.
    """
    found = ask(SERVICE, "bulletin", bulletin_id, asked.actor)
    return answer(found, ETag=etag(found), Cache_Control="private, no-cache")


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
