"""What inspections remembers of its supervision orders (督查单).

supervision  one a finding and colour, as they were issued
serials      the last number of each series of them
"""

from functools import lru_cache

from pymongo import ASCENDING, ReturnDocument
from pymongo.client_session import ClientSession

from contract.findings import SupervisionOrderNotFound
from runtime.config import Config
from services.inspections import store
from services.inspections.register import Register
from services.inspections.supervision.domain import SupervisionOrder


class Supervision(Register[SupervisionOrder]):
    def __init__(self, config: Config) -> None:
        database = store.inspections(config).store
        super().__init__(database["supervision"], SupervisionOrder, key="supervision_id", missing=_not_found)
        self._serials = database["serials"]

    def ensure_indexes(self) -> None:
        super().ensure_indexes()
        once = [("finding_id", ASCENDING), ("colour", ASCENDING)]
        self._rows.create_index(once, name="once", unique=True)
        self._rows.create_index("number", name="number", unique=True)

    def serial(self, series: str, session: ClientSession) -> int:
        """The next one of a series, from 1. A transaction that is not committed gives it back."""
        found = self._serials.find_one_and_update(
            {"_id": series}, {"$inc": {"last": 1}}, upsert=True, return_document=ReturnDocument.AFTER, session=session
        )
        assert found is not None  # upserted
        return int(found["last"])


def _not_found() -> SupervisionOrderNotFound:
    return SupervisionOrderNotFound("没有这份督查单", "there is no such supervision order")


@lru_cache(maxsize=8)
def supervision(config: Config) -> Supervision:
    """The process's own, with its indexes in place."""
    found = Supervision(config)
    found.ensure_indexes()
    return found
