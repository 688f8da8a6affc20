"""What inspections remembers of problems and 绿色通道 requests.

matters    one problem each, with its history
greenways  one request each, with its history and its clock
"""

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from contract import greenways as ways
from contract import matters as public
from contract import regions
from contract.message import Event
from plan import Plan
from runtime import mongo, record, trace
from runtime.config import Config
from runtime.mongo import Document
from services.inspections import store
from services.inspections.about import items_of
from services.inspections.access import Actor
from services.inspections.greenways import Greenway
from services.inspections.matters import Matter

_MATTER_SAYS: dict[str, type[Event]] = {
    "registered": public.MatterRegistered,
    "updated": public.MatterUpdated,
    "settlement_asked": public.MatterUpdated,
    "settlement_returned": public.MatterUpdated,
    "settled": public.MatterSettled,
    "reopened": public.MatterReopened,
}
_GREENWAY_SAYS: dict[str, type[Event]] = {
    "requested": ways.GreenwayRequested,
    "granted": ways.GreenwayAnswered,
    "refused": ways.GreenwayAnswered,
    "more_information": ways.GreenwayAnswered,
    "supplied": ways.GreenwaySupplied,
    "overdue": ways.GreenwayOverdue,
    "reckoned_anew": ways.GreenwayReckoned,
}


class Matters:
    def __init__(self, config: Config) -> None:
        kept = store.inspections(config)
        self._rows = kept.store["matters"]
        self._outbox = kept.outbox

    def ensure_indexes(self) -> None:
        self._rows.create_index([("region", ASCENDING), ("_id", ASCENDING)], name="region")
        self._rows.create_index([("owner", ASCENDING), ("_id", ASCENDING)], name="owner")
        self._rows.create_index([("item", ASCENDING), ("_id", ASCENDING)], name="item")

    def get(self, matter_id: str, session: ClientSession | None = None) -> Matter:
        """Raises MatterNotFound."""
        found = self._rows.find_one({"_id": matter_id}, session=session)
        if found is None:
            raise no_matter()
        return _matter(found)

    def put(self, session: ClientSession, before: Matter | None, after: Matter) -> None:
        """Write one step of a problem's life, and what is to be said of it."""
        row = record.document(after)
        row["_id"] = row.pop("matter_id")
        _put(self._rows, session, before.version if before else None, row)
        told = ("matter_id", "version", "item", "target_id", "region", "kind", "title", "owner", "due_on", "state")
        said = _MATTER_SAYS[after.history[-1].event].said(
            id=mongo.new_id(),
            subject=after.matter_id,
            about=after.matter_id,
            at=after.history[-1].at,
            traceparent=trace.current(),
            **{name: getattr(after, name) for name in told},
            settled_on=after.settled_on,
        )
        self._outbox.add(session, [said])

    def page(
        self,
        seen: Document,
        *,
        within: str,
        today: dt.date,
        overdue: bool | None = None,
        after: str | None = None,
        limit: int,
        **exactly: Any,
    ) -> list[Matter]:
        """In the order of registration. ``seen`` comes from ``sight``; ``exactly``: what fields are to be."""
        parts = [seen, _in_region(within), {name: value for name, value in exactly.items() if value is not None}]
        if overdue is not None:
            late = {"state": {"$ne": public.MatterState.SETTLED.value}, "due_on": {"$lt": today.isoformat()}}
            parts.append(late if overdue else {"$nor": [late]})
        if after is not None:
            parts.append({"_id": {"$gt": after}})
        rows = self._rows.find({"$and": parts}).sort("_id", ASCENDING).limit(limit)
        return [_matter(row) for row in rows]

    def counts(self, seen: Document, *, within: str, item: int | None, today: dt.date) -> list[Document]:
        """``{item, region, open, settlement_asked, overdue, settled, settled_late}``, of each that has any."""
        match = {"$and": [seen, _in_region(within), {} if item is None else {"item": item}]}
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


