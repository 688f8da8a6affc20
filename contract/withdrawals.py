"""Withdrawals (核减): which counted units inspections orders to be taken back, and what their owners answer.

An order goes to the service that owns the fact (certification, housekeeping or reports): the owner changes its own
record, says so, and the count follows from that as from any other change.
"""

from enum import StrEnum

from contract import fields
from contract.errors import Conflict, Forbidden, NotFound, Stale
from contract.inspections import CountedFact, InspectionStep
from contract.message import Event, Message


class WithdrawalEvent(Message):
    """``amount``: how many of a report's units are withdrawn; 1 for a certificate or an award. ``fact_id``: the
    certificate, award or report. The newest version of an order stands."""

    order_id = fields.Id(required=True)
    version = fields.Whole(required=True, at_least=1)
    inspection_id = fields.Id(required=True)
    finding_id = fields.Id(required=True)
    target_id = fields.Text(required=True, at_most=10)
    fact = fields.Choice(CountedFact, required=True)
    fact_id = fields.Id(required=True)
    region = fields.RegionCode(required=True)
    amount = fields.Number(required=True)
    effective_on = fields.Day(required=True)
    reason = fields.Text(required=True, at_most=500)
    ordered_by = fields.Text(required=True)


class WithdrawalOrdered(WithdrawalEvent, Event):
    service = "inspections"


class WithdrawalLifted(WithdrawalEvent, Event):
    """The re-check found the unit in order."""

    service = "inspections"


WITHDRAWALS = (WithdrawalOrdered, WithdrawalLifted)


class WithdrawalAnswer(Message):
    """The owner's word on an order, of the version that it was told: done, or why not."""

    order_id = fields.Id(required=True)
    order_version = fields.Whole(required=True, at_least=1)
    done = fields.Yes(required=True)
    reason = fields.Text(required=True, allow_none=True, at_most=500)


class WithdrawalState(StrEnum):
    """Ordered and lifted are the inspectors' words; done, refused and lifted are what the owner answered."""

    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"
    LIFTING = "lifting"
    LIFTED = "lifted"
    LIFT_REFUSED = "lift_refused"


class OrderWithdrawal(Message):
    command_id = fields.Text(at_most=100)
    finding_id = fields.Id(required=True)
    reason = fields.PlainText(required=True, at_most=300)
    expected_version = fields.Whole(at_least=1)


class LiftWithdrawal(Message):
    """After the re-check was passed. ``expected_version`` is the withdrawal's."""

    command_id = fields.Text(at_most=100)
    order_id = fields.Id(required=True)
    reason = fields.PlainText(required=True, at_most=300)
    expected_version = fields.Whole(at_least=1)


class Withdrawal(Message):
    """``version`` goes up with each change, ``order_version`` with what the owner is told."""

    order_id = fields.Id(required=True)
    version = fields.Whole(required=True)
    order_version = fields.Whole(required=True)
    inspection_id = fields.Id(required=True)
    finding_id = fields.Id(required=True)
    target_id = fields.Text(required=True)
    fact = fields.Choice(CountedFact, required=True)
    fact_id = fields.Id(required=True, allow_none=True)  # null to whoever may not see the unit itself
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    amount = fields.Number(required=True)
    effective_on = fields.Day(required=True)
    reason = fields.Text(required=True, at_most=500)
    state = fields.Choice(WithdrawalState, required=True)
    answer = fields.Text(required=True, allow_none=True, at_most=500)  # why the owner did not do it
    history = fields.Many(fields.Nested(InspectionStep), required=True)


class WithdrawalNotFound(NotFound):
    pass


class WithdrawalNotPossible(Conflict):
    """Not of a unit that is in order, nor while another one stands; lifted only once done and the re-check passed."""

    transient = True  # its owner's answer may be on its way


class WithdrawalByAnother(Forbidden):
    """Who recorded the finding does not have the unit withdrawn."""


class WithdrawalChanged(Stale):
    pass
