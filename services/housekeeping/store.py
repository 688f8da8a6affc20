"""What housekeeping remembers; with store_registry.py and store_cases.py the only place that knows MongoDB.

commands   what was told once, so that telling it again changes nothing
holidays   days of recorded holiday notices
serials    the last serial of each series of award numbers
reveals    who saw whose personal data in full, when and why
outbox     what was said (runtime.outbox)
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError, DuplicateKeyError

from contract.housekeeping import CommandReused
from runtime import mongo, trace
from runtime.config import Config
from runtime.mongo import Store
from runtime.outbox import Outbox
from runtime.vault import Vault
from services.housekeeping.access import Actor
from services.housekeeping.store_awards import Awards
from services.housekeeping.store_cases import Cases
from services.housekeeping.store_registry import Registry
from services.housekeeping.workdays import Calendar

Result = TypeVar("Result")
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Told:
    """A command: its id, unique for the client, and a keyed hash of all it said. Without an id it is told each time."""

    command_id: str | None
    digest: str


class Housekeeping:
    def __init__(self, config: Config) -> None:
        self.config = config
        self.store: Store = mongo.database(config, "housekeeping")
        self.outbox = Outbox(self.store)
        self.vault = Vault(config, self.store)
        self.registry = Registry(self.store, self.vault)
        self.cases = Cases(self.store, self.vault)
        self.awards = Awards(self.store, self.outbox)
        self._commands = self.store["commands"]
        self._holidays = self.store["holidays"]
        self._serials = self.store["serials"]
        self._reveals = self.store["reveals"]

    def ensure_indexes(self) -> None:
        self.outbox.ensure_indexes()
        self.registry.ensure_indexes()
        self.cases.ensure_indexes()
        self.awards.ensure_indexes()

    def told(self, client_id: str, command: Mapping[str, Any]) -> Told:
        said = "\x1e".join(f"{name}={value}" for name, value in sorted(command.items()))
        command_id = f"{client_id}:{command['command_id']}" if "command_id" in command else None
        return Told(command_id, self.vault.hash("command", said))

    def once(self, told: Told, work: Callable[[ClientSession], str]) -> str:
        """Do ``work``, which gives the id of what it was about, in one transaction, and only once for a command. Told
        again, the id is the answer. Raises CommandReused."""

        def run(session: ClientSession) -> str:
            if told.command_id:
                known = self._commands.find_one({"_id": told.command_id}, session=session)
                if known and known["digest"] != told.digest:
                    raise CommandReused(
                        "同一命令编号已用于其他内容，请换一个编号",
                        "this command_id was used for something else: choose another one",
                    )
                if known:
                    return str(known["about"])
            about = work(session)
            if told.command_id:
                self._commands.insert_one(
                    {"_id": told.command_id, "digest": told.digest, "about": about}, session=session
                )
            return about

        return self.transact(run)

    def transact(self, work: Callable[[ClientSession], Result]) -> Result:
        """One transaction; decided anew when somebody else was faster with what may be there only once."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return mongo.transact(self.store, work)
            except (DuplicateKeyError, BulkWriteError):
                continue
        return mongo.transact(self.store, work)

    def serial(self, series: str, session: ClientSession) -> int:
        """The next one of a series, from 1. A transaction that is not committed gives it back."""
        found = self._serials.find_one_and_update(
            {"_id": series}, {"$inc": {"last": 1}}, upsert=True, return_document=ReturnDocument.AFTER, session=session
        )
        assert found is not None  # upserted
        return int(found["last"])

    def calendar(self, session: ClientSession | None = None) -> Calendar:
        rows = self._holidays.find({}, session=session)
        return Calendar({dt.date.fromisoformat(row["_id"]): bool(row["worked"]) for row in rows})

    def record_holidays(
        self, session: ClientSession, days: Mapping[dt.date, bool], *, document: str, at: dt.datetime, by: str
    ) -> None:
        for day, worked in days.items():
            step = {"document": document, "worked": worked, "at": at, "by": by}
            self._holidays.update_one(
                {"_id": day.isoformat()},
                {"$set": {"worked": worked, "document": document}, "$push": {"history": step}},
                upsert=True,
                session=session,
            )

    def record_reveal(self, *, what: str, about: str, actor: Actor, reason: str, at: dt.datetime) -> None:
        self._reveals.insert_one(
            {
                "_id": mongo.new_id(),
                "what": what,
                "about": about,
                "client_id": actor.client_id,
                "role": actor.role.value if actor.role else None,
                "organisation": actor.organisation,
                "reason": reason,
                "at": at,
                "traceparent": trace.current(),
            }
        )


@lru_cache(maxsize=8)
def housekeeping(config: Config) -> Housekeeping:
    """The process's own, with its indexes in place."""
    found = Housekeeping(config)
    found.ensure_indexes()
    return found
