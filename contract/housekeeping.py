"""What housekeeping (家政: 巾帼家政基地, 河北福嫂) says of registry and awards; applications: contract.applications.

domain.md §5 has what is documented about star ratings; what is a default there is data of the service, not a contract.
"""

from enum import StrEnum

from contract import fields
from contract.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from contract.message import Event, Message
from contract.withdrawals import WithdrawalAnswer
from contract.words import DocumentType


class SubjectKind(StrEnum):
    BASE = "base"  # 巾帼家政基地
    FUSAO = "fusao"  # 河北福嫂


class AwardStatus(StrEnum):
    VALID = "valid"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    LAPSED = "lapsed"


class RecognisedBy(StrEnum):
    PROVINCE = "province"
    CITY = "city"  # a city's own brand, reported to the province


class Verdict(StrEnum):
    """CANNOT_TELL is not "not valid": a mistyped number, or a register that cannot be asked."""

    VALID = "valid"
    NOT_VALID = "not_valid"
    CANNOT_TELL = "cannot_tell"


class SubjectStatus(StrEnum):
    ACTIVE = "active"
    MERGED = "merged"
    CLOSED = "closed"


class Settlement(StrEnum):
    """What becomes of a case or an award after its subject moved or merged: a person decides."""

    KEEP = "keep"
    END = "end"


class Evidence(Message):
    """A document that was handed in at ``/v1/evidence``, named by the id and the digest of its answer. ``kind`` is one
    that the rubric or the procedure names."""

    kind = fields.PlainText(required=True, at_most=50)
    title = fields.PlainText(required=True, at_most=200)
    sha256 = fields.Text(required=True, at_least=64, at_most=64)
    file_id = fields.Id(required=True)


class EvidenceOnFile(Evidence):
    """As a record names it: one of before 0.3 may name a digest alone."""

    file_id = fields.Id()


class LegalRepresentative(Message):
    """In full: only in commands and in what RevealSubject answers."""

    name = fields.Name(required=True, at_most=50)
    phone = fields.ContactPhone(at_most=25)


class RegisterBase(Message):
    """``organisation``: who may apply for it; the caller's own when an applicant registers it."""

    command_id = fields.Text(at_most=100)
    credit_code = fields.Identifier(required=True, at_least=18, at_most=18)
    name = fields.Name(required=True, at_most=100)
    region = fields.Text(required=True, at_most=50)
    organisation = fields.Text(at_most=100)
    legal_representative = fields.Nested(LegalRepresentative, required=True)
    led_by_a_woman = fields.Yes(required=True)
    registered_on = fields.Day(required=True)
    staff = fields.Whole(required=True, at_most=1_000_000)
    women = fields.Whole(required=True, at_most=1_000_000)
    employed = fields.Whole(required=True, at_most=1_000_000)  # 员工制
    certified = fields.Whole(required=True, at_most=1_000_000)


class CorrectBase(Message):
    command_id = fields.Text(at_most=100)
    base_id = fields.Id(required=True)
    reason = fields.PlainText(required=True, at_most=500)
    expected_version = fields.Whole(at_least=1)
    name = fields.Name(at_most=100)
    legal_representative = fields.Nested(LegalRepresentative)
    led_by_a_woman = fields.Yes()
    registered_on = fields.Day()
    staff = fields.Whole(at_most=1_000_000)
    women = fields.Whole(at_most=1_000_000)
    employed = fields.Whole(at_most=1_000_000)
    certified = fields.Whole(at_most=1_000_000)


class MoveBase(Message):
    """Another region, or (``merged_into``) another base that took it over: proposed, and done when a second person
    confirms it. What it holds stays where it is until somebody has settled it."""

    command_id = fields.Text(at_most=100)
    base_id = fields.Id(required=True)
    region = fields.Text(at_most=50)
    merged_into = fields.Id()
    reason = fields.PlainText(required=True, at_most=500)
    evidence = fields.Many(fields.Nested(Evidence), load_default=list)
    expected_version = fields.Whole(at_least=1)


