"""Proof: the entries of a count, page by page, for whoever follows them while they are being written.

Ids are given before the commit, so a later id may be seen before an earlier one: by ids alone a follower would pass
over rows. Within a queue the places are given by a document that each transaction changes, so they are committed in
their order. A cursor says for each queue how far it was read; entries of before 0.3 have no queue, and all their ids
are known.
"""

from collections.abc import Mapping
from heapq import merge
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId

from contract import regions
from contract.errors import Invalid, field_error
from runtime.mongo import Document
from services.targets.store import Counts

_OLD = ""  # stands for the queue of entries that have none

Cursor = dict[str, int | ObjectId]  # queue -> place, or the id where there is no queue


def page(
    counts: Counts, *, region: str | None, after: str | None, limit: int, **asked: Any
) -> tuple[list[Document], str, bool]:
    """At most ``limit`` entries about in the order of their writing, the cursor from which to go on, now or later, and
    whether there are more now. ``region`` = None is everywhere; ``asked``: ``indicator``, ``as_of``, ``known_at``.
    Raises Invalid for what is no cursor."""
    cursor = _read(after)
    query = _query(region=region, **asked)
    of_queues = [_rows(counts, query, queue, cursor.get(queue), limit + 1) for queue in (_OLD, *counts.queues())]
    found = list(merge(*of_queues, key=lambda row: row["_id"]))
    for row in found[:limit]:
        cursor[row.get("queue", _OLD)] = row["n"] if "queue" in row else row["_id"]
    return found[:limit], _written(cursor), len(found) > limit


def _query(*, indicator: str, region: str | None, as_of: Any = None, known_at: Any = None) -> Document:
    asked: Document = {"indicator": indicator}
    if region is not None:
        asked["region"] = {"$in": list(regions.subtree(region))}
    if as_of is not None:
        asked["effective_on"] = {"$lte": as_of.isoformat()}
    if known_at is not None:
        asked["recorded_at"] = {"$lte": known_at}
    return asked


def _rows(counts: Counts, query: Document, queue: str, after: int | ObjectId | None, limit: int) -> list[Document]:
    of: Document = {"queue": queue, "n": {"$gt": after or 0}}
    if queue == _OLD:
        of = {"queue": None} | ({"_id": {"$gt": after}} if after else {})
    return list(counts.entries.find(query | of).sort("_id" if queue == _OLD else "n", 1).limit(limit))


def _written(cursor: Mapping[str, int | ObjectId]) -> str:
    return ",".join(f"{queue}={place}" for queue, place in sorted(cursor.items()))


def _read(after: str | None) -> Cursor:
    cursor: Cursor = {}
    try:
        for part in (after or "").split(",") if after else ():
            queue, _, place = part.rpartition("=")
            cursor[queue] = int(place) if queue else ObjectId(place)  # before 0.3 a cursor was an id
    except (ValueError, InvalidId):
        raise Invalid(
            "查询参数有误",
            "the query has errors",
            [field_error("/after", "cursor", "不是此列表给出的游标", "is no cursor of this list")],
        ) from None
    return cursor
