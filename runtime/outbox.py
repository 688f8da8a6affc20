"""The outbox: what a service says, written in the transaction that makes it true, and kept for ever as its event log.

A row is `new` until the relay gives it its `seq` and `hash`. The relay publishes what the log holds after `published`,
waits for the broker's confirms, and moves `published` forward: a crash anywhere means said twice, never lost.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import orjson
import pymongo
from bson import Timestamp
from pymongo.client_session import ClientSession

from contract.message import Event
from contract.records import RECORD_WRITTEN
from runtime import clock, trace
from runtime.mongo import Document, Store, drop_index, new_id, transact
from runtime.record import imprints

GENESIS = "0" * 64
_BY_THE_DATABASE = Timestamp(0, 0)  # the server puts its cluster time there, another for each row, when it inserts
_SAME = {str, int, bool, type(None)}


class LeadershipLost(Exception):
    """Another relay has taken over: stop at once, nothing of this round was written."""


class Outbox:
    """Event log of one service; its collections are `outbox` and `relay` in the service's own database."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows = store["outbox"]
        self._relay = store["relay"]

    def ensure_indexes(self) -> None:
        self._rows.create_index("written", name="unordered", partialFilterExpression={"new": True})
        drop_index(self._rows, "new")  # of 0.2, whose keys were all equal
        self._rows.create_index("seq", name="seq", unique=True, partialFilterExpression={"seq": {"$exists": True}})
        self._relay.update_one(
            {"_id": "head"},
            {"$setOnInsert": {"seq": 0, "hash": GENESIS, "published": 0, "token": 0}},
            upsert=True,
        )

    def add(self, session: ClientSession, envelopes: Sequence[Document]) -> None:
        """Write what is said, in the caller's transaction. ``envelopes`` come from ``Event.said``."""
        if not session.in_transaction:
            raise RuntimeError("Outbox.add belongs into the transaction that makes the event true")
        if envelopes:
            self._rows.insert_many(
                [
                    {"_id": envelope["id"], "new": True, "written": _BY_THE_DATABASE, "event": envelope}
                    for envelope in envelopes
                ],
                session=session,
                ordered=True,
            )

    def say(
        self,
        session: ClientSession,
        event: type[Event],
        *,
        subject: str,
        at: dt.datetime,
        about: str | None = None,
        records: Iterable[tuple[str, Document]] = (),
        **data: Any,
    ) -> None:
        """Say one event, in the caller's transaction and as part of its trace. ``about`` is the partition key, the
        subject itself unless it is given. ``records``: (collection, document) of what is written with it, of which the
        log keeps the imprint. Raises ValueError when ``data`` is not what the event declares."""
        envelope = event.said(
            id=new_id(),
            subject=subject,
            about=subject if about is None else about,
            at=at,
            traceparent=trace.current(),
            imprints=imprints(records),
            **data,
        )
        self.add(session, [envelope])

    def note(self, session: ClientSession, collection: str, row: Document) -> None:
        """Keep a document's imprint in the log, of a step that no other service hears of."""
        written = RECORD_WRITTEN[self._store.name.rpartition("_")[2]]
        record = f"{collection}/{row['_id']}"
        self.say(session, written, subject=record, at=clock.now(), records=[(collection, row)], record=record)

    def of_type(self, event: type[Event], session: ClientSession) -> Iterator[Document]:
        """Rows that say such an event, ordered or not."""
        yield from self._rows.find({"event.type": event.type()}, session=session)

    def head(self, *, token: int | None = None) -> Document:
        """``{seq, hash, published}``: how far the log is ordered, and how far it is known to have been published.
        Raises LeadershipLost when ``token`` is given and does not lead."""
        found = self._relay.find_one({"_id": "head"}, {"_id": 0}) or {}
        if token is not None and found.get("token") != token:
            raise LeadershipLost
        empty = {"seq": 0, "hash": GENESIS, "published": 0}
        return {name: found.get(name, value) for name, value in empty.items()}

    def places(self, ids: Sequence[str]) -> dict[str, int]:
        """The seq of those of these events that the log has given one."""
        asked = {"_id": {"$in": list(ids)}, "seq": {"$exists": True}}
        return {row["_id"]: int(row["seq"]) for row in self._rows.find(asked, {"seq": 1})}

    def waiting(self) -> int:
        """Rows that are written and not yet sent."""
        return self.status()["unpublished"]

    def status(self) -> dict[str, int]:
        """``{head_seq, published_seq, unpublished}``. When nothing is unpublished, ``head_seq`` is of all that had been
        written when this was asked: the new rows are counted first, for they may be ordered meanwhile."""
        new = self._rows.count_documents({"new": True}, hint="unordered")
        head = self.head()
        seq, published = int(head["seq"]), int(head["published"])
        return {"head_seq": seq, "published_seq": published, "unpublished": new + seq - published}

    def page(self, after: int, limit: int) -> list[Document]:
        """Envelopes with ``seq`` > after, in order, each as it was or will be published."""
        rows = self._rows.find({"seq": {"$gt": after}}, hint="seq").sort("seq", 1).limit(limit)
        return [_published(row) for row in rows]

    def read(self, after: int, limit: int) -> dict[str, Any]:
        """``{"items": [envelope], "head": {"seq", "hash"}}``: the log from the event after ``after``, as whoever asks a
        service for it gets it. At most 1,000 at once."""
        head = self.head()
        items = self.page(after, max(1, min(limit, 1000)))
        return {"items": items, "head": {"seq": head["seq"], "hash": head["hash"]}}

    def claim(self, token: int) -> None:
        """Fence off every relay before the one with this token, ahead of anything else that it does. Raises
        LeadershipLost when a later one has claimed the log."""
        self._as_leader(token, {})

    def order(self, *, token: int, limit: int = 1000) -> int:
        """Give new rows the next places in the log and chain them; how many there were. Raises LeadershipLost.

        They come in the order of ``written``, the cluster time that the database itself put into each row: what was
        written knowing another row comes after it, on every member and after a failover, without trusting any
        machine's clock. They are read in the transaction that orders them. Of two that do so at once one meets the
        other at the head, and reads anew.
        """
        if self._rows.find_one({"new": True}, {"_id": 1}, hint="unordered") is None:
            return 0

        def work(session: ClientSession) -> int:
            head = self._relay.find_one({"_id": "head"}, session=session)
            if head is None or head["token"] > token:
                raise LeadershipLost
            seq, chain = head["seq"], head["hash"]
            updates = []
            new = self._rows.find({"new": True}, hint="unordered", batch_size=limit, session=session)
            for row in new.sort("written", 1).limit(limit):
                seq += 1
                chain = link(chain, seq, row["event"])
                # By its id alone, which MongoDB need not plan for: that was half of what ordering costs.
                updates.append(
                    pymongo.UpdateOne(
                        {"_id": row["_id"]},
                        {"$set": {"seq": seq, "hash": chain}, "$unset": {"new": "", "written": ""}},
                    )
                )
            self._relay.update_one(
                {"_id": "head"}, {"$set": {"seq": seq, "hash": chain, "token": token}}, session=session
            )
            if updates:
                self._rows.bulk_write(updates, ordered=False, session=session)
            return len(updates)

        return transact(self._store, work)

    def published(self, seq: int, *, token: int, lasts: Sequence[tuple[str, int, str]] = ()) -> None:
        """All up to ``seq`` were confirmed. ``lasts``: queue, seq and hash of what went last to each queue. Raises
        LeadershipLost, and so it does for what would move back."""
        change = {"published": seq, "lasts": [list(last) for last in lasts]}
        self._as_leader(token, change, {"published": {"$lte": seq}})

    def noted(self) -> list[tuple[str, int, str]]:
        """What went last to each queue, as it was noted when ``published`` moved."""
        found = self._relay.find_one({"_id": "head"}, {"lasts": 1}) or {}
        return [tuple(last) for last in found.get("lasts", ())]

    def broker(self) -> str | None:
        """The name of the broker to which the log was published last."""
        return (self._relay.find_one({"_id": "head"}, {"broker": 1}) or {}).get("broker")

    def name_broker(self, name: str, *, token: int) -> None:
        """Raises LeadershipLost."""
        self._as_leader(token, {"broker": name})

    def backwards(self, types: Sequence[str], *, upto: int) -> Iterator[Document]:
        """Events of these types, the newest first, from ``upto`` on."""
        asked = {"seq": {"$lte": upto}, "event.type": {"$in": list(types)}}
        return (_published(row) for row in self._rows.find(asked, hint="seq").sort("seq", -1))

    def at(self, seqs: Sequence[int]) -> list[Document]:
        """The envelopes at these places, in order; what is not there is left out."""
        rows = self._rows.find({"seq": {"$in": list(seqs)}}, hint="seq").sort("seq", 1)
        return [_published(row) for row in rows]

    def _as_leader(self, token: int, change: Document, provided: Document | None = None) -> None:
        leads = {"_id": "head", "token": {"$lte": token}, **(provided or {})}
        moved = self._relay.update_one(leads, {"$set": {**change, "token": token}})
        if not moved.matched_count:
            raise LeadershipLost

    def verify(self) -> tuple[int, str]:
        """Walk the whole chain; (last seq, its hash). Raises ChainBroken naming the first place that does not fit."""
        seq, chain = 0, GENESIS
        for row in self._rows.find({"seq": {"$exists": True}}, hint="seq").sort("seq", 1):
            if row["seq"] != seq + 1:
                raise ChainBroken(f"after seq {seq} comes {row['seq']}: rows are missing")
            seq, chain = row["seq"], link(chain, seq + 1, row["event"])
            if chain != row["hash"]:
                raise ChainBroken(f"seq {seq} (event {row['_id']}) was changed after it was said")
        return seq, chain


class ChainBroken(Exception):
    """The log is not what was said."""


def link(previous: str, seq: int, envelope: Document) -> str:
    """The hash of one row: over the one before, the place, and what was said."""
    return hashlib.sha256(f"{previous}\n{seq}\n".encode() + canonical(envelope)).hexdigest()


def canonical(envelope: Document) -> bytes:
    """The one form in which what was said is chained: as ``json.dumps`` writes it with sorted keys, without blanks."""
    if _alike(envelope):
        with suppress(orjson.JSONEncodeError):  # an integer that is too large for it
            return orjson.dumps(envelope, option=orjson.OPT_SORT_KEYS)
    return json.dumps(envelope, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _alike(value: Any) -> bool:
    """Whether orjson, which takes a twentieth of the time, writes the same octets. It has its own way with floats."""
    kind = type(value)
    if kind is dict:
        return all(map(_alike, value.values()))
    if kind is list:
        return all(map(_alike, value))
    return kind in _SAME


def _published(row: Document) -> dict[str, Any]:
    return row["event"] | {"seq": row["seq"], "hash": row["hash"]}
