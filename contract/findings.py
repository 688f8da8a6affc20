"""Findings (督导发现): recorded, mended, checked again; and the 督查单 that follow when nobody mends."""

from enum import StrEnum

from contract import fields
from contract.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from contract.inspections import CountedFact, InspectionStep, Outcome
from contract.message import Message


class FindingState(StrEnum):
    SETTLED = "settled"  # in order: nothing is to be mended
    OPEN = "open"  # 待整改
    MENDED = "mended"  # 待复查
    PASSED = "passed"  # 复查通过


class SupervisionColour(StrEnum):
    """督查单, in the order of their weight."""

    BLUE = "蓝"
    ORANGE = "橙"
    RED = "红"


class ProofFile(Message):
    """A file that was handed in (``POST /v1/evidence``)."""

    file_id = fields.Id(required=True)
    sha256 = fields.Text(required=True, at_least=64, at_most=64)
    title = fields.PlainText(required=True, at_most=200)


class RecordFinding(Message):
    """``due_on``: until when it is to be mended (整改期限); the rule's default when absent, and none when all is in
    order. ``amount``: of a report's units, how many are not as reported; not for what counts as one."""

    command_id = fields.Text(at_most=100)
    inspection_id = fields.Id(required=True)
    unit = fields.Whole(required=True, at_least=1, at_most=1000)
    outcome = fields.Choice(Outcome, required=True)
    text = fields.PlainText(required=True, at_most=1000)
    evidence = fields.Many(fields.Nested(ProofFile), load_default=list)
    amount = fields.Number()
    due_on = fields.Day()


class RecordRectification(Message):
    command_id = fields.Text(at_most=100)
    finding_id = fields.Id(required=True)
    text = fields.PlainText(required=True, at_most=1000)
    evidence = fields.Many(fields.Nested(ProofFile), required=True)
    expected_version = fields.Whole(at_least=1)


class ReCheck(Message):
    """By an inspector other than who reported the mending. ``due_on``: the new date when it was not passed."""

    command_id = fields.Text(at_most=100)
    finding_id = fields.Id(required=True)
    passed = fields.Yes(required=True)
    text = fields.PlainText(required=True, at_most=1000)
    evidence = fields.Many(fields.Nested(ProofFile), load_default=list)
    due_on = fields.Day()
    expected_version = fields.Whole(at_least=1)


class Rectification(Message):
    text = fields.Text(required=True, at_most=1000)
    evidence = fields.Many(fields.Nested(ProofFile), required=True)
    at = fields.Instant(required=True)
    by = fields.Account(required=True)


class RecheckRecord(Message):
    passed = fields.Yes(required=True)
    text = fields.Text(required=True, at_most=1000)
    evidence = fields.Many(fields.Nested(ProofFile), required=True)
    at = fields.Instant(required=True)
    by = fields.Account(required=True)


class Escalation(Message):
    colour = fields.Choice(SupervisionColour, required=True)
    supervision_id = fields.Id(required=True)
    number = fields.Text(required=True)
    on = fields.Day(required=True)


class Finding(Message):
    finding_id = fields.Id(required=True)
    version = fields.Whole(required=True)
    inspection_id = fields.Id(required=True)
    unit = fields.Whole(required=True)
    target_id = fields.Text(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    fact = fields.Choice(CountedFact, required=True)
    fact_id = fields.Id(required=True, allow_none=True)  # null to whoever may not see the unit itself
    outcome = fields.Choice(Outcome, required=True)
    text = fields.Text(required=True, at_most=1000)
    amount = fields.Number(required=True, allow_none=True)
    evidence = fields.Many(fields.Nested(ProofFile), required=True)
    state = fields.Choice(FindingState, required=True)
    due_on = fields.Day(required=True, allow_none=True)
    overdue = fields.Yes(required=True)
    rectifications = fields.Many(fields.Nested(Rectification), required=True)
    rechecks = fields.Many(fields.Nested(RecheckRecord), required=True)
    escalations = fields.Many(fields.Nested(Escalation), required=True)
    order_id = fields.Id(required=True, allow_none=True)  # the withdrawal that was ordered last
    history = fields.Many(fields.Nested(InspectionStep), required=True)


class SupervisionOrder(Message):
    """督查单, as it is printed: ``lines`` from its heading to its date."""

    supervision_id = fields.Id(required=True)
    number = fields.Text(required=True)
    colour = fields.Choice(SupervisionColour, required=True)
    finding_id = fields.Id(required=True)
    inspection_id = fields.Id(required=True)
    target_id = fields.Text(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    addressed_to = fields.Many(fields.Text(), required=True)
    issued_on = fields.Day(required=True)
    due_on = fields.Day(required=True)  # when it should have been mended
    overdue_days = fields.Whole(required=True)
    next_on = fields.Day(required=True, allow_none=True)  # the day of the next one, unless it is mended by then
    lines = fields.Many(fields.Text(at_most=1500), required=True)


class FindingInvalid(Invalid):
    """What was found contradicts itself or the unit; or its evidence or its date is missing."""


class FindingNotFound(NotFound):
    pass


class FindingFileNotFound(NotFound):
    pass


class FindingRecordedAlready(Conflict):
    """The unit was checked; what it was found to be goes on from there."""


class FindingNotOpen(Conflict):
    """``facts`` tell its state, in which this cannot be done."""


class FindingChanged(Stale):
    pass


class RecheckByAnother(Forbidden):
    """Who reported the mending does not re-check it."""


class SupervisionOrderNotFound(NotFound):
    pass
