"""Collection ``orders``: withdrawals, version guarded. ``standing_for``: what only one standing one can be of."""

from functools import lru_cache

from pymongo.client_session import ClientSession

from contract import withdrawals as public
from contract.withdrawals import WithdrawalNotFound
from runtime.config import Config
from runtime.mongo import Document
from runtime.pages import given
from services.inspections import store
from services.inspections.register import Register
from services.inspections.withdrawals import domain as withdrawals
from services.inspections.withdrawals.domain import Order

_EVENTS = {event.name(): event for event in public.WITHDRAWALS}


class Orders(Register[Order]):
    def __init__(self, config: Config) -> None:
        kept = store.inspections(config)
        super().__init__(kept.store["orders"], Order, key="order_id", missing=_not_found)
        self._outbox = kept.outbox

    def ensure_indexes(self) -> None:
        super().ensure_indexes()
        self._rows.create_index(
            "standing_for",
            name="standing_for",
            unique=True,
            partialFilterExpression={"standing_for": {"$exists": True}},
        )

    def add(self, session: ClientSession, order: Order) -> None:
        """And tell the owner. Raises DuplicateKeyError when another one of the same stands."""
        self._say(session, order, self.write(session, order))

    def replace(self, session: ClientSession, before: Order, after: Order) -> None:
        """And tell the owner what is new for it."""
        if after is before:
            return
        if after.order_version == before.order_version:
            self.put(session, after, over=before.version)
        else:
            self._say(session, after, self.write(session, after, over=before.version))

    def standing(self, standing_for: str, session: ClientSession | None = None) -> Order | None:
        found = self._rows.find_one({"standing_for": standing_for}, session=session)
        return None if found is None else self._of(found)

    def _say(self, session: ClientSession, order: Order, written: tuple[str, Document]) -> None:
        last = order.history[-1]
        self._outbox.say(
            session,
            _EVENTS[last.what],
            subject=order.order_id,
            about=order.fact_id,
            at=last.at,
            records=[written],
            **withdrawals.facts(order),
        )

    def _row(self, kept: Order) -> Document:
        return super()._row(kept) | given(standing_for=kept.standing_for)


def _not_found() -> WithdrawalNotFound:
    return WithdrawalNotFound("没有这份核减单", "there is no such withdrawal")


@lru_cache(maxsize=8)
def orders(config: Config) -> Orders:
    """The process's own, with its indexes in place."""
    found = Orders(config)
    found.ensure_indexes()
    return found
