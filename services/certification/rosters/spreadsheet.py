"""Opening what was uploaded: a workbook or a csv, told apart by content and not by name, read a row at a time."""

import bisect
import codecs
import csv
import datetime as dt
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from contract.certification import RosterUnreadable
from runtime import sheets, workbook
from runtime.sheets import Sheet, Wanted
from services.certification.rosters.columns import FIELDS, Columns, Line, is_header

_BLOCK = 1 << 20
_START = 4096

Numbered = tuple[int, Sequence[str]]  # a row's place in the file: in the first sheet its number

_NEITHER = (
    "文件既不是xlsx工作簿，也不是UTF-8或GB18030编码的csv：请用表格软件另存为xlsx后重新上传",
    "neither an .xlsx workbook nor a csv in UTF-8 or GB18030: save it as .xlsx and upload it again",
)
_WANTED = Wanted(refuse=RosterUnreadable, headings=FIELDS, unknown=_NEITHER)


@dataclass(frozen=True)
class Part:
    """One sheet with people, or the whole of a csv. ``base``: what its rows' numbers are less than their places."""

    name: str
    base: int
    header_at: int
    columns: Columns


class Roster:
    """``rows()``: (place, cells) of every row under a header that is not blank. ``total`` is how many there are.
    ``sheets``: all of a workbook's, also those that are not read."""

    def __init__(self, parts: Sequence[Part], total: int, rows: Iterator[Numbered], sheets: Sequence[Sheet]) -> None:
        self.parts = tuple(parts)
        self.total = total
        self.rows = rows
        self.sheets = tuple(sheets)
        self._bases = [part.base for part in parts]

    @property
    def columns(self) -> Columns:
        return self.parts[0].columns

    def part(self, place: int) -> Part:
        return self.parts[bisect.bisect_left(self._bases, place) - 1]

    def line(self, place: int, cells: Sequence[str], *, today: dt.date) -> Line:
        return self.part(place).columns.line(cells, today=today)


@contextmanager
def opened(file: IO[bytes]) -> Iterator[Roster]:
    """``file`` must have a descriptor and be seekable. Raises RosterUnreadable for the file as a whole before the first
    row is handed out, so that nothing half-read is recorded."""
    file.seek(0, os.SEEK_END)  # throws away what ``file`` has buffered: the rows before moved the descriptor they share
    file.seek(0)
    kind = sheets.kind(file.read(_START))
    if kind == "xlsx":
        with sheets.opened(file, _WANTED) as book:
            parts = [Part(sheet.name, sheet.base, sheet.header_at, _columns(sheet)) for sheet in book.read]
            yield Roster(parts, book.total, book.rows, book.sheets)
    elif kind:
        raise _WANTED.not_a_workbook(kind)
    else:
        encoding = _encoding(file)
        yield _csv(file, encoding)


def _columns(sheet: Sheet) -> Columns:
    try:
        return Columns.read(sheet.header)
    except RosterUnreadable as refused:
        zh, en = f"工作表“{sheet.name}”：{refused.zh}", f"sheet {sheet.name!r}: {refused.en}"
        raise RosterUnreadable(zh, en, facts=refused.facts) from None


def _encoding(file: IO[bytes]) -> str:
    """UTF-8 (with or without BOM) or GB18030, whichever the whole file is."""
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        file.seek(0)
        try:
            while block := file.read(_BLOCK):
                if b"\x00" in block:
                    raise RosterUnreadable(*_NEITHER)
                decoder.decode(block)
            decoder.decode(b"", True)
            return encoding
        except UnicodeDecodeError:
            continue
    raise RosterUnreadable(*_NEITHER)


def _csv(file: IO[bytes], encoding: str) -> Roster:
    total, header_at, columns, separator = 0, 0, None, ","
    csv.field_size_limit(workbook.MOST_CHARACTERS)
    try:
        separator = _separator(file, encoding)
        for number, cells in _csv_rows(file, encoding, separator):
            if columns is None:
                header_at, columns = number, Columns.read(cells)
            else:
                total += 1
                if total > workbook.MOST_ROWS:
                    raise sheets.too_many_rows(RosterUnreadable, workbook.MOST_ROWS)
    except csv.Error as error:
        raise RosterUnreadable(
            "csv文件有无法读取的行（引号不成对）：请用表格软件另存为xlsx后重新上传",
            f"the csv cannot be read: {error}",
        ) from None
    if columns is None:
        raise _empty()
    rows = _csv_rows(file, encoding, separator)
    next(rows)
    return Roster([Part("", 0, header_at, columns)], total, rows, ())


def _separator(file: IO[bytes], encoding: str) -> str:
    """The comma, or the tab or semicolon that some programs write instead."""
    file.seek(0)
    first = file.readline(4 * workbook.MOST_CHARACTERS).decode(encoding, "replace")[: workbook.MOST_CHARACTERS]
    return next((mark for mark in ",\t;" if is_header(first.strip("\r\n").split(mark))), ",")


def _csv_rows(file: IO[bytes], encoding: str, separator: str) -> Iterator[Numbered]:
    with open(os.dup(file.fileno()), encoding=encoding, newline="") as text:
        text.seek(0)
        lines = _Lines(text)
        for number, cells in enumerate(csv.reader(lines, delimiter=separator, strict=True), start=1):
            lines.row = number + 1
            lines.taken = 0
            if len(cells) > workbook.MOST_CELLS and any(cells[workbook.MOST_CELLS :]):
                raise sheets.row_too_long(RosterUnreadable, number)
            texts = [cell.strip() for cell in cells[: workbook.MOST_CELLS]]
            if any(texts):
                yield number, texts


class _Lines:
    """Lines of a csv. A row that is too long is refused before it is in memory: of commas alone it would take forty
    times the file."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self.row = 1
        self.taken = 0  # characters of this row so far, which may go over several lines

    def __iter__(self) -> Iterator[str]:
        while line := self._text.readline(workbook.MOST_CHARACTERS + 1):
            self.taken += len(line)
            if self.taken > workbook.MOST_CHARACTERS:
                raise sheets.row_too_long(RosterUnreadable, self.row)
            yield line


def _empty() -> RosterUnreadable:
    return RosterUnreadable("文件中没有内容：第一行应为表头", "the file is empty: its first row must be the header")
