"""What reports (填报与调度) says: figures that departments and regions file and a second person accepts, what an
inspection deducts from them, and the rounds in which they are asked for.

One report line is (indicator, region, period). A correction is a newer version of the line; the events of a line each
carry the whole of it, so that the newest alone settles it, whatever order they come in.
"""

import re
from decimal import Decimal
from enum import StrEnum
from typing import Any

from marshmallow import ValidationError, validate

from contract import fields, identifying
from contract.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from contract.message import Event, Message
from contract.sheets import SheetRead
from contract.withdrawals import WithdrawalAnswer
from contract.words import ReportStatus, WorkState


class Period(fields.Pattern):
    """A calendar month, ``2023-05``. A baseline is the figure of the last month before the plan's year."""

    reading = staticmethod(identifying.number)
    pattern = re.compile(r"20\d{2}-(0[1-9]|1[0-2])")
    means = ("period", "应为 YYYY-MM 格式的月份（2000年至2099年）", "must be a month of 2000 to 2099, YYYY-MM")


class ReportEvent(Message):
    """``figure``: the accepted cumulative figure (累计完成) at the end of the period, which is what counts; a stock's
    level; null while nothing of this line is accepted. ``effective_on``: the period's last day. ``started``,
    ``completed``, ``inspected``: 开工, 建成, 验收, kept apart from the figure. Texts carry no personal data: ID and
    telephone numbers in them are refused.

    ``status``, ``filed_on``, ``filed_by`` and ``reviewed_by`` are of what was filed last; all else is of what was
    accepted last, or, until something was, of what was filed last."""

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


class RoundAmended(RoundEvent, Event):
    """From here on ``opens_on`` and ``due_on`` are these."""

    service = "reports"


class RoundCancelled(RoundEvent, Event):
    """It asks for nothing any more, and nobody is late in it; what was filed stays filed."""

    service = "reports"

    cancelled_at = fields.Instant(required=True)


class RoundClosed(RoundEvent, Event):
    """``outstanding``: ``{target_id, late, missing}`` for each indicator of which regions (their codes) had filed after
    ``due_on``, or nothing at all."""

    service = "reports"

    outstanding = fields.Many(fields.Facts())


ROUNDS = (RoundOpened, RoundAmended, RoundReminded, RoundClosed, RoundCancelled)


class WithdrawalAnswered(WithdrawalAnswer, Event):
    service = "reports"


ANSWERS = (WithdrawalAnswered,)


class Decision(StrEnum):
    ACCEPT = "accept"
    RETURN = "return"
    REJECT = "reject"


class RowFiled(StrEnum):
    """What became of a row of a filled workbook."""

    FILED = "filed"
    DUPLICATE = "duplicate"  # the same is filed or accepted already
    REFUSED = "refused"


_DIGITS, _MOST = 15, 10**12


class Figure(fields.Number):
    """A figure as it is reported: from 0, at most 15 digits, at most six of them behind the point."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        number: Decimal = super()._deserialize(value, attr, data, **kwargs)
        exponent = number.as_tuple().exponent
        # 1E-999999999 would be written out as a gigabyte of noughts
        if not isinstance(exponent, int) or not -6 <= exponent <= _DIGITS or len(number.as_tuple().digits) > _DIGITS:
            raise ValidationError(
                "digits|最多15位数字，其中小数最多6位|must have at most 15 digits, six of them decimals"
            )
        if not 0 <= number <= _MOST:  # no validator: the description would give a string a number's bounds
            raise ValidationError(f"range|应在0与{_MOST}之间|must be 0 to {_MOST}")
        return number


class NamedEvidence(Message):
    """A file that was handed in at ``/v1/evidence``, named by the id and the digest of its answer."""

    file_id = fields.Id(required=True)
    sha256 = fields.Text(required=True, at_least=64, at_most=64)
    title = fields.PlainText(required=True, at_most=100)


class FileReport(Message):
    """A line, or a newer version of it. ``cumulative`` from the year's beginning to the period's end (a stock: the
    level then); ``state`` instead, of an indicator without a number. ``reason``: why an accepted or rejected line is
    filed again."""

    command_id = fields.Text(at_most=100)
    expected_version = fields.Whole(at_least=1)
    target_id = fields.Identifier(required=True, at_most=10)
    region = fields.Text(required=True, at_most=50)  # a code, or a name where it is unambiguous
    period = Period(required=True)
    cumulative = Figure()
    state = fields.Choice(WorkState)
    started = Figure()
    completed = Figure()
    inspected = Figure()
    problems = fields.PlainText(at_most=1000)
    next_steps = fields.PlainText(at_most=1000)
    evidence = fields.Many(
        fields.Nested(NamedEvidence),
        load_default=list,
        validate=validate.Length(max=20, error="length|最多20个文件|must be at most 20 files"),
    )
    reason = fields.PlainText(at_most=500)


class DecideReport(Message):
    """``reason`` is needed to return or reject."""

    command_id = fields.Text(at_most=100)
    report_id = fields.Id(required=True)
    expected_version = fields.Whole(at_least=1)
    decision = fields.Choice(Decision, required=True)
    reason = fields.PlainText(at_most=500)


class ImportReports(Message):
    """A filled template. The file lies in the file store already; ``sha256`` is of its plain bytes."""

    command_id = fields.Text(at_most=100)
    file_id = fields.Id(required=True)
    filename = fields.Text(required=True, at_most=200)
    sha256 = fields.Text(required=True, at_least=64, at_most=64)
    size = fields.Whole(required=True)


class ReportEvidence(NamedEvidence):
    """``kind`` as its content says: pdf, jpg, png, xlsx or docx."""

    kind = fields.Text(required=True)
    size = fields.Whole(required=True)


class ReportStep(Message):
    """One step of a line's life, and what was filed at it or decided about."""

    version = fields.Whole(required=True)
    event = fields.Text(required=True)
    at = fields.Instant(required=True)
    by = fields.Account(required=True)
    organisation = fields.Text(required=True)
    cumulative = fields.Number(required=True, allow_none=True)
    state = fields.Text(required=True, allow_none=True)
    reason = fields.Text(required=True, allow_none=True, at_most=500)
    evidence = fields.Many(fields.Nested(ReportEvidence), required=True)


