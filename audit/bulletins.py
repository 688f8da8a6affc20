"""Bulletins, and the files that records name: each against what was events of it when it was issued or handed in."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from audit.books import Books, canonical, sha256
from audit.records import IMPRINTED
from runtime.mongo import Document


def faults(books: Books) -> Iterator[str]:
    """Bulletins whose number, content or files are not those that were issued."""
    events = {
        event.data["bulletin_id"]: event.data for event in books.log("targets") if event.type == "bulletin_issued"
    }
    contents = {row["_id"]: row["content"] for row in books.rows("targets", "bulletin_contents")}
    snapshots = {row["_id"]: row["digest"] for row in books.rows("targets", "snapshots")}
    for row in books.rows("targets", "bulletins"):
        name, issued = f"targets.bulletins {row['_id']}", events.get(row["_id"])
        if "number" not in row or issued is None:
            continue  # not issued; one that nobody issued has no imprint
        content = contents.get(row["_id"], {})
        digest = sha256(canonical({"code": row["code"], "content": content}))
        if not digest == row["digest"] == issued["digest"]:
            yield f"{name}：内容与印发时的摘要 {issued['digest'][:12]} 不符"
        if content.get("snapshot_digest") != snapshots.get(row["snapshot_id"]):
            yield f"{name}：所依据的快照摘要与快照不符"
        for kind in ("document", "workbook"):
            if not _opened(books, row[kind]["file_id"]) == row[kind]["sha256"] == issued[f"{kind}_sha256"]:
                yield f"{name}：{kind} 文件与印发时不一致，或已不在"


def person_faults(books: Books) -> Iterator[str]:
    """Bulletins that were not drafted, reviewed and signed by three persons; those of before 0.3 name nobody."""
    named = False
    for event in books.log("targets"):
        if event.type != "bulletin_issued":
            continue
        persons = [event.data.get(name) for name in ("drafted_by", "reviewed_by", "issued_by")]
        named = named or any(persons)
        if named and (None in persons or len({*persons}) < len(persons)):
            yield f"targets.bulletins {event.data['bulletin_id']}：起草、核稿、签发不是三人"


def annex_faults(books: Books) -> Iterator[str]:
    """Corrections whose entries are not those that were issued with it."""
    parts: dict[str, dict[int, list[Document]]] = defaultdict(dict)
    for part in books.rows("targets", "bulletin_entries"):
        parts[part["_id"]["of"]][part["_id"]["first"]] = part["entries"]
    contents = {row["_id"]: row["content"] for row in books.rows("targets", "bulletin_contents")}
    for row in books.rows("targets", "bulletins"):
        if "items_id" not in row or "number" not in row:
            continue
        count, digest = 0, hashlib.sha256()
        for first, entries in sorted(parts[row["items_id"]].items()):
            if first != count:
                break
            count += len(entries)
            for entry in entries:
                digest.update(canonical(entry).encode() + b"\n")
        correction = contents.get(row["_id"], {}).get("correction", {})
        if (count, digest.hexdigest()) != (correction.get("entries_count"), correction.get("entries_digest")):
            yield f"targets.bulletin_entries {row['items_id']}：与更正通报 {row['_id']} 所载的逐条依据不符"


def _opened(books: Books, file_id: str) -> str | None:
    digest = hashlib.sha256()
    blocks = books.file(file_id)
    if blocks is None:
        return None
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()


def file_faults(books: Books) -> Iterator[str]:
    """Files that a record names and that are gone, or are events to be others."""
    stored = {row["_id"]: row for row in books.rows("files", "files", ("sha256", "size", "blocks"))}
    for service, collections in IMPRINTED.items():
        for collection in collections:
            for row in books.rows(service, collection):
                for named in _named(row):
                    found = stored.get(named["file_id"], {})
                    if found.get("sha256") != named["sha256"] or found.get("size") != named.get(
                        "size", found.get("size")
                    ):
                        yield f"{service}.{collection} {row['_id']}：所附文件 {named['file_id']} 不在，或不是同一份"


def _named(value: Any) -> Iterator[Document]:
    if isinstance(value, dict):
        if value.get("file_id") and "sha256" in value:
            yield value
        for below in value.values():
            yield from _named(below)
    elif isinstance(value, list):
        for below in value:
            yield from _named(below)