class RegisterFusao(Message):
    """The region of the employer, a registered base, is hers."""

    command_id = fields.Text(at_most=100)
    name = fields.Name(required=True, at_most=50)
    document_type = fields.Choice(DocumentType, load_default=DocumentType.RESIDENT_ID.value)
    document_number = fields.Text(required=True, at_most=30)
    phone = fields.ContactPhone(at_most=25)
    employer = fields.Id(required=True)
    organisation = fields.Text(at_most=100)
    skills = fields.Many(fields.PlainText(at_most=50), required=True)


class MoveFusao(Message):
    """Another employer."""

    command_id = fields.Text(at_most=100)
    person_key = fields.PersonKey(required=True)
    employer = fields.Id(required=True)
    reason = fields.PlainText(required=True, at_most=500)
    evidence = fields.Many(fields.Nested(Evidence), load_default=list)
    expected_version = fields.Whole(at_least=1)


class RevealSubject(Message):
    """Needs the scope ``people:reveal`` and a reason, and is recorded."""

    command_id = fields.Text(at_most=100)
    subject_kind = fields.Choice(SubjectKind, required=True)
    subject_key = fields.Text(required=True, at_most=32)
    reason = fields.PlainText(required=True, at_least=5, at_most=500)


class RevealedSubject(Message):
    name = fields.Text(required=True)
    phone = fields.Text(required=True, allow_none=True)
    document_type = fields.Text(allow_none=True)
    document_number = fields.Text(allow_none=True)


class RegistryChange(Message):
    version = fields.Whole(required=True)
    what = fields.Text(required=True)
    at = fields.Instant(required=True)
    by = fields.Account(required=True)
    reason = fields.Text(allow_none=True, at_most=500)
    before = fields.Facts()  # what was changed, as it was; no personal data
    evidence = fields.Many(fields.Nested(EvidenceOnFile))


class ProposedMove(Message):
    """``region``: where it would lie; of a merger, where the base lies that takes it over."""

    region = fields.RegionCode(required=True)
    merged_into = fields.Id(required=True, allow_none=True)
    at = fields.Instant(required=True)
    by = fields.Account(required=True)
    reason = fields.Text(required=True, at_most=500)
    evidence = fields.Many(fields.Nested(EvidenceOnFile), required=True)


