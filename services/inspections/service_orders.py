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
from services.inspections import access, findings, orders
from services.inspections.access import Actor
from services.inspections.answers import shown_order
from services.inspections.calls import actor_of
from services.inspections.orders import Order
from services.inspections.service_findings import FindingCalls
from services.inspections.store import Inspections
from services.inspections.store_orders import order_not_found


class ReadOrders(ReadRegion):
    target_id = fields.Text(at_most=10)
    state = fields.Choice(WithdrawalState)
    inspection_id = fields.Id()


class OrderCalls(FindingCalls):
    @rpc
    def order_withdrawal(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """OrderWithdrawal -> Withdrawal, pending until its owner answers. Refuses FindingNotFound, FindingChanged,
        WithdrawalNotPossible, InspectionsNotAllowed, CommandReused."""
        asked, who = public.OrderWithdrawal.read(command), actor_of(actor)
        kept, at, _ = self._now()
        self._found(kept, asked["finding_id"], who)
        who.require_inspector()

        def work(session: ClientSession) -> str:
            finding = kept.findings.get(asked["finding_id"], session)
            findings.check_version(finding, asked.get("expected_version"))
            order = orders.order(finding, order_id=mongo.new_id(), reason=asked["reason"], at=at, by=who.client_id)
            assert order.standing_for is not None
            if standing := kept.orders.standing(order.standing_for, session):
                raise public.WithdrawalNotPossible(
                    "该单位已有核减单在办或有效",
                    "another withdrawal of it stands",
                    facts={"order_id": standing.order_id},
                )
            kept.orders.add(session, order)
            after = findings.with_order(finding, order.order_id, at=at, by=who.client_id)
            kept.findings.put(session, after, over=finding.version)
            return order.order_id

        return shown_order(kept.orders.get(kept.commands.once(who.client_id, asked, work, action="withdraw")))

    @rpc
    def lift_withdrawal(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """LiftWithdrawal -> Withdrawal, being lifted until its owner answers. Refuses WithdrawalNotFound,
        WithdrawalChanged, WithdrawalNotPossible, InspectionsNotAllowed, CommandReused."""
        asked, who = public.LiftWithdrawal.read(command), actor_of(actor)
        kept, at, _ = self._now()
        self._order(kept, asked["order_id"], who)
        who.require_inspector()

        def work(session: ClientSession) -> str:
            before = kept.orders.get(asked["order_id"], session)
            orders.check_version(before, asked.get("expected_version"))
            finding = kept.findings.get(before.finding_id, session)
            after = orders.lift(before, finding, reason=asked["reason"], at=at, by=who.client_id)
            kept.orders.replace(session, before, after)
            return before.order_id

        return shown_order(kept.orders.get(kept.commands.once(who.client_id, asked, work, action="lift")))

    @rpc
    def withdrawal(self, order_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Withdrawal. Refuses WithdrawalNotFound, InspectionsNotAllowed."""
        kept, _, _ = self._now()
        return shown_order(self._order(kept, order_id, actor_of(actor)))

    @rpc
    def withdrawals(self, actor: dict[str, Any], **asked: Any) -> dict[str, Any]:
        """ReadOrders -> ``{"items": [Withdrawal], "next": cursor or None}`` of those that the actor may see. Refuses
        InspectionsNotAllowed."""
        kept, _, _ = self._now()
        return self._listed(
            actor, ReadOrders, asked, kept.orders.page, lambda found: [shown_order(each) for each in found], "order_id"
        )

    def hear_answer(self, said: Said) -> None:
        """WithdrawalAnswered; of an older version of the order, or told again, it changes nothing."""
        kept, at, _ = self._now()
        told = said.data

        def work(session: ClientSession) -> None:
            before = kept.orders.get(told["order_id"], session)
            after = orders.answered(
                before,
                order_version=told["order_version"],
                done=told["done"],
                reason=told["reason"],
                at=at,
                by=said.service,
            )
            kept.orders.replace(session, before, after)

        kept.commands.transact(work)

    def _order(self, kept: Inspections, order_id: str, who: Actor) -> Order:
        """Raises WithdrawalNotFound, InspectionsNotAllowed."""
        who.require(access.READ, access.WRITE)
        found = kept.orders.get(order_id)
        if not who.sees(self._plan(), target_id=found.target_id, region=found.region):
            raise order_not_found()
        return found
