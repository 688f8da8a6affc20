"""What inspections order: units of a report withdrawn, or given back."""

from decimal import Decimal

from pymongo.client_session import ClientSession

from contract import inspections
from contract.inspections import CountedFact, WithdrawalLifted
from contract.message import Said
from runtime import mongo
from runtime.events import listen
from services.reports import deductions
from services.reports.calls import Calls
from services.reports.deductions import Deduction, Told


class WithdrawalCalls(Calls):
    @listen(*inspections.WITHDRAWALS)
    def on_withdrawal(self, said: Said) -> None:
        """Done or refused, and answered, in one transaction. The newest version of an order stands; what was answered
        before, or is older, changes nothing."""
        order = said.data
        if order["fact"] != CountedFact.REPORT:
            return
        kept, at, _ = self._now()
        plan = self._plan()

        def work(session: ClientSession) -> None:
            before = kept.deductions.told(order["order_id"], session)
            if before and before.version >= order["version"]:
                return
            line = kept.line(order["fact_id"], session)
            if line is not None:
                kept.take(line.region, session)
            known = kept.deductions.of_order(order["order_id"], session)
            fault, amount = None, Decimal(0)
            if said.event is not WithdrawalLifted:
                taken = kept.deductions.of_lines([order["fact_id"]], session).get(order["fact_id"], Decimal(0))
                others = taken - (known.amount if known and known.report_id == order["fact_id"] else Decimal(0))
                accepted = kept.book(line.region, session).accepted if line else {}
                fault, amount = deductions.fault(order, line, plan, accepted, others), order["amount"]
            if fault is None and line is not None and (known is not None or amount):
                after = Deduction(
                    deduction_id=known.deduction_id if known else mongo.new_id(),
                    version=known.version + 1 if known else 1,
                    order_id=order["order_id"],
                    target_id=line.target_id,
                    region=line.region,
                    report_id=line.report_id,
                    amount=amount,
                    effective_on=max(order["effective_on"], line.effective_on),
                    at=at,
                )
                kept.deductions.put(session, after)
            told = Told(order["order_id"], order["version"], done=fault is None, reason=fault)
            kept.deductions.answer(session, told, at=at)

        kept.commands.transact(work)
