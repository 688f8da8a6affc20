"""What is remembered of bulletins (通报).

bulletins          one document each: what was asked, each step, and once it is issued its number, for ever
bulletin_drafts    what each says that is drafted and not issued
bulletin_contents  what each says that was issued, written once
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
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
from services.targets.bulletins.domain import Content
from services.targets.bulletins.steps import BEING_MADE, Attempt, Bulletin, Kept

_OF_DESKS = ("attempts", "drafts")  # what desks wrote for it, until it is deleted
_COMPOSED = {"$in": [BulletinState.QUEUED.value, BulletinState.RUNNING.value]}
_WAITING = {"$in": [state.value for state in BEING_MADE]}


class NumberTaken(Exception):
    """Another bulletin got the number meanwhile: this one is made again with the next."""


class Bulletins:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.commands = Commands(store)
        self._bulletins = store["bulletins"]
        self._contents = store["bulletin_contents"]
        self._drafts = store["bulletin_drafts"]
        self._outbox = Outbox(store)

    def ensure_indexes(self) -> None:
        self._outbox.ensure_indexes()
        numbered = {"number": {"$exists": True}}
        self._bulletins.create_index(
            [("year", 1), ("number", 1)], name="number", unique=True, partialFilterExpression=numbered
        )
        self._bulletins.create_index("state", name="to_make", partialFilterExpression={"state": _WAITING})
        standing = {"standing": {"$exists": True}}
        self._bulletins.create_index("standing", name="standing", unique=True, partialFilterExpression=standing)
        mongo.drop_index(self._bulletins, "waiting")  # of 0.2, when nobody signed what was drafted
        self._adopt()

    def _adopt(self) -> None:
        """Of 0.2 what is not issued has no version, and what waits to be made is drafted: of a round one."""
        earlier = {"version": {"$exists": False}, "number": {"$exists": False}}
        for row in self._bulletins.find(earlier).sort("_id", 1):
            one = {"_id": row["_id"], "version": {"$exists": False}}
            adopted: Document = {"version": 1}
            if row["state"] in _COMPOSED["$in"]:
                failure = "该期已有通报 / there is a bulletin of this round"
                adopted |= {"state": BulletinState.FAILED.value, "failure": failure}
                if self.there(_bulletin(row)) is None:
                    adopted = {"version": 1, "standing": row.get("corrects", row["round_id"])}
            self._bulletins.update_one(one, {"$set": adopted})

    def add(self, session: ClientSession, bulletin: Bulletin) -> None:
        self._bulletins.insert_one(_row(bulletin), session=session)

    def put(self, session: ClientSession, before: Bulletin, after: Bulletin) -> None:
        mongo.put(self._bulletins, _row(after), over=before.version, session=session)

    def there(self, wanted: Bulletin, session: ClientSession | None = None) -> Bulletin | None:
        """What stands in the way of another: one of the round, or a correction of the same bulletin under way."""
        ways: list[Document] = [{"standing": wanted.corrects or wanted.round_id}]
        if wanted.corrects is None:  # of before 0.3, when nothing was standing
            done = {"state": BulletinState.DONE.value, "corrects": None}
            ways.append({"round_id": wanted.round_id, **done})
        found = self._bulletins.find_one({"$or": ways, "_id": {"$ne": wanted.bulletin_id}}, session=session)
        return None if found is None else _bulletin(found)

    def get(self, bulletin_id: str, session: ClientSession | None = None) -> Bulletin | None:
        found = self._bulletins.find_one({"_id": bulletin_id}, session=session)
        return None if found is None else _bulletin(found)

    def content(self, bulletin_id: str) -> dict[str, Any] | None:
        """``Content`` as a document: what was issued, or else what is drafted."""
        asked = {"_id": bulletin_id}
        found = self._contents.find_one(asked) or self._drafts.find_one(asked)
        return None if found is None else dict(found["content"])

    def page(self, *, after: str | None, limit: int, issued: bool) -> list[Bulletin]:
        """The newest first; ``after``: the id of the last one seen; ``issued``: only those."""
        asked: Document = {} if after is None else {"_id": {"$lt": after}}
        if issued:
            asked["state"] = BulletinState.DONE.value
        return [_bulletin(row) for row in self._bulletins.find(asked).sort("_id", -1).limit(limit)]

    def waiting(self) -> list[str]:
        """Ids of those to be made, the oldest first; one that was begun and not finished is among them."""
        return [row["_id"] for row in self._bulletins.find({"state": _WAITING}, {"_id": 1}).sort("_id", 1)]

    def progressed(self, bulletin: Bulletin, percent: int) -> None:
        issuing = bulletin.state is BulletinState.ISSUING
        state = BulletinState.ISSUING if issuing else BulletinState.RUNNING
        waits = {"_id": bulletin.bulletin_id, "state": state.value if issuing else _COMPOSED}
        self._bulletins.update_one(waits, {"$set": {"state": state.value, "percent": percent}})

    def attempted(self, bulletin_id: str, attempt: Attempt) -> None:
        """Noted, so that what a killed desk wrote is found and deleted."""
        self._bulletins.update_one({"_id": bulletin_id}, {"$push": {"attempts": document(attempt)}})

    def discarded(self, bulletin_id: str, token: int) -> None:
        """What desks up to this one wrote for it is deleted."""
        of_them = {"attempts": {"token": {"$lte": token}}}
        self._bulletins.update_one({"_id": bulletin_id}, {"$pull": of_them, "$unset": {"drafts": ""}})

    def left_behind(self) -> list[Bulletin]:
        """Those that no desk has to work on, for which one wrote something that nobody deleted."""
        rows = self._bulletins.find({"state": {"$not": _WAITING}, "attempts.0": {"$exists": True}})
        return [_bulletin(row) for row in rows]

    def failed(self, bulletin: Bulletin, failure: str) -> None:
        """A draft that cannot be composed stands no longer; what was signed waits to be signed again."""
        known, told = {"_id": bulletin.bulletin_id, "version": bulletin.version}, {"failure": failure}
        if bulletin.state is BulletinState.ISSUING:
            again = {"state": BulletinState.REVIEWED.value} | told
            self._bulletins.update_one(
                known | {"state": BulletinState.ISSUING.value}, {"$set": again, "$inc": {"version": 1}}
            )
            return
        failed = {"state": BulletinState.FAILED.value} | told
        self._bulletins.update_one(
            known | {"state": _COMPOSED}, {"$set": failed, "$inc": {"version": 1}, "$unset": {"standing": ""}}
        )

    def draft(
        self,
        session: ClientSession,
        bulletin: Bulletin,
        *,
        content: Document,
        files: Mapping[str, Stored],
        items_id: str | None,
        token: int,
    ) -> bool:
        """It waits to be reviewed. False when it was composed or discarded meanwhile."""
        ready = {"state": BulletinState.DRAFT.value, "percent": 100} | _files(files)
        ready |= {} if items_id is None else {"items_id": items_id}
        waits = {"_id": bulletin.bulletin_id, "version": bulletin.version, "state": _COMPOSED}
        change = {"$set": ready, "$inc": {"version": 1}, "$pull": {"attempts": {"token": token}}}
        if self._bulletins.update_one(waits, change, session=session).modified_count != 1:
            return False
        row = {"_id": bulletin.bulletin_id, "content": content}
        self._drafts.replace_one({"_id": row["_id"]}, row, upsert=True, session=session)
        return True

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
        issued_on: dt.date,
        digest: str,
        content: Document,
        files: Mapping[str, Stored],
        token: int,
    ) -> bool:
        """From here on it does not change, and its files are its own; those of its draft are left to be deleted. False
        when it was issued before. Raises NumberTaken."""
        if self.next_number(bulletin.year, session) != number:
            raise NumberTaken
        issued = {
            "state": BulletinState.DONE.value,
            "percent": 100,
            "number": number,
            "code": code,
            "issued_on": issued_on.isoformat(),
            "digest": digest,
        }
        waits = {"_id": bulletin.bulletin_id, "version": bulletin.version, "state": BulletinState.ISSUING.value}
        change: Document = {"$set": issued | _files(files), "$inc": {"version": 1}}
        change["$pull"] = {"attempts": {"token": token}}
        if bulletin.corrects is not None:  # another correction may follow
            change["$unset"] = {"standing": ""}
        if self._bulletins.update_one(waits, change, session=session).modified_count != 1:
            return False
        drafts = [kept.file_id for kept in (bulletin.document, bulletin.workbook) if kept is not None]
        left = {"$each": [document(Attempt(token, file_id=file_id)) for file_id in drafts]}
        self._bulletins.update_one({"_id": bulletin.bulletin_id}, {"$push": {"attempts": left}}, session=session)
        self._drafts.delete_one({"_id": bulletin.bulletin_id}, session=session)
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
        bulletin = _bulletin(row)
        persons = {"drafted_by": bulletin.asked_by} if bulletin.steps else {}
        persons |= {name: by for name in ("reviewed_by", "issued_by") if (by := getattr(bulletin, name))}
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
            **persons,
        )


def digest_of(content: Content, number: int) -> str:
    """sha256 over the canonical JSON of the number and of all that is said."""
    told = {"code": content.code(number), "content": document(content)}
    canonical = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _files(files: Mapping[str, Stored]) -> Document:
    return {name: document(Kept(file.file_id, file.sha256, file.size)) for name, file in files.items()}


def _row(bulletin: Bulletin) -> Document:
    row = document(bulletin)
    return {"_id": row.pop("bulletin_id"), **row}


def _bulletin(row: Document) -> Bulletin:
    return of(Bulletin, {"bulletin_id": row["_id"], **row})


@lru_cache(maxsize=4)
def bulletins_of(config: Config) -> Bulletins:
    """The process's own, with its indexes in place."""
    found = Bulletins(mongo.database(config, "targets"))
    found.ensure_indexes()
    return found
