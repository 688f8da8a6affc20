"""Filled workbooks that were handed in, and what became of their rows.

imports  one document each: who, which file, the annotated file, the rows' outcomes
"""

import datetime as dt
from dataclasses import dataclass

from runtime import record
from runtime.mongo import Store


@dataclass(frozen=True, slots=True)
class Row:
    """``row`` is the spreadsheet's own number. ``columns``: those at fault, by their heading."""

    row: int
    outcome: str
    report_id: str | None
    code: str | None
    detail: str | None
    detail_en: str | None
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Import:
    import_id: str
    client_id: str
    organisation: str
    region: str
    filename: str
    sha256: str
    result_file_id: str
    submitted_at: dt.datetime
    rows: tuple[Row, ...]


class Imports:
    def __init__(self, store: Store) -> None:
        self._imports = store["imports"]

    def ensure_indexes(self) -> None:
        self._imports.create_index("client_id", name="client")

    def add(self, done: Import) -> None:
        row = record.document(done)
        row["_id"] = row.pop("import_id")
        self._imports.insert_one(row)

    def get(self, import_id: str) -> Import | None:
        found = self._imports.find_one({"_id": import_id})
        return None if found is None else record.of(Import, {**found, "import_id": found["_id"]})
