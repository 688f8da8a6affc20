"""What targets (目标计数) is asked and answers. Progress of an indicator is read, never written, from outside."""

from contract import fields
from contract.errors import Forbidden, Invalid, NotFound
from contract.inspections import AnomalyEvent
from contract.message import Event, Message
from contract.words import Status


class ReadTarget(Message):
    """``as_of``: count what took effect up to that day; today (Asia/Shanghai) when it is not asked. ``known_at``: and
    was recorded up to that instant, so "as reported on 31 October" is
    ``as_of=2023-10-31&known_at=2023-10-31T15:59:59Z``."""

    target_id = fields.Text(required=True, at_most=10)
    region = fields.RegionCode()
    as_of = fields.Day()
    known_at = fields.Instant()
    by = fields.Text(at_most=10)


class ReadEntries(Message):
    """Without ``as_of`` all that is recorded, in the order of its writing, also what takes effect later: whoever
    follows the entries page by page would otherwise never see that. The proof of a figure is asked with its day."""

    target_id = fields.Text(required=True, at_most=10)
    region = fields.RegionCode()
    as_of = fields.Day()
    known_at = fields.Instant()
    after = fields.Text(at_most=1000)  # ``next`` or ``resume`` of an earlier page
    limit = fields.Whole(at_least=1, at_most=1000, load_default=100)


class Source(Message):
    """The answer contains everything that ``service`` said up to ``seq``."""

    service = fields.Text(required=True)
    seq = fields.Whole(required=True)


class Child(Message):
    region = fields.RegionCode(required=True)
    name = fields.Text(required=True)
    value = fields.Number(required=True, allow_none=True)  # null: too small to be shown to the public, or beside one
    target = fields.Number(allow_none=True)  # null until the region above has allocated it
    adjusted_target = fields.Number(allow_none=True)
    percent = fields.Number(allow_none=True)  # of the adjusted target where there is one


class Month(Message):
    month = fields.Text(required=True, at_least=7, at_most=7)  # YYYY-MM
    value = fields.Number(required=True)
    cumulative = fields.Number(required=True)


