"""What all nouns of housekeeping remember together; with their own store.py the only place that knows MongoDB.

commands   what was told once (runtime.commands)
holidays   days of recorded holiday notices
reveals    who saw whose personal data in full, when and why
outbox     what was said (runtime.outbox)
"""

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache, partial

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession

from runtime import mongo, trace
from runtime.commands import Commands
from runtime.config import Config
from runtime.files import Files
from runtime.mongo import Store
from runtime.outbox import Outbox
from runtime.timepiece import Timepiece
from runtime.vault import Vault
from runtime.workdays import Calendar
from services.housekeeping.access import Actor

timepiece = Timepiece("housekeeping")


class Housekeeping:
    def __init__(self, config: Config) -> None:
        self.store: Store = mongo.database(config, "housekeeping")
        self.outbox = Outbox(self.store)
        self.vault = Vault(config, self.store)
        self.commands = Commands(self.store, hashed=partial(self.vault.hash, "command"), files=Files(config))
        self._holidays = self.store["holidays"]
        self._reveals = self.store["reveals"]

    def ensure_indexes(self) -> None:
        self.outbox.ensure_indexes()

    def calendar(self, session: ClientSession | None = None) -> Calendar:
        rows = self._holidays.find({}, session=session)
        return Calendar({dt.date.fromisoformat(row["_id"]): bool(row["worked"]) for row in rows})

    def record_holidays(
        self, session: ClientSession, days: Mapping[dt.date, bool], *, document: str, at: dt.datetime, by: str
    ) -> None:
        for day, worked in days.items():
            step = {"document": document, "worked": worked, "at": at, "by": by}
            row = self._holidays.find_one_and_update(
                {"_id": day.isoformat()},
                {"$set": {"worked": worked, "document": document}, "$push": {"history": step}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
                session=session,
            )
            assert row is not None  # upserted
            self.outbox.note(session, "holidays", row)

    def record_reveal(
        self, *, what: str, about: str, actor: Actor, reason: str, at: dt.datetime, command_id: str | None
    ) -> None:
        """Once for a command_id of a client: the broker may deliver the call twice."""
        self._reveals.update_one(
            {"_id": f"{actor.client_id}:{command_id}" if command_id else mongo.new_id()},
            {
                "$setOnInsert": {
                    "what": what,
                    "about": about,
                    "client_id": actor.client_id,
                    "role": actor.role.value if actor.role else None,
                    "organisation": actor.organisation,
                    "reason": reason,
                    "at": at,
                    "traceparent": trace.current(),
                }
            },
            upsert=True,
        )


@lru_cache(maxsize=8)
def housekeeping(config: Config) -> Housekeeping:
    """The process's own, with its indexes in place."""
    found = Housekeeping(config)
    found.ensure_indexes()
    return found
