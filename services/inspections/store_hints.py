"""What inspections remembers of hints: collection ``hints``, one case each, unique by ``anomaly_key`` for ever."""

from functools import lru_cache
from typing import Any

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from contract import hints as public
from contract import regions
from runtime import record
from runtime.config import Config
from runtime.mongo import Document
from services.inspections import store
from services.inspections.hints import Hint


class Hints:
    def __init__(self, config: Config) -> None:
        self._rows = store.inspections(config).store["hints"]

    def ensure_indexes(self) -> None:
        self._rows.create_index("anomaly_key", name="anomaly_key", unique=True)
        self._rows.create_index([("region", ASCENDING), ("_id", ASCENDING)], name="region")

    def known(self, anomaly_key: str) -> bool:
        return self._rows.find_one({"anomaly_key": anomaly_key}, {"_id": 1}) is not None

    def get(self, hint_id: str, session: ClientSession | None = None) -> Hint:
        """Raises HintNotFound."""
        found = self._rows.find_one({"_id": hint_id}, session=session)
        if found is None:
            raise public.HintNotFound("没有这条线索", "there is no such hint")
        return _hint(found)

    def add(self, hint: Hint) -> None:
        """Raises DuplicateKeyError when there is a case of it."""
        self._rows.insert_one(_row(hint))

    def replace(self, session: ClientSession, before: Hint, after: Hint) -> None:
        row = _row(after)
        written = self._rows.replace_one({"_id": row["_id"], "version": before.version}, row, session=session)
        if written.modified_count != 1:
            raise RuntimeError("a hint changed inside its own transaction")

    def page(self, *, within: str, after: str | None = None, limit: int, **exactly: Any) -> list[Hint]:
        """In the order in which they were noticed. ``within``: a region whose subtree is meant."""
        asked: Document = {name: value for name, value in exactly.items() if value is not None}
        if within != regions.PROVINCE:
            asked["region"] = {"$in": sorted({within, *(county.code for county in regions.counties(within))})}
        if after is not None:
            asked["_id"] = {"$gt": after}
        return [_hint(row) for row in self._rows.find(asked).sort("_id", ASCENDING).limit(limit)]


def _row(hint: Hint) -> Document:
    row: Document = record.document(hint)
    row["_id"] = row.pop("hint_id")
    return row


def _hint(row: Document) -> Hint:
    return record.of(Hint, row | {"hint_id": row["_id"]})


@lru_cache(maxsize=8)
def hints(config: Config) -> Hints:
    """The process's own, with its indexes in place."""
    found = Hints(config)
    found.ensure_indexes()
    return found
