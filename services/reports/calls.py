"""What every call of reports shares: the store, what time it is, and the plan."""

import datetime as dt
from typing import Any

import plan as plans
from plan import Plan
from runtime.clock import day_of
from services.reports import store
from services.reports.store import Reports, timepiece


class Calls:
    settings: Any  # runtime.config.Config

    def _now(self) -> tuple[Reports, dt.datetime, dt.date]:
        at = timepiece.now(self.settings)
        return store.reports(self.settings), at, day_of(at)

    def _plan(self) -> Plan:
        return plans.read(self.settings.plan_file)
