"""The target tree (目标分解): how a target is split between regions, adjusted within the year, and who answers for it.

Told to targets. Names of officials (责任人) are kept sealed, shown to whoever may read reports, and never said in
events.
"""

from contract import fields
from contract.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from contract.message import Message


class ChildTarget(Message):
    region = fields.RegionCode(required=True)
    target = fields.Number(required=True)


class AllocateTargets(Message):
    """Split the target of ``region`` between all or some of its children; who is not named keeps what they have.
    ``reserve`` (机动) is what is deliberately not allocated. Children and reserve may come to more or less than there
    is: the gap is shown. A child that had a target before gets another one only with a ``reason``."""

    command_id = fields.Text(at_most=100)
    target_id = fields.Text(required=True, at_most=10)
    region = fields.RegionCode(required=True)
    reserve = fields.Number(required=True)
    children = fields.Many(fields.Nested(ChildTarget), required=True)
    document = fields.PlainText(required=True, at_most=100)  # 文号
    reason = fields.PlainText(at_most=500)
    expected_version = fields.Whole(at_least=1)  # of the region's node


class AdjustTarget(Message):
    """Put an adjusted target beside the original, which stays. ``adjusted`` null takes it back; that alone needs no
    ``document``."""

    command_id = fields.Text(at_most=100)
    target_id = fields.Text(required=True, at_most=10)
    region = fields.RegionCode(required=True)
    adjusted = fields.Number(required=True, allow_none=True)
    reason = fields.PlainText(required=True, at_most=500)
    document = fields.PlainText(at_most=100)
    expected_version = fields.Whole(at_least=1)


class NameResponsible(Message):
    """Who answers for an indicator in a region. The whole of it each time: what is left out is nobody."""

    command_id = fields.Text(at_most=100)
    target_id = fields.Text(required=True, at_most=10)
    region = fields.RegionCode(required=True)
    lead = fields.PlainText(at_most=100)  # 牵头单位; the plan's owner for the province, when left out
    co = fields.Many(fields.PlainText(at_most=100))  # 责任单位
    principal = fields.Text(at_most=50)  # 主要负责人
    deputy = fields.Text(at_most=50)  # 分管负责人
    contact = fields.Text(at_most=50)  # 联系人
    contact_phone = fields.Text(at_most=30)  # of the office
    expected_version = fields.Whole(at_least=1)


class ReadTree(Message):
    """``as_known_at``: the tree as it was decided up to that instant."""

    target_id = fields.Text(required=True, at_most=10)
    region = fields.RegionCode()
    as_known_at = fields.Instant()


class TreeNode(Message):
    """``target`` is what is to be reached now: the adjusted target, or else the original. ``allocated``: what its
    children have together, null while none has anything. ``gap``: target less reserve less allocated."""

    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    original = fields.Number(required=True, allow_none=True)
    adjusted = fields.Number(required=True, allow_none=True)
    target = fields.Number(required=True, allow_none=True)
    reserve = fields.Number(required=True, allow_none=True)
    allocated = fields.Number(required=True, allow_none=True)
    gap = fields.Number(required=True, allow_none=True)
    sum_gap = fields.Number(required=True, allow_none=True)  # of a sum: its target less those of its parts
    version = fields.Whole(required=True)
    document = fields.Text(required=True, allow_none=True)
    reason = fields.Text(required=True, allow_none=True, at_most=500)


class TreeChange(Message):
    """One version of a node, and what it came from: allocated, adjusted, restored, split, child_adjusted. ``by`` is
    null to whom accounts are not shown."""

    version = fields.Whole(required=True)
    action = fields.Text(required=True)
    at = fields.Instant(required=True)
    by = fields.Account(required=True)
    original = fields.Number(required=True, allow_none=True)
    adjusted = fields.Number(required=True, allow_none=True)
    reserve = fields.Number(required=True, allow_none=True)
    document = fields.Text(required=True, allow_none=True)
    reason = fields.Text(required=True, allow_none=True, at_most=500)


class TargetTree(TreeNode):
    target_id = fields.Text(required=True)
    name = fields.Text(required=True)
    unit = fields.Text(required=True, at_least=0)  # the plan gives none for some
    comparator = fields.Text(required=True)
    known_at = fields.Instant(required=True)
    children = fields.Many(fields.Nested(TreeNode), required=True)
    history = fields.Many(fields.Nested(TreeChange), required=True)


class Responsible(Message):
    """Names are null where nobody was named, and to whoever may not read reports."""

    target_id = fields.Text(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    lead = fields.Text(required=True, allow_none=True)
    co = fields.Many(fields.Text(), required=True)
    principal = fields.Text(required=True, allow_none=True)
    deputy = fields.Text(required=True, allow_none=True)
    contact = fields.Text(required=True, allow_none=True)
    contact_phone = fields.Text(required=True, allow_none=True)
    version = fields.Whole(required=True)


class AllocationInvalid(Invalid):
    pass


class AllocationNotAllowed(Forbidden):
    """A region's target is set by the region above it."""


class NodeNotFound(NotFound):
    """The region lies outside of what the caller sees."""


class TargetNotAllocated(Conflict):
    """The region has no target yet."""


class TargetNotAdjusted(Conflict):
    pass


class AllocationChanged(Stale):
    """If-Match named another version of the node."""
