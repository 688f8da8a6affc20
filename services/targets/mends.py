"""Mends: what a replay put right in the entries, each an event of targets' own log.

A mend's entries and its event, `figures_mended`, are written in one transaction. The relay gives the event its place in
the log, and so the entries theirs; until then they are in no snapshot. So a snapshot's clock says of mends, as of all
else, which of them it contains.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pymongo.client_session import ClientSession

from contract.targets import FiguresMended
from runtime import mongo
from runtime.mongo import Store
from runtime.outbox import Outbox
from services.targets.domain import Cause
from services.targets.store import number

SERVICE = FiguresMended.service
_OURS = {"service": SERVICE}
_BATCH = 1000  # entries of before 0.3 in one event


class Mends:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._entries = store["entries"]
        self._outbox = Outbox(store)

    def ensure_indexes(self) -> None:
        self._outbox.ensure_indexes()
        self._entries.create_index([("seq", 1), ("event_id", 1)], name="mends", partialFilterExpression=_OURS)

    def cause(self, *, at: dt.datetime) -> Cause:
        """Of the entries of the next mend."""
        return Cause(mongo.new_id(), FiguresMended.type(), SERVICE, None, at)

    def add(
        self, session: ClientSession, cause: Cause, steps: Sequence[Mapping[str, Any]], replayed: Mapping[str, int]
    ) -> None:
        """Publish a mend in the transaction that writes its entries."""
        envelope = FiguresMended.said(
            id=cause.event_id,
            subject=cause.event_id,
            about=cause.event_id,
            at=cause.recorded_at,
            replayed=[{"service": service, "seq": seq} for service, seq in sorted(replayed.items())],
            steps=list(steps),
        )
        self._outbox.add(session, [envelope])

    def upto(self) -> int:
        """Give the entries of every mend their event's place in the log; the last one that there is. All mends up to
        it are among the entries, and no other will be: the log's head is read before them."""
        head = int(self._outbox.head()["seq"])
        waiting = self._entries.aggregate([{"$match": _OURS | {"seq": None}}, {"$group": {"_id": "$event_id"}}])
        for event_id, seq in self._outbox.places([row["_id"] for row in waiting]).items():
            if seq <= head:
                self._place(event_id, seq)
        last = self._entries.find_one(_OURS | {"seq": {"$gte": 1, "$lte": head}}, sort=[("seq", -1)])
        return int(last["seq"]) if last else 0

    def adopt(self, *, at: dt.datetime) -> int:
        """Entries of mends of before 0.3 have no event, and no snapshot contains them: they become mends of now, so
        that the next snapshot does, and a correction of an earlier one lists them. How many there were."""
        found = 0
        while adopted := mongo.transact(self._store, lambda session: self._adopt(session, at)):
            found += adopted
        return found

    def _adopt(self, session: ClientSession, at: dt.datetime) -> int:
        rows = list(self._entries.find(_OURS | {"seq": 0}, session=session).limit(_BATCH))
        if not rows:
            return 0
        cause = self.cause(at=at)
        ids = {"_id": {"$in": [row["_id"] for row in rows]}}
        self._entries.update_many(ids, {"$set": {"event_id": cause.event_id, "seq": None}}, session=session)
        steps = (
            step(
                row["indicator"],
                row["subject"],
                (row["fact_id"], row["region"], row["effective_on"]),
                number(row["value"]),
            )
            for row in rows
        )
        self.add(session, cause, list(steps), {})
        return len(rows)

    def _place(self, event_id: str, seq: int) -> None:
        def work(session: ClientSession) -> None:
            mend = _OURS | {"seq": None, "event_id": event_id}
            self._entries.update_many(mend, {"$set": {"seq": seq}}, session=session)

        mongo.transact(self._store, work)


def step(indicator: str, subject: str, place: tuple[str, str, str], value: Decimal) -> dict[str, Any]:
    """As it is published. ``place``: fact id, region, day."""
    fact_id, region, on = place
    return {
        "indicator": indicator,
        "subject": subject,
        "fact_id": fact_id,
        "region": region,
        "effective_on": on,
        "value": f"{value:f}",
    }
