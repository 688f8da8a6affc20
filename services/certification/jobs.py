"""A roster import as a job, and what became of its rows."""

import datetime as dt
from dataclasses import dataclass, field

from contract.words import ImportState, RowOutcome

INTERRUPTED = "interrupted"  # the failure's code when it was not the file's fault


@dataclass(frozen=True, slots=True)
class Failure:
    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Recall:
    """``after`` is the last certificate that it has dealt with."""

    reason: str
    by: str
    at: dt.datetime
    traceparent: str | None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """``last_row`` is the spreadsheet's number of the last row that is settled; the header is row 1."""

    import_id: str
    organisation: str
    client_id: str
    region: str
    file_id: str
    filename: str
    sha256: str
    size: int
    dry_run: bool
    submitted_at: dt.datetime
    traceparent: str | None
    state: ImportState = ImportState.QUEUED
    rows_total: int | None = None
    rows_done: int = 0
    last_row: int = 1
    counts: dict[str, int] = field(default_factory=dict)
    recalled: int = 0
    failure: Failure | None = None
    result_file_id: str | None = None
    result_size: int | None = None
    finished_at: dt.datetime | None = None
    recall: Recall | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class RowResult:
    """``fields`` are all those at fault; ``code`` is that of the first. ``taken``: the certificate that another
    organisation recorded under the row's number, which the one that uploads is not told."""

    row: int
    outcome: RowOutcome
    certificate_id: str | None = None
    fields: tuple[str, ...] = ()
    code: str | None = None
    zh: str | None = None
    en: str | None = None
    taken: str | None = None
