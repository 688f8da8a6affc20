"""What is known of a certificate, in the contract's words."""

from dataclasses import asdict
from typing import Any

from contract import certification as public
from contract import regions
from contract.words import LEVELS
from services.certification.domain import Certificate


def shown(certificate: Certificate) -> dict[str, Any]:
    """Certificate, masked."""
    return public.Certificate.write(
        certificate_id=certificate.certificate_id,
        version=certificate.version,
        certificate_number=certificate.number,
        superseded_numbers=list(certificate.superseded),
        holder={
            "name": certificate.masked.name,
            "document_type": certificate.masked.document_type,
            "document_number": certificate.masked.document_number,
            "person_key": certificate.identity.person,
        },
        occupation=certificate.occupation,
        work_type=certificate.work_type,
        level=certificate.level,
        level_name="/".join(LEVELS[certificate.level]),
        issued_on=certificate.issued_on,
        assessor=certificate.assessor,
        region=certificate.region,
        region_name=regions.get(certificate.region).full_name,
        status=certificate.status.value,
        verification=certificate.verification.value,
        filed=certificate.filed,
        organisation=certificate.organisation,
        import_id=certificate.import_id,
        recorded_at=certificate.recorded_at,
        history=[
            {
                "version": change.version,
                "event": change.event,
                "at": change.at,
                "by": change.by,
                "reason": change.reason,
                "fields_changed": list(change.fields_changed),
                "evidence": [asdict(proof) for proof in change.evidence],
            }
            for change in certificate.history
        ],
    )
