"""What inspections is asked: commands and queries, as the gateway sends them. Every method takes and gives JSON.

``actor`` is contract.certification.Actor. Refusals are those of contract.inspections, findings, withdrawals, matters,
greenways and hints; a command with a ``command_id`` that was told before changes nothing and is answered with what it
was about, as it is now.
"""

import datetime as dt
from typing import Any

from contract import certification, housekeeping, reports, targets
from contract.inspections import InspectionsNotAllowed
from contract.message import Said
from runtime.events import listen
from runtime.hosting import Settings, rpc
from services.inspections.service_greenways import GreenwayCalls
from services.inspections.service_hints import HintCalls
from services.inspections.service_matters import MatterCalls
from services.inspections.service_orders import OrderCalls
from services.inspections.store import timepiece


class Inspections(OrderCalls, MatterCalls, GreenwayCalls, HintCalls):
    name = "inspections"

    settings = Settings()

    @listen(*targets.FOR_INSPECTIONS)
    def on_targets(self, said: Said) -> None:
        """A sample was drawn, or something looks odd."""
        if said.event is targets.SampleDrawn:
            self.hear_sample(said)
        else:
            self.hear_anomaly(said)

    @listen(*certification.FOR_INSPECTIONS)
    def on_certification(self, said: Said) -> None:
        """What became of an order, or something looks odd."""
        if said.event is certification.WithdrawalAnswered:
            self.hear_answer(said)
        else:
            self.hear_anomaly(said)

    @listen(*housekeeping.ANSWERS)
    def on_housekeeping(self, said: Said) -> None:
        self.hear_answer(said)

    @listen(*reports.ANSWERS)
    def on_reports(self, said: Said) -> None:
        self.hear_answer(said)

    @rpc
    def events(self, after: int = 0, limit: int = 500) -> dict[str, Any]:
        """``{"items": [envelope], "head": {"seq", "hash"}}``: the log, from the event after ``after``."""
        kept, _, _ = self._now()
        return kept.outbox.read(after, limit)

    @rpc
    def status(self) -> dict[str, Any]:
        """``{"head_seq", "published_seq", "unpublished"}`` of the log."""
        kept, _, _ = self._now()
        return dict(kept.outbox.status())

    @rpc
    def set_time(self, instant: str | None = None) -> dict[str, Any]:
        """``{"now"}`` from which time goes on; None puts it right. For tests and demonstrations: in production it is
        refused with InspectionsNotAllowed."""
        try:
            now = timepiece.set_to(self.settings, dt.datetime.fromisoformat(instant) if instant else None)
        except PermissionError:
            raise InspectionsNotAllowed("正式环境不能改动时间", "time is not set in production") from None
        return {"now": now.isoformat()}
