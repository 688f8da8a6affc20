"""Collection ``withdrawals``: what inspections ordered of awards, one document an order."""

import datetime as dt
from functools import lru_cache

from pymongo.client_session import ClientSession

from contract.housekeeping import WithdrawalAnswered
from runtime import record
from runtime.config import Config
from runtime.mongo import Store
from runtime.outbox import Outbox
from services.housekeeping.store import housekeeping
from services.housekeeping.withdrawals.domain import Order


class Withdrawals:
    def __init__(self, store: Store, outbox: Outbox) -> None:
        self._orders = store["withdrawals"]
        self._outbox = outbox

    def get(self, order_id: str, session: ClientSession) -> Order | None:
        found = self._orders.find_one({"_id": order_id}, session=session)
        return None if found is None else record.of(Order, found)

    def answer(self, session: ClientSession, order: Order, *, at: dt.datetime) -> None:
        """Keep what came of it, and say so."""
        row = record.document(order)
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


@lru_cache(maxsize=8)
def withdrawals_of(config: Config) -> Withdrawals:
    """The process's own."""
    kept = housekeeping(config)
    return Withdrawals(kept.store, kept.outbox)
