"""What inspections is asked about hints (异常线索), and what it answers. A hint is something that looks odd: a case for
a person to look into, with an owner and an outcome. It changes no count by itself."""

from enum import StrEnum

from contract import fields
from contract.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from contract.inspections import AnomalyKind
from contract.message import Message


class HintState(StrEnum):
    OPEN = "待分派"
    ASSIGNED = "核查中"
    CONCLUDED = "已办结"


class HintOutcome(StrEnum):
    CONFIRMED = "属实"
    UNFOUNDED = "不属实"
    UNDECIDED = "待核"  # it goes on


class AssignHint(Message):
    """``owner``: the organisation or the account that looks into it."""

    command_id = fields.Text(at_most=100)
    hint_id = fields.Id(required=True)
    expected_version = fields.Whole(at_least=1)
    owner = fields.PlainText(required=True, at_most=100)


class ConcludeHint(Message):
    """``inspection_id``: the inspection that looked into it, or will."""

    command_id = fields.Text(at_most=100)
    hint_id = fields.Id(required=True)
    expected_version = fields.Whole(at_least=1)
    outcome = fields.Choice(HintOutcome, required=True)
    text = fields.PlainText(required=True, at_most=1000)
    inspection_id = fields.Id()


class HintStep(Message):
    version = fields.Whole(required=True)
    event = fields.Text(required=True)
    at = fields.Instant(required=True)
    by = fields.Account(required=True)
    organisation = fields.Text(required=True)
    text = fields.Text(required=True, allow_none=True, at_most=1000)


class Hint(Message):
    """``measures``: numbers and ids by which to judge it. ``noticed_by``: the service that noticed it."""

    hint_id = fields.Id(required=True)
    version = fields.Whole(required=True)
    anomaly_key = fields.Text(required=True, at_most=100)
    kind = fields.Choice(AnomalyKind, required=True)
    target_id = fields.Text(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    noticed_on = fields.Day(required=True)
    noticed_by = fields.Text(required=True)
    measures = fields.Facts(required=True)
    state = fields.Choice(HintState, required=True)
    owner = fields.Text(required=True, allow_none=True)
    outcome = fields.Choice(HintOutcome, required=True, allow_none=True)
    inspection_id = fields.Id(required=True, allow_none=True)
    history = fields.Many(fields.Nested(HintStep), required=True)


class LookForAnomalies(Message):
    """``as_of``: look at what took effect up to that day; today when absent."""

    command_id = fields.Text(at_most=100)
    as_of = fields.Day()


class AnomalyLook(Message):
    """``noticed``: how many hints are new by it; null until it is done. ``found``: how many it saw in all."""

    look_id = fields.Id(required=True)
    as_of = fields.Day(required=True)
    asked_at = fields.Instant(required=True)
    finished_at = fields.Instant(required=True, allow_none=True)
    found = fields.Whole(required=True, allow_none=True)
    noticed = fields.Whole(required=True, allow_none=True)


class HintsNotAllowed(Forbidden):
    """Hints are for inspectors and the dispatcher to see, and for inspectors to work on."""


class HintNotFound(NotFound):
    pass


class HintChanged(Stale):
    """If-Match named another version."""


class HintConcludedAlready(Conflict):
    pass


class HintNotAssigned(Conflict):
    """Somebody has to own it first."""


class HintNotYours(Forbidden):
    """It is concluded by its owner."""


class HintInvalid(Invalid):
    """``owner`` is neither an account nor an organisation that inspects in the hint's region."""


class InspectionUnknown(Invalid):
    """``inspection_id`` names no inspection of this indicator."""


class LookNotFound(NotFound):
    pass