class Base(Message):
    base_id = fields.Id(required=True)
    version = fields.Whole(required=True)
    credit_code = fields.Text(required=True)
    name = fields.Text(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    organisation = fields.Text(required=True)
    legal_representative = fields.Text(required=True)  # one character masked
    led_by_a_woman = fields.Yes(required=True)
    registered_on = fields.Day(required=True)
    staff = fields.Whole(required=True)
    women = fields.Whole(required=True)
    employed = fields.Whole(required=True)
    certified = fields.Whole(required=True)
    status = fields.Choice(SubjectStatus, required=True)
    merged_into = fields.Id(required=True, allow_none=True)
    proposed = fields.Nested(ProposedMove, required=True, allow_none=True)
    history = fields.Many(fields.Nested(RegistryChange), required=True)


class HeldCertificate(Message):
    """As heard from certification."""

    certificate_id = fields.Id(required=True)
    occupation = fields.Text(required=True)
    level = fields.Text(required=True)
    issued_on = fields.Day(required=True)
    status = fields.Text(required=True)


class Fusao(Message):
    person_key = fields.PersonKey(required=True)
    version = fields.Whole(required=True)
    name = fields.Text(required=True)  # one character masked
    document_number = fields.Text(required=True)  # the fixed mask
    employer = fields.Id(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    organisation = fields.Text(required=True)
    skills = fields.Many(fields.Text(), required=True)
    certificates = fields.Many(fields.Nested(HeldCertificate), required=True)
    status = fields.Choice(SubjectStatus, required=True)
    history = fields.Many(fields.Nested(RegistryChange), required=True)


class Confirmation(StrEnum):
    """What a second person makes of what one has proposed or reported."""

    CONFIRM = "confirm"
    REFUSE = "refuse"


class Awaits(StrEnum):
    DECISION = "decision"  # a change of it is proposed


class DecideBaseMove(Message):
    """By another person than who proposed it: of the city that the base would come to, or of the province."""

    command_id = fields.Text(at_most=100)
    base_id = fields.Id(required=True)
    decision = fields.Choice(Confirmation, required=True)
    reason = fields.PlainText(required=True, at_most=500)
    expected_version = fields.Whole(at_least=1)


class ChangeAward(Message):
    """``change``: lower (with ``stars``), suspend, resume, revoke, each of which is proposed and takes effect when a
    second person confirms it; or keep, which concludes a yearly check."""

    command_id = fields.Text(at_most=100)
    award_id = fields.Id(required=True)
    change = fields.Text(required=True, at_most=20)
    stars = fields.Whole(at_least=1, at_most=5)
    reason = fields.PlainText(required=True, at_most=500)
    evidence = fields.Many(fields.Nested(Evidence), load_default=list)
    expected_version = fields.Whole(at_least=1)


class DecideAwardChange(Message):
    command_id = fields.Text(at_most=100)
    award_id = fields.Id(required=True)
    decision = fields.Choice(Confirmation, required=True)
    reason = fields.PlainText(required=True, at_most=500)
    expected_version = fields.Whole(at_least=1)


class SettleAward(Message):
    """After its subject moved or merged. To end it is to revoke it, which a second person confirms."""

    command_id = fields.Text(at_most=100)
    award_id = fields.Id(required=True)
    decision = fields.Choice(Settlement, required=True)
    reason = fields.PlainText(required=True, at_most=500)
    evidence = fields.Many(fields.Nested(Evidence), load_default=list)
    expected_version = fields.Whole(at_least=1)


class AwardChange(Message):
    version = fields.Whole(required=True)
    what = fields.Text(required=True)
    effective_on = fields.Day(required=True)
    at = fields.Instant(required=True)
    by = fields.Account(required=True)
    reason = fields.Text(allow_none=True, at_most=500)
    stars = fields.Whole(required=True)
    status = fields.Text(required=True)
    evidence = fields.Many(fields.Nested(EvidenceOnFile), required=True)


class Check(Message):
    """年审"""

    opened_on = fields.Day(required=True)
    due_on = fields.Day(required=True)
    concluded_on = fields.Day(required=True, allow_none=True)
    outcome = fields.Text(required=True, allow_none=True)
    overdue = fields.Yes(required=True)


class Matter(Message):
    """Something that a person has to settle before anything goes on: the subject moved, or merged."""

    kind = fields.Text(required=True)
    detail = fields.Facts(required=True)
    opened_at = fields.Instant(required=True)
    settled_at = fields.Instant(required=True, allow_none=True)
    decision = fields.Text(required=True, allow_none=True)
    reason = fields.Text(required=True, allow_none=True, at_most=500)


class ProposedChange(Message):
    """``change`` as in ChangeAward, or end: as in SettleAward."""

    change = fields.Text(required=True)
    stars = fields.Whole(required=True, allow_none=True)
    at = fields.Instant(required=True)
    by = fields.Text(required=True)
    reason = fields.Text(required=True, at_most=500)
    evidence = fields.Many(fields.Nested(EvidenceOnFile), required=True)


class Award(Message):
    award_id = fields.Id(required=True)
    version = fields.Whole(required=True)
    award_number = fields.Text(required=True)
    subject_kind = fields.Choice(SubjectKind, required=True)
    subject_key = fields.Text(required=True)
    name = fields.Text(required=True)  # a 福嫂's with one character masked
    unit = fields.Text(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    stars = fields.Whole(required=True)
    awarded_on = fields.Day(required=True)
    valid_until = fields.Day(required=True)
    status = fields.Choice(AwardStatus, required=True)
    recognised_by = fields.Choice(RecognisedBy, required=True)
    plaque = fields.Text(required=True, at_most=500)
    qr = fields.Text(required=True)  # what follows the verification address in the QR code
    application_id = fields.Id(required=True, allow_none=True)
    checks = fields.Many(fields.Nested(Check), required=True)
    proposed = fields.Nested(ProposedChange, required=True, allow_none=True)
    matters = fields.Many(fields.Nested(Matter), required=True)
    history = fields.Many(fields.Nested(AwardChange), required=True)


class PublicAward(Message):
    """Name with one character masked, unit, stars, and a masked number: no digit of an ID."""

    name = fields.Text(required=True)
    unit = fields.Text(required=True)
    subject_kind = fields.Choice(SubjectKind, required=True)
    stars = fields.Whole(required=True)
    award_number = fields.Text(required=True)
    region_name = fields.Text(required=True)
    awarded_on = fields.Day(required=True)
    valid_until = fields.Day(required=True)
    recognised_by = fields.Choice(RecognisedBy, required=True)


class VerifiedAward(Message):
    """``because`` is a stable code, ``reason`` and ``reason_en`` say it to people. ``award`` only when it is valid."""

    verdict = fields.Choice(Verdict, required=True)
    because = fields.Text(required=True)
    reason = fields.Text(at_most=500, required=True)
    reason_en = fields.Text(required=True)
    award = fields.Nested(PublicAward, required=True, allow_none=True)
    checked_at = fields.Instant(required=True)


class AwardEvent(Message):
    """Every event carries the award's whole countable state after the change; ``version`` orders them within an award.

    ``subject_key`` is the base's id, or the 福嫂's person key: awards of one subject are told apart by ``award_id``
    and counted once. ``region`` is that of the award's day and does not move with the subject. ``effective_on`` is the
    day from which the new standing holds. ``awarded_on`` never changes.
    """

    award_id = fields.Id(required=True)
    version = fields.Whole(required=True, at_least=1)
    subject_kind = fields.Choice(SubjectKind, required=True)
    subject_key = fields.Text(required=True, at_most=32)
    region = fields.RegionCode(required=True)
    stars = fields.Whole(required=True, at_least=1, at_most=5)
    awarded_on = fields.Day(required=True)
    effective_on = fields.Day(required=True)
    valid_until = fields.Day(required=True)
    status = fields.Choice(AwardStatus, required=True)
    recognised_by = fields.Choice(RecognisedBy, required=True)


class AwardGranted(AwardEvent, Event):
    service = "housekeeping"


class AwardRaised(AwardEvent, Event):
    service = "housekeeping"


class AwardRenewed(AwardEvent, Event):
    """The same stars for another term."""

    service = "housekeeping"


class AwardLowered(AwardEvent, Event):
    service = "housekeeping"


class AwardSuspended(AwardEvent, Event):
    service = "housekeeping"


class AwardResumed(AwardEvent, Event):
    service = "housekeeping"


class AwardRevoked(AwardEvent, Event):
    service = "housekeeping"


class AwardLapsed(AwardEvent, Event):
    service = "housekeeping"


class AwardReinstated(AwardEvent, Event):
    """What an inspection had withdrawn is given back, as it stood before, from this day on."""

    service = "housekeeping"


class WithdrawalAnswered(WithdrawalAnswer, Event):
    service = "housekeeping"


ANSWERS = (WithdrawalAnswered,)
EVENTS = (
    AwardGranted,
    AwardRaised,
    AwardRenewed,
    AwardLowered,
    AwardSuspended,
    AwardResumed,
    AwardRevoked,
    AwardLapsed,
    AwardReinstated,
)


class SubjectInvalid(Invalid):
    """A base or 福嫂 whose particulars contradict themselves."""

    transient = True  # a day that was in the future comes


class SubjectNotFound(NotFound):
    pass


class SubjectAlreadyRegistered(Conflict):
    """This 统一社会信用代码, or this person, is registered."""


class SubjectChanged(Stale):
    pass


class SubjectNotActive(Conflict):
    """Merged into another, or closed."""


class BaseMoveNotAllowed(Conflict):
    """A move of the base is proposed already, or none is."""


class AwardNotFound(NotFound):
    pass


class AwardChangedMeanwhile(Stale):
    """``facts`` tell version, status and stars as they are now."""


class AwardChangeNotAllowed(Conflict):
    """The award's present standing has no such change."""

    transient = True  # awards lapse, and checks fall due


class MatterNotOpen(Conflict):
    pass


class CityNoticeTooShort(Invalid):
    """The city's own public notice was shorter than the rule, or had not ended on the day of the award."""

    transient = True  # a day that was in the future comes


class StarsNotAllowed(Forbidden):
    """The role, office or person may not do this here."""
