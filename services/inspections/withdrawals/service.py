"""Calls about withdrawals: ordered, lifted, shown; and what the owners of the facts answered."""

from typing import Any

from pymongo.client_session import ClientSession

from contract import fields
from contract import withdrawals as public
from contract.message import Said
from contract.withdrawals import WithdrawalState
from runtime import mongo
from runtime.hosting import rpc
from runtime.pages import ReadRegion
from services.inspections.access import Actor
from services.inspections.answers import plain
from services.inspections.calls import Calls, unnamed
from services.inspections.findings import domain as findings
from services.inspections.findings.store import findings as kept_findings
from services.inspections.withdrawals import domain as withdrawals
from services.inspections.withdrawals.domain import Order
from services.inspections.withdrawals.store import orders as kept_orders


class ReadOrders(ReadRegion):
    target_id = fields.Text(at_most=10)
    state = fields.Choice(WithdrawalState)
    inspection_id = fields.Id()


class WithdrawalCalls(Calls):
    @rpc
    def order_withdrawal(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """OrderWithdrawal -> Withdrawal, pending until its owner answers. Refuses FindingNotFound, FindingChanged,
        WithdrawalNotPossible, WithdrawalByAnother, InspectionsNotAllowed, CommandReused."""
        asked, who = public.OrderWithdrawal.read(command), Actor.of(actor)
        kept, at, _ = self._now()
        orders, found = kept_orders(self.settings), kept_findings(self.settings)
        self._seen(found, asked["finding_id"], who)
        who.require_inspector()

        def work(session: ClientSession) -> str:
            finding = found.get(asked["finding_id"], session)
            findings.check_version(finding, asked.get("expected_version"))
            order = withdrawals.order(finding, order_id=mongo.new_id(), reason=asked["reason"], at=at, by=who.client_id)
            assert order.standing_for is not None
            if standing := orders.standing(order.standing_for, session):
                raise public.WithdrawalNotPossible(
                    "该单位已有核减单在办或有效",
                    "another withdrawal of it stands",
                    facts={"order_id": standing.order_id},
                )
            orders.add(session, order)
            after = findings.with_order(finding, order.order_id, at=at, by=who.client_id)
            found.put(session, after, over=finding.version)
            return order.order_id

        return _shown(orders.get(kept.commands.once(who.client_id, asked, work, action="withdraw")))

    @rpc
    def lift_withdrawal(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """LiftWithdrawal -> Withdrawal, being lifted until its owner answers. Refuses WithdrawalNotFound,
        WithdrawalChanged, WithdrawalNotPossible, InspectionsNotAllowed, CommandReused."""
        asked, who = public.LiftWithdrawal.read(command), Actor.of(actor)
        kept, at, _ = self._now()
        orders, found = kept_orders(self.settings), kept_findings(self.settings)
        self._seen(orders, asked["order_id"], who)
        who.require_inspector()

        def work(session: ClientSession) -> str:
            before = orders.get(asked["order_id"], session)
            withdrawals.check_version(before, asked.get("expected_version"))
            finding = found.get(before.finding_id, session)
            after = withdrawals.lift(before, finding, reason=asked["reason"], at=at, by=who.client_id)
            orders.replace(session, before, after)
            return before.order_id

        return _shown(orders.get(kept.commands.once(who.client_id, asked, work, action="lift")))

    @rpc
    def withdrawal(self, order_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Withdrawal. Refuses WithdrawalNotFound, InspectionsNotAllowed."""
        who = Actor.of(actor)
        return unnamed(_shown(self._seen(kept_orders(self.settings), order_id, who)), who)

    @rpc
    def withdrawals(self, actor: dict[str, Any], **asked: Any) -> dict[str, Any]:
        """ReadOrders -> ``{"items": [Withdrawal], "next": cursor or None}`` of those that the actor may see. Refuses
        InspectionsNotAllowed."""
        page = kept_orders(self.settings).page
        return self._listed(actor, ReadOrders, asked, page, lambda found: [_shown(each) for each in found])

    def hear_answer(self, said: Said) -> None:
        """WithdrawalAnswered; of an older version of the order, or told again, it changes nothing."""
        kept, at, _ = self._now()
        orders, told = kept_orders(self.settings), said.data

        def work(session: ClientSession) -> None:
            before = orders.get(told["order_id"], session)
            after = withdrawals.answered(
                before,
                order_version=told["order_version"],
                done=told["done"],
                reason=told["reason"],
                at=at,
                by=said.service,
            )
            orders.replace(session, before, after)

        kept.commands.transact(work)


def _shown(order: Order) -> dict[str, Any]:
    told = plain(order)
    del told["ordered_by"]
    return public.Withdrawal.write(**told, effective_on=order.effective_on)
