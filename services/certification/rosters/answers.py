"""What is known of imports, in the contract's words."""

from typing import Any

from contract import certification as public
from contract.sheets import SheetRead
from contract.words import RowOutcome
from services.certification.rosters.domain import Job, RowResult


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
        sheets=[{name: sheet[name] for name in SheetRead._declared_fields} for sheet in job.sheets],
        **{outcome.value: job.counts.get(outcome.value, 0) for outcome in RowOutcome},
        recalled=job.recalled,
        failure=job.failure.zh if job.failure else None,
        failure_en=job.failure.en if job.failure else None,
        failure_code=job.failure.code if job.failure else None,
        has_result=job.result_file_id is not None,
        submitted_at=job.submitted_at,
        finished_at=job.finished_at,
    )


def shown_row(result: RowResult, job: Job) -> dict[str, Any]:
    """Row; ``field`` is the first at fault, the reason names them all."""
    sheet, row = job.where(result.row)
    return public.Row.write(
        sheet=sheet,
        row=row,
        outcome=result.outcome.value,
        certificate_id=result.certificate_id,
        field=result.fields[0] if result.fields else None,
        code=result.code,
        reason=result.zh,
        reason_en=result.en,
    )
