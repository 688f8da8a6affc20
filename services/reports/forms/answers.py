"""What is known of forms that were handed in, in the contract's words."""

from collections import Counter
from typing import Any

from contract import reports as public
from services.reports.forms.domain import Import


def shown_import(done: Import) -> dict[str, Any]:
    """ReportImport"""
    outcomes = Counter(row.outcome for row in done.rows)
    return public.ReportImport.write(
        import_id=done.import_id,
        filename=done.filename,
        sha256=done.sha256,
        submitted_at=done.submitted_at,
        **{outcome.value: outcomes[outcome.value] for outcome in public.RowFiled},
        sheets=[dict(sheet) for sheet in done.sheets],
        rows=[
            {
                "sheet": row.sheet,
                "row": row.row,
                "outcome": row.outcome,
                "report_id": row.report_id,
                "code": row.code,
                "detail": row.detail,
                "detail_en": row.detail_en,
                "columns": list(row.columns),
            }
            for row in done.rows
        ],
    )
