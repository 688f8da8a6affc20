"""What every call of inspections shares: who asks, what time it is, and the plan."""

import datetime as dt
from typing import Any

import plan as plans
from contract import certification
from plan import Plan
from runtime.clock import day_of
from services.inspections import store
from services.inspections.access import Actor
from services.inspections.store import Inspections, timepiece


class Calls:
    settings: Any  # runtime.config.Config

    def _now(self) -> tuple[Inspections, dt.datetime, dt.date]:
        at = timepiece.now(self.settings)
        return store.inspections(self.settings), at, day_of(at)

    def _plan(self) -> Plan:
        return plans.read(self.settings.plan_file)


def actor_of(actor: dict[str, Any]) -> Actor:
    return Actor.of(certification.Actor.read(actor))
