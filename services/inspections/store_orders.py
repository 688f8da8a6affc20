"""Collection ``orders``: withdrawals, version guarded. ``standing_for``: what only one standing one can be of."""

from collections.abc import Sequence

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from contract import inspections as public
from contract.inspections import WithdrawalNotFound
from runtime import mongo, record, trace
from runtime.mongo import Document, Store
from runtime.outbox import Outbox
from services.inspections import orders
from services.inspections.orders import Order
from services.inspections.store_inspections import of_region, selected

_EVENTS = {event.name(): event for event in public.WITHDRAWALS}


class Orders:
    def __init__(self, store: Store, outbox: Outbox) -> None:
        self._orders = store["orders"]
        self._outbox = outbox

    def ensure_indexes(self) -> None:
        self._orders.create_index(
            "standing_for",
            name="standing_for",
            unique=True,
            partialFilterExpression={"standing_for": {"$exists": True}},
        )
        self._orders.create_index([("region", ASCENDING), ("_id", ASCENDING)], name="region")

    def add(self, session: ClientSession, order: Order) -> None:
        """And tell the owner. Raises DuplicateKeyError when another one of the same stands."""
        self._orders.insert_one(_document(order), session=session)
        self._say(session, order)

    def replace(self, session: ClientSession, before: Order, after: Order) -> None:
        """And tell the owner what is new for it."""
        if after is before:
            return
        written = self._orders.replace_one(
            {"_id": before.order_id, "version": before.version}, _document(after), session=session
        )
        if written.modified_count != 1:
            raise RuntimeError("a withdrawal changed inside its own transaction")
        if after.order_version != before.order_version:
            self._say(session, after)

    def get(self, order_id: str, session: ClientSession | None = None) -> Order:
        """Raises WithdrawalNotFound."""
        found = self._orders.find_one({"_id": order_id}, session=session)
        if found is None:
            raise order_not_found()
        return record.of(Order, found)

    def standing(self, standing_for: str, session: ClientSession | None = None) -> Order | None:
        found = self._orders.find_one({"standing_for": standing_for}, session=session)
        return None if found is None else record.of(Order, found)

    def page(
        self,
        *,
        within: str,
        targets: Sequence[str] | None,
        target_id: str | None = None,
        state: str | None = None,
        inspection_id: str | None = None,
        after: str | None = None,
        limit: int,
    ) -> list[Order]:
        query = of_region(within) | selected(
            targets, target_id=target_id, state=state, inspection_id=inspection_id, after=after
        )
        return [record.of(Order, row) for row in self._orders.find(query).sort("_id", ASCENDING).limit(limit)]

    def _say(self, session: ClientSession, order: Order) -> None:
        last = order.history[-1]
        said = _EVENTS[last.what].said(
            id=mongo.new_id(),
            subject=order.order_id,
            about=order.fact_id,
            at=last.at,
            traceparent=trace.current(),
            **orders.facts(order),
        )
        self._outbox.add(session, [said])


def order_not_found() -> WithdrawalNotFound:
    return WithdrawalNotFound("没有这份核减单", "there is no such withdrawal")


def _document(order: Order) -> Document:
    document: Document = record.document(order) | {"_id": order.order_id}
    if order.standing_for is not None:
        document["standing_for"] = order.standing_for
    return document
