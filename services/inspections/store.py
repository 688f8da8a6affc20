"""What inspections remembers; with the other store_*.py the only place that knows MongoDB.

commands   what was told once (runtime.commands)
serials    the last number of each series of supervision orders
outbox     what was said (runtime.outbox)
"""

from functools import lru_cache

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession

from runtime import mongo
from runtime.commands import Commands
from runtime.config import Config
from runtime.mongo import Store
from runtime.outbox import Outbox
from runtime.timepiece import Timepiece
from services.inspections.store_findings import Findings
from services.inspections.store_inspections import Planned
from services.inspections.store_orders import Orders
from services.inspections.store_supervision import Supervision

timepiece = Timepiece("inspections")


class Inspections:
    def __init__(self, config: Config) -> None:
        self.config = config
        self.store: Store = mongo.database(config, "inspections")
        self.outbox = Outbox(self.store)
        self.commands = Commands(self.store)
        self.planned = Planned(self.store, self.outbox)
        self.findings = Findings(self.store)
        self.supervision = Supervision(self.store)
        self.orders = Orders(self.store, self.outbox)
        self._serials = self.store["serials"]

    def ensure_indexes(self) -> None:
        self.outbox.ensure_indexes()
        self.planned.ensure_indexes()
        self.findings.ensure_indexes()
        self.supervision.ensure_indexes()
        self.orders.ensure_indexes()

    def serial(self, series: str, session: ClientSession) -> int:
        """The next one of a series, from 1. A transaction that is not committed gives it back."""
        found = self._serials.find_one_and_update(
            {"_id": series}, {"$inc": {"last": 1}}, upsert=True, return_document=ReturnDocument.AFTER, session=session
        )
        assert found is not None  # upserted
        return int(found["last"])


@lru_cache(maxsize=8)
def inspections(config: Config) -> Inspections:
    """The process's own, with its indexes in place."""
    found = Inspections(config)
    found.ensure_indexes()
    return found
