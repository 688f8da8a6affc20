"""What a certificate is and what may happen to it. What is needed is handed in: no clock, no database, no schema."""

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

from contract.certification import CertificateChanged, CertificateNotRevoked, CertificateRevokedAlready
from contract.words import CertificateStatus, Verification
from services.certification import holders, numbers
from services.certification.content import Content
from services.certification.faults import missing, refusal
from services.certification.holders import Masked


@dataclass(frozen=True, slots=True)
class Identity:
    """Keyed hashes: ``person`` of the document, ``holder`` of document and name together."""

    person: str
    holder: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A file that was handed in, and what it is."""

    file_id: str
    sha256: str
    title: str


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a certificate's life; ``event`` is the name of what was said."""

    version: int
    event: str
    at: dt.datetime
    by: str
    reason: str | None = None
    fields_changed: tuple[str, ...] = ()
    previous_person: str | None = None
    evidence: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class Certificate:
    """As recorded, without the personal data in full. ``superseded`` are the numbers it had: never given to another.
    ``filed``: its number is among those that its body has filed, or it is believed without."""

    certificate_id: str
    version: int
    number: str
    superseded: tuple[str, ...]
    identity: Identity
    masked: Masked
    occupation: str
    work_type: str
    level: str
    issued_on: dt.date
    assessor: str
    region: str
    status: CertificateStatus
    verification: Verification
    organisation: str
    import_id: str | None
    recorded_at: dt.datetime
    history: tuple[Change, ...] = field(repr=False)
    filed: bool = True

    @property
    def last(self) -> Change:
        return self.history[-1]


def standing(*, number: str, verification: Verification, filed: bool) -> CertificateStatus:
    """The status of a certificate that is not revoked. One that cannot be checked by its number, or whose body has not
    filed it, stands only as long as the last query of the national register passed; for all others no outcome changes
    it: a person decides."""
    if (numbers.needs_review(number) or not filed) and verification is not Verification.PASSED:
        return CertificateStatus.NEEDS_REVIEW
    return CertificateStatus.VALID


def issue(
    *,
    content: Content,
    identity: Identity,
    certificate_id: str,
    organisation: str,
    import_id: str | None,
    at: dt.datetime,
    by: str,
    filed: bool = True,
) -> Certificate:
    return Certificate(
        certificate_id=certificate_id,
        version=1,
        number=content.number,
        superseded=(),
        identity=identity,
        masked=holders.mask(content.holder),
        occupation=content.occupation,
        work_type=content.work_type,
        level=content.level,
        issued_on=content.issued_on,
        assessor=content.assessor,
        region=content.region,
        status=standing(number=content.number, verification=Verification.UNCHECKED, filed=filed),
        verification=Verification.UNCHECKED,
        organisation=organisation,
        import_id=import_id,
        recorded_at=at,
        history=(Change(version=1, event="certificate_issued", at=at, by=by),),
        filed=filed,
    )


def differences(*, recorded: Certificate, content: Content, identity: Identity) -> tuple[str, ...]:
    """Fields in which a certificate told again says something else. Phone and remarks are not part of it, nor does it
    matter through whom it came."""
    found = []
    if identity.person != recorded.identity.person:
        found.append("document_number")
    elif identity.holder != recorded.identity.holder:
        found.append("holder_name")
    if content.number != recorded.number:
        found.append("certificate_number")  # it has been corrected since
    found += [
        name
        for name in ("occupation", "work_type", "level", "issued_on", "assessor", "region")
        if getattr(content, name) != getattr(recorded, name)
    ]
    return tuple(found)


_VERIFIED = {"holder_name", "document_type", "document_number", "certificate_number", "level", "issued_on"}


def correct(
    certificate: Certificate,
    *,
    content: Content,
    fields_changed: tuple[str, ...],
    identity: Identity,
    reason: str,
    at: dt.datetime,
    by: str,
    filed: bool = True,
    evidence: tuple[Proof, ...] = (),
) -> Certificate:
    """The certificate stays one, under its id. What the register confirmed of other facts is no longer confirmed; a
    revoked one stays revoked."""
    verification = Verification.UNCHECKED if _VERIFIED & {*fields_changed} else certificate.verification
    renumbered = content.number != certificate.number
    before = certificate.identity.person
    after = replace(
        certificate,
        number=content.number,
        superseded=tuple(number for number in (*certificate.superseded, certificate.number) if number != content.number)
        if renumbered
        else certificate.superseded,
        identity=identity,
        masked=holders.mask(content.holder),
        work_type=content.work_type,
        level=content.level,
        issued_on=content.issued_on,
        assessor=content.assessor,
        region=content.region,
        verification=verification,
        filed=filed,
        status=certificate.status
        if certificate.status is CertificateStatus.REVOKED
        else standing(number=content.number, verification=verification, filed=filed),
    )
    change = Change(
        version=certificate.version + 1,
        event="certificate_corrected",
        at=at,
        by=by,
        reason=reason,
        fields_changed=fields_changed,
        previous_person=before if before != identity.person else None,
        evidence=evidence,
    )
    return _changed(after, change)


