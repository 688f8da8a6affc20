"""What targets is asked about snapshots and bulletins (通报), and answers.

A bulletin is drafted from a snapshot and from nothing else (起草), reviewed by a second person (核稿) and signed by a
third (签发). Only then it is numbered within the plan's year, and never changes; what has moved since is for another
bulletin to say, which corrects it and goes the same way.
"""

from enum import StrEnum

from contract import fields
from contract.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from contract.message import Message
from contract.targets import Source


class BulletinState(StrEnum):
    """``queued``, ``running``: the draft is being composed; ``issuing``: signed, and its documents are being made."""

    QUEUED = "queued"
    RUNNING = "running"
    DRAFT = "draft"
    RETURNED = "returned"
    REVIEWED = "reviewed"
    ISSUING = "issuing"
    DONE = "done"
    DISCARDED = "discarded"
    FAILED = "failed"


class BulletinAction(StrEnum):
    DRAFT = "draft"
    REVISE = "revise"
    RETURN = "return"
    PASS = "pass"
    ISSUE = "issue"
    DISCARD = "discard"


class ReviewDecision(StrEnum):
    PASS = "pass"
    RETURN = "return"


class RankingOptions(Message):
    """``leaders``, ``laggards``: how many units are named at most. ``ceiling``: the most percent of the pace that one
    indicator counts for; without it nothing is capped."""

    leaders = fields.Whole(at_least=0, at_most=14, load_default=3)
    laggards = fields.Whole(at_least=0, at_most=14, load_default=3)
    ceiling = fields.Whole(at_least=100, at_most=1000)


class DraftBulletin(Message):
    """Of one of ``round_id`` and ``snapshot_id``; or ``corrects``, a bulletin, with the ``reason``. Of a round there is
    one bulletin, and one correction of it under way."""

    command_id = fields.Text(at_most=100)
    round_id = fields.Id()
    snapshot_id = fields.Id()
    corrects = fields.Id()
    reason = fields.PlainText(at_least=4, at_most=500)
    title = fields.PlainText(at_least=4, at_most=100)
    options = fields.Nested(RankingOptions)


class ReviseBulletin(Message):
    """By its drafter: what is absent stays. ``reason``: of a correction."""

    command_id = fields.Text(at_most=100)
    bulletin_id = fields.Id(required=True)
    title = fields.PlainText(at_least=4, at_most=100)
    options = fields.Nested(RankingOptions)
    reason = fields.PlainText(at_least=4, at_most=500)
    expected_version = fields.Whole(at_least=1)


class ReviewBulletin(Message):
    """By another than its drafter. ``remarks``: needed to return it."""

    command_id = fields.Text(at_most=100)
    bulletin_id = fields.Id(required=True)
    decision = fields.Choice(ReviewDecision, required=True)
    remarks = fields.PlainText(at_least=4, at_most=500)
    expected_version = fields.Whole(at_least=1)


class IssueBulletin(Message):
    """By another than its drafter and its reviewer."""

    command_id = fields.Text(at_most=100)
    bulletin_id = fields.Id(required=True)
    expected_version = fields.Whole(at_least=1)


class DiscardBulletin(Message):
    command_id = fields.Text(at_most=100)
    bulletin_id = fields.Id(required=True)
    reason = fields.PlainText(required=True, at_least=4, at_most=500)
    expected_version = fields.Whole(at_least=1)


class BulletinFile(Message):
    sha256 = fields.Text(required=True, at_least=64, at_most=64)
    size = fields.Whole(required=True)


class BulletinFiles(Message):
    document = fields.Nested(BulletinFile, required=True)
    workbook = fields.Nested(BulletinFile, required=True)


