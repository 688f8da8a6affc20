"""Applications for stars: the case, its reviews, its public notice, objections to it. Part of housekeeping."""

from enum import StrEnum

from contract import fields
from contract.actor import ClientId
from contract.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from contract.housekeeping import Confirmation, Evidence, EvidenceOnFile, Matter, Settlement, SubjectKind
from contract.message import Message


class Channel(StrEnum):
    ORGANISATION = "organisation"  # 组织推荐
    INDUSTRY = "industry"  # 行业推荐
    SOCIETY = "society"  # 社会推荐


class ObjectionState(StrEnum):
    """Only an OPEN or UPHELD one stops the award; a RECEIVED or APPEALED one holds it until its day."""

    RECEIVED = "received"  # to be admitted or refused
    OPEN = "open"  # admitted, and being looked into
    REFUSED = "refused"  # as inadmissible; may be appealed for a while
    APPEALED = "appealed"
    REJECTED = "rejected"  # refused on appeal too
    DISMISSED = "dismissed"
    UPHELD = "upheld"


class OpenApplication(Message):
    """The procedure and rubric in force today stay the application's for good."""

    command_id = fields.Text(at_most=100)
    subject_kind = fields.Choice(SubjectKind, required=True)
    subject_key = fields.Text(required=True, at_most=32)
    channel = fields.Choice(Channel, required=True)
    recommender = fields.PlainText(at_most=100)
    evidence = fields.Many(fields.Nested(Evidence), load_default=list)


class AddEvidence(Message):
    command_id = fields.Text(at_most=100)
    application_id = fields.Id(required=True)
    evidence = fields.Many(fields.Nested(Evidence), required=True)
    expected_version = fields.Whole(at_least=1)


class MoveApplication(Message):
    """Take one of the transitions of the case's own procedure. ``ground``: of the procedure's, to refuse an
    objection."""

    command_id = fields.Text(at_most=100)
    application_id = fields.Id(required=True)
    transition = fields.Text(required=True, at_most=30)
    reason = fields.PlainText(required=True, at_most=500)
    evidence = fields.Many(fields.Nested(Evidence), load_default=list)
    objection_id = fields.Id()
    ground = fields.Text(at_most=30)
    expected_version = fields.Whole(at_least=1)


class AppealApplication(Message):
    command_id = fields.Text(at_most=100)
    application_id = fields.Id(required=True)
    reason = fields.PlainText(required=True, at_most=500)
    evidence = fields.Many(fields.Nested(Evidence), load_default=list)


class SettleApplication(Message):
    """After its subject moved or merged: keep it going where it is, or end it."""

    command_id = fields.Text(at_most=100)
    application_id = fields.Id(required=True)
    decision = fields.Choice(Settlement, required=True)
    reason = fields.PlainText(required=True, at_most=500)
    expected_version = fields.Whole(at_least=1)


class Mark(Message):
    item = fields.Text(required=True, at_most=30)
    points = fields.Number(required=True)
    note = fields.PlainText(at_most=500)


class SubmitReview(Message):
    """A reviewer's marks for every item of the rubric. ``revises`` names the version that this one replaces."""

    command_id = fields.Text(at_most=100)
    application_id = fields.Id(required=True)
    marks = fields.Many(fields.Nested(Mark), required=True)
    vetoes = fields.Many(fields.Text(at_most=30), load_default=list)
    note = fields.PlainText(required=True, at_most=1000)
    revises = fields.Whole(at_least=1)
    expected_version = fields.Whole(at_least=1)


class DeclareInterest(Message):
    """A reviewer stands aside for a subject, now and later."""

    command_id = fields.Text(at_most=100)
    subject_kind = fields.Choice(SubjectKind, required=True)
    subject_key = fields.Text(required=True, at_most=32)
    reason = fields.PlainText(required=True, at_most=500)


class RegisterReviewer(Message):
    """``client_id`` is who they sign in as; ``office`` the county-level unit whose office they work for;
    ``base_id`` the base that they belong to."""

    command_id = fields.Text(at_most=100)
    client_id = ClientId(required=True)
    organisation = fields.Text(required=True, at_most=100)
    office = fields.RegionCode()
    base_id = fields.Id()
    active = fields.Yes(load_default=True)


