"""What inspections is asked about 绿色通道 requests, what it answers, and what it says of them.

A request has a clock, which stands still while more information is waited for.
"""

from enum import StrEnum

from contract import fields
from contract.errors import Conflict, Forbidden, NotFound, Stale
from contract.matters import AboutThePlan, MatterStep, Proof
from contract.message import Event, Message


class GreenwayStep(StrEnum):
    """What a 绿色通道 is asked for."""

    APPROVAL = "立项审批"
    LAND = "土地供应"
    ENVIRONMENT = "环保"
    FUNDS = "资金"
    OTHER = "其他"


class GreenwayState(StrEnum):
    WAITING = "待答复"
    MORE_ASKED = "待补充材料"  # the clock stands still
    GRANTED = "同意"
    REFUSED = "不同意"


class GreenwayAnswer(StrEnum):
    GRANTED = "同意"
    REFUSED = "不同意"
    MORE_INFORMATION = "补充材料"


class RequestGreenway(AboutThePlan):
    """``addressed_to``: the department that is to answer."""

    step = fields.Choice(GreenwayStep, required=True)
    addressed_to = fields.PlainText(required=True, at_most=100)
    subject = fields.PlainText(required=True, at_most=100)
    text = fields.PlainText(required=True, at_most=1000)


class _OnGreenway(Message):
    command_id = fields.Text(at_most=100)
    greenway_id = fields.Id(required=True)
    expected_version = fields.Whole(at_least=1)


class AnswerGreenway(_OnGreenway):
    answer = fields.Choice(GreenwayAnswer, required=True)
    reason = fields.PlainText(required=True, at_most=1000)


class SupplyGreenway(_OnGreenway):
    """The information that was asked for: the clock goes on."""

    text = fields.PlainText(required=True, at_most=1000)
    evidence = fields.Many(fields.Nested(Proof), load_default=list)


class Greenway(Message):
    """``due_on``: the last day to answer in time; null while the clock stands still and once it is answered.
    ``working_days``: how many there were to answer. ``days_left``: how many were left when the clock last started or
    stopped. ``overdue``: it waits for an answer and its day is past. ``late``: it was answered late, or was
    overdue before more information was asked for; null until it is answered."""

    greenway_id = fields.Id(required=True)
    version = fields.Whole(required=True)
    item = fields.Whole(required=True)
    item_name = fields.Text(required=True)
    target_id = fields.Text(required=True, allow_none=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    step = fields.Choice(GreenwayStep, required=True)
    addressed_to = fields.Text(required=True)
    subject = fields.Text(required=True)
    text = fields.Text(required=True, at_most=1000)
    state = fields.Choice(GreenwayState, required=True)
    working_days = fields.Whole(required=True)
    days_left = fields.Whole(required=True)
    due_on = fields.Day(required=True, allow_none=True)
    overdue = fields.Yes(required=True)
    late = fields.Yes(required=True, allow_none=True)
    overdue_since = fields.Day(required=True, allow_none=True)
    requested_on = fields.Day(required=True)
    organisation = fields.Text(required=True)
    answered_on = fields.Day(required=True, allow_none=True)
    evidence = fields.Many(fields.Nested(Proof), required=True)
    history = fields.Many(fields.Nested(MatterStep), required=True)


class GreenwayEvent(Message):
    greenway_id = fields.Id(required=True)
    version = fields.Whole(required=True, at_least=1)
    item = fields.Whole(required=True)
    target_id = fields.Text(required=True, allow_none=True, at_most=10)
    region = fields.RegionCode(required=True)
    step = fields.Choice(GreenwayStep, required=True)
    addressed_to = fields.Text(required=True, at_most=100)
    state = fields.Choice(GreenwayState, required=True)
    due_on = fields.Day(required=True, allow_none=True)
    overdue_since = fields.Day(required=True, allow_none=True)
    answered_on = fields.Day(required=True, allow_none=True)


class GreenwayRequested(GreenwayEvent, Event):
    service = "inspections"


class GreenwayAnswered(GreenwayEvent, Event):
    """Granted, refused, or more information asked for."""

    service = "inspections"


class GreenwaySupplied(GreenwayEvent, Event):
    service = "inspections"


class GreenwayReckoned(GreenwayEvent, Event):
    """A newer calendar moved the day by which it is due."""

    service = "inspections"


class GreenwayOverdue(GreenwayEvent, Event):
    """Said once, however often it is late."""

    service = "inspections"


GREENWAYS = (GreenwayRequested, GreenwayAnswered, GreenwaySupplied, GreenwayReckoned, GreenwayOverdue)


class GreenwayNotFound(NotFound):
    pass


class GreenwayChanged(Stale):
    """If-Match named another version."""


class GreenwayAnsweredAlready(Conflict):
    pass


class GreenwayNotWaiting(Conflict):
    """An answer is given while it waits for one; more information, while it was asked for."""


class GreenwayNotYours(Forbidden):
    """The department that it is addressed to answers it, and who requested it supplies what is asked for."""
