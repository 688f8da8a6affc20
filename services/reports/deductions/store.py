"""What inspections took off report lines.

deductions  one document for each order that was ever done, as it stands
orders      the newest version of each order that was answered, and how
"""

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from functools import lru_cache

from pymongo.client_session import ClientSession

from contract import reports as public
from contract.message import Event
from runtime import mongo, record
from runtime.config import Config
from runtime.mongo import Store
from runtime.outbox import Outbox
from services.reports.deductions.domain import Deduction, Told


class Deductions:
    def __init__(self, store: Store) -> None:
        self._deductions = store["deductions"]
        self._orders = store["orders"]
        self._outbox = Outbox(store)

    def ensure_indexes(self) -> None:
        self._deductions.create_index("order_id", name="order", unique=True)
        self._deductions.create_index("region", name="region")
        self._deductions.create_index("report_id", name="line")

    def told(self, order_id: str, session: ClientSession) -> Told | None:
        found = self._orders.find_one({"_id": order_id}, session=session)
        return None if found is None else record.of(Told, {**found, "order_id": found["_id"]})

    def of_order(self, order_id: str, session: ClientSession) -> Deduction | None:
        found = self._deductions.find_one({"order_id": order_id}, session=session)
        return None if found is None else record.of(Deduction, {**found, "deduction_id": found["_id"]})

    def of_region(self, region: str, session: ClientSession | None = None) -> dict[str, Decimal]:
        """What is taken off, by report id."""
        taken: dict[str, Decimal] = defaultdict(Decimal)
        for row in self._deductions.find({"region": region}, {"report_id": 1, "amount": 1}, session=session):
            taken[row["report_id"]] += Decimal(row["amount"])
        return taken

    def of_lines(self, report_ids: list[str], session: ClientSession | None = None) -> dict[str, Decimal]:
        taken: dict[str, Decimal] = defaultdict(Decimal)
        query = {"report_id": {"$in": report_ids}}
        for row in self._deductions.find(query, {"report_id": 1, "amount": 1}, session=session):
            taken[row["report_id"]] += Decimal(row["amount"])
        return taken

    def put(self, session: ClientSession, deduction: Deduction) -> None:
        row = record.document(deduction)
        row["_id"] = row.pop("deduction_id")
        self._deductions.replace_one({"_id": row["_id"]}, row, upsert=True, session=session)
        event: type[Event] = public.UnitsDeducted if deduction.amount else public.UnitsRestored
        self._outbox.say(
            session,
            event,
            subject=deduction.deduction_id,
            about=f"{deduction.target_id}/{deduction.region}",
            at=deduction.at,
            records=[("deductions", row)],
            **{
                name: getattr(deduction, name)
                for name in (
                    "deduction_id", "version", "target_id", "region", "amount", "effective_on", "report_id",
                )
            },
        )  # fmt: skip

    def answer(self, session: ClientSession, told: Told, *, at: dt.datetime) -> None:
        """The owner's word on the order, kept and said."""
        row = record.document(told)
        row["_id"] = row.pop("order_id")
        self._orders.replace_one({"_id": row["_id"]}, row, upsert=True, session=session)
        self._outbox.say(
            session,
            public.WithdrawalAnswered,
            subject=told.order_id,
            at=at,
            records=[("orders", row)],
            order_id=told.order_id,
            order_version=told.version,
            done=told.done,
            reason=told.reason,
        )


@lru_cache(maxsize=8)
def deductions(config: Config) -> Deductions:
    """The process's own, with its indexes in place."""
    found = Deductions(mongo.database(config, "reports"))
    found.ensure_indexes()
    return found
