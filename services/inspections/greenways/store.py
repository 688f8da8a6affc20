"""Collection ``greenways``: one 绿色通道 request each, with its history and its clock."""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from contract import greenways as public
from contract.message import Event
from runtime.config import Config
from runtime.mongo import Document
from services.inspections import store
from services.inspections.greenways.domain import Greenway
from services.inspections.register import Register

_SAYS: dict[str, type[Event]] = {
    "requested": public.GreenwayRequested,
    "granted": public.GreenwayAnswered,
    "refused": public.GreenwayAnswered,
    "more_information": public.GreenwayAnswered,
    "supplied": public.GreenwaySupplied,
    "overdue": public.GreenwayOverdue,
    "reckoned_anew": public.GreenwayReckoned,
}
_TOLD = (
    *("greenway_id", "version", "item", "target_id", "region", "step", "addressed_to", "state"),
    *("overdue_since", "answered_on"),
)


class Greenways(Register[Greenway]):
    def __init__(self, config: Config) -> None:
        kept = store.inspections(config)
        super().__init__(kept.store["greenways"], Greenway, key="greenway_id", missing=no_greenway)
        self._outbox = kept.outbox

    def ensure_indexes(self) -> None:
        super().ensure_indexes()
        self._rows.create_index([("addressed_to", ASCENDING), ("_id", ASCENDING)], name="addressed_to")
        self._rows.create_index(
            "window.ends_on", name="running", partialFilterExpression={"window.ends_on": {"$exists": True}}
        )

    def step(self, session: ClientSession, after: Greenway, *, over: int | None = None) -> None:
        """Write one step of a request's life, and what is to be said of it."""
        written = self.write(session, after, over=over)
        self._outbox.say(
            session,
            _SAYS[after.history[-1].event],
            subject=after.greenway_id,
            at=after.history[-1].at,
            records=[written],
            **{name: getattr(after, name) for name in _TOLD},
            due_on=after.window and after.window.ends_on,
        )

    def late(self, today: dt.date) -> Document:
        """The query of those that wait for an answer, and whose day is past."""
        return {"window.ends_on": {"$lt": today.isoformat()}}

    def due(self, today: dt.date, *, calendar: str, limit: int, besides: Sequence[str] = ()) -> list[str]:
        """Requests whose clock has run out and that are not marked, or was reckoned by another calendar."""
        late = self.late(today) | {"overdue_since": {"$exists": False}}
        other = {"window.ends_on": {"$exists": True}, "window.calendar": {"$ne": calendar}}
        query = {"$or": [late, other], "_id": {"$nin": [*besides]}}
        return [row["_id"] for row in self._rows.find(query, {"_id": 1}).limit(limit)]


def no_greenway() -> public.GreenwayNotFound:
    return public.GreenwayNotFound("没有这个绿色通道申请", "there is no such request")


@lru_cache(maxsize=8)
def greenways(config: Config) -> Greenways:
    """The process's own, with its indexes in place."""
    found = Greenways(config)
    found.ensure_indexes()
    return found