def revoke(
    certificate: Certificate, *, reason: str, at: dt.datetime, by: str, evidence: tuple[Proof, ...] = ()
) -> Certificate:
    if certificate.status is CertificateStatus.REVOKED:
        raise CertificateRevokedAlready("证书已撤销", "the certificate is revoked already")
    change = Change(
        version=certificate.version + 1, event="certificate_revoked", at=at, by=by, reason=reason, evidence=evidence
    )
    return _changed(replace(certificate, status=CertificateStatus.REVOKED), change)


def reinstate(
    certificate: Certificate, *, reason: str, at: dt.datetime, by: str, evidence: tuple[Proof, ...] = ()
) -> Certificate:
    if certificate.status is not CertificateStatus.REVOKED:
        raise CertificateNotRevoked("证书未被撤销，无需恢复", "the certificate is not revoked")
    change = Change(
        version=certificate.version + 1, event="certificate_reinstated", at=at, by=by, reason=reason, evidence=evidence
    )
    status = standing(number=certificate.number, verification=certificate.verification, filed=certificate.filed)
    return _changed(replace(certificate, status=status), change)


def verify(
    certificate: Certificate, *, outcome: Verification, reason: str | None, at: dt.datetime, by: str
) -> Certificate:
    """Record what the national query answered. 已撤销 there revokes nothing here: that is a decision, with a reason.
    Raises CertificateInvalid when what cannot be checked by its number is accepted without saying why."""
    reviewed = numbers.needs_review(certificate.number) or not certificate.filed
    if reviewed and outcome is Verification.PASSED and reason is None:
        raise refusal((missing("reason"),))
    change = Change(version=certificate.version + 1, event="certificate_verified", at=at, by=by, reason=reason)
    status = (
        certificate.status
        if certificate.status is CertificateStatus.REVOKED
        else standing(number=certificate.number, verification=outcome, filed=certificate.filed)
    )
    return _changed(replace(certificate, verification=outcome, status=status), change)


def now_filed(certificate: Certificate, *, at: dt.datetime, by: str) -> Certificate:
    """Its body has filed its numbers since: it stands, unless something else keeps it waiting."""
    change = Change(
        version=certificate.version + 1,
        event="certificate_corrected",
        at=at,
        by=by,
        reason="评价机构已备案",
        fields_changed=("filed",),
    )
    status = standing(number=certificate.number, verification=certificate.verification, filed=True)
    return _changed(replace(certificate, filed=True, status=status), change)


def _changed(certificate: Certificate, change: Change) -> Certificate:
    return replace(certificate, version=change.version, history=(*certificate.history, change))


def check_version(certificate: Certificate, expected: int | None) -> None:
    """Raises CertificateChanged when the caller decided on another version than the one recorded."""
    if expected is not None and expected != certificate.version:
        raise CertificateChanged(
            f"证书已被更改：当前版本为{certificate.version}，请重新读取后再提交",
            f"the certificate has changed and is now at version {certificate.version}: read it again",
            facts={"version": certificate.version},
        )


def facts(certificate: Certificate) -> dict[str, Any]:
    """What the event after the last change says: the whole countable state, ids and codes only."""
    told: dict[str, Any] = {
        "certificate_id": certificate.certificate_id,
        "version": certificate.version,
        "person_key": certificate.identity.person,
        "occupation": certificate.occupation,
        "level": certificate.level,
        "issued_on": certificate.issued_on,
        "region": certificate.region,
        "status": certificate.status,
        "verification": certificate.verification,
    }
    if certificate.import_id:
        told["import_id"] = certificate.import_id
    last = certificate.last
    if last.event == "certificate_corrected":
        told["fields_changed"] = list(last.fields_changed)
        if last.previous_person:
            told["previous_person_key"] = last.previous_person
    return told