class ReportLine(Message):
    """What was filed last, and beside it what is accepted: ``figure`` (or ``accepted_state``), less ``deducted``."""

    report_id = fields.Id(required=True)
    version = fields.Whole(required=True)
    target_id = fields.Text(required=True)
    name = fields.Text(required=True)
    unit = fields.Text(required=True, at_least=0)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    period = Period(required=True)
    effective_on = fields.Day(required=True)
    status = fields.Choice(ReportStatus, required=True)
    cumulative = fields.Number(required=True, allow_none=True)
    state = fields.Choice(WorkState, required=True, allow_none=True)
    started = fields.Number(required=True, allow_none=True)
    completed = fields.Number(required=True, allow_none=True)
    inspected = fields.Number(required=True, allow_none=True)
    problems = fields.Text(required=True, allow_none=True, at_most=1000)
    next_steps = fields.Text(required=True, allow_none=True, at_most=1000)
    evidence = fields.Many(fields.Nested(ReportEvidence), required=True)
    reason = fields.Text(required=True, allow_none=True, at_most=500)
    filed_by = fields.Account(required=True)
    filed_at = fields.Instant(required=True)
    reviewed_by = fields.Account(required=True)
    reviewed_at = fields.Instant(required=True, allow_none=True)
    review_reason = fields.Text(required=True, allow_none=True, at_most=500)
    figure = fields.Number(required=True, allow_none=True)
    accepted_state = fields.Choice(WorkState, required=True, allow_none=True)
    accepted_version = fields.Whole(required=True, allow_none=True)
    deducted = fields.Number(required=True)


class Report(ReportLine):
    history = fields.Many(fields.Nested(ReportStep), required=True)


class ReportRow(Message):
    """``row`` is the spreadsheet's own number; the header is 1. ``columns``: those at fault."""

    sheet = fields.Text(allow_none=True, at_least=0, at_most=100)
    row = fields.Whole(required=True)
    outcome = fields.Choice(RowFiled, required=True)
    report_id = fields.Id(required=True, allow_none=True)
    code = fields.Text(required=True, allow_none=True)
    detail = fields.Text(required=True, allow_none=True, at_most=2000)
    detail_en = fields.Text(required=True, allow_none=True, at_most=2000)
    columns = fields.Many(fields.Text(), required=True)


class ReportImport(Message):
    import_id = fields.Id(required=True)
    filename = fields.Text(required=True)
    sha256 = fields.Text(required=True)
    submitted_at = fields.Instant(required=True)
    filed = fields.Whole(required=True)
    duplicate = fields.Whole(required=True)
    refused = fields.Whole(required=True)
    sheets = fields.Many(fields.Nested(SheetRead))
    rows = fields.Many(fields.Nested(ReportRow), required=True)


class ReportInvalid(Invalid):
    """Fields that are missing, contradict one another, or are not what the plan says is reported."""


class FigureBelowEarlier(Invalid):
    """A cumulative figure never falls: it is below that of an earlier period."""


class FigureAboveLater(Invalid):
    """A cumulative figure never falls: it is above that of a later period."""


class FigureBelowDeducted(Invalid):
    """Inspections have withdrawn more of the line than it would then count for."""

    transient = True  # a deduction may be given back


class PartAboveWhole(Invalid):
    """A part (其中) is above its whole."""


class BaselineMissing(Invalid):
    """A stock's level of the end of the year before is not accepted yet."""

    transient = True  # it may be accepted


class IndicatorNotReported(Invalid):
    """It is counted from facts in this system, and nobody files it."""


class SumNotReported(Invalid):
    """It is the sum of its parts, and those are filed."""


class ReportingLevelWrong(Invalid):
    """Figures of the indicator are filed by regions of another level."""


class PeriodNotReportable(Invalid):
    """It has not begun yet, or is not of the plan's year."""

    transient = True  # the period begins


class ReportWorkbookUnreadable(Invalid):
    """Not a filled template that can be read."""


class ReportNotFound(NotFound):
    pass


class ReportEvidenceNotFound(NotFound):
    pass


class ReportImportNotFound(NotFound):
    pass


class ReportUnchanged(Conflict):
    """The same is filed or accepted already."""


class ReportAlreadyDecided(Conflict):
    """Nothing of the line waits for a review."""


class ReportChanged(Stale):
    """If-Match named another version of the line."""


class ReportsNotAllowed(Forbidden):
    """The caller's scopes do not let it."""


class ReportRegionNotYours(Forbidden):
    """The region lies outside the caller's."""


class DepartmentNotYours(Forbidden):
    """The indicator is another department's."""


class ReporterReviewsOwn(Forbidden):
    """Who filed it does not review it: a second person does."""
