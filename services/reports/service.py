"""What reports is asked: commands and queries, as the gateway sends them. Every method takes and gives JSON.

``actor`` is contract.certification.Actor. Refusals are those of contract.reports; a command with a ``command_id`` that
was told before changes nothing and is answered with what it was about, as it is now.
"""

import datetime as dt
from typing import Any

from contract.reports import ReportsNotAllowed
from runtime.hosting import Settings, rpc
from services.reports import store
from services.reports.service_imports import ImportCalls
from services.reports.service_rounds import RoundCalls
from services.reports.service_withdrawals import WithdrawalCalls
from services.reports.store import timepiece


class Reports(ImportCalls, RoundCalls, WithdrawalCalls):
    name = "reports"

    settings = Settings()

    @rpc
    def events(self, after: int = 0, limit: int = 500) -> dict[str, Any]:
        """``{"items": [envelope], "head": {"seq", "hash"}}``: the log, from the event after ``after``."""
        return store.reports(self.settings).outbox.read(after, limit)

    @rpc
    def status(self) -> dict[str, Any]:
        """``{"head_seq", "published_seq", "unpublished"}`` of the log."""
        return dict(store.reports(self.settings).outbox.status())

    @rpc
    def set_time(self, instant: str | None = None) -> dict[str, Any]:
        """``{"now"}`` from which time goes on; None puts it right. For tests and demonstrations: in production it is
        refused with ReportsNotAllowed."""
        try:
            now = timepiece.set_to(self.settings, dt.datetime.fromisoformat(instant) if instant else None)
        except PermissionError:
            raise ReportsNotAllowed("正式环境不能改动时间", "time is not set in production") from None
        return {"now": now.isoformat()}
