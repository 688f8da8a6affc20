"""What certification (养老护理员证书) is told, tells, answers and refuses. Field list: domain.md §4."""

from marshmallow import validate

from contract import fields
from contract.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from contract.inspections import AnomalyEvent
from contract.message import Event, Message
from contract.reports import NamedEvidence
from contract.sheets import SheetRead
from contract.withdrawals import WithdrawalAnswer
from contract.words import CertificateStatus, DocumentType, ImportState, RowOutcome, Verification


class _Evidence(fields.Many):
    """What a decision rests on. A centre says of what it recorded itself why; whoever else changes it brings files that
    were handed in."""

    def __init__(self) -> None:
        most = validate.Length(max=20, error="length|最多20个文件|must be at most 20 files")
        super().__init__(fields.Nested(NamedEvidence), load_default=list, validate=most)


class Holder(Message):
    """The person on a certificate, in full: only in commands, never in an event or an answer."""

    holder_name = fields.Text(required=True, at_most=50)
    document_type = fields.Choice(DocumentType, load_default=DocumentType.RESIDENT_ID.value)
    document_number = fields.Text(required=True, at_most=30)
    phone = fields.Text(at_most=20)


class IssueCertificate(Holder):
    command_id = fields.Text(at_most=100)
    certificate_number = fields.Text(required=True, at_most=30)
    occupation = fields.Text(required=True, at_most=50)
    work_type = fields.Text(load_default="--", at_most=50)
    level = fields.Text(required=True, at_most=20)
    issued_on = fields.Day(required=True)
    assessor = fields.Text(required=True, at_most=100)
    region = fields.Text(required=True, at_most=50)  # a code, or a name where it is unambiguous
    remarks = fields.Text(at_most=500)


class CorrectCertificate(Message):
    """Only the fields to change. ``reason`` is kept with the chain."""

    command_id = fields.Text(at_most=100)
    certificate_number = fields.Text(required=True, at_most=30)
    reason = fields.PlainText(required=True, at_most=500)
    evidence = _Evidence()
    expected_version = fields.Whole(at_least=1)
    new_certificate_number = fields.Text(at_most=30)
    holder_name = fields.Text(at_most=50)
    document_type = fields.Choice(DocumentType)
    document_number = fields.Text(at_most=30)
    phone = fields.Text(at_most=20)
    work_type = fields.Text(at_most=50)
    level = fields.Text(at_most=20)
    issued_on = fields.Day()
    assessor = fields.Text(at_most=100)
    region = fields.Text(at_most=50)


class RevokeCertificate(Message):
    command_id = fields.Text(at_most=100)
    certificate_number = fields.Text(required=True, at_most=30)
    reason = fields.PlainText(required=True, at_most=500)
    evidence = _Evidence()
    expected_version = fields.Whole(at_least=1)


class ReinstateCertificate(RevokeCertificate):
    """Un-revoke."""


class VerifyCertificate(Message):
    """Record what the national query answered. A passed check also settles a certificate that needs review."""

    command_id = fields.Text(at_most=100)
    certificate_number = fields.Text(required=True, at_most=30)
    outcome = fields.Choice(Verification, required=True)
    reason = fields.PlainText(at_most=500)
    expected_version = fields.Whole(at_least=1)


class RevealHolder(Message):
    """See personal data in full. Needs the scope ``people:reveal`` and a reason, and is itself recorded."""

    command_id = fields.Text(at_most=100)
    certificate_number = fields.Text(required=True, at_most=30)
    reason = fields.PlainText(required=True, at_least=5, at_most=500)


class StartImport(Message):
    """The file lies in the file store already; ``sha256`` is of its plain bytes."""

    command_id = fields.Text(at_most=100)
    file_id = fields.Id(required=True)
    filename = fields.Text(required=True, at_most=200)
    sha256 = fields.Text(required=True, at_least=64, at_most=64)
    size = fields.Whole(required=True)
    dry_run = fields.Yes(load_default=False)


class RecallImport(Message):
    command_id = fields.Text(at_most=100)
    import_id = fields.Id(required=True)
    reason = fields.PlainText(required=True, at_most=500)
    evidence = _Evidence()


class MaskedHolder(Message):
    """A person as shown inside: one character of the name masked, the number's fixed mask."""

    name = fields.Text(required=True)
    document_type = fields.Text(required=True)
    document_number = fields.Text(required=True)
    person_key = fields.PersonKey(required=True)


class RevealedHolder(Message):
    name = fields.Text(required=True)
    document_type = fields.Text(required=True)
    document_number = fields.Text(required=True)
    phone = fields.Text(allow_none=True)


class Change(Message):
    """One step of a certificate's life."""

    version = fields.Whole(required=True)
    event = fields.Text(required=True)
    at = fields.Instant(required=True)
    by = fields.Account(required=True)
    reason = fields.Text(at_most=500, allow_none=True)
    fields_changed = fields.Many(fields.Text())
    evidence = fields.Many(fields.Nested(NamedEvidence))


