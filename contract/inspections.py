"""What inspections (督导检查) says: which samples it wants drawn, and which counted units are to be withdrawn.

An order goes to the service that owns the fact (certification, housekeeping or reports): the owner changes its own
record, says so, and the count follows from that as from any other change.
"""

from enum import StrEnum

from contract import fields
from contract.errors import Forbidden
from contract.message import Event, Message


class CountedFact(StrEnum):
    """What a counted unit stands on, and thereby whose it is."""

    CERTIFICATE = "certificate"
    AWARD = "award"
    REPORT = "report"


class AnomalyKind(StrEnum):
    LAST_DAY_BURST = "期末突击"  # most of a period's count on its last day
    SAME_EVERY_MONTH = "逐月雷同"  # identical figures month after month
    IMPOSSIBLE_PACE = "进度异常"  # more in a period than the region has ever done, or can
    SHARED_ROSTER = "名册重合"  # the same people, or the same file, from two centres


class InspectionEvent(Message):
    inspection_id = fields.Id(required=True)
    version = fields.Whole(required=True, at_least=1)
    target_id = fields.Text(required=True, at_most=10)
    region = fields.RegionCode(required=True)
    as_of = fields.Day(required=True)
    size = fields.Whole(required=True, at_least=1, at_most=1000)
    seed = fields.Text(required=True, at_most=64)


class InspectionPlanned(InspectionEvent, Event):
    """Asks targets to draw ``size`` of the units that count in the region on ``as_of``."""

    service = "inspections"


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


SAMPLES = (InspectionPlanned,)
WITHDRAWALS = (WithdrawalOrdered, WithdrawalLifted)


class WithdrawalAnswer(Message):
    """The owner's word on an order, of the version that it was told: done, or why not."""

    order_id = fields.Id(required=True)
    order_version = fields.Whole(required=True, at_least=1)
    done = fields.Yes(required=True)
    reason = fields.Text(required=True, allow_none=True, at_most=500)


class AnomalyEvent(Message):
    """A hint, for a person to look at; it changes no count. ``anomaly_key`` is the same however often the same thing
    is noticed. ``measures`` are numbers and ids by which to judge it, never personal data."""

    anomaly_key = fields.Text(required=True, at_most=100)
    kind = fields.Choice(AnomalyKind, required=True)
    target_id = fields.Text(required=True, at_most=10)
    region = fields.RegionCode(required=True)
    noticed_on = fields.Day(required=True)
    measures = fields.Facts(required=True)


class InspectionsNotAllowed(Forbidden):
    """The role may see the inspection, the finding or the order, but may not do this to it."""
