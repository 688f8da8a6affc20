"""What training remembers: the only place that knows MongoDB.

centres    one document a centre, unique by credit code
assessors  one document a body with its filing, unique by credit code; no two have a prefix in common
commands   what was told once (runtime.commands)
outbox     what was said (runtime.outbox)
"""

import datetime as dt
from dataclasses import asdict
from functools import lru_cache, partial
from typing import TypeVar

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from contract import identifying
from contract import training as public
from runtime import clock, mongo
from runtime.commands import Commands
from runtime.config import Config
from runtime.mongo import Document, Store
from runtime.outbox import Outbox
from runtime.pages import Page, given, in_region, walk
from runtime.rereading import Rereading
from runtime.vault import Vault
from services.training import domain
from services.training.domain import Assessor, Centre, Change

_EVENTS = {event.name(): event for event in public.EVENTS}
_ATTEMPTS = 5

Result = TypeVar("Result")


class Training:
    def __init__(self, config: Config) -> None:
        self.store: Store = mongo.database(config, "training")
        self.outbox = Outbox(self.store)
        self._centres = self.store["centres"]
        self._assessors = self.store["assessors"]
        self.commands = Commands(self.store, hashed=partial(Vault(config, self.store).hash, "command"))

    def ensure_indexes(self) -> None:
        self.outbox.ensure_indexes()
        self._centres.create_index("credit_code", name="credit_code", unique=True)
        self._centres.create_index([("region", ASCENDING), ("_id", ASCENDING)], name="region")
        self._assessors.create_index("credit_code", name="credit_code", unique=True)
        self._assessors.create_index("number_prefixes", name="number_prefixes", unique=True)

    def reread(self) -> None:
        """Names of before they were read in one way, read again. Whoever keeps a filing hears of it."""
        centres = Rereading(self.store, "centres", lambda row, _: _read_again(row))
        while centres.work():
            pass
        for found in list(self._assessors.find({}, {"credit_code": 1})):
            self.commands.transact(partial(self._reread_assessor, found["credit_code"]))

    def _reread_assessor(self, credit_code: str, session: ClientSession) -> None:
        before = self.assessor(credit_code, session)
        if before is not None and (after := domain.reread(before, at=clock.now(), by="training")) is not before:
            self.put_assessor(session, before, after)

    def put_centre(self, session: ClientSession, before: Centre | None, after: Centre) -> None:
        """Write one step of a centre's life, and what is to be said of it."""
        row = {name: value for name, value in asdict(after).items() if name != "centre_id"}
        row |= {"_id": after.centre_id, "status": after.status.value}
        mongo.put(self._centres, row, over=before.version if before else None, session=session)
        self._say(session, after.centre_id, after, ("centres", row))

    def put_assessor(self, session: ClientSession, before: Assessor | None, after: Assessor) -> None:
        """Write one step of a filing's life, and what is to be said of it."""
        row = {name: value for name, value in asdict(after).items() if name != "assessor_id"}
        row |= {
            "_id": after.assessor_id,
            "status": after.status.value,
            "kind": after.kind.value,
            "number_prefixes": list(after.number_prefixes),
            "valid_from": after.valid_from.isoformat(),
            "valid_until": after.valid_until.isoformat() if after.valid_until else None,
        }
        mongo.put(self._assessors, row, over=before.version if before else None, session=session)
        self._say(session, after.assessor_id, after, ("assessors", row))

    def centre(self, credit_code: str, session: ClientSession | None = None) -> Centre | None:
        found = self._centres.find_one({"credit_code": credit_code}, session=session)
        return None if found is None else _centre(found)

    def assessor(self, credit_code: str, session: ClientSession | None = None) -> Assessor | None:
        found = self._assessors.find_one({"credit_code": credit_code}, session=session)
        return None if found is None else _assessor(found)

    def assessor_with(self, number_prefix: str, session: ClientSession | None = None) -> Assessor | None:
        found = self._assessors.find_one({"number_prefixes": number_prefix}, session=session)
        return None if found is None else _assessor(found)

    def centres(self, *, within: str, after: str | None, limit: int) -> Page[Centre]:
        """In the order of registration; ``within`` is a region whose subtree is meant."""
        return walk(self._centres, in_region(within), after=after, limit=limit).of(_centre)

    def assessors(self, *, name: str | None, after: str | None, limit: int) -> Page[Assessor]:
        return walk(self._assessors, given(name=name), after=after, limit=limit).of(_assessor)

    def _say(
        self, session: ClientSession, subject: str, registered: Centre | Assessor, written: tuple[str, Document]
    ) -> None:
        last = registered.history[-1]
        self.outbox.say(
            session,
            _EVENTS[last.event],
            subject=subject,
            at=last.at,
            records=[written],
            **domain.facts(registered),
        )


def _read_again(row: Document) -> Document:
    name = identifying.body(row["name"]) or row["name"]
    return {} if name == row["name"] else {"name": name}


def _centre(row: Document) -> Centre:
    known = {name: value for name, value in row.items() if name != "_id"}
    return Centre(
        **known
        | {
            "centre_id": row["_id"],
            "status": public.CentreStatus(row["status"]),
            "history": tuple(Change(**step) for step in row["history"]),
        }
    )


def _assessor(row: Document) -> Assessor:
    known = {name: value for name, value in row.items() if name != "_id"}
    return Assessor(
        **known
        | {
            "assessor_id": row["_id"],
            "kind": public.AssessorKind(row["kind"]),
            "number_prefixes": tuple(row["number_prefixes"]),
            "valid_from": dt.date.fromisoformat(row["valid_from"]),
            "valid_until": dt.date.fromisoformat(row["valid_until"]) if row["valid_until"] else None,
            "status": public.FilingStatus(row["status"]),
            "history": tuple(Change(**step) for step in row["history"]),
        }
    )


@lru_cache(maxsize=8)
def training(config: Config) -> Training:
    """The process's own, with its indexes in place."""
    found = Training(config)
    found.ensure_indexes()
    found.reread()
    return found
