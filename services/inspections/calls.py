"""What every call of inspections shares: who asks, what time it is, and pages."""

import datetime as dt
from typing import Any

from contract import certification, fields, regions
from contract.message import Message
from runtime.clock import day_of
from services.inspections import store
from services.inspections.access import Actor
from services.inspections.store import Inspections, timepiece


class ReadPage(Message):
    after = fields.Id()
    limit = fields.Whole(at_least=1, at_most=500, load_default=50)
    region = fields.RegionCode()


class Calls:
    settings: Any  # runtime.config.Config

    def _now(self) -> tuple[Inspections, dt.datetime, dt.date]:
        at = timepiece.now(self.settings)
        return store.inspections(self.settings), at, day_of(at)


def actor_of(actor: dict[str, Any]) -> Actor:
    return Actor.of(certification.Actor.read(actor))


def given(**asked: Any) -> dict[str, Any]:
    """What is None was not asked."""
    return {name: value for name, value in asked.items() if value is not None}


def paged(items: list[dict[str, Any]], limit: int, key: str) -> dict[str, Any]:
    """``items`` are one more than ``limit`` where there are more."""
    shown = items[:limit]
    return {"items": shown, "next": shown[-1][key] if len(items) > limit else None}


def within_of(who: Actor, asked: str | None) -> str | None:
    """The region to look in; None when what was asked lies outside the actor's."""
    if asked is None:
        return who.region
    code = regions.get(asked).code
    return code if regions.within(code, who.region) else None
