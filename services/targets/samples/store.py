"""Samples as they were drawn, with the whole frame each, for ever.

samples  one an inspection: what was asked, and once it is drawn its digest and the units that were said
frames   the ordered frame of each, some thousand lines a document
"""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from contract import regions
from runtime.mongo import Document, Store
from services.targets.samples.domain import Drawn, Framed
from services.targets.store import Counts, number

_LINES = 5000  # a document


class Samples:
    def __init__(self, store: Store) -> None:
        self.store = store
        self._samples = store["samples"]
        self._frames = store["frames"]
        self._entries = Counts(store).entries

    def ensure_indexes(self) -> None:
        self._samples.create_index("wanted", name="wanted", partialFilterExpression={"wanted": True})

    def want(self, asked: Document) -> None:
        """``asked``: inspection_id, target_id, region, as_of (ISO), size, seed. Told again it changes nothing."""
        row = {name: value for name, value in asked.items() if name != "inspection_id"} | {"wanted": True}
        self._samples.update_one({"_id": asked["inspection_id"]}, {"$setOnInsert": row}, upsert=True)

    def wanted(self) -> list[Document]:
        return list(self._samples.find({"wanted": True}, hint="wanted").sort("_id", ASCENDING))

    def get(self, inspection_id: str, session: ClientSession | None = None) -> Document | None:
        return self._samples.find_one({"_id": inspection_id}, session=session)

    def frame(self, *, indicator: str, region: str, as_of: str, session: ClientSession) -> Iterator[Framed]:
        """What counts in the region on that day: entries that add up to more than nothing, by subject, fact and
        region. ``as_of`` as ISO."""
        match: Document = {"indicator": indicator, "effective_on": {"$lte": as_of}}
        match["region"] = {"$in": list(regions.subtree(region))}
        key = {"subject": "$subject", "fact_id": "$fact_id", "region": "$region"}
        group = {"_id": key, "value": {"$sum": "$value"}, "on": {"$max": "$effective_on"}}
        pipeline = [{"$match": match}, {"$group": group}, {"$match": {"value": {"$gt": 0}}}]
        for row in self._entries.aggregate(pipeline, allowDiskUse=True, session=session):
            of = row["_id"]
            on = dt.date.fromisoformat(row["on"])
            yield Framed(of["subject"], of["fact_id"], of["region"], Decimal(number(row["value"])), on)

    def write(self, session: ClientSession, inspection_id: str, drawn: Drawn, *, at: dt.datetime) -> bool:
        """The frame and the sample; False when it was drawn meanwhile."""
        told: Document = {
            "frame_size": len(drawn.frame),
            "frame_digest": drawn.digest,
            "sample": [unit.line for unit in drawn.sample],
            "drawn_at": at,
        }
        written = self._samples.update_one(
            {"_id": inspection_id, "wanted": True}, {"$set": told, "$unset": {"wanted": ""}}, session=session
        )
        if not written.modified_count:
            return False
        lines = [unit.line for unit in drawn.frame]
        parts = [
            {"_id": {"of": inspection_id, "first": first}, "lines": lines[first : first + _LINES]}
            for first in range(0, len(lines), _LINES)
        ]
        if parts:
            self._frames.insert_many(parts, session=session)
        return True

    def lines(self, inspection_id: str, *, after: int = 0) -> Iterator[str]:
        """Of the ordered frame, those after so many."""
        first = after // _LINES * _LINES
        query = {"_id": {"$gte": {"of": inspection_id, "first": first}, "$lt": {"of": inspection_id, "first": 2**31}}}
        for part in self._frames.find(query).sort("_id", ASCENDING):
            yield from part["lines"][max(0, after - part["_id"]["first"]) :]