class RaiseObjection(Message):
    """By anybody. Identified with name and phone, or anonymous with files that were handed in. Statement, name and
    phone are sealed. ``sender``: the network address, or the client with a token, as the gateway saw it; stored as a
    keyed hash."""

    command_id = fields.Text(at_most=100)
    application_id = fields.Id(required=True)
    statement = fields.PlainText(required=True, at_least=10, at_most=2000)
    name = fields.PersonName(at_least=2, at_most=50)
    phone = fields.ContactPhone(at_least=10, at_most=25)
    evidence = fields.Many(fields.Nested(Evidence), load_default=list)
    sender = fields.Text(at_most=120)


class ReadObjectionStatus(Message):
    """By whoever raised it: ``receipt`` is what they were given."""

    objection_id = fields.Id(required=True)
    receipt = fields.Receipt(required=True)


class AppealObjection(Message):
    """Against "not admissible", once, by whoever raised it. The reason is sealed like the statement."""

    command_id = fields.Text(at_most=100)
    objection_id = fields.Id(required=True)
    receipt = fields.Receipt(required=True)
    reason = fields.PlainText(required=True, at_least=10, at_most=1000)
    evidence = fields.Many(fields.Nested(Evidence), load_default=list)


class SetQuota(Message):
    command_id = fields.Text(at_most=100)
    unit = fields.RegionCode(required=True)
    subject_kind = fields.Choice(SubjectKind, required=True)
    year = fields.Whole(required=True, at_least=2020, at_most=2100)
    places = fields.Whole(required=True, at_most=10_000)
    reason = fields.PlainText(required=True, at_most=500)


class HolidayDay(Message):
    day = fields.Day(required=True)
    working = fields.Yes(required=True)


class RecordHolidayNotice(Message):
    """A holiday notice (节假日安排通知) that the calendar library does not know yet, or that changed it. Its days hold
    once a second person has confirmed it."""

    command_id = fields.Text(at_most=100)
    document = fields.PlainText(required=True, at_most=100)
    days = fields.Many(fields.Nested(HolidayDay), required=True)
    evidence = fields.Many(fields.Nested(Evidence), load_default=list)


class HolidayNoticeState(StrEnum):
    PROPOSED = "proposed"  # nothing holds yet
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class DecideHolidayNotice(Message):
    """By another person of the province than who recorded it."""

    command_id = fields.Text(at_most=100)
    notice_id = fields.Id(required=True)
    decision = fields.Choice(Confirmation, required=True)
    reason = fields.PlainText(required=True, at_most=500)


class Window(Message):
    opened_on = fields.Day(required=True)
    working_days = fields.Whole(required=True)
    ends_on = fields.Day(required=True)  # the last day that belongs to it
    calendar = fields.Text(required=True)  # which holiday calendar it was reckoned by


class Step(Message):
    version = fields.Whole(required=True)
    transition = fields.Text(required=True)
    name = fields.Text(required=True)
    state = fields.Text(required=True)  # after it
    at = fields.Instant(required=True)
    by = fields.Account(required=True)
    reason = fields.Text(required=True, allow_none=True, at_most=1000)
    evidence = fields.Many(fields.Nested(EvidenceOnFile), required=True)
    objection_id = fields.Id(required=True, allow_none=True)  # which objection it is about


class Review(Message):
    """One reviewer's sheet, one version of it."""

    seat = fields.Whole(required=True)
    version = fields.Whole(required=True)
    total = fields.Number(required=True)
    marks = fields.Many(fields.Nested(Mark), required=True)
    vetoes = fields.Many(fields.Text(), required=True)
    note = fields.Text(required=True, at_most=1000)
    at = fields.Instant(required=True)


class Seat(Message):
    """``reviewer`` is null to those who may not know who reviews."""

    seat = fields.Whole(required=True)
    reviewer = fields.Text(required=True, allow_none=True)
    state = fields.Text(required=True)
    window = fields.Nested(Window, required=True)
    reason = fields.Text(required=True, allow_none=True, at_most=1000)


class Outcome(Message):
    """What rubric and scores come to, step by step. ``stars`` 0 is none."""

    settled = fields.Yes(required=True)
    score = fields.Number(required=True, allow_none=True)
    stars = fields.Whole(required=True, allow_none=True)
    vetoed = fields.Many(fields.Text(), required=True)
    gap = fields.Number(required=True, allow_none=True)
    third_called = fields.Yes(required=True)
    working = fields.Many(fields.Text(at_most=500), required=True)
    working_en = fields.Many(fields.Text(at_most=500), required=True)