class Certificate(Message):
    certificate_id = fields.Id(required=True)
    version = fields.Whole(required=True)
    certificate_number = fields.Text(required=True)
    superseded_numbers = fields.Many(fields.Text())
    holder = fields.Nested(MaskedHolder, required=True)
    occupation = fields.Text(required=True)
    work_type = fields.Text(required=True)
    level = fields.Text(required=True)
    level_name = fields.Text(required=True)
    issued_on = fields.Day(required=True)
    assessor = fields.Text(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    status = fields.Choice(CertificateStatus, required=True)
    verification = fields.Choice(Verification, required=True)
    filed = fields.Yes(required=True)  # by the body that assessed; otherwise it needs review
    organisation = fields.Text(required=True)
    import_id = fields.Id(allow_none=True)
    recorded_at = fields.Instant(required=True)
    history = fields.Many(fields.Nested(Change), required=True)


class Row(Message):
    """What became of one row; ``row`` is the spreadsheet's own number (the header is 1), in the sheet of this name.
    ``field``, ``code`` and ``reason`` of a created one: what of it was left out."""

    sheet = fields.Text(allow_none=True, at_least=0, at_most=100)
    row = fields.Whole(required=True)
    outcome = fields.Choice(RowOutcome, required=True)
    certificate_id = fields.Id(allow_none=True)
    field = fields.Text(allow_none=True)
    code = fields.Text(allow_none=True)
    reason = fields.Text(allow_none=True, at_most=500)
    reason_en = fields.Text(allow_none=True, at_most=500)


class Import(Message):
    import_id = fields.Id(required=True)
    state = fields.Choice(ImportState, required=True)
    filename = fields.Text(required=True)
    sha256 = fields.Text(required=True)
    size = fields.Whole(required=True)
    dry_run = fields.Yes(required=True)
    organisation = fields.Text(required=True)
    rows_done = fields.Whole(required=True)
    rows_total = fields.Whole(allow_none=True)
    sheets = fields.Many(fields.Nested(SheetRead))  # of a workbook, once it was opened
    created = fields.Whole(required=True)
    duplicate = fields.Whole(required=True)
    conflict = fields.Whole(required=True)
    rejected = fields.Whole(required=True)
    recalled = fields.Whole(required=True)
    failure = fields.Text(allow_none=True, at_most=500)
    failure_en = fields.Text(allow_none=True, at_most=500)
    failure_code = fields.Text(allow_none=True)
    has_result = fields.Yes(required=True)
    submitted_at = fields.Instant(required=True)
    finished_at = fields.Instant(allow_none=True)


class CertificateEvent(Message):
    """Every event carries the certificate's whole countable state after the change, so that the newest one alone
    settles it, whatever order they arrive in. ``version`` orders them within a certificate."""

    certificate_id = fields.Id(required=True)
    version = fields.Whole(required=True, at_least=1)
    person_key = fields.PersonKey(required=True)
    occupation = fields.Text(required=True)
    level = fields.Text(required=True)  # an open code list: a reader must not refuse a code it does not know
    issued_on = fields.Day(required=True)
    region = fields.RegionCode(required=True)
    status = fields.Choice(CertificateStatus, required=True)
    verification = fields.Text(required=True)
    import_id = fields.Id()


class CertificateIssued(CertificateEvent, Event):
    service = "certification"


class CertificateCorrected(CertificateEvent, Event):
    """``previous_person_key`` is there when the certificate was found to be another person's."""

    service = "certification"
    previous_person_key = fields.PersonKey()
    fields_changed = fields.Many(fields.Text())


class CertificateRevoked(CertificateEvent, Event):
    service = "certification"


class CertificateReinstated(CertificateEvent, Event):
    service = "certification"


class CertificateVerified(CertificateEvent, Event):
    service = "certification"


class WithdrawalAnswered(WithdrawalAnswer, Event):
    service = "certification"


class AnomalyNoticed(AnomalyEvent, Event):
    service = "certification"


FOR_INSPECTIONS = (WithdrawalAnswered, AnomalyNoticed)
EVENTS = (CertificateIssued, CertificateCorrected, CertificateRevoked, CertificateReinstated, CertificateVerified)


class CertificateInvalid(Invalid):
    """What was given contradicts itself or the rules of domain.md §4."""

    transient = True  # a body's filing may be on its way


class CertificateAlreadyIssued(Conflict):
    """The number is recorded with the same content."""


class CertificateConflict(Conflict):
    """The number is recorded with other content."""


class CertificateNotFound(NotFound):
    transient = True  # an import may be recording it


class CertificateRevokedAlready(Conflict):
    transient = True  # the inspectors may be giving it back


class CertificateNotRevoked(Conflict):
    transient = True  # a recall may be under way


class WithdrawnByInspection(Conflict):
    """It is given back by the inspectors, once the re-check is passed."""

    transient = True  # it may just have been given back


class CertificateChanged(Stale):
    """If-Match named another version."""


class NothingToCorrect(Invalid):
    pass


class ImportNotFound(NotFound):
    pass


class ImportNotFinished(Conflict):
    """Recall, or the annotated workbook, is asked of an import that still runs."""

    transient = True
    retry_after = 5


class ImportWithoutResult(NotFound):
    pass


class RosterUnreadable(Invalid):
    """The file as a whole cannot be taken: not a workbook, no header, too large when unpacked."""


class RevealNotAllowed(Forbidden):
    pass


class ActionNotAllowed(Forbidden):
    """The role may see the certificate but may not do this to it."""
