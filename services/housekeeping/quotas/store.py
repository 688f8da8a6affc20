"""Collection ``quotas``: the places of each unit, kind and year. How many are used, ``cases`` tells."""

from functools import lru_cache

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession

from contract.housekeeping import SubjectKind
from runtime import mongo
from runtime.config import Config
from runtime.mongo import Document, Store
from runtime.outbox import Outbox
from services.housekeeping.store import housekeeping


class Quotas:
    def __init__(self, store: Store, outbox: Outbox) -> None:
        self._outbox = outbox
        self._quotas = store["quotas"]
        self._cases = store["cases"]

    def set(
        self, session: ClientSession, *, unit: str, kind: SubjectKind, year: int, places: int, step: Document
    ) -> None:
        row = self._quotas.find_one_and_update(
            {"_id": _quota_id(unit, kind, year)},
            {"$set": {"places": places}, "$push": {"history": {**step, "places": places}}},
            {"claims": 0},
            upsert=True,
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        assert row is not None  # upserted
        self._outbox.note(session, "quotas", row)

    def places(
        self, *, unit: str, kind: SubjectKind, year: int, session: ClientSession | None = None, claim: bool = False
    ) -> tuple[int | None, int]:
        """Places (None: no limit), and how many are used. Of two who ``claim`` one at once, in a
        transaction, the second one counts again."""
        quota_id = _quota_id(unit, kind, year)
        if claim:
            assert session is not None
            mongo.lock(session, self._quotas, quota_id, make=True)
        found = self._quotas.find_one({"_id": quota_id}, session=session)
        used = self._cases.count_documents(
            {
                "unit_code": unit,
                "subject_kind": kind.value,
                "recommended_on": {"$gte": f"{year}-01-01", "$lte": f"{year}-12-31"},
            },
            session=session,
        )
        return (found["places"] if found and "places" in found else None), used


def _quota_id(unit: str, kind: SubjectKind, year: int) -> str:
    return f"{unit}:{kind.value}:{year}"


@lru_cache(maxsize=8)
def quotas_of(config: Config) -> Quotas:
    """The process's own."""
    kept = housekeeping(config)
    return Quotas(kept.store, kept.outbox)