class Notice(Message):
    number = fields.Whole(required=True)
    window = fields.Nested(Window, required=True)
    stars = fields.Whole(required=True)
    score = fields.Number(required=True)
    expired = fields.Yes(required=True)


class Objection(Message):
    """Who objects and what they say is for those who inquire, and only by their own query."""

    objection_id = fields.Id(required=True)
    notice = fields.Whole(required=True)
    anonymous = fields.Yes(required=True)
    received_at = fields.Instant(required=True)
    state = fields.Choice(ObjectionState, required=True)
    until = fields.Day(required=True, allow_none=True)  # when received or appealed: to decide; refused: to appeal
    ground = fields.Text(required=True, allow_none=True)
    answer = fields.Text(required=True, allow_none=True, at_most=500)  # why it was admitted or refused
    finding = fields.Text(required=True, allow_none=True, at_most=500)


class OpenedObjection(Message):
    objection_id = fields.Id(required=True)
    statement = fields.Text(required=True, at_most=2000)
    name = fields.Text(required=True, allow_none=True)
    phone = fields.Text(required=True, allow_none=True)
    evidence = fields.Many(fields.Nested(EvidenceOnFile), required=True)
    appeal = fields.Text(required=True, allow_none=True, at_most=1000)


class ReadObjection(Message):
    command_id = fields.Text(at_most=100)
    application_id = fields.Id(required=True)
    objection_id = fields.Id(required=True)
    reason = fields.PlainText(required=True, at_least=5, at_most=500)


class ReceivedObjection(Message):
    """``receipt`` is given out only here: with it the objection can be followed, and a refusal appealed."""

    objection_id = fields.Id(required=True)
    application_id = fields.Id(required=True)
    received_at = fields.Instant(required=True)
    until = fields.Day(required=True)
    receipt = fields.Receipt(required=True)


class ObjectionStatus(Message):
    """What whoever raised it may know. ``closed``: the application has ended."""

    objection_id = fields.Id(required=True)
    application_id = fields.Id(required=True)
    received_at = fields.Instant(required=True)
    state = fields.Choice(ObjectionState, required=True)
    until = fields.Day(required=True, allow_none=True)
    ground = fields.Text(required=True, allow_none=True)
    ground_name = fields.Text(required=True, allow_none=True)
    answer = fields.Text(required=True, allow_none=True, at_most=500)
    finding = fields.Text(required=True, allow_none=True, at_most=500)
    closed = fields.Yes(required=True)


class SideBySide(Message):
    """The appealed case beside its appeal."""

    application_id = fields.Id(required=True)
    state = fields.Text(required=True)
    outcome = fields.Nested(Outcome, required=True, allow_none=True)