class Target(Message):
    """Percentages have two decimals, halves rounded up, and are never capped at 100. What the plan gives no number is
    told by state and evidence: its target and value are null."""

    id = fields.Text(required=True)
    name = fields.Text(required=True)
    quote = fields.Text(required=True, at_most=500)
    unit = fields.Text(required=True, at_least=0)  # the plan gives none for some
    comparator = fields.Text(required=True, allow_none=True)  # null: the plan gives no number
    target = fields.Number(required=True, allow_none=True)  # null until the region above has allocated it
    adjusted_target = fields.Number(required=True, allow_none=True)
    value = fields.Number(required=True, allow_none=True)  # null: too small to be shown to the public
    percent = fields.Number(required=True, allow_none=True)  # of the adjusted target where there is one
    percent_of_original = fields.Number(allow_none=True)  # only where the target was adjusted
    pace = fields.Number(required=True)  # 序时进度: elapsed share of the time to the deadline, in percent
    deviation = fields.Number(required=True, allow_none=True)  # percent minus pace, in percentage points
    status = fields.Choice(Status, required=True, allow_none=True)
    colour = fields.Text(required=True, allow_none=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    as_of = fields.Day(required=True)
    known_at = fields.Instant(required=True)
    sources = fields.Many(fields.Nested(Source), required=True)
    lag_seconds = fields.Number(required=True, allow_none=True)  # null until the first watermark
    children = fields.Many(fields.Nested(Child))
    series = fields.Many(fields.Nested(Month))


class Entry(Message):
    """One signed step of a count, and the event that caused it. ``subject`` and ``fact_id`` are null to whoever may not
    see the certificates or awards themselves."""

    id = fields.Id(required=True)
    target_id = fields.Text(required=True)
    subject = fields.Text(required=True, allow_none=True)  # a person key: says who without saying it
    fact_id = fields.Id(required=True, allow_none=True)  # the certificate by which the subject is counted
    value = fields.Number(required=True)  # 1 or -1 for a person, base or activity; a report's entry is any step
    region = fields.RegionCode(required=True)
    effective_on = fields.Day(required=True)
    recorded_at = fields.Instant(required=True)
    cause = fields.Text(required=True)  # the event's type
    event_id = fields.Text(required=True)
    service = fields.Text(required=True)
    seq = fields.Whole(
        required=True
    )  # of the event in its service's log; 0 for a moment after a mend, which then gets it


class SampleDrawn(Event):
    """The sample that an inspection asked for: the first ``size`` of the frame when it is ordered by
    sha256(seed|subject|fact_id). Anybody who has the frame can draw it again. ``units``:
    ``{subject, fact, fact_id, region, amount, on}``, ``on`` being the day from which it counts."""

    service = "targets"

    inspection_id = fields.Id(required=True)
    target_id = fields.Text(required=True, at_most=10)
    region = fields.RegionCode(required=True)
    as_of = fields.Day(required=True)
    seed = fields.Text(required=True, at_most=64)
    frame_size = fields.Whole(required=True)
    frame_digest = fields.Text(required=True, at_most=64)
    units = fields.Many(fields.Facts(), required=True)


class AnomalyNoticed(AnomalyEvent, Event):
    service = "targets"


class SnapshotLocked(Event):
    """A closed round's figures, as they are kept for ever. ``sources``: what they contain, by service and seq."""

    service = "targets"

    snapshot_id = fields.Id(required=True)
    round_id = fields.Id(required=True)
    as_of = fields.Day(required=True)
    known_at = fields.Instant(required=True)
    digest = fields.Text(required=True, at_most=64)
    sources = fields.Many(fields.Nested(Source), required=True)


class FiguresMended(Event):
    """A replay of the logs up to ``replayed`` found these subjects counted otherwise than they say, and somebody
    accepted it. ``steps``: ``{indicator, subject, fact_id, region, effective_on, value}``, the entries that were
    written with it; ``value`` is decimal text. Of data of before 0.3 ``replayed`` is empty: it was not recorded."""

    service = "targets"

    replayed = fields.Many(fields.Nested(Source), required=True)
    steps = fields.Many(fields.Facts(), required=True)


class GoalDecided(Event):
    """A new version of a node of the target tree: all of it, and what it came from. ``afterwards``: it was decided
    before the log was told of such things, and is told of once, later than at ``decided_at``."""

    service = "targets"
    log_only = True

    target_id = fields.Text(required=True, at_most=10)
    region = fields.RegionCode(required=True)
    version = fields.Whole(required=True, at_least=1)
    action = fields.Text(required=True, at_most=20)
    original = fields.Number(required=True, allow_none=True)  # null of the plan's own root
    adjusted = fields.Number(required=True, allow_none=True)
    reserve = fields.Number(required=True, allow_none=True)
    document = fields.Text(required=True, allow_none=True)
    reason = fields.Text(required=True, allow_none=True, at_most=500)
    decided_at = fields.Instant(required=True)
    afterwards = fields.Yes()


class BulletinIssued(Event):
    """From here on the bulletin does not change. ``digest`` is over all that it says, the others over its files. Who
    drafted, reviewed and signed it; nobody of what was issued before 0.3."""

    service = "targets"
    log_only = True

    bulletin_id = fields.Id(required=True)
    snapshot_id = fields.Id(required=True)
    code = fields.Text(required=True)
    corrects = fields.Id(required=True, allow_none=True)
    digest = fields.Text(required=True, at_most=64)
    document_sha256 = fields.Text(required=True, at_most=64)
    workbook_sha256 = fields.Text(required=True, at_most=64)
    drafted_by = fields.Text()
    reviewed_by = fields.Text()
    issued_by = fields.Text()


class FrameLine(Message):
    """One line of a sample's frame, in the order of the draw: ``subject|fact_id|region|amount``."""

    number = fields.Whole(required=True)
    line = fields.Text(required=True)


class Redrawn(Message):
    """``proved``: the kept frame has the digest that was told, stands in the order of its seed, and its first ``size``
    lines are the sample that was told."""

    inspection_id = fields.Id(required=True)
    seed = fields.Text(required=True)
    size = fields.Whole(required=True)
    frame_size = fields.Whole(required=True)
    frame_digest = fields.Text(required=True, at_most=64)
    sample = fields.Many(fields.Text(), required=True)
    proved = fields.Yes(required=True)


FOR_INSPECTIONS = (SampleDrawn, AnomalyNoticed)
FOR_REPORTS = (SnapshotLocked,)
MENDS = (FiguresMended,)


class TargetNotFound(NotFound):
    pass


class EntriesNotFound(NotFound):
    """The entries behind a figure of which the caller has the public's view."""


class SampleNotFound(NotFound):
    """Not asked for, or not drawn yet."""

    transient = True
    retry_after = 5


class BreakdownUnknown(Invalid):
    """``by`` is neither region nor month."""


class DetailNotPublic(Forbidden):
    """Days and months below the province tell of single persons; they need a token."""
