"""Collection ``objections``: who objects and what they say, sealed. ``sender`` and ``person`` are keyed hashes.

objectors   a lock for each sender and person, so that of two objections at once the later one counts the first
"""

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from runtime import mongo
from runtime.clock import day_of
from runtime.config import Config
from runtime.mongo import Document, Store
from runtime.outbox import Outbox
from runtime.vault import Vault
from services.housekeeping.objections.domain import Earlier
from services.housekeeping.store import housekeeping


class Objections:
    def __init__(self, store: Store, vault: Vault, outbox: Outbox) -> None:
        self._vault = vault
        self._outbox = outbox
        self._objections = store["objections"]
        self._objectors = store["objectors"]

    def ensure_indexes(self) -> None:
        self._objections.create_index("case_id", name="case_id")
        for of in ("sender", "person"):
            there = {of: {"$exists": True}}
            self._objections.create_index([(of, ASCENDING)], name=of, partialFilterExpression=there)

    def hashed(self, of: str, said: str) -> str:
        """``of``: sender or person."""
        return self._vault.hash(f"objection {of}", said)

    def receipt(self, objection_id: str) -> str:
        """The secret that proves who raised it: made anew each time it is needed, and stored nowhere."""
        return self._vault.hash("objection receipt", objection_id)

    def earlier(self, session: ClientSession, case_id: str, at: dt.datetime, **hashes: str) -> dict[str, Earlier]:
        """By the same sender, by the same person."""
        mongo.lock(session, self._objectors, *hashes.values(), make=True)
        found = {}
        for of, hashed in hashes.items():
            rows = list(self._objections.find({of: hashed}, {"case_id": 1, "on": 1}, session=session))
            found[of] = Earlier(
                here=sum(row["case_id"] == case_id for row in rows),
                today=sum(row["on"] == day_of(at).isoformat() for row in rows),
            )
        return found

    def seal(
        self,
        session: ClientSession,
        objection_id: str,
        case_id: str,
        said: Mapping[str, Any],
        evidence: list[Document],
        *,
        at: dt.datetime,
        **hashes: str,
    ) -> None:
        sealed = self._vault.seal(dict(said))
        row: Document = {"_id": objection_id, "case_id": case_id, "sealed": sealed, "evidence": evidence, **hashes}
        row["on"] = day_of(at).isoformat()
        self._objections.insert_one(row, session=session)
        self._outbox.note(session, "objections", row)

    def seal_appeal(self, session: ClientSession, objection_id: str, reason: str, evidence: list[Document]) -> None:
        row = self._objections.find_one({"_id": objection_id}, session=session)
        assert row is not None  # its receipt was shown
        sealed = self._vault.seal(self._vault.open(row["sealed"]) | {"appeal": reason})
        row |= {"sealed": sealed, "evidence": row["evidence"] + evidence}
        self._objections.replace_one({"_id": objection_id}, row, session=session)
        self._outbox.note(session, "objections", row)

    def case_of(self, objection_id: str, session: ClientSession | None = None) -> str | None:
        found = self._objections.find_one({"_id": objection_id}, {"case_id": 1}, session=session)
        return None if found is None else str(found["case_id"])

    def is_from(self, objection_id: str, sender: str, session: ClientSession) -> bool:
        wanted = {"_id": objection_id, "sender": self.hashed("sender", sender)}
        return self._objections.find_one(wanted, {"_id": 1}, session=session) is not None

    def open(self, case_id: str, objection_id: str) -> Document | None:
        found = self._objections.find_one({"_id": objection_id, "case_id": case_id})
        return None if found is None else self._vault.open(found["sealed"]) | {"evidence": found["evidence"]}

    def files(self, case_id: str) -> dict[str | None, str]:
        """Digests of the files that objections to this case brought, by file id."""
        rows = self._objections.find({"case_id": case_id}, {"evidence": 1})
        return {item.get("file_id"): item["sha256"] for row in rows for item in row["evidence"]}


@lru_cache(maxsize=8)
def objections_of(config: Config) -> Objections:
    """The process's own, with its indexes in place."""
    kept = housekeeping(config)
    found = Objections(kept.store, kept.vault, kept.outbox)
    found.ensure_indexes()
    return found