class BulletinSummary(Message):
    """``number`` and ``code`` (文号), ``issued_on`` and ``digest`` are null until it is done; until then ``files`` are
    drafts and marked so. ``percent``: how far the making of it is. Who drafted, reviewed and signed it is null to those
    who do not draft bulletins; they see only what was issued."""

    bulletin_id = fields.Id(required=True)
    version = fields.Whole(required=True, at_least=1)
    state = fields.Choice(BulletinState, required=True)
    percent = fields.Whole(required=True, at_most=100)
    failure = fields.Text(required=True, allow_none=True, at_most=500)
    year = fields.Whole(required=True)
    number = fields.Whole(required=True, allow_none=True)
    code = fields.Text(required=True, allow_none=True)
    title = fields.Text(required=True)
    snapshot_id = fields.Id(required=True)
    round_id = fields.Id(required=True)
    period = fields.Text(required=True)
    as_of = fields.Day(required=True)
    corrects = fields.Id(required=True, allow_none=True)
    reason = fields.Text(required=True, allow_none=True, at_most=500)
    asked_by = fields.Account(required=True)
    reviewed_by = fields.Account(required=True)
    issued_by = fields.Account(required=True)
    asked_at = fields.Instant(required=True)
    issued_on = fields.Day(required=True, allow_none=True)
    digest = fields.Text(required=True, allow_none=True, at_most=64)
    files = fields.Nested(BulletinFiles, required=True, allow_none=True)


class BulletinStep(Message):
    action = fields.Choice(BulletinAction, required=True)
    at = fields.Instant(required=True)
    by = fields.Account(required=True)
    reason = fields.Text(required=True, allow_none=True, at_most=500)


class Bulletin(BulletinSummary):
    """``content``: all that it says; null until it is composed. What is issued says what was reviewed, with the day and
    the logs' heads of its issue. ``steps``: the oldest first; none to those who do not draft bulletins, nor of what was
    issued before 0.3. ``digest`` is the sha256 of
    ``{"code": code, "content": content}`` as JSON with sorted keys and no blanks. Of a correction's entries ``content``
    holds the first 300, their number and ``entries_digest``: the sha256 over all of them, each as JSON of that kind and
    a line feed; ``entries`` answers with all."""

    content = fields.Facts(required=True, allow_none=True)
    steps = fields.Many(fields.Nested(BulletinStep), required=True)


class CorrectedEntry(Message):
    """An entry that came after the bulletin that a correction corrects."""

    entry_id = fields.Id(required=True)
    indicator = fields.Text(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    value = fields.Text(required=True)  # decimal text, as it stands in the digest
    effective_on = fields.Day(required=True)
    cause = fields.Text(required=True)
    fact_id = fields.Text(required=True)
    service = fields.Text(required=True)
    seq = fields.Whole(required=True)


class Snapshot(Message):
    """``verified``: the rows are as they were locked, and their figures what the entries that ``sources`` names add up
    to. ``rows``: one for each indicator and region."""

    snapshot_id = fields.Id(required=True)
    round_id = fields.Id(required=True)
    year = fields.Whole(required=True)
    number = fields.Whole(required=True)
    period = fields.Text(required=True)
    as_of = fields.Day(required=True)
    known_at = fields.Instant(required=True)
    locked_at = fields.Instant(required=True)
    sources = fields.Many(fields.Nested(Source), required=True)
    digest = fields.Text(required=True, at_most=64)
    rows = fields.Whole(required=True)
    verified = fields.Yes(required=True)


class BulletinInvalid(Invalid):
    """It is not said what to make it from, or said twice; a correction is to be corrected; or why a draft is returned
    is not said."""


class BulletinNotFound(NotFound):
    pass


class SnapshotNotFound(NotFound):
    pass


class SnapshotNotLocked(Conflict):
    """The round is open, or was closed a moment ago and what was said before is not counted yet."""

    transient = True
    retry_after = 5


class BulletinNotReady(Conflict):
    """It is still being made, or could not be made. ``facts["state"]``."""

    transient = True
    retry_after = 5


class NothingMoved(Conflict):
    """Nothing that the bulletin says has changed since: there is nothing to correct."""

    transient = True
    retry_after = 30


class BulletinAlreadyThere(Conflict):
    """Of the round there is a bulletin, issued or under way, or of that bulletin a correction under way.
    ``facts["bulletin_id"]``."""


class BulletinStepNotOpen(Conflict):
    """The step is not the next one. ``facts["state"]``."""


class BulletinChanged(Stale):
    """``facts["version"]`` is the version that it is at."""


class BulletinNeedsAnother(Forbidden):
    """Who drafted it does not review it, and neither of the two signs it."""


class BulletinsNotAllowed(Forbidden):
    """Bulletins are drafted, reviewed and signed by the province's dispatchers, and revised by their drafter."""
