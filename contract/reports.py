"""What reports (填报与调度) says: figures that departments and regions file and a second person accepts, what an
inspection deducts from them, and the rounds in which they are asked for.

One report line is (indicator, region, period). A correction is a newer version of the line; the events of a line each
carry the whole of it, so that the newest alone settles it, whatever order they come in.
"""

import re

from contract import fields
from contract.inspections import WithdrawalAnswer
from contract.message import Event, Message
from contract.words import ReportStatus, WorkState


class Period(fields.Pattern):
    """A calendar month, ``2023-05``. A baseline is the figure of the last month before the plan's year."""

    pattern = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
    means = ("period", "应为 YYYY-MM 格式的月份", "must be a month, YYYY-MM")


class ReportEvent(Message):
    """``figure``: the accepted cumulative figure (累计完成) at the end of the period, which is what counts; a stock's
    level; null while nothing of this line is accepted. ``effective_on``: the period's last day. ``started``,
    ``completed``, ``inspected``: 开工, 建成, 验收, kept apart from the figure. Texts carry no personal data: ID and
    telephone numbers in them are refused."""

    report_id = fields.Id(required=True)
    version = fields.Whole(required=True, at_least=1)
    target_id = fields.Text(required=True, at_most=10)
    region = fields.RegionCode(required=True)
    period = Period(required=True)
    effective_on = fields.Day(required=True)
    figure = fields.Number(required=True, allow_none=True)
    state = fields.Choice(WorkState, required=True, allow_none=True)  # of an indicator without a number, once accepted
    status = fields.Choice(ReportStatus, required=True)  # of what was filed last
    filed_on = fields.Day(required=True)
    filed_by = fields.Text(required=True)  # an account, never a person's name
    reviewed_by = fields.Text(required=True, allow_none=True)
    started = fields.Number(allow_none=True)
    completed = fields.Number(allow_none=True)
    inspected = fields.Number(allow_none=True)
    problems = fields.Text(allow_none=True, at_most=1000)  # 存在问题
    next_steps = fields.Text(allow_none=True, at_most=1000)  # 下步措施
    evidence = fields.Whole(required=True)  # how many files prove it


class ReportFiled(ReportEvent, Event):
    service = "reports"


class ReportReturned(ReportEvent, Event):
    service = "reports"


class ReportRejected(ReportEvent, Event):
    service = "reports"


class ReportAccepted(ReportEvent, Event):
    service = "reports"


class DeductionEvent(Message):
    """An inspection's finding takes ``amount`` off the region's count; 0 once it was lifted."""

    deduction_id = fields.Id(required=True)
    version = fields.Whole(required=True, at_least=1)
    target_id = fields.Text(required=True, at_most=10)
    region = fields.RegionCode(required=True)
    amount = fields.Number(required=True)
    effective_on = fields.Day(required=True)
    report_id = fields.Id(required=True)


class UnitsDeducted(DeductionEvent, Event):
    service = "reports"


class UnitsRestored(DeductionEvent, Event):
    service = "reports"


COUNTED = (ReportFiled, ReportReturned, ReportRejected, ReportAccepted, UnitsDeducted, UnitsRestored)


class RoundEvent(Message):
    """A dispatch round (调度) asks for the figures of ``period``, until ``due_on``. ``closed_at``: the instant up to
    which what was recorded belongs to the round's snapshot; null while it is open."""

    round_id = fields.Id(required=True)
    version = fields.Whole(required=True, at_least=1)
    number = fields.Whole(required=True, at_least=1)
    period = Period(required=True)
    as_of = fields.Day(required=True)
    opens_on = fields.Day(required=True)
    due_on = fields.Day(required=True)
    closed_at = fields.Instant(required=True, allow_none=True)


class RoundOpened(RoundEvent, Event):
    service = "reports"


class RoundReminded(RoundEvent, Event):
    service = "reports"


class RoundClosed(RoundEvent, Event):
    """``outstanding``: ``{target_id, late, missing}`` for each indicator of which regions (their codes) had filed after
    ``due_on``, or nothing at all."""

    service = "reports"

    outstanding = fields.Many(fields.Facts())


ROUNDS = (RoundOpened, RoundReminded, RoundClosed)


class WithdrawalAnswered(WithdrawalAnswer, Event):
    service = "reports"


ANSWERS = (WithdrawalAnswered,)
