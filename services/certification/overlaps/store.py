"""What certification knows of what rosters have in common.

imports      ``compared`` is False from the import's end until that is done (rosters/store.py)
anomalies    what was noticed, by its key: told once for ever
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from contract.certification import AnomalyNoticed
from contract.inspections import AnomalyKind
from contract.words import CertificateStatus, ImportState
from runtime import clock, mongo, trace
from runtime.commands import Commands
from runtime.config import Config
from runtime.mongo import Document
from runtime.outbox import Outbox
from services.certification.overlaps.domain import Other, Overlap

_BATCH = 1000


class Overlaps:
    def __init__(self, config: Config) -> None:
        store = mongo.database(config, "certification")
        self._imports = store["imports"]
        self._chunks = store["import_chunks"]
        self._certificates = store["certificates"]
        self._anomalies = store["anomalies"]
        self._commands = Commands(store)
        self._outbox = Outbox(store)

    def ensure_indexes(self) -> None:
        self._imports.create_index(
            [("finished_at", ASCENDING)], name="compared", partialFilterExpression={"compared": False}
        )
        self._imports.create_index("sha256", name="sha256")

    def due(self, *, besides: Sequence[str] = ()) -> Document | None:
        """The import that has waited longest to be compared."""
        query = {"compared": False, "_id": {"$nin": [*besides]}}
        return self._imports.find_one(query, sort=[("finished_at", ASCENDING)])

    def finish(self, found: Document, overlaps: Sequence[Overlap], *, target_id: str | None, at: dt.datetime) -> None:
        """The import is compared: what of it is new is kept and said."""

        def write(session: ClientSession) -> None:
            keys = [overlap.key for overlap in overlaps]
            known = {row["_id"] for row in self._anomalies.find({"_id": {"$in": keys}}, {"_id": 1}, session=session)}
            new = [overlap for overlap in overlaps if overlap.key not in known]
            if new:
                rows = [{"_id": each.key, "import_id": found["_id"], "noticed_at": at} for each in new]
                self._anomalies.insert_many(rows, session=session)
                self._outbox.add(session, [_said(each, found, target_id, at) for each in new])
            self._imports.update_one({"_id": found["_id"]}, {"$set": {"compared": True}}, session=session)

        self._commands.transact(write)

    def persons(self, found: Document) -> set[str]:
        """Everybody whom the roster names: on certificates that it created, and on those that others had recorded
        under a number of its rows."""
        created = self._certificates.find({"import_id": found["_id"]}, {"person_key": 1})
        persons = {row["person_key"] for row in created}
        for ids in _batches(self._taken(found["_id"])):
            rows = self._certificates.find({"_id": {"$in": ids}}, {"person_key": 1})
            persons.update(row["person_key"] for row in rows)
        return persons

    def _taken(self, import_id: str) -> Iterator[str]:
        within = {"$gt": {"import": import_id, "first": -1}, "$lt": {"import": import_id, "first": 2**31}}
        for chunk in self._chunks.find({"_id": within, "rows.taken": {"$exists": True}}, {"rows.taken": 1}):
            yield from (row["taken"] for row in chunk["rows"] if "taken" in row)

    def others(self, found: Document, persons: Iterable[str], *, since: dt.datetime) -> dict[str, Other]:
        """By organisation, what it recorded of these people, or uploaded as this very file. What was revoked or
        recalled was put right already."""
        keys: dict[str, set[str]] = defaultdict(set)
        imports: dict[str, set[str]] = defaultdict(set)
        same: set[str] = set()
        for batch in _batches(persons):
            asked = {
                "person_key": {"$in": batch},
                "organisation": {"$ne": found["organisation"]},
                "status": {"$ne": CertificateStatus.REVOKED.value},
                "recorded_at": {"$gte": since},
            }
            for row in self._certificates.find(asked, {"person_key": 1, "organisation": 1, "import_id": 1}):
                keys[row["organisation"]].add(row["person_key"])
                if "import_id" in row:
                    imports[row["organisation"]].add(row["import_id"])
        twins = {
            "sha256": found["sha256"],
            "organisation": {"$ne": found["organisation"]},
            "dry_run": False,
            "state": ImportState.DONE.value,
            "finished_at": {"$gte": since},
        }
        for row in self._imports.find(twins, {"organisation": 1}):
            same.add(row["organisation"])
            imports[row["organisation"]].add(row["_id"])
        return {name: Other(frozenset(keys[name]), frozenset(imports[name]), name in same) for name in {*keys, *same}}


def _batches(values: Iterable[str]) -> Iterator[list[str]]:
    left = iter(values)
    while batch := list(islice(left, _BATCH)):
        yield batch


def _said(overlap: Overlap, found: Document, target_id: str | None, at: dt.datetime) -> dict[str, Any]:
    return AnomalyNoticed.said(
        id=mongo.new_id(),
        subject=overlap.key,
        about=overlap.key,
        at=at,
        traceparent=trace.current(),
        anomaly_key=overlap.key,
        kind=AnomalyKind.SHARED_ROSTER.value,
        target_id=target_id,
        region=found["region"],
        noticed_on=clock.day_of(at),
        measures=overlap.measures,
    )


@lru_cache(maxsize=8)
def kept_overlaps(config: Config) -> Overlaps:
    """The process's own, with its indexes in place."""
    found = Overlaps(config)
    found.ensure_indexes()
    return found