class Application(Message):
    application_id = fields.Id(required=True)
    version = fields.Whole(required=True)
    procedure = fields.Text(required=True)
    rubric = fields.Text(required=True)
    subject_kind = fields.Choice(SubjectKind, required=True)
    subject_key = fields.Text(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    organisation = fields.Text(required=True)
    channel = fields.Choice(Channel, required=True)
    recommender = fields.Text(required=True, allow_none=True)
    state = fields.Text(required=True)
    state_name = fields.Text(required=True)
    transitions = fields.Many(fields.Text(), required=True)  # what the caller's office could do next
    evidence = fields.Many(fields.Nested(EvidenceOnFile), required=True)
    cure = fields.Nested(Window, required=True, allow_none=True)
    seats = fields.Many(fields.Nested(Seat), required=True)
    reviews = fields.Many(fields.Nested(Review), required=True)
    outcome = fields.Nested(Outcome, required=True, allow_none=True)
    notices = fields.Many(fields.Nested(Notice), required=True)
    objections = fields.Many(fields.Nested(Objection), required=True)
    matters = fields.Many(fields.Nested(Matter), required=True)
    award_id = fields.Id(required=True, allow_none=True)
    appeal_of = fields.Id(required=True, allow_none=True)
    beside = fields.Many(fields.Nested(SideBySide), required=True)
    history = fields.Many(fields.Nested(Step), required=True)


class PublicNotice(Message):
    """What anybody may see, and object to: masked."""

    application_id = fields.Id(required=True)
    subject_kind = fields.Choice(SubjectKind, required=True)
    name = fields.Text(required=True)
    unit = fields.Text(required=True)
    region_name = fields.Text(required=True)
    stars = fields.Whole(required=True)
    opened_on = fields.Day(required=True)
    ends_on = fields.Day(required=True)
    working_days = fields.Whole(required=True)
    under_inquiry = fields.Yes(required=True)
    objections_received = fields.Whole(required=True)


class Reviewer(Message):
    client_id = fields.Text(required=True)
    organisation = fields.Text(required=True)
    office = fields.RegionCode(required=True, allow_none=True)
    base_id = fields.Id(required=True, allow_none=True)
    active = fields.Yes(required=True)
    interests = fields.Whole(required=True)


class Quota(Message):
    """``places`` null: no limit is set."""

    unit = fields.RegionCode(required=True)
    unit_name = fields.Text(required=True)
    subject_kind = fields.Choice(SubjectKind, required=True)
    year = fields.Whole(required=True)
    places = fields.Whole(required=True, allow_none=True)
    recommended = fields.Whole(required=True)


class HolidayNotice(Message):
    notice_id = fields.Id(required=True)
    document = fields.Text(required=True)
    days = fields.Many(fields.Nested(HolidayDay), required=True)
    evidence = fields.Many(fields.Nested(EvidenceOnFile), required=True)
    state = fields.Choice(HolidayNoticeState, required=True)
    at = fields.Instant(required=True)
    by = fields.Account(required=True)
    decided_at = fields.Instant(required=True, allow_none=True)
    reason = fields.Text(required=True, allow_none=True, at_most=1000)
    calendar = fields.Text(required=True)
    recomputed = fields.Whole(required=True)  # running windows that end on another day now


class CaseNotFound(NotFound):
    pass


class CaseChanged(Stale):
    """``facts``: version and state as they are now."""


class CaseOpenAlready(Conflict):
    """The subject has a case that is not finished."""

    transient = True  # windows end, and cases with them


class TransitionNotAllowed(Conflict):
    """The case's procedure has no such step from where the case is."""

    transient = True  # windows end, and cases move on


class NotYourOffice(Forbidden):
    """The step belongs to another office, or to another person than those who took an earlier one."""


class EvidenceMissing(Invalid):
    pass


class EvidenceNotFound(NotFound):
    pass


class NotEligible(Invalid):
    """The subject does not meet a condition of applying."""

    transient = True  # a certificate may be on its way


class RecommenderMissing(Invalid):
    pass


class QuotaReached(Conflict):
    transient = True  # a lapsed case gives its place back


class RegionNotYours(Forbidden):
    pass


class CureExpired(Conflict):
    pass


class NotReviewing(Forbidden):
    """Not assigned to this case."""


class NoEligibleReviewer(Conflict):
    """``facts`` count who was barred, and why."""

    transient = True  # reviewers become free


class AlreadyScored(Conflict):
    pass


class ReviewTooLate(Conflict):
    """The window for this review is over, or all scores are in."""


class MarksInvalid(Invalid):
    pass


class OutcomeNotSettled(Conflict):
    transient = True  # marks come in, and windows end


class OutcomeBelowThreshold(Conflict):
    pass


class NoticeNotOver(Conflict):
    transient = True
    retry_after = 3600


class NoticeDisputed(Conflict):
    pass


class NoticeClosed(Conflict):
    """No objection can be made any more, or yet."""

    transient = True  # the notice may not have begun


class ObjectionsFull(Conflict):
    """The notice has as many objections as can be looked into."""

    transient = True  # those that wait are decided on, or admitted when their time is over


class ObjectionsTooMany(Conflict):
    """From this person or this sender, to this notice or today."""

    status = 429
    title = "异议过多"
    transient = True  # another day comes


class ObjectionInvalid(Invalid):
    """Neither identified nor evidenced."""


class GroundUnknown(Invalid):
    """An objection is refused only on one of the procedure's grounds."""


class ObjectionNotFound(NotFound):
    pass


class MatterOpen(Conflict):
    """The subject moved or merged, and nobody has settled what that means for this."""


class AppealNotAllowed(Conflict):
    pass


class StandingHigher(Conflict):
    """The subject holds more stars than the outcome gives."""

    transient = True  # an award lapses


class HolidayNoticeInvalid(Invalid):
    """It lists days that no real notice lists: twice, out of the plan's years, or too many days off."""


class HolidayNoticeNotFound(NotFound):
    pass


class HolidayNoticeSettled(Conflict):
    """It was confirmed or refused."""
