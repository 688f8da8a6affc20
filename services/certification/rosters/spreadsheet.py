"""Opening what was uploaded: a workbook or a csv, told apart by content and not by name, read a row at a time.

A workbook is read by a child process (``runtime.workbook``) with little memory to spare, because a few kilobytes can
unpack into more than any machine has, and the reader then ends its process.
"""

import codecs
import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from contract.certification import RosterUnreadable
from runtime import workbook
from services.certification.rosters.columns import Columns, is_header

_BLOCK = 1 << 20

Numbered = tuple[int, Sequence[str]]


class Roster:
    """``columns`` of the header and ``rows()``: (the spreadsheet's own row number, cells) of every row that is not
    blank. ``total`` is how many there are."""

    def __init__(self, columns: Columns, total: int, rows: Iterator[Numbered]) -> None:
        self.columns = columns
        self.total = total
        self.rows = rows


@contextmanager
def opened(file: IO[bytes]) -> Iterator[Roster]:
    """``file`` must have a descriptor and be seekable. Raises RosterUnreadable for the file as a whole before the first
    row is handed out, so that nothing half-read is recorded."""
    file.seek(0, os.SEEK_END)  # throws away what ``file`` has buffered: the rows before moved the descriptor they share
    file.seek(0)
    start = file.read(8)
    if start[:4] == b"PK\x03\x04":
        with _workbook(file) as rows:
            yield rows
    elif start == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise RosterUnreadable(
            "这是旧版xls文件或加了密码的工作簿：请去掉密码，另存为xlsx后重新上传",
            "an old .xls file or a workbook with a password: remove the password and save it as .xlsx",
        )
    else:
        encoding = _encoding(file)
        yield _csv(file, encoding)


def _encoding(file: IO[bytes]) -> str:
    """UTF-8 (with or without BOM) or GB18030, whichever the whole file is."""
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        file.seek(0)
        try:
            while block := file.read(_BLOCK):
                if b"\x00" in block:
                    raise _not_a_roster()
                decoder.decode(block)
            decoder.decode(b"", True)
            return encoding
        except UnicodeDecodeError:
            continue
    raise _not_a_roster()


def _csv(file: IO[bytes], encoding: str) -> Roster:
    total, columns, separator = 0, None, ","
    csv.field_size_limit(workbook.MOST_CHARACTERS)
    try:
        separator = _separator(file, encoding)
        for _number, cells in _csv_rows(file, encoding, separator):
            if columns is None:
                columns = Columns.read(cells)
            else:
                total += 1
                if total > workbook.MOST_ROWS:
                    raise _too_many_rows()
    except csv.Error as error:
        raise RosterUnreadable(
            "csv文件有无法读取的行（引号不成对）：请用表格软件另存为xlsx后重新上传",
            f"the csv cannot be read: {error}",
        ) from None
    if columns is None:
        raise _empty()
    rows = _csv_rows(file, encoding, separator)
    next(rows)
    return Roster(columns, total, rows)


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
                raise _row_too_long(number)
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
                raise _row_too_long(self.row)
            yield line


@contextmanager
def _workbook(file: IO[bytes]) -> Iterator[Roster]:
    file.seek(0)
    child = subprocess.Popen(
        [sys.executable, "-m", workbook.__name__],
        stdin=file.fileno(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # its last words may quote what it read
        env={"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},  # and none of our secrets
        start_new_session=True,  # a Ctrl-C is for the worker to answer
    )
    assert child.stdout is not None
    try:
        first = _line(child, child.stdout)
        if "refused" in first:
            if first["refused"] == "row_too_long":
                raise _row_too_long(first["row"])
            raise _REFUSALS[first["refused"]]()
        yield Roster(Columns.read(first["header"][1]), first["total"], _workbook_rows(child, child.stdout))
    finally:
        child.kill()
        child.stdout.close()
        child.wait()


def _workbook_rows(child: subprocess.Popen[bytes], lines: IO[bytes]) -> Iterator[Numbered]:
    while batch := _line(child, lines):
        yield from batch


def _line(child: subprocess.Popen[bytes], lines: IO[bytes]) -> Any:
    if (line := lines.readline()).endswith(b"\n"):  # a killed reader leaves half a line
        return json.loads(line)
    if child.wait() in (-signal.SIGABRT, -signal.SIGXCPU, -signal.SIGSEGV):
        raise _too_large()
    raise ChildProcessError(f"the workbook's reader ended with {child.returncode}")


def _row_too_long(row: int) -> RosterUnreadable:
    return RosterUnreadable(
        f"第{row}行过长：每行最多{workbook.MOST_CELLS}个单元格、共{workbook.MOST_CHARACTERS}个字符，请删去多余内容后重新上传",
        f"row {row} is too long: a row may have {workbook.MOST_CELLS} cells and {workbook.MOST_CHARACTERS} characters; "
        "take out what does not belong and upload it again",
        facts={"row": row},
    )


def _too_many_rows() -> RosterUnreadable:
    return RosterUnreadable(
        f"超过{workbook.MOST_ROWS}行：请拆分成几个文件分别上传",
        f"more than {workbook.MOST_ROWS} rows: split it into several files",
        facts={"most_rows": workbook.MOST_ROWS},
    )


def _empty() -> RosterUnreadable:
    return RosterUnreadable("文件中没有内容：第一行应为表头", "the file is empty: its first row must be the header")


def _too_large() -> RosterUnreadable:
    return RosterUnreadable(
        "工作簿展开后过大：请删除多余的工作表、格式和空白区域，或拆分成几个文件",
        "the workbook unpacks into far too much: remove surplus sheets, formats and blank areas, or split it",
    )


def _not_a_roster() -> RosterUnreadable:
    return RosterUnreadable(
        "文件既不是xlsx工作簿，也不是UTF-8或GB18030编码的csv：请用表格软件另存为xlsx后重新上传",
        "neither an .xlsx workbook nor a csv in UTF-8 or GB18030: save it as .xlsx and upload it again",
    )


_REFUSALS = {
    "not_a_workbook": _not_a_roster,
    "too_large": _too_large,
    "too_many_rows": _too_many_rows,
    "empty": _empty,
}
