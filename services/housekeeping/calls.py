"""What every call of housekeeping shares: who asks, and what time it is."""

import datetime as dt
from typing import Any

from contract.words import Role
from runtime.clock import day_of
from services.housekeeping import store
from services.housekeeping.access import Actor
from services.housekeeping.store import Housekeeping, timepiece


class Calls:
    settings: Any  # runtime.config.Config

    def _now(self) -> tuple[Housekeeping, dt.datetime, dt.date]:
        at = timepiece.now(self.settings)
        return store.housekeeping(self.settings), at, day_of(at)


def own(who: Actor) -> str | None:
    return who.organisation if who.role is Role.APPLICANT else None
