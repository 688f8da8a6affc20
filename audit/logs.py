"""Whether each log is whole: its chain, its head, and every place of it that was written down anywhere else.

Whoever owns the database can cut off a log's end and put the head and the records back. What was written down outside
of it is not theirs to change: the heads that every bulletin prints, which ``--anchor`` and ``--heads`` take.
"""

import hashlib
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from audit.books import GENESIS, SERVICES, Books, canonical

_ANCHOR = re.compile(r"\b(" + "|".join(SERVICES) + r"):(\d{1,12}):([0-9a-f]{8,64})\b")
_OFFICE = (".docx", ".xlsx")


class AnchorUnreadable(Exception):
    """What was given as an anchor is none."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place of a log and the first digits of its hash, none where only the place is known. ``where``: written."""

    service: str
    seq: int
    hash: str
    where: str


def log_faults(books: Books, service: str) -> Iterator[str]:
    """Where the log's rows do not follow from one another, and where its head says otherwise than its last row."""
    seq, chain = 0, GENESIS
    for row in sorted(books.rows(service, "outbox"), key=lambda row: row.get("seq", 0)):
        name = f"{service}.outbox {row['_id']}"
        if "seq" not in row:
            if row.get("new") is not True:
                yield f"{name}：既未入日志，也不在等待之列"
            continue
        if row["seq"] != seq + 1:
            yield f"{name}：seq {seq} 之后是 seq {row['seq']}，日志缺行或重号"
            return
        seq = row["seq"]
        chain = hashlib.sha256(f"{chain}\n{seq}\n{canonical(row['event'])}".encode()).hexdigest()
        if row["hash"] != chain:
            yield f"{name}：seq {seq} 写入后被改动"
            return
        if row["event"]["id"] != row["_id"]:
            yield f"{name}：标识与所载事件 {row['event']['id']} 不符"
        if "new" in row:
            yield f"{name}：seq {seq} 已入日志，却仍标为等待"
    head = books.one(service, "relay", "head") or {"seq": 0, "hash": GENESIS, "published": 0}
    name = f"{service}.relay head"
    if (head["seq"], head["hash"]) != (seq, chain):
        last = f"{service}.outbox 末行为 seq {seq} {chain[:12]}"
        yield f"{name}：链首为 seq {head['seq']} {head['hash'][:12]}，{last}"
    if head["published"] > seq:
        yield f"{name}：已发布至 seq {head['published']}，日志只到 seq {seq}"


def anchor_faults(books: Books, anchors: Iterable[Anchor]) -> Iterator[str]:
    """Places that were written down and that a log does not have, or not with that hash."""
    hashes = {service: {event.seq: event.hash for event in books.log(service)} for service in SERVICES}
    for anchor in anchors:
        found = GENESIS if anchor.seq == 0 else hashes[anchor.service].get(anchor.seq)
        if found is None:
            yield f"{anchor.where}：载有 {anchor.service} 第 {anchor.seq} 号，日志却没有，末尾被截去"
        elif not found.startswith(anchor.hash):
            yield f"{anchor.where}：载有 {anchor.service}:{anchor.seq}:{anchor.hash}，日志该处为 {found[:16]}"


def stored_anchors(books: Books) -> Iterator[Anchor]:
    """What the services' own records say of the logs: watermarks, entries, snapshots, bulletins."""
    for row in books.rows("targets", "sources"):
        yield Anchor(row["service"], row["seq"], "", f"targets.sources {row['_id']}")
    for row in books.rows("targets", "snapshots"):
        for service, seq in row["sources"].items():
            yield Anchor(service, seq, "", f"targets.snapshots {row['_id']}")
    for row in books.rows("targets", "bulletin_contents"):
        for head in row["content"].get("heads", []):
            yield Anchor(head["service"], head["seq"], head["hash"], f"targets.bulletin_contents {row['_id']}")


def printed(text: str, where: str) -> list[Anchor]:
    """Every ``service:seq:hash`` in a text. Raises AnchorUnreadable when there is none."""
    found = [Anchor(service, int(seq), hash, where) for service, seq, hash in _ANCHOR.findall(text)]
    if not found:
        raise AnchorUnreadable(
            f"{where}：没有“服务:序号:链首”形式的链首，例如 certification:1416:0123456789abcdef；服务为 "
            f"{'、'.join(SERVICES)}"
        )
    return found


def printed_in(path: Path) -> list[Anchor]:
    """Those of a text file, or of a bulletin's document or workbook as it was issued. Raises AnchorUnreadable."""
    try:
        if path.suffix in _OFFICE:
            with zipfile.ZipFile(path) as parts:
                xml = [parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml")]
            text = "\n".join(re.sub(r"<[^>]*>", " ", one) for one in xml)
        else:
            text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, zipfile.BadZipFile) as error:
        raise AnchorUnreadable(f"{path}：无法读取（{error}）") from error
    return printed(text, path.name)
