"""What inspections order: units of a report withdrawn, or given back."""

from decimal import Decimal

from pymongo.client_session import ClientSession

from contract.inspections import CountedFact
from contract.message import Said
from contract.withdrawals import WITHDRAWALS, WithdrawalLifted
from runtime import mongo
from runtime.events import listen
from services.reports import figures
from services.reports.calls import Calls
from services.reports.deductions import domain
from services.reports.deductions.domain import Told
from services.reports.deductions.store import deductions


class WithdrawalCalls(Calls):
    @listen(*WITHDRAWALS)
    def on_withdrawal(self, said: Said) -> None:
        """Done or refused, and answered, in one transaction. The newest version of an order stands; what was answered
        before, or is older, changes nothing."""
        order = said.data
        if order["fact"] != CountedFact.REPORT:
            return
        kept, at, _ = self._now()
        plan, orders = self._plan(), deductions(self.settings)

        def work(session: ClientSession) -> None:
            before = orders.told(order["order_id"], session)
            if before and before.version >= order["version"]:
                return
            known = orders.of_order(order["order_id"], session)
            if said.event is WithdrawalLifted:
                fault, after = None, known and domain.lifted(known, at=at)
            else:
                line = kept.line(order["fact_id"], session)
                taken = orders.of_lines([order["fact_id"]], session).get(order["fact_id"], Decimal(0))
                others = taken - (known.amount if known else Decimal(0))
                accepted = figures.book(kept.lines_of(line.region, session), {}).accepted if line else {}
                fault = domain.fault(order, line, plan, accepted, known=known, others=others)
                after = None
                if line is not None and fault is None:
                    after = domain.done(order, line, known=known, new_id=mongo.new_id(), at=at)
            if after is not None:
                kept.take(session, after.region)
                orders.put(session, after)
            told = Told(order["order_id"], order["version"], done=fault is None, reason=fault)
            orders.answer(session, told, at=at)

        kept.commands.transact(work)
