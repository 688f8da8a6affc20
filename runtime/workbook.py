"""Reads an .xlsx from standard input in a process of its own: `python -m runtime.workbook REQUEST < file`.

REQUEST is JSON: ``rows`` and ``characters`` that there may be, ``headings`` by which a sheet is known as one to read,
``filled``: the headings in whose columns a merged cell's value holds for all its rows (null: in all).

Writes JSON lines: first ``{"total", "sheets"}`` or ``{"refused"}``, then lists of ``[place, [text, …]]``. A row's place
is its number, in a second sheet and those after it counted on from the last row of the sheet before. Limits on memory
and time end the process, not the worker that waits for it; those on rows and cells keep small what it writes. Imports
nothing that takes long to import.
"""

import datetime as dt
import os
import resource
import sys
import zipfile
from collections.abc import Iterator
from itertools import islice
from typing import Any
from xml.parsers import expat

import orjson
import python_calamine

from contract import cells
from runtime.markings import Area, Markings, Parts

MOST_ROWS = 200_000
MOST_CELLS = 200  # of a row, up to its last that is not blank
MOST_CHARACTERS = 8_000  # of a row
MOST_TEXT = 100_000_000  # characters of all rows; the longest roster has a third of it
_MEMORY = 768 << 20  # address space; 200,000 rows of fourteen columns take some 300 MB
_SECONDS = 60  # of processor time
_UNPACKED = 400 << 20
_ROWS_A_LINE = 200
_EXACT = 10**15  # a spreadsheet keeps fifteen digits of a number
_ABOVE_HEADER = 10  # rows among which the header is looked for: a title may stand above it

Numbered = tuple[int, list[str]]


class RowTooLong(Exception):
    """``args``: the sheet's name, the row's number."""


