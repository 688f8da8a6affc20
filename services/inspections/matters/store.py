"""Collection ``matters``: one problem each, with its history."""

import datetime as dt
from functools import lru_cache

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from contract import matters as public
from contract.message import Event
from runtime.config import Config
from runtime.mongo import Document
from runtime.pages import in_region
from services.inspections import store
from services.inspections.matters.domain import Matter
from services.inspections.register import Register

_SAYS: dict[str, type[Event]] = {
    "registered": public.MatterRegistered,
    "updated": public.MatterUpdated,
    "settlement_asked": public.MatterUpdated,
    "settlement_returned": public.MatterUpdated,
    "settled": public.MatterSettled,
    "reopened": public.MatterReopened,
}
_TOLD = (
    "matter_id",
    "version",
    "item",
    "target_id",
    "region",
    "kind",
    "title",
    "owner",
    "due_on",
    "state",
    "settled_on",
)


class Matters(Register[Matter]):
    def __init__(self, config: Config) -> None:
        kept = store.inspections(config)
        super().__init__(kept.store["matters"], Matter, key="matter_id", missing=no_matter)
        self._outbox = kept.outbox

    def ensure_indexes(self) -> None:
        super().ensure_indexes()
        self._rows.create_index([("owner", ASCENDING), ("_id", ASCENDING)], name="owner")
        self._rows.create_index([("item", ASCENDING), ("_id", ASCENDING)], name="item")

    def step(self, session: ClientSession, after: Matter, *, over: int | None = None) -> None:
        """Write one step of a problem's life, and what is to be said of it."""
        written = self.write(session, after, over=over)
        self._outbox.say(
            session,
            _SAYS[after.history[-1].event],
            subject=after.matter_id,
            at=after.history[-1].at,
            records=[written],
            **{name: getattr(after, name) for name in _TOLD},
        )

    def late(self, today: dt.date) -> Document:
        """The query of those that are not settled, and whose day is past."""
        return {"state": {"$ne": public.MatterState.SETTLED.value}, "due_on": {"$lt": today.isoformat()}}

    def counts(self, seen: Document, *, within: str, item: int | None, today: dt.date) -> list[Document]:
        """``{item, region, open, settlement_asked, overdue, settled, settled_late}``, of each that has any."""
        match = {"$and": [seen, in_region(within), {} if item is None else {"item": item}]}
        settled = {"$eq": ["$state", public.MatterState.SETTLED.value]}
        asked = {"$eq": ["$state", public.MatterState.SETTLEMENT_ASKED.value]}
        past = {"$lt": ["$due_on", today.isoformat()]}
        late = {"$gt": ["$settled_on", "$due_on"]}
        group = {
            "_id": {"item": "$item", "region": "$region"},
            "open": _number_of({"$not": [settled]}),
            "settlement_asked": _number_of(asked),
            "overdue": _number_of({"$and": [{"$not": [settled]}, past]}),
            "settled": _number_of(settled),
            "settled_late": _number_of({"$and": [settled, late]}),
        }
        rows = self._rows.aggregate([{"$match": match}, {"$group": group}, {"$sort": {"_id": 1}}])
        return [row.pop("_id") | row for row in rows]


def no_matter() -> public.MatterNotFound:
    return public.MatterNotFound("没有这个问题", "there is no such problem")


def _number_of(condition: Document) -> Document:
    return {"$sum": {"$cond": [condition, 1, 0]}}


@lru_cache(maxsize=8)
def matters(config: Config) -> Matters:
    """The process's own, with its indexes in place."""
    found = Matters(config)
    found.ensure_indexes()
    return found
