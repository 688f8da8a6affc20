"""The work ledger (工作台账) as it is asked for and answered: rows of indicators and regions, or all as a matrix."""

import re

from contract import fields
from contract.errors import Invalid, NotFound
from contract.message import Message
from contract.reports import Period
from contract.targets import Source
from contract.words import Measure, Prospect, Status, WorkState


class Item(fields.Pattern):
    """An item (工程) of the plan, by its number."""

    pattern = re.compile(r"[0-9]{1,3}")
    means = ("item", "应为工程序号，例如 12", "must be the number of an item, such as 12")


class ReadLedger(Message):
    """Rows of ``region`` (one's own when absent), and with ``by`` = region of those below it too. ``as_of``: counted
    is what took effect up to that day. ``period``: the month of 本期完成, that of ``as_of`` when absent."""

    item = Item()
    department = fields.Text(at_most=50)
    region = fields.RegionCode()
    by = fields.Text(at_most=10)
    as_of = fields.Day()
    period = Period()


class ReadMatrix(Message):
    as_of = fields.Day()
    period = Period()


class Foreseen(Message):
    """``value`` most likely, between ``low`` and ``high``; null: 无法判断."""

    on = fields.Day(required=True)
    value = fields.Number(required=True, allow_none=True)
    low = fields.Number(required=True, allow_none=True)
    high = fields.Number(required=True, allow_none=True)
    prospect = fields.Choice(Prospect, required=True)


class LedgerRow(Message):
    """The public gets the fields up to ``state``, and so does a token of what is not its own; ``value`` and what
    follows from it are null where they are too small to be shown. Texts, accounts, names and the problems on the books
    are for those of the work (contract.sight)."""

    number = fields.Whole(required=True)
    item = fields.Whole(required=True)
    item_name = fields.Text(required=True)
    target_id = fields.Text(required=True)
    name = fields.Text(required=True)
    quote = fields.Text(required=True, at_most=500)
    unit = fields.Text(required=True, at_least=0)
    measure = fields.Choice(Measure, required=True)
    scope = fields.Text(required=True)
    decimals = fields.Whole(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    lead = fields.Text(required=True, allow_none=True)
    co = fields.Many(fields.Text(), required=True)
    target = fields.Number(required=True, allow_none=True)
    adjusted_target = fields.Number(required=True, allow_none=True)
    value = fields.Number(required=True, allow_none=True)
    percent = fields.Number(required=True, allow_none=True)
    percent_of_original = fields.Number(required=True, allow_none=True)
    increment = fields.Number(required=True, allow_none=True)
    pace = fields.Number(required=True, allow_none=True)
    deviation = fields.Number(required=True, allow_none=True)
    status = fields.Choice(Status, required=True, allow_none=True)
    colour = fields.Text(required=True, allow_none=True)
    state = fields.Choice(WorkState, required=True, allow_none=True)
    period_value = fields.Number(allow_none=True)
    started = fields.Number(allow_none=True)
    completed = fields.Number(allow_none=True)
    inspected = fields.Number(allow_none=True)
    problems = fields.Text(allow_none=True, at_most=5000)
    next_steps = fields.Text(allow_none=True, at_most=5000)
    evidence = fields.Whole()
    open_problems = fields.Whole()  # of the register, of the whole item
    overdue_problems = fields.Whole()
    principal = fields.Text(allow_none=True)
    contact = fields.Text(allow_none=True)
    filed_by = fields.Account()
    reviewed_by = fields.Account()
    due_on = fields.Day()
    updated_at = fields.Instant(allow_none=True)
    forecasts = fields.Many(fields.Nested(Foreseen))


class WorkLedger(Message):
    plan = fields.Text(required=True)
    document = fields.Text(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    as_of = fields.Day(required=True)
    period = Period(required=True)
    soft_deadline = fields.Day(required=True)
    deadline = fields.Day(required=True)
    sources = fields.Many(fields.Nested(Source), required=True)
    items = fields.Many(fields.Nested(LedgerRow), required=True)


class LedgerLine(Message):
    """One indicator. Of each of the ledger's ``regions``, in their order: ``targets`` (the current ones), ``values``,
    ``period_values``, ``percents``, ``statuses``, ``colours``; ``states`` of what has no number. Null where there is
    none, where the region does not tell it, or where it is too small to be shown."""

    target_id = fields.Text(required=True)
    item = fields.Whole(required=True)
    item_name = fields.Text(required=True)
    name = fields.Text(required=True)
    unit = fields.Text(required=True, at_least=0)
    measure = fields.Choice(Measure, required=True)
    lead = fields.Text(required=True)
    decimals = fields.Whole(required=True)
    pace = fields.Number(required=True, allow_none=True)
    targets = fields.Many(fields.Number(allow_none=True), required=True)
    values = fields.Many(fields.Number(allow_none=True), required=True)
    period_values = fields.Many(fields.Number(allow_none=True), required=True)
    percents = fields.Many(fields.Number(allow_none=True), required=True)
    statuses = fields.Many(fields.Choice(Status, allow_none=True), required=True)
    colours = fields.Many(fields.Text(allow_none=True), required=True)
    states = fields.Many(fields.Choice(WorkState, allow_none=True), required=True)


class LedgerMatrix(Message):
    plan = fields.Text(required=True)
    document = fields.Text(required=True)
    as_of = fields.Day(required=True)
    period = Period(required=True)
    regions = fields.Many(fields.RegionCode(), required=True)
    sources = fields.Many(fields.Nested(Source), required=True)
    indicators = fields.Many(fields.Nested(LedgerLine), required=True)


class LedgerNotFound(NotFound):
    """No such item or department in the plan; of the workbook, also none that is the caller's own."""


class LedgerPeriodOutside(Invalid):
    """The period or the day is before the plan's year."""