def main(request: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it would hold personal data
    out = sys.stdout.buffer
    try:
        for line in _lines(**orjson.loads(request)):
            out.write(orjson.dumps(line) + b"\n")
            out.flush()
    except RowTooLong as long:
        sheet, row = long.args
        out.write(orjson.dumps({"refused": "row_too_long", "sheet": sheet, "row": row}) + b"\n")
    except MemoryError:
        out.write(b'{"refused": "too_large"}\n')
    except BrokenPipeError:
        os._exit(0)  # nobody listens any more


def _lines(rows: int, characters: int, headings: list[str], filled: list[str] | None) -> Iterator[Any]:
    try:
        with zipfile.ZipFile(os.fdopen(os.dup(0), "rb")) as archive:
            parts = Parts(archive)
            if "xl/workbook.xml" not in parts:
                yield {"refused": "not_a_workbook", "kind": parts.kind()}
                return
            if sum(member.file_size for member in archive.infolist()) > _UNPACKED:
                yield {"refused": "too_large"}
                return
            sheets = _sheets(parts, frozenset(headings), None if filled is None else frozenset(filled))
    except (zipfile.BadZipFile, python_calamine.CalamineError, expat.ExpatError, OSError, ValueError, LookupError):
        yield {"refused": "not_a_workbook", "kind": ""}
        return
    total, text, place, found = 0, 0, 0, []
    for sheet in sheets:
        if sheet.why is None:
            text += sheet.count(place)
            total, place = total + sheet.rows, place + sheet.last
        found.append(sheet.about())
        if total > rows:
            yield {"refused": "too_many_rows"}
            return
        if text > characters:
            yield {"refused": "too_large"}
            return
    if all(sheet.why is not None for sheet in sheets):
        yield {"refused": "empty", "sheets": found}
        return
    yield {"total": total, "sheets": found}
    every = ([sheet.base + number, texts] for sheet in sheets if sheet.why is None for number, texts in sheet.under())
    while batch := list(islice(every, _ROWS_A_LINE)):
        yield batch
    yield []


class _Sheet:
    """``why`` it is not read, None where it is. ``rows`` that hold something, ``hidden`` of them, ``last`` number."""

    def __init__(self, name: str, why: str | None = None) -> None:
        self.name = name
        self.why = why
        self.base = self.rows = self.hidden = self.last = 0
        self.header: Numbered = (0, [])
        self.cells: python_calamine.CalamineSheet | None = None
        self.markings: Markings | None = None
        self._first = 0  # column
        self._characters = 0
        self._filled: frozenset[int] | None = None
        self._areas: list[Area] = []

    def hold(self, cells: python_calamine.CalamineSheet, markings: Markings | None) -> None:
        self.cells, self.markings = cells, markings
        self._first = cells.start[1] if cells.start else 0

    def begin(self, header: Numbered, filled: frozenset[str] | None) -> None:
        """The rows to read are those under this one."""
        self.header = header
        if filled is not None:
            self._filled = frozenset(place for place, text in enumerate(header[1]) if cells.heading(text) in filled)
        if self.markings:
            self._areas = sorted(area for area in self.markings.merged if area[0] > header[0])

    def count(self, base: int) -> int:
        """Look at every row once; the characters that there are."""
        self.base = base
        hidden = self.markings.hidden if self.markings else frozenset()
        self._characters, self.last = 0, self.header[0]
        for number, _ in self.under():
            self.rows += 1
            self.last = number
            if number in hidden:
                self.hidden += 1
        return self._characters

    def about(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("name", "why", "base", "header", "rows", "hidden")}

    def under(self) -> Iterator[Numbered]:
        """The rows under the header."""
        found = self.all()
        for number, _ in found:
            if number == self.header[0]:
                break
        return self._merged(found) if self._areas else found

    def all(self) -> Iterator[Numbered]:
        """Every row that holds something. Raises RowTooLong."""
        for number, texts in self._raw():
            while texts and not texts[-1]:
                texts.pop()
            if not texts:
                continue
            characters = sum(map(len, texts))
            if len(texts) > MOST_CELLS or characters > MOST_CHARACTERS:
                raise RowTooLong(self.name, number)
            self._characters += characters
            yield number, texts

    def _raw(self) -> Iterator[Numbered]:
        assert self.cells is not None
        seen = self.markings.texts if self.markings else {}
        number = 0
        # A sheet may go on for a million blank rows: those cost next to nothing.
        texts_of = (
            [cell.strip() if type(cell) is str else text(cell) for cell in row]
            if any(row) or row.count("") != len(row)
            else []
            for row in self.cells.iter_rows()
        )
        if not seen:
            yield from enumerate(texts_of, start=1)
            return
        for number, texts in enumerate(texts_of, start=1):
            if number in seen:
                self._mark(texts, seen[number])
            yield number, texts
        for beyond in sorted(row for row in seen if row > number):  # where nothing else stands
            self._mark(texts := [], seen[beyond])
            yield beyond, texts

    def _mark(self, texts: list[str], seen: dict[int, str]) -> None:
        for column, text in seen.items():
            _put(texts, column - self._first, text)

    def _merged(self, rows: Iterator[Numbered]) -> Iterator[Numbered]:
        """The value of a merged area holds for its rows in its first column; what else it covers has none."""
        coming, open_ = iter(self._areas), list[tuple[Area, str]]()
        area = next(coming, None)
        for number, texts in rows:
            open_ = [each for each in open_ if each[0][2] >= number]
            while area is not None and area[0] <= number:
                place = area[1] - self._first
                value = texts[place] if area[0] == number and 0 <= place < len(texts) else ""
                if value:
                    open_.append((area, value))
                area = next(coming, None)
            for (top, left, _, right), value in open_:
                for column in range(left, min(right, left + MOST_CELLS) + 1):
                    place = column - self._first
                    beneath = texts[place] if 0 <= place < len(texts) else ""  # nobody sees it
                    holds = column == left and (self._filled is None or place in self._filled)
                    if (column, number) != (left, top) and beneath != value:
                        _put(texts, place, value if holds and not beneath else cells.MERGED)
            yield number, texts


def _sheets(parts: Parts, headings: frozenset[str], filled: frozenset[str] | None) -> list[_Sheet]:
    """All of them. Where none has the header, the first that holds something is read all the same, so that whoever
    asked says what is missing."""
    book = python_calamine.CalamineWorkbook.from_path("/dev/stdin")
    where, styles = parts.sheets(), parts.styles()
    found, doubtful = [], None
    for number, about in enumerate(book.sheets_metadata):
        if about.typ != python_calamine.SheetTypeEnum.WorkSheet:
            found.append(_Sheet(about.name, "no_sheet"))
            continue
        if about.visible != python_calamine.SheetVisibleEnum.Visible:
            found.append(_Sheet(about.name, "hidden"))
            continue
        sheet = _Sheet(about.name)
        sheet.hold(book.get_sheet_by_index(number), parts.markings(where[about.name], styles))
        first = list(islice(sheet.all(), _ABOVE_HEADER))
        header = next((row for row in first if cells.is_header(row[1], headings)), None)
        if header is not None:
            sheet.begin(header, filled)
        elif first:
            sheet.why = "no_header"
            if doubtful is None:
                doubtful = (sheet, first[0])
            else:
                sheet.cells = None
        else:
            sheet.why, sheet.cells = "empty", None
        found.append(sheet)
    if doubtful and all(sheet.why is not None for sheet in found):
        doubtful[0].why = None
        doubtful[0].begin(doubtful[1], filled)
    return found


def _put(texts: list[str], place: int, text: str) -> None:
    if 0 <= place < MOST_CELLS:
        texts += [""] * (place + 1 - len(texts))
        texts[place] = text


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
    main(sys.argv[1])
