"""Records of before texts were read in one way (``contract.identifying``), read again: once, a batch a transaction,
each going on where the one before has ended, in whatever process that was."""

from collections.abc import Callable, Sequence

import structlog
from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from runtime import mongo
from runtime.mongo import Document, Store
from runtime.outbox import Outbox

log = structlog.get_logger()

Reread = Callable[[Document, ClientSession], Document]


class Rereading:
    """``reread`` gives the fields of a document that read otherwise now, none where all is as it was. ``apart``: fields
    that its imprint in the log does not cover. How far it is lies in ``migrations``."""

    def __init__(self, store: Store, collection: str, reread: Reread, *, apart: Sequence[str] = (), batch: int = 500):
        self._store = store
        self._rows = store[collection]
        self._outbox = Outbox(store)
        self._reread = reread
        self._apart = (*apart, "locks")
        self._batch = batch
        self._at = {"_id": f"identifying/{collection}"}
        self._done = False

    def work(self) -> bool:
        """Read one batch; False when all is read."""
        if not self._done:
            self._done = mongo.transact(self._store, self._next)
            return not self._done
        return False

    def _next(self, session: ClientSession) -> bool:
        migrations = self._store["migrations"]
        at = migrations.find_one(self._at, session=session) or {}
        if at.get("done"):
            return True
        rows = list(
            self._rows.find({"_id": {"$gt": at["after"]}} if "after" in at else {}, session=session)
            .sort("_id", ASCENDING)
            .limit(self._batch)
        )
        changed = 0
        for row in rows:
            if row.keys() <= {"_id", "locks"}:  # locked, and never written
                continue
            if changes := self._reread(row, session):
                changed += 1
                self._rows.update_one({"_id": row["_id"]}, {"$set": changes}, session=session)
                after = row | changes
                written = {name: value for name, value in after.items() if name not in self._apart}
                self._outbox.note(session, self._rows.name, written)
        done = len(rows) < self._batch
        moved = {"done": done} | ({"after": rows[-1]["_id"]} if rows else {})
        migrations.update_one(self._at, {"$set": moved, "$inc": {"changed": changed}}, upsert=True, session=session)
        if changed:
            log.info("rereading", collection=self._rows.name, changed=changed)
        return done
