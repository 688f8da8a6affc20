"""What is remembered of snapshots, written once and never changed.

snapshots      one head for each closed round
snapshot_rows  its rows, one document an indicator
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache

from pymongo.client_session import ClientSession

from runtime import mongo
from runtime.config import Config
from runtime.mongo import Document, Store
from runtime.record import document, of
from services.targets.snapshots import domain as snapshots
from services.targets.snapshots.domain import Figure, Figures, Moved, Snapshot, Sources, place_of
from services.targets.store import number

_ORDER = [("indicator", 1), ("region", 1), ("_id", 1)]


class Snapshots:
    def __init__(self, store: Store) -> None:
        self.store = store
        self._heads = store["snapshots"]
        self._rows = store["snapshot_rows"]
        self._entries = store["entries"]

    def ensure_indexes(self) -> None:
        self._heads.create_index("round_id", name="round", unique=True)
        self._rows.create_index([("snapshot_id", 1), ("place", 1)], name="snapshot", unique=True)

    def add(self, session: ClientSession, snapshot: Snapshot, rows: Sequence[Document]) -> None:
        """``rows``: as ``rows_of`` makes them."""
        self._heads.insert_one(self.head_row(snapshot), session=session)
        kept = [{"snapshot_id": snapshot.snapshot_id, "place": place, **row} for place, row in enumerate(rows)]
        self._rows.insert_many(kept, session=session)

    def head_row(self, snapshot: Snapshot) -> Document:
        head = document(snapshot)
        return {"_id": head.pop("snapshot_id"), **head}

    def get(self, snapshot_id: str) -> Snapshot | None:
        return self._head({"_id": snapshot_id})

    def of_round(self, round_id: str) -> Snapshot | None:
        return self._head({"round_id": round_id})

    def page(self, *, after: str | None, limit: int) -> list[Snapshot]:
        """The newest first; ``after``: the id of the last one seen."""
        asked: Document = {} if after is None else {"_id": {"$lt": after}}
        return [_snapshot(row) for row in self._heads.find(asked).sort("_id", -1).limit(limit)]

    def rows(self, snapshot_id: str) -> list[Document]:
        """As they were given to ``add``."""
        shown = {"_id": 0, "indicator": 1, "figures": 1}
        return list(self._rows.find({"snapshot_id": snapshot_id}, shown).sort("place", 1))

    def figures(self, snapshot_id: str) -> dict[str, tuple[Figure, ...]]:
        return figures_of(self.rows(snapshot_id))

    def counted(self, sources: Sources, *, as_of: dt.date) -> Iterator[tuple[str, str, dt.date, Decimal]]:
        """(indicator, region, day, net) of everything that ``sources`` contains and that took effect up to ``as_of``,
        in one aggregation."""
        contained = [{"service": service, "seq": {"$lte": seq}} for service, seq in sources.items()]
        key = {"indicator": "$indicator", "region": "$region", "on": "$effective_on"}
        rows = self._entries.aggregate(
            [
                {"$match": {"$or": contained, "effective_on": {"$lte": as_of.isoformat()}}},
                {"$group": {"_id": key, "net": {"$sum": "$value"}}},
                {"$match": {"net": {"$ne": 0}}},
            ],
            allowDiskUse=True,
            batchSize=10_000,
        )
        for row in rows:
            of = row["_id"]
            yield of["indicator"], of["region"], dt.date.fromisoformat(of["on"]), number(row["net"])

    def since(self, snapshot: Snapshot, *, upto: Sources) -> Iterator[Moved]:
        """Every entry that came after the snapshot, up to what ``upto`` contains, and took effect by its day."""
        for row in self._entries.find(_after(snapshot, upto)).sort(_ORDER).allow_disk_use(True):
            yield Moved(
                entry_id=str(row["_id"]),
                indicator=row["indicator"],
                region=row["region"],
                region_name=place_of(row["region"]),
                value=number(row["value"]),
                effective_on=dt.date.fromisoformat(row["effective_on"]),
                cause=row["cause"],
                fact_id=row["fact_id"],
                service=row["service"],
                seq=row["seq"],
            )

    def has_moved(self, snapshot: Snapshot, *, upto: Sources) -> bool:
        """Whether there is any such entry."""
        return self._entries.find_one(_after(snapshot, upto), {"_id": 1}) is not None

    def verified(self, snapshot: Snapshot) -> bool:
        """Whether its rows are as they were locked, and its figures still what its entries add up to. False after an
        event that had been parked was told late: what it moved is for a correction to say."""
        rows = self.rows(snapshot.snapshot_id)
        contained = {"round_id": snapshot.round_id, "as_of": snapshot.as_of, "sources": snapshot.sources}
        if snapshots.digest_of(rows, **contained) != snapshot.digest:  # type: ignore[arg-type]
            return False
        counted = snapshots.spread(self.counted(snapshot.sources, as_of=snapshot.as_of))
        return not snapshots.differing(figures_of(rows), counted)

    def _head(self, asked: Document) -> Snapshot | None:
        found = self._heads.find_one(asked)
        return None if found is None else _snapshot(found)


def rows_of(figures: Figures) -> list[Document]:
    """As they are stored: one document an indicator."""
    return [{"indicator": indicator, "figures": document(told)} for indicator, told in figures.items()]


def figures_of(rows: Iterable[Document]) -> dict[str, tuple[Figure, ...]]:
    return {row["indicator"]: tuple(of(Figure, told) for told in row["figures"]) for row in rows}


def _after(snapshot: Snapshot, upto: Sources) -> Document:
    later = [
        {"service": service, "seq": {"$gt": snapshot.sources.get(service, 0), "$lte": seq}}
        for service, seq in upto.items()
    ]
    return {"$or": later, "effective_on": {"$lte": snapshot.as_of.isoformat()}}


def _snapshot(row: Document) -> Snapshot:
    return of(Snapshot, {"snapshot_id": row["_id"], **row})


@lru_cache(maxsize=4)
def snapshots_of(config: Config) -> Snapshots:
    """The process's own, with its indexes in place."""
    found = Snapshots(mongo.database(config, "targets"))
    found.ensure_indexes()
    return found
