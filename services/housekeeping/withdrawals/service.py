"""What inspections order: an award withdrawn, or given back."""

from pymongo.client_session import ClientSession

from contract.housekeeping import AwardNotFound
from contract.inspections import CountedFact
from contract.message import Said
from contract.withdrawals import WITHDRAWALS, WithdrawalLifted
from runtime.events import listen
from services.housekeeping.awards.domain import Award
from services.housekeeping.awards.store import Awards, awards_of
from services.housekeeping.calls import Calls
from services.housekeeping.withdrawals import domain as withdrawals
from services.housekeeping.withdrawals.store import withdrawals_of


class WithdrawalCalls(Calls):
    @listen(*WITHDRAWALS)
    def on_withdrawal(self, said: Said) -> None:
        """Done or refused, and answered, in one transaction. The newest version of an order stands; what was answered
        before, or is older, changes nothing."""
        told = said.data
        if told["fact"] != CountedFact.AWARD:
            return
        root, at, today = self._now()
        kept, orders = awards_of(self.settings), withdrawals_of(self.settings)
        order = {
            "order_id": told["order_id"],
            "version": told["version"],
            "award_id": told["fact_id"],
            "reason": told["reason"],
            "today": today,
            "at": at,
        }

        def work(session: ClientSession) -> None:
            before = orders.get(told["order_id"], session)
            if before is not None and before.version >= told["version"]:
                return
            award = _award(kept, told["fact_id"], session)
            if said.event is WithdrawalLifted:
                other = kept.standing(award.subject_key, award.recognised_by, session) if award else None
                answer, after = withdrawals.give_back(award, before, other, **order)
            else:
                answer, after = withdrawals.withdraw(award, **order)
            if award is not None and after is not None:
                kept.replace(session, award, after)
            orders.answer(session, answer, at=at)

        root.commands.transact(work)


def _award(kept: Awards, award_id: str, session: ClientSession) -> Award | None:
    try:
        return kept.get(award_id, session)
    except AwardNotFound:
        return None
