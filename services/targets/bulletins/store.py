"""What is remembered of bulletins (通报).

bulletins          one document each: what was asked, how far it is, and once it is done its number, for ever
bulletin_contents  what each says, written once
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pymongo.client_session import ClientSession

from contract.bulletins import BulletinState
from contract.targets import BulletinIssued
from runtime import clock, mongo
from runtime.commands import Commands
from runtime.config import Config
from runtime.files import Stored
from runtime.mongo import Document, Store
from runtime.outbox import Outbox
from runtime.record import document, of
from services.targets.bulletins.domain import Content, Options

_OF_DESKS = ("attempts", "drafts")  # what desks wrote for it, until it is deleted
_WAITING = [BulletinState.QUEUED.value, BulletinState.RUNNING.value]


@dataclass(frozen=True)
class Kept:
    """A file of a bulletin."""

    file_id: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Attempt:
    """What a desk wrote for a bulletin that it has not issued yet: a file, or a correction's entries. ``token``: of its
    lease. Only that desk and later ones may delete it."""

    token: int
    file_id: str | None = None
    items_id: str | None = None


@dataclass(frozen=True)
class Bulletin:
    """``known``: of a correction, what is known by now, by service and seq. ``items_id``: under which its entries are
    kept. ``drafts``: files that a desk of before 0.3 was killed over."""

    bulletin_id: str
    state: BulletinState
    percent: int
    year: int
    title: str
    snapshot_id: str
    round_id: str
    period: str
    as_of: dt.date
    options: Options
    asked_by: str
    asked_at: dt.datetime
    corrects: str | None = None
    reason: str | None = None
    known: Mapping[str, int] | None = None
    failure: str | None = None
    number: int | None = None
    code: str | None = None
    issued_on: dt.date | None = None
    digest: str | None = None
    document: Kept | None = None
    workbook: Kept | None = None
    items_id: str | None = None
    attempts: tuple[Attempt, ...] = ()
    drafts: tuple[str, ...] = ()


class NumberTaken(Exception):
    """Another bulletin got the number meanwhile: this one is made again with the next."""


class Bulletins:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.commands = Commands(store)
        self._bulletins = store["bulletins"]
        self._contents = store["bulletin_contents"]
        self._outbox = Outbox(store)

    def ensure_indexes(self) -> None:
        self._outbox.ensure_indexes()
        numbered = {"number": {"$exists": True}}
        self._bulletins.create_index(
            [("year", 1), ("number", 1)], name="number", unique=True, partialFilterExpression=numbered
        )
        self._bulletins.create_index("state", name="waiting", partialFilterExpression={"state": {"$in": _WAITING}})

    def add(self, session: ClientSession, bulletin: Bulletin) -> None:
        row = document(bulletin)
        self._bulletins.insert_one({"_id": row.pop("bulletin_id"), **row}, session=session)

    def get(self, bulletin_id: str) -> Bulletin | None:
        found = self._bulletins.find_one({"_id": bulletin_id})
        return None if found is None else _bulletin(found)

    def content(self, bulletin_id: str) -> dict[str, Any] | None:
        """``Content`` as a document."""
        found = self._contents.find_one({"_id": bulletin_id})
        return None if found is None else dict(found["content"])

    def page(self, *, after: str | None, limit: int) -> list[Bulletin]:
        """The newest first; ``after``: the id of the last one seen."""
        asked: Document = {} if after is None else {"_id": {"$lt": after}}
        return [_bulletin(row) for row in self._bulletins.find(asked).sort("_id", -1).limit(limit)]

    def waiting(self) -> list[str]:
        """Ids of those to be made, the oldest first; one that was begun and not finished is among them."""
        return [row["_id"] for row in self._bulletins.find({"state": {"$in": _WAITING}}, {"_id": 1}).sort("_id", 1)]

    def progressed(self, bulletin_id: str, percent: int) -> None:
        self._bulletins.update_one(
            {"_id": bulletin_id, "state": {"$in": _WAITING}},
            {"$set": {"state": BulletinState.RUNNING.value, "percent": percent}},
        )

    def attempted(self, bulletin_id: str, attempt: Attempt) -> None:
        """Noted, so that what a killed desk wrote is found and deleted."""
        self._bulletins.update_one({"_id": bulletin_id}, {"$push": {"attempts": document(attempt)}})

    def discarded(self, bulletin_id: str, token: int) -> None:
        """What desks up to this one wrote for it is deleted."""
        of_them = {"attempts": {"token": {"$lte": token}}}
        self._bulletins.update_one({"_id": bulletin_id}, {"$pull": of_them, "$unset": {"drafts": ""}})

    def left_behind(self) -> list[Bulletin]:
        """Finished ones for which a desk wrote something that nobody deleted."""
        rows = self._bulletins.find({"state": {"$nin": _WAITING}, "attempts.0": {"$exists": True}})
        return [_bulletin(row) for row in rows]

    def failed(self, bulletin_id: str, failure: str) -> None:
        self._bulletins.update_one(
            {"_id": bulletin_id, "state": {"$in": _WAITING}},
            {"$set": {"state": BulletinState.FAILED.value, "failure": failure}},
        )

    def next_number(self, year: int, session: ClientSession | None = None) -> int:
        numbered = {"year": year, "number": {"$exists": True}}
        last = self._bulletins.find_one(numbered, {"number": 1}, sort=[("number", -1)], session=session)
        return int(last["number"]) + 1 if last else 1

    def issue(
        self,
        session: ClientSession,
        bulletin: Bulletin,
        *,
        number: int,
        code: str,
        title: str,
        issued_on: dt.date,
        digest: str,
        content: Document,
        files: Mapping[str, Stored],
        items_id: str | None,
        token: int,
    ) -> bool:
        """From here on it does not change, and its files and entries are its own. False when it was issued before.
        Raises NumberTaken."""
        if self.next_number(bulletin.year, session) != number:
            raise NumberTaken
        kept = {name: {"file_id": f.file_id, "sha256": f.sha256, "size": f.size} for name, f in files.items()}
        issued = {
            "state": BulletinState.DONE.value,
            "percent": 100,
            "number": number,
            "code": code,
            "title": title,
            "issued_on": issued_on.isoformat(),
            "digest": digest,
            **({} if items_id is None else {"items_id": items_id}),
        }
        waits = {"_id": bulletin.bulletin_id, "state": {"$in": _WAITING}}
        own = {"attempts": {"token": token}}
        done = self._bulletins.update_one(waits, {"$set": issued | kept, "$pull": own}, session=session)
        if done.modified_count != 1:
            return False
        self._contents.insert_one({"_id": bulletin.bulletin_id, "content": content}, session=session)
        row = self._bulletins.find_one({"_id": bulletin.bulletin_id}, session=session)
        assert row is not None  # updated just now
        self._say(session, row, content)
        return True

    def say_earlier(self) -> int:
        """Tell the log of bulletins that were issued before it was told of any; how many. Done again, none."""

        def work(session: ClientSession) -> int:
            told = {row["event"]["subject"] for row in self._outbox.of_type(BulletinIssued, session)}
            issued = self._bulletins.find({"number": {"$exists": True}}, session=session).sort("_id", 1)
            rows = [row for row in issued if row["_id"] not in told]
            for row in rows:
                content = self._contents.find_one({"_id": row["_id"]}, session=session)
                self._say(session, row, content["content"] if content else {})
            return len(rows)

        return mongo.transact(self.store, work)

    def _say(self, session: ClientSession, row: Document, content: Document) -> None:
        issued = {name: value for name, value in row.items() if name not in _OF_DESKS}
        self._outbox.say(
            session,
            BulletinIssued,
            subject=row["_id"],
            at=clock.now(),
            records=[("bulletins", issued), ("bulletin_contents", {"_id": row["_id"], "content": content})],
            bulletin_id=row["_id"],
            snapshot_id=row["snapshot_id"],
            code=row["code"],
            corrects=row.get("corrects"),
            digest=row["digest"],
            document_sha256=row["document"]["sha256"],
            workbook_sha256=row["workbook"]["sha256"],
        )


def digest_of(content: Content, number: int) -> str:
    """sha256 over the canonical JSON of the number and of all that is said."""
    told = {"code": content.code(number), "content": document(content)}
    canonical = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _bulletin(row: Document) -> Bulletin:
    return of(Bulletin, {"bulletin_id": row["_id"], **row})


@lru_cache(maxsize=4)
def bulletins_of(config: Config) -> Bulletins:
    """The process's own, with its indexes in place."""
    found = Bulletins(mongo.database(config, "targets"))
    found.ensure_indexes()
    return found
