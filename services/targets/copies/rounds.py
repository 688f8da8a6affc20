"""Dispatch rounds (调度) as targets has heard of them: a copy of each, in its newest version."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from pymongo.client_session import ClientSession

from contract.message import Said
from contract.reports import RoundClosed
from runtime import clock
from runtime.mongo import Document, Store, transact

_DAYS = ("as_of", "opens_on", "due_on")


@dataclass(frozen=True)
class Round:
    """``closed_seq``: the place in the log of `reports` at which it was closed, and ``heard_at`` when we heard of that,
    by the clock on the wall; None of one that was not. ``outstanding``: ``{target_id, late, missing}``, the regions
    that filed after ``due_on`` or not at all. ``snapshot_id``: what was locked of it."""

    round_id: str
    version: int
    number: int
    period: str
    as_of: dt.date
    opens_on: dt.date
    due_on: dt.date
    closed_at: dt.datetime | None
    closed_seq: int | None = None
    heard_at: dt.datetime | None = None
    outstanding: tuple[dict[str, Any], ...] = ()
    snapshot_id: str | None = None
    cancelled_at: dt.datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class Rounds:
    """Collection ``rounds``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rounds = store["rounds"]

    def hear(self, said: Said) -> None:
        """Told again, or after a newer version, nothing changes."""
        told = {name: value for name, value in said.data.items() if name not in ("round_id", "outstanding")}
        told |= {name: told[name].isoformat() for name in _DAYS}
        if said.event is RoundClosed:
            outstanding = said.data.get("outstanding", [])
            told |= {"closed_seq": said.seq, "heard_at": clock.now(), "outstanding": outstanding}

        def work(session: ClientSession) -> None:
            known = self._rounds.find_one({"_id": said.data["round_id"]}, {"version": 1}, session=session)
            if known is None or known["version"] < told["version"]:
                self._rounds.update_one({"_id": said.data["round_id"]}, {"$set": told}, upsert=True, session=session)

        transact(self._store, work)

    def locked(self, session: ClientSession, round_id: str, snapshot_id: str) -> bool:
        """Note the snapshot of a round; False when it has one already."""
        done = self._rounds.update_one(
            {"_id": round_id, "snapshot_id": {"$exists": False}},
            {"$set": {"snapshot_id": snapshot_id}},
            session=session,
        )
        return done.modified_count == 1

    def of(self, round_id: str) -> Round | None:
        found = self._rounds.find_one({"_id": round_id})
        return None if found is None else _round(found)

    def latest(self) -> Round | None:
        """The one that was opened last, open or closed; none that was cancelled."""
        found = self._rounds.find_one({"cancelled_at": None}, sort=[("opens_on", -1), ("number", -1)])
        return None if found is None else _round(found)

    def unlocked(self) -> list[str]:
        """Ids of closed ones of which there is no snapshot yet, the oldest first."""
        asked = {"closed_seq": {"$exists": True}, "snapshot_id": {"$exists": False}}
        return [row["_id"] for row in self._rounds.find(asked, {"_id": 1}).sort([("opens_on", 1), ("number", 1)])]


def _round(row: Document) -> Round:
    told = {name: value for name, value in row.items() if name != "_id"}
    days = {name: dt.date.fromisoformat(row[name]) for name in _DAYS}
    return Round(round_id=row["_id"], **told | days | {"outstanding": tuple(row.get("outstanding", ()))})
