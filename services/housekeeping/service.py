"""What housekeeping is asked: commands and queries, as the gateway sends them. Every method takes and gives JSON.

``actor`` is contract.certification.Actor. Refusals are those of contract.applications and contract.housekeeping; a
command with a ``command_id`` that was told before changes nothing and is answered with what it was about, as it is now.
"""

import datetime as dt
from typing import Any

from contract import certification
from contract.housekeeping import StarsNotAllowed
from contract.message import Said
from runtime.events import listen
from runtime.hosting import Settings, rpc
from services.housekeeping import store
from services.housekeeping.awards.service import AwardCalls
from services.housekeeping.cases.service import CaseCalls
from services.housekeeping.notices.service import NoticeCalls
from services.housekeeping.registry.service import RegistryCalls
from services.housekeeping.reviews.service import ReviewCalls
from services.housekeeping.store import timepiece
from services.housekeeping.withdrawals.service import WithdrawalCalls


class Housekeeping(RegistryCalls, CaseCalls, ReviewCalls, NoticeCalls, AwardCalls, WithdrawalCalls):
    name = "housekeeping"

    settings = Settings()

    @listen(*certification.EVENTS)
    def on_certificate(self, said: Said) -> None:
        """A 福嫂's certificates, whoever she is: she may be registered later."""
        store.housekeeping(self.settings).registry.hear(said.data)

    @rpc
    def events(self, after: int = 0, limit: int = 500) -> dict[str, Any]:
        """``{"items": [envelope], "head": {"seq", "hash"}}``: the log, from the event after ``after``."""
        return store.housekeeping(self.settings).outbox.read(after, limit)

    @rpc
    def status(self) -> dict[str, Any]:
        """``{"head_seq", "published_seq", "unpublished", "due"}``; ``due``: what waits for the clock."""
        kept, _, today = self._now()
        return {
            **kept.outbox.status(),
            "due": len(kept.cases.due(today, 1000)) + len(kept.awards.due(today, 1000)),
        }

    @rpc
    def set_time(self, instant: str | None = None) -> dict[str, Any]:
        """``{"now"}`` from which time goes on; None puts it right. For tests and demonstrations: in production it is
        refused with StarsNotAllowed."""
        try:
            now = timepiece.set_to(self.settings, dt.datetime.fromisoformat(instant) if instant else None)
        except PermissionError:
            raise StarsNotAllowed("正式环境不能改动时间", "time is not set in production") from None
        return {"now": now.isoformat()}
