"""What the registers of inspections share: one document a record, version guarded, listed in the order of its id."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from contract.errors import NotFound
from plan import Plan
from runtime import mongo, record
from runtime.mongo import Document
from runtime.outbox import Outbox
from runtime.pages import Page, given, in_region, walk
from services.inspections.about import items_of
from services.inspections.access import Actor

Kept = TypeVar("Kept")


class Register(Generic[Kept]):
    """``key``: the field that is a record's id. ``missing`` makes the refusal of an id that there is not."""

    def __init__(
        self, rows: Collection[Document], kind: type[Kept], *, key: str, missing: Callable[[], NotFound]
    ) -> None:
        self._rows = rows
        self._kind = kind
        self._key = key
        self.missing = missing
        self._outbox = Outbox(rows.database)

    def ensure_indexes(self) -> None:
        self._rows.create_index([("region", ASCENDING), ("_id", ASCENDING)], name="region")

    def get(self, key: str, session: ClientSession | None = None) -> Kept:
        """Raises what ``missing`` makes."""
        found = self._rows.find_one({"_id": key}, session=session)
        if found is None:
            raise self.missing()
        return self._of(found)

    def put(self, session: ClientSession, after: Kept, *, over: int | None = None) -> None:
        """A new record, or a step of the one that was read at version ``over``, of which nobody else hears. Raises
        DuplicateKeyError when what is to be unique is there."""
        collection, row = self.write(session, after, over=over)
        self._outbox.note(session, collection, row)

    def write(self, session: ClientSession, after: Kept, *, over: int | None = None) -> tuple[str, Document]:
        """As ``put``, for a step that is said: what is written, for the event's ``records``."""
        row = self._row(after)
        mongo.put(self._rows, row, over=over, session=session)
        return self._rows.name, row

    def page(self, *seen: Document, after: str | None = None, limit: int, **exactly: Any) -> Page[Kept]:
        """In the order in which they were recorded. ``seen``: queries that all have to be met (``concerning``,
        runtime.pages.in_region …); ``exactly``: what fields are to be."""
        return walk(self._rows, {"$and": [*seen, given(**exactly)]}, after=after, limit=limit).of(self._of)

    def _of(self, row: Document) -> Kept:
        return record.of(self._kind, row | {self._key: row["_id"]})

    def _row(self, kept: Kept) -> Document:
        row: Document = record.document(kept)
        return row | {"_id": row[self._key]}


def concerning(targets: Sequence[str], within: str) -> Document:
    """The query of what is about one of these indicators and lies in the region or below it."""
    return {"target_id": {"$in": list(targets)}} | in_region(within)


def sight(who: Actor, plan: Plan, party: str) -> Document:
    """The query of the problems or requests that the actor sees, but for the region asked for. ``party``: the field by
    whose organisation a record is theirs wherever it is."""
    own = who.targets(plan)
    whole_items = {"target_id": {"$exists": False}, "item": {"$in": items_of(plan, own)}}
    within = {"$and": [in_region(who.region), {"$or": [{"target_id": {"$in": sorted(own)}}, whole_items]}]}
    return {"$or": [{party: who.organisation}, {"organisation": who.organisation}, within]}


def either(wanted: bool | None, condition: Document) -> Document:
    """The query of what meets the condition, of what does not, or, when nothing is asked, of all."""
    if wanted is None:
        return {}
    return condition if wanted else {"$nor": [condition]}
