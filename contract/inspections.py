"""Inspections (督导检查): which samples are to be drawn, what they hold, and the hints that something looks odd.

What was found in a sample is in contract.findings, what is taken back for it in contract.withdrawals.
"""

from enum import StrEnum

from contract import fields
from contract.errors import Forbidden, Invalid, NotFound
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


SAMPLES = (InspectionPlanned,)


class AnomalyEvent(Message):
    """A hint, for a person to look at; it changes no count. ``anomaly_key`` is the same however often the same thing
    is noticed. ``measures`` are numbers and ids by which to judge it, never personal data."""

    anomaly_key = fields.Text(required=True, at_most=100)
    kind = fields.Choice(AnomalyKind, required=True)
    target_id = fields.Text(required=True, at_most=10)
    region = fields.RegionCode(required=True)
    noticed_on = fields.Day(required=True)
    measures = fields.Facts(required=True)


class InspectionState(StrEnum):
    PLANNED = "planned"  # its sample is not drawn yet
    DRAWN = "drawn"


class Outcome(StrEnum):
    IN_ORDER = "in_order"  # 属实
    NOT_FOUND = "not_found"  # 查无此人、此项
    NOT_AS_REPORTED = "not_as_reported"  # 与上报不符
    DATA_WRONG = "data_wrong"  # 数据有误


class PlanInspection(Message):
    """``as_of`` is today unless said; ``seed`` is generated unless said, and recorded either way. ``members``: who
    inspects; kept and shown to inspectors and dispatchers, never said."""

    command_id = fields.Text(at_most=100)
    title = fields.PlainText(required=True, at_most=100)
    target_id = fields.Text(required=True, at_most=10)
    region = fields.RegionCode(required=True)
    as_of = fields.Day()
    size = fields.Whole(required=True, at_least=1, at_most=1000)
    seed = fields.PlainText(at_most=64)
    members = fields.Many(fields.PlainText(at_most=50), required=True)


class InspectionStep(Message):
    version = fields.Whole(required=True)
    what = fields.Text(required=True)
    at = fields.Instant(required=True)
    by = fields.Account(required=True)
    reason = fields.Text(allow_none=True, at_most=1000)


class DrawnSample(Message):
    """``frame_digest``: sha256 over the whole ordered frame, a line ``subject|fact_id|region|amount`` each, joined by
    line feeds. Whoever has the frame (``GET /v1/inspections/{id}/frame``) and the seed can draw it again."""

    frame_size = fields.Whole(required=True)
    frame_digest = fields.Text(required=True, at_least=64, at_most=64)
    drawn = fields.Whole(required=True)
    drawn_at = fields.Instant(required=True)


class Inspection(Message):
    """``outcomes``: how many units of the sample were found how; ``unmended``: findings that are not passed yet."""

    inspection_id = fields.Id(required=True)
    version = fields.Whole(required=True)
    title = fields.Text(required=True)
    target_id = fields.Text(required=True)
    target_name = fields.Text(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    as_of = fields.Day(required=True)
    size = fields.Whole(required=True)
    seed = fields.Text(required=True)
    seed_given = fields.Yes(required=True)  # by the planner, not by chance
    members = fields.Many(fields.Text(), required=True)
    state = fields.Choice(InspectionState, required=True)
    sample = fields.Nested(DrawnSample, required=True, allow_none=True)
    outcomes = fields.Facts(required=True)
    unmended = fields.Whole(required=True)
    history = fields.Many(fields.Nested(InspectionStep), required=True)


class SampleUnit(Message):
    """``number``: its place in the sample, from 1. ``amount``: 1, or what a report line adds to the count. ``subject``
    and ``fact_id`` are null to whoever may not see the certificates or awards themselves."""

    inspection_id = fields.Id(required=True)
    number = fields.Whole(required=True)
    subject = fields.Text(required=True, allow_none=True)
    fact = fields.Choice(CountedFact, required=True)
    fact_id = fields.Id(required=True, allow_none=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    amount = fields.Number(required=True)
    effective_on = fields.Day(required=True)
    outcome = fields.Choice(Outcome, required=True, allow_none=True)
    finding_id = fields.Id(required=True, allow_none=True)


class InspectionInvalid(Invalid):
    """The indicator, region or day cannot be sampled."""

    transient = True  # a day that was in the future comes


class InspectionNotFound(NotFound):
    pass


class SampleUnitNotFound(NotFound):
    """The sample is not drawn yet, or has no unit of that number."""

    transient = True
    retry_after = 5


class InspectionsNotAllowed(Forbidden):
    """The role may see the inspection, the finding or the order, but may not do this to it."""
