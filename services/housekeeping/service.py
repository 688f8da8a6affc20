"""What housekeeping is asked: commands and queries, as the gateway sends them. Every method takes and gives JSON.

``actor`` is contract.actor.Actor. Refusals are those of contract.applications and contract.housekeeping; a
command with a ``command_id`` that was told before changes nothing and is answered with what it was about, as it is now.
"""

from typing import Any

from contract.housekeeping import StarsNotAllowed
from runtime.calls import LogCalls, TimeCalls
from runtime.hosting import Settings, rpc
from runtime.outbox import Outbox
from services.housekeeping import store
from services.housekeeping.awards.service import AwardCalls
from services.housekeeping.awards.store import awards_of
from services.housekeeping.cases.service import CaseCalls
from services.housekeeping.cases.store import cases_of
from services.housekeeping.holidays.service import HolidayCalls
from services.housekeeping.moves.service import MoveCalls
from services.housekeeping.notices.service import NoticeCalls
from services.housekeeping.quotas.service import QuotaCalls
from services.housekeeping.recognitions.service import RecognitionCalls
from services.housekeeping.registry.service import RegistryCalls
from services.housekeeping.reviewers.service import ReviewerCalls
from services.housekeeping.reviews.service import ReviewCalls
from services.housekeeping.withdrawals.service import WithdrawalCalls


class Housekeeping(
    RegistryCalls,
    MoveCalls,
    QuotaCalls,
    HolidayCalls,
    ReviewerCalls,
    CaseCalls,
    ReviewCalls,
    NoticeCalls,
    AwardCalls,
    RecognitionCalls,
    WithdrawalCalls,
    LogCalls,
    TimeCalls,
):
    name = "housekeeping"

    settings = Settings()
    time_refused = StarsNotAllowed

    def _outbox(self) -> Outbox:
        return store.housekeeping(self.settings).outbox

    @rpc
    def status(self) -> dict[str, Any]:
        """As LogCalls, and ``{"due"}``: what waits for the clock."""
        _, _, today = self._now()
        due = cases_of(self.settings).due(today, 1000), awards_of(self.settings).due(today, 1000)
        return super().status() | {"due": sum(map(len, due))}