class Greenways:
    def __init__(self, config: Config) -> None:
        kept = store.inspections(config)
        self._rows = kept.store["greenways"]
        self._outbox = kept.outbox

    def ensure_indexes(self) -> None:
        self._rows.create_index([("region", ASCENDING), ("_id", ASCENDING)], name="region")
        self._rows.create_index([("addressed_to", ASCENDING), ("_id", ASCENDING)], name="addressed_to")
        self._rows.create_index(
            "window.ends_on", name="running", partialFilterExpression={"window.ends_on": {"$exists": True}}
        )

    def get(self, greenway_id: str, session: ClientSession | None = None) -> Greenway:
        """Raises GreenwayNotFound."""
        found = self._rows.find_one({"_id": greenway_id}, session=session)
        if found is None:
            raise no_greenway()
        return _greenway(found)

    def put(self, session: ClientSession, before: Greenway | None, after: Greenway) -> None:
        """Write one step of a request's life, and what is to be said of it."""
        row = record.document(after)
        row["_id"] = row.pop("greenway_id")
        _put(self._rows, session, before.version if before else None, row)
        told = ("greenway_id", "version", "item", "target_id", "region", "step", "addressed_to", "state")
        said = _GREENWAY_SAYS[after.history[-1].event].said(
            id=mongo.new_id(),
            subject=after.greenway_id,
            about=after.greenway_id,
            at=after.history[-1].at,
            traceparent=trace.current(),
            **{name: getattr(after, name) for name in told},
            due_on=after.window and after.window.ends_on,
            overdue_since=after.overdue_since,
            answered_on=after.answered_on,
        )
        self._outbox.add(session, [said])

    def page(
        self,
        seen: Document,
        *,
        within: str,
        today: dt.date,
        overdue: bool | None = None,
        after: str | None = None,
        limit: int,
        **exactly: Any,
    ) -> list[Greenway]:
        """In the order of the requests. ``overdue``: it waits for an answer, and its day is past."""
        parts = [seen, _in_region(within), {name: value for name, value in exactly.items() if value is not None}]
        if overdue is not None:
            late = {"window.ends_on": {"$lt": today.isoformat()}}
            parts.append(late if overdue else {"$nor": [late]})
        if after is not None:
            parts.append({"_id": {"$gt": after}})
        rows = self._rows.find({"$and": parts}).sort("_id", ASCENDING).limit(limit)
        return [_greenway(row) for row in rows]

    def due(self, today: dt.date, *, calendar: str, limit: int) -> list[str]:
        """Requests whose clock has run out and that are not marked, or was reckoned by another calendar."""
        late = {"window.ends_on": {"$lt": today.isoformat()}, "overdue_since": {"$exists": False}}
        other = {"window.ends_on": {"$exists": True}, "window.calendar": {"$ne": calendar}}
        return [row["_id"] for row in self._rows.find({"$or": [late, other]}, {"_id": 1}).limit(limit)]


def sight(who: Actor, plan: Plan, party: str) -> Document:
    """The query of what the actor sees, but for the region asked for. ``party``: the field by whose organisation a
    record is theirs wherever it is."""
    own = who.targets(plan)
    whole_items = {"target_id": {"$exists": False}, "item": {"$in": items_of(plan, own)}}
    within = {"$and": [_in_region(who.region), {"$or": [{"target_id": {"$in": sorted(own)}}, whole_items]}]}
    return {"$or": [{party: who.organisation}, {"organisation": who.organisation}, within]}


def no_matter() -> public.MatterNotFound:
    return public.MatterNotFound("没有这个问题", "there is no such problem")


def no_greenway() -> ways.GreenwayNotFound:
    return ways.GreenwayNotFound("没有这个绿色通道申请", "there is no such request")


def _put(rows: Any, session: ClientSession, version: int | None, row: Document) -> None:
    if version is None:
        rows.insert_one(row, session=session)
        return
    written = rows.replace_one({"_id": row["_id"], "version": version}, row, session=session)
    if written.modified_count != 1:
        raise RuntimeError("a record changed inside its own transaction")


def _in_region(code: str) -> Document:
    if code == regions.PROVINCE:
        return {}
    return {"region": {"$in": sorted({code, *_codes(regions.counties(code))})}}


def _codes(found: Iterable[regions.Region]) -> Iterable[str]:
    return (region.code for region in found)


def _number_of(condition: Document) -> Document:
    return {"$sum": {"$cond": [condition, 1, 0]}}


def _matter(row: Document) -> Matter:
    return record.of(Matter, row | {"matter_id": row["_id"]})


def _greenway(row: Document) -> Greenway:
    return record.of(Greenway, row | {"greenway_id": row["_id"]})


@lru_cache(maxsize=8)
def matters(config: Config) -> Matters:
    """The process's own, with its indexes in place."""
    found = Matters(config)
    found.ensure_indexes()
    return found


@lru_cache(maxsize=8)
def greenways(config: Config) -> Greenways:
    """The process's own, with its indexes in place."""
    found = Greenways(config)
    found.ensure_indexes()
    return found
