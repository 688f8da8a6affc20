"""What is known, in the contract's words."""

from typing import Any

from contract import certification as public
from contract import regions
from contract.words import LEVELS, RowOutcome
from services.certification.domain import Certificate
from services.certification.jobs import Job, RowResult


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
            }
            for change in certificate.history
        ],
    )


def shown_import(job: Job) -> dict[str, Any]:
    """Import."""
    return public.Import.write(
        import_id=job.import_id,
        state=job.state.value,
        filename=job.filename,
        sha256=job.sha256,
        size=job.size,
        dry_run=job.dry_run,
        organisation=job.organisation,
        rows_done=job.rows_done,
        rows_total=job.rows_total,
        **{outcome.value: job.counts.get(outcome.value, 0) for outcome in RowOutcome},
        recalled=job.recalled,
        failure=job.failure.zh if job.failure else None,
        failure_en=job.failure.en if job.failure else None,
        failure_code=job.failure.code if job.failure else None,
        has_result=job.result_file_id is not None,
        submitted_at=job.submitted_at,
        finished_at=job.finished_at,
    )


def shown_row(result: RowResult) -> dict[str, Any]:
    """Row; ``field`` is the first at fault, the reason names them all."""
    return public.Row.write(
        row=result.row,
        outcome=result.outcome.value,
        certificate_id=result.certificate_id,
        field=result.fields[0] if result.fields else None,
        code=result.code,
        reason=result.zh,
        reason_en=result.en,
    )
