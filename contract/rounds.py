"""What reports is asked about dispatch rounds (调度) and answers. Their events are in contract.reports.

A round asks for the figures of one month. Of a period there is one round, unless it is cancelled, and of rounds one is
open at a time.
"""

from contract import fields
from contract.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from contract.message import Message
from contract.reports import Period


class OpenRound(Message):
    """``opens_on``: today when absent. ``due_on``: the last day to report in time; when absent the fifth working day
    of the month after the period (*default*)."""

    command_id = fields.Text(at_most=100)
    period = Period(required=True)
    opens_on = fields.Day()
    due_on = fields.Day()


class RemindRound(Message):
    """Notes that those who have filed nothing yet were reminded (催报)."""

    command_id = fields.Text(at_most=100)
    round_id = fields.Id(required=True)
    expected_version = fields.Whole(at_least=1)


class AmendRound(Message):
    """Another last day to report, as long as the one before is not over; another opening, until the round has opened.
    Who is late is judged by the amended day."""

    command_id = fields.Text(at_most=100)
    round_id = fields.Id(required=True)
    opens_on = fields.Day()
    due_on = fields.Day()
    reason = fields.PlainText(required=True, at_least=4, at_most=500)
    expected_version = fields.Whole(at_least=1)


class CancelRound(Message):
    """Of an open round. What was filed stays filed, nobody is late, and its period may be opened anew."""

    command_id = fields.Text(at_most=100)
    round_id = fields.Id(required=True)
    reason = fields.PlainText(required=True, at_least=4, at_most=500)
    expected_version = fields.Whole(at_least=1)


class CloseRound(Message):
    """``reason``: needed up to ``due_on``; not after it."""

    command_id = fields.Text(at_most=100)
    round_id = fields.Id(required=True)
    reason = fields.PlainText(at_most=500)
    expected_version = fields.Whole(at_least=1)


class Tally(Message):
    """How many report lines of a round are expected, filed, filed late (of those filed), accepted, and missing."""

    expected = fields.Whole(required=True)
    filed = fields.Whole(required=True)
    late = fields.Whole(required=True)
    accepted = fields.Whole(required=True)
    missing = fields.Whole(required=True)


class UnitTally(Tally):
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)


class DepartmentTally(Tally):
    department = fields.Text(required=True)


class Outstanding(Message):
    """One indicator's regions that filed late, or not at all."""

    target_id = fields.Text(required=True, at_most=10)
    name = fields.Text(required=True)
    department = fields.Text(required=True)
    late = fields.Many(fields.RegionCode(), required=True)
    missing = fields.Many(fields.RegionCode(), required=True)


class Reminder(Message):
    """``missing``: how many lines had not been filed at that moment; which, its own address tells."""

    number = fields.Whole(required=True, at_least=1)
    at = fields.Instant(required=True)
    by = fields.Account(required=True)
    missing = fields.Whole(required=True)


class Amendment(Message):
    """What a round's days were before it, who changed them, when and why."""

    at = fields.Instant(required=True)
    by = fields.Account(required=True)
    reason = fields.Text(required=True, at_most=500)
    opens_on = fields.Day(required=True)
    due_on = fields.Day(required=True)


class RoundSnapshot(Message):
    snapshot_id = fields.Id(required=True)
    digest = fields.Text(required=True, at_most=64)


class RoundSummary(Message):
    """``snapshot``: null until one was locked, which follows the closing within seconds."""

    round_id = fields.Id(required=True)
    version = fields.Whole(required=True, at_least=1)
    year = fields.Whole(required=True)
    number = fields.Whole(required=True, at_least=1)
    period = Period(required=True)
    as_of = fields.Day(required=True)
    opens_on = fields.Day(required=True)
    due_on = fields.Day(required=True)
    opened_by = fields.Account(required=True)
    closed_at = fields.Instant(required=True, allow_none=True)
    closed_by = fields.Account(required=True)
    closed_early_because = fields.Text(required=True, allow_none=True, at_most=500)
    cancelled_at = fields.Instant(required=True, allow_none=True)
    cancelled_by = fields.Account(required=True)
    cancelled_because = fields.Text(required=True, allow_none=True, at_most=500)
    snapshot = fields.Nested(RoundSnapshot, required=True, allow_none=True)


class Round(RoundSummary):
    """Of an open round as it is now, of a closed one as it was when it was closed: within the reader's region and
    department, and what was asked for. Of a cancelled one nothing is expected. ``amendments``: the oldest first."""

    tally = fields.Nested(Tally, required=True)
    units = fields.Many(fields.Nested(UnitTally), required=True)
    departments = fields.Many(fields.Nested(DepartmentTally), required=True)
    outstanding = fields.Many(fields.Nested(Outstanding), required=True)
    reminders = fields.Many(fields.Nested(Reminder), required=True)
    amendments = fields.Many(fields.Nested(Amendment), required=True)


class Reminded(Message):
    """Who was reminded: those of ``outstanding`` who had filed nothing."""

    number = fields.Whole(required=True, at_least=1)
    at = fields.Instant(required=True)
    by = fields.Account(required=True)
    outstanding = fields.Many(fields.Nested(Outstanding), required=True)


class RoundNotFound(NotFound):
    pass


class RoundInvalid(Invalid):
    """The period lies outside the plan's year, the days contradict one another or lie too far away, or an amendment
    changes nothing."""


class RoundAlreadyOpen(Conflict):
    """``facts["round_id"]`` is the open one."""


class PeriodAlreadyClosed(Conflict):
    """The period's round is closed; what it should have said is for the next one, and for a correcting bulletin."""


class RoundAlreadyClosed(Conflict):
    pass


class RoundAlreadyCancelled(Conflict):
    pass


class RoundPastDue(Conflict):
    """Its last day is over: who was late stays so. ``facts["due_on"]``."""


class RoundNotDue(Conflict):
    """Before its last day is over a round is closed only with a reason."""

    transient = True
    retry_after = 3600


class NobodyToRemind(Conflict):
    """All that is expected has been filed."""


class RoundChanged(Stale):
    """``facts["version"]`` is the version that it is at."""


class RoundsNotAllowed(Forbidden):
    """Rounds are opened, amended, cancelled, reminded and closed by the province's dispatcher."""
