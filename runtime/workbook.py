"""Reads an .xlsx from standard input in a process of its own: `python -m runtime.workbook [ROWS [CHARACTERS]] < file`.

Writes JSON lines: first ``{"total", "header"}`` or ``{"refused"}``, then lists of ``[row number, [text, …]]``.
Limits on memory and time end the process, not the worker that waits for it; those on rows and cells keep small what it
writes. Imports nothing that takes long to import.
"""

import datetime as dt
import json
import os
import resource
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

import python_calamine

MOST_ROWS = 200_000
MOST_CELLS = 200  # of a row, up to its last that is not blank
MOST_CHARACTERS = 8_000  # of a row
MOST_TEXT = 100_000_000  # characters of all rows; the longest roster has a third of it
_MEMORY = 768 << 20  # address space; 200,000 rows of fourteen columns take some 300 MB
_SECONDS = 60  # of processor time
_UNPACKED = 400 << 20
_ROWS_A_LINE = 200
_EXACT = 10**15  # a spreadsheet keeps fifteen digits of a number


class RowTooLong(Exception):
    """``args``: its number."""


def main(most_rows: int = MOST_ROWS, most_text: int = MOST_TEXT) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it would hold personal data
    out = sys.stdout.buffer
    try:
        for line in _lines(most_rows, most_text):
            out.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            out.flush()
    except RowTooLong as long:
        out.write(json.dumps({"refused": "row_too_long", "row": long.args[0]}).encode() + b"\n")
    except MemoryError:
        out.write(b'{"refused": "too_large"}\n')
    except BrokenPipeError:
        os._exit(0)  # nobody listens any more


def _lines(most_rows: int, most_text: int) -> Iterator[Any]:
    try:
        with zipfile.ZipFile(os.fdopen(os.dup(0), "rb")) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                yield {"refused": "not_a_workbook"}
                return
            if sum(member.file_size for member in archive.infolist()) > _UNPACKED:
                yield {"refused": "too_large"}
                return
        sheet = _sheet(python_calamine.CalamineWorkbook.from_path("/dev/stdin"))
    except (zipfile.BadZipFile, python_calamine.CalamineError, OSError, ValueError):
        yield {"refused": "not_a_workbook"}
        return
    if sheet is None:
        yield {"refused": "empty"}
        return
    if sheet.height > MOST_ROWS * 2:  # a sheet may end in many blank rows, which are not counted
        yield {"refused": "too_many_rows"}
        return
    total, characters = -1, 0
    for _, texts in _rows(sheet):
        total += 1
        characters += sum(map(len, texts))
    if total > most_rows:
        yield {"refused": "too_many_rows"}
        return
    if characters > most_text:
        yield {"refused": "too_large"}
        return
    rows = _rows(sheet)
    yield {"total": total, "header": next(rows)}
    batch: list[tuple[int, list[str]]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _ROWS_A_LINE:
            yield batch
            batch = []
    yield batch
    yield []


def _sheet(book: python_calamine.CalamineWorkbook) -> python_calamine.CalamineSheet | None:
    """The first sheet that a reader sees and that holds something."""
    for number, about in enumerate(book.sheets_metadata):
        if (
            about.typ == python_calamine.SheetTypeEnum.WorkSheet
            and about.visible == python_calamine.SheetVisibleEnum.Visible
        ):
            sheet = book.get_sheet_by_index(number)
            if any(True for _ in _rows(sheet)):
                return sheet
    return None


def _rows(sheet: python_calamine.CalamineSheet) -> Iterator[tuple[int, list[str]]]:
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        texts = [cell.strip() if type(cell) is str else text(cell) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        if not texts:
            continue
        if len(texts) > MOST_CELLS or sum(map(len, texts)) > MOST_CHARACTERS:
            raise RowTooLong(number)
        yield number, texts


def text(cell: Any) -> str:
    """What a person sees in the cell. A number too long to be exact looks as it does in Excel: ``1.30102E+17``."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    if isinstance(cell, dt.date):
        return cell.isoformat()
    if isinstance(cell, int | float):
        if abs(cell) >= _EXACT:
            return f"{cell:.5E}"
        return str(int(cell)) if cell == int(cell) else repr(cell)
    return str(cell)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
