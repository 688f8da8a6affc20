"""What every call of housekeeping shares: who asks, what time it is, and pages."""

import datetime as dt
from typing import Any

from contract import certification, fields, regions
from contract.message import Message
from contract.words import Role
from runtime.clock import day_of
from services.housekeeping import store
from services.housekeeping.access import Actor
from services.housekeeping.cases import Evidence
from services.housekeeping.store import Housekeeping, timepiece


class ReadPage(Message):
    after = fields.Text(at_most=32)
    limit = fields.Whole(at_least=1, at_most=500, load_default=50)
    region = fields.RegionCode()


def actor_of(actor: dict[str, Any]) -> Actor:
    return Actor.of(certification.Actor.read(actor))


def paged(items: list[dict[str, Any]], limit: int, key: str) -> dict[str, Any]:
    """``items`` are one more than ``limit`` where there are more."""
    more = len(items) > limit
    items = items[:limit]
    return {"items": items, "next": items[-1][key] if more else None}


def within_of(who: Actor, asked: str | None) -> str | None:
    """The region to look in; None when what was asked lies outside the actor's."""
    if asked is None:
        return who.region
    code = regions.get(asked).code
    return code if regions.within(code, who.region) else None


def evidence_of(asked: dict[str, Any]) -> tuple[Evidence, ...]:
    return tuple(Evidence(**item) for item in asked.get("evidence", ()))


class Calls:
    settings: Any  # runtime.config.Config

    def _now(self) -> tuple[Housekeeping, dt.datetime, dt.date]:
        at = timepiece.now(self.settings)
        return store.housekeeping(self.settings), at, day_of(at)


def own(who: Actor) -> str | None:
    return who.organisation if who.role is Role.APPLICANT else None
