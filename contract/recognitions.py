"""A city's own stars (市级认定): reported by the city's federation, counted once the province's has confirmed them.
Part of housekeeping."""

from enum import StrEnum

from contract import fields
from contract.errors import Conflict, NotFound, Stale
from contract.housekeeping import Confirmation, Evidence, EvidenceOnFile, SubjectKind
from contract.message import Message


class RecognitionState(StrEnum):
    REPORTED = "reported"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # by the city that reported it


class RecogniseByCity(Message):
    """A city's own star under its own brand, after the city's own public notice."""

    command_id = fields.Text(at_most=100)
    subject_kind = fields.Choice(SubjectKind, required=True)
    subject_key = fields.Text(required=True, at_most=32)
    brand = fields.PlainText(required=True, at_most=50)
    document = fields.PlainText(required=True, at_most=100)
    stars = fields.Whole(required=True, at_least=1, at_most=5)
    notice_opened_on = fields.Day(required=True)
    notice_ended_on = fields.Day(required=True)
    awarded_on = fields.Day(required=True)
    reason = fields.PlainText(required=True, at_most=500)
    evidence = fields.Many(fields.Nested(Evidence), required=True)


class DecideRecognition(Message):
    command_id = fields.Text(at_most=100)
    recognition_id = fields.Id(required=True)
    decision = fields.Choice(Confirmation, required=True)
    reason = fields.PlainText(required=True, at_most=500)
    evidence = fields.Many(fields.Nested(Evidence), load_default=list)
    expected_version = fields.Whole(at_least=1)


class WithdrawRecognition(Message):
    """By the city that reported it, before the province has decided."""

    command_id = fields.Text(at_most=100)
    recognition_id = fields.Id(required=True)
    reason = fields.PlainText(required=True, at_most=500)
    expected_version = fields.Whole(at_least=1)


class RecognitionStep(Message):
    version = fields.Whole(required=True)
    state = fields.Choice(RecognitionState, required=True)  # after it
    at = fields.Instant(required=True)
    by = fields.Text(required=True)
    organisation = fields.Text(required=True, allow_none=True)
    reason = fields.Text(required=True, at_most=500)
    evidence = fields.Many(fields.Nested(EvidenceOnFile), required=True)


class CityRecognition(Message):
    """``award_id``: the award that the confirmation made. ``counted_before``: recorded before confirmations were asked
    for, so its award counts while the province has not decided."""

    recognition_id = fields.Id(required=True)
    version = fields.Whole(required=True)
    state = fields.Choice(RecognitionState, required=True)
    subject_kind = fields.Choice(SubjectKind, required=True)
    subject_key = fields.Text(required=True)
    name = fields.Text(required=True)  # a 福嫂's with one character masked
    unit = fields.Text(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    brand = fields.Text(required=True)
    document = fields.Text(required=True, allow_none=True, at_most=100)
    stars = fields.Whole(required=True)
    notice_opened_on = fields.Day(required=True, allow_none=True)
    notice_ended_on = fields.Day(required=True, allow_none=True)
    awarded_on = fields.Day(required=True)
    award_id = fields.Id(required=True, allow_none=True)
    counted_before = fields.Yes(required=True)
    history = fields.Many(fields.Nested(RecognitionStep), required=True)


class RecognitionNotFound(NotFound):
    pass


class RecognitionChanged(Stale):
    """``facts`` tell version and state as they are now."""


class RecognitionSettled(Conflict):
    """Confirmed, refused or withdrawn already."""
