"""What inspections is asked about problems (问题台账), what it answers, and what it says of them.

A problem is put on the books (挂账) with an owner and a day, and comes off them (销账) when somebody else than who
asked for it has looked at the proof.
"""

from enum import StrEnum

from contract import fields
from contract.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from contract.message import Event, Message


class MatterKind(StrEnum):
    """What a problem is about (要素保障)."""

    FUNDS = "资金"
    LAND = "土地"
    APPROVAL = "立项审批"
    ENVIRONMENT = "环保"
    POLICY = "政策"
    OTHER = "其他"


class MatterState(StrEnum):
    OPEN = "挂账"
    SETTLEMENT_ASKED = "申请销账"
    SETTLED = "销账"


class Proof(Message):
    """A document that was handed in (``POST /v1/evidence``)."""

    file_id = fields.Id(required=True)
    sha256 = fields.Text(required=True, at_least=64, at_most=64)
    title = fields.PlainText(required=True, at_most=100)


class AboutThePlan(Message):
    """About an indicator or a whole item: one of ``target_id`` and ``item`` is needed."""

    command_id = fields.Text(at_most=100)
    target_id = fields.Text(at_most=10)
    item = fields.Whole(at_least=1, at_most=999)
    region = fields.Text(required=True, at_most=50)


class RegisterMatter(AboutThePlan):
    """``owner``: the organisation that has to mend it."""

    kind = fields.Choice(MatterKind, required=True)
    title = fields.PlainText(required=True, at_most=100)
    text = fields.PlainText(required=True, at_most=1000)
    owner = fields.PlainText(required=True, at_most=100)
    due_on = fields.Day(required=True)


class _OnMatter(Message):
    command_id = fields.Text(at_most=100)
    matter_id = fields.Id(required=True)
    expected_version = fields.Whole(at_least=1)


class UpdateMatter(_OnMatter):
    """What was done since."""

    text = fields.PlainText(required=True, at_most=1000)


class AskSettlement(_OnMatter):
    """申请销账."""

    text = fields.PlainText(required=True, at_most=1000)
    evidence = fields.Many(fields.Nested(Proof), load_default=list)


class SettleMatter(_OnMatter):
    """销账, by another organisation than the owner and another person than who asked."""

    text = fields.PlainText(required=True, at_most=1000)


class ReturnMatter(_OnMatter):
    """What was shown does not prove it: it stays on the books."""

    reason = fields.PlainText(required=True, at_most=1000)


class ReopenMatter(_OnMatter):
    """``due_on``: the new day; the old one stays when absent."""

    reason = fields.PlainText(required=True, at_most=1000)
    due_on = fields.Day()


class MatterStep(Message):
    version = fields.Whole(required=True)
    event = fields.Text(required=True)
    at = fields.Instant(required=True)
    by = fields.Account(required=True)
    organisation = fields.Text(required=True)
    text = fields.Text(required=True, allow_none=True, at_most=1000)


class MatterRecord(Message):
    """``target_id`` is null when it is about the item as a whole. ``overdue``: not settled, and its day is past.
    ``late``: it was settled after its day; null until it is."""

    matter_id = fields.Id(required=True)
    version = fields.Whole(required=True)
    item = fields.Whole(required=True)
    item_name = fields.Text(required=True)
    target_id = fields.Text(required=True, allow_none=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    kind = fields.Choice(MatterKind, required=True)
    title = fields.Text(required=True)
    text = fields.Text(required=True, at_most=1000)
    owner = fields.Text(required=True)
    due_on = fields.Day(required=True)
    state = fields.Choice(MatterState, required=True)
    overdue = fields.Yes(required=True)
    late = fields.Yes(required=True, allow_none=True)
    registered_on = fields.Day(required=True)
    organisation = fields.Text(required=True)
    settled_on = fields.Day(required=True, allow_none=True)
    evidence = fields.Many(fields.Nested(Proof), required=True)
    history = fields.Many(fields.Nested(MatterStep), required=True)


class MatterCount(Message):
    """The problems of one item that were registered for exactly this region. ``open`` are all that are not settled,
    ``settlement_asked`` and ``overdue`` are of these; ``settled_late`` are of the settled."""

    item = fields.Whole(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    open = fields.Whole(required=True)
    settlement_asked = fields.Whole(required=True)
    overdue = fields.Whole(required=True)
    settled = fields.Whole(required=True)
    settled_late = fields.Whole(required=True)


class MatterEvent(Message):
    """The whole of what is counted of it, so that the newest alone settles it. Texts carry no personal data."""

    matter_id = fields.Id(required=True)
    version = fields.Whole(required=True, at_least=1)
    item = fields.Whole(required=True)
    target_id = fields.Text(required=True, allow_none=True, at_most=10)
    region = fields.RegionCode(required=True)
    kind = fields.Choice(MatterKind, required=True)
    title = fields.Text(required=True, at_most=100)
    owner = fields.Text(required=True, at_most=100)
    due_on = fields.Day(required=True)
    state = fields.Choice(MatterState, required=True)
    settled_on = fields.Day(required=True, allow_none=True)


class MatterRegistered(MatterEvent, Event):
    service = "inspections"


class MatterUpdated(MatterEvent, Event):
    """Progress was told, settlement was asked for, or was not granted."""

    service = "inspections"


class MatterSettled(MatterEvent, Event):
    service = "inspections"


class MatterReopened(MatterEvent, Event):
    service = "inspections"


MATTERS = (MatterRegistered, MatterUpdated, MatterSettled, MatterReopened)


class MattersNotAllowed(Forbidden):
    """The role, or the organisation, may see it but may not do this to it."""


class MatterInvalid(Invalid):
    """What it is about is not in the plan, a day is past, or a document is not there."""


class MatterNotFound(NotFound):
    pass


class MatterChanged(Stale):
    """If-Match named another version."""


class MatterSettledAlready(Conflict):
    pass


class MatterNotSettled(Conflict):
    """Only what is off the books can be put back on them."""


class SettlementNotAsked(Conflict):
    pass


class SettlementAskedAlready(Conflict):
    pass


class OwnSettlement(Forbidden):
    """Who asked for it, or has to mend it, does not settle it."""
