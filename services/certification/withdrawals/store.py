"""Collection ``withdrawals``: what inspections ordered of certificates, one document an order."""

import datetime as dt
from dataclasses import asdict

from pymongo.client_session import ClientSession

from contract.certification import WithdrawalAnswered
from runtime.mongo import Store
from runtime.outbox import Outbox
from services.certification.withdrawals.domain import Order


class Withdrawals:
    def __init__(self, store: Store, outbox: Outbox) -> None:
        self._orders = store["withdrawals"]
        self._outbox = outbox

    def get(self, order_id: str, session: ClientSession) -> Order | None:
        found = self._orders.find_one({"_id": order_id}, session=session)
        if found is None:
            return None
        return Order(order_id=found["_id"], **{name: value for name, value in found.items() if name != "_id"})

    def answer(self, session: ClientSession, order: Order, *, at: dt.datetime) -> None:
        """Keep what came of it, and say so."""
        row = {name: value for name, value in asdict(order).items() if name != "order_id"}
        self._orders.replace_one({"_id": order.order_id}, row, upsert=True, session=session)
        self._outbox.say(
            session,
            WithdrawalAnswered,
            subject=order.order_id,
            at=at,
            records=[("withdrawals", row | {"_id": order.order_id})],
            order_id=order.order_id,
            order_version=order.version,
            done=order.done,
            reason=order.reason,
        )
