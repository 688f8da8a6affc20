"""The roster given back: its own columns, then 结果, 问题字段 and 原因; the rows that need work in colour."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

import xlsxwriter

from contract.words import RowOutcome
from services.certification.rosters.columns import HEADERS
from services.certification.rosters.domain import RowResult
from services.certification.rosters.spreadsheet import Numbered, Part, Roster

_FOLDER = "yanzhao-annotated-"  # and the process's id
_ADDED = ("结果", "问题字段", "原因")
_OUTCOMES = {
    RowOutcome.CREATED: "已登记",
    RowOutcome.DUPLICATE: "重复",
    RowOutcome.CONFLICT: "冲突",
    RowOutcome.REJECTED: "退回",
}
_DRY = {RowOutcome.CREATED: "可登记"}
_COLOURS = {RowOutcome.DUPLICATE: "#E7E6E6", RowOutcome.CONFLICT: "#FCE4D6", RowOutcome.REJECTED: "#FFC7CE"}
_WIDTHS = {"证件号码": 21, "证书编号": 25, "评价机构": 28, "行政区划": 18}


@contextmanager
def workbook(roster: Roster, rows: Iterable[tuple[Numbered, RowResult]], *, dry_run: bool) -> Iterator[IO[bytes]]:
    """The workbook as an open file that is gone afterwards. Rows keep their sheets and numbers. All cells are text:
    nothing is turned into a float again, and nothing is taken for a formula."""
    with tempfile.TemporaryDirectory(prefix=f"{_FOLDER}{os.getpid()}-") as folder:
        path = Path(folder) / "result.xlsx"
        # Given up in the middle, it is closed too: that is how the library lets go of the file that holds the rows.
        with closing(xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": folder})) as book:
            _write(book, roster, rows, _OUTCOMES | _DRY if dry_run else _OUTCOMES)
        with path.open("rb") as file:
            path.unlink()
            yield file


def _write(book: Any, roster: Roster, rows: Iterable[tuple[Numbered, RowResult]], words: dict[RowOutcome, str]) -> None:
    text = {"num_format": "@"}
    plain, bold = book.add_format(text), book.add_format(text | {"bold": True, "bg_color": "#DDEBF7"})
    formats = {outcome: book.add_format(text | {"bg_color": colour}) for outcome, colour in _COLOURS.items()}
    sheets = {part.base: _sheet(book, roster, part, plain, bold) for part in roster.parts}
    for (place, cells), result in rows:
        part = roster.part(place)
        sheet, width, row = sheets[part.base], len(part.columns.headers), place - part.base - 1
        look = formats.get(result.outcome, plain)
        for column, cell in enumerate(cells[:width]):
            if cell:
                sheet.write_string(row, column, cell, look)
        sheet.write_string(row, width, words[result.outcome], look)
        if result.fields:
            sheet.write_string(row, width + 1, "、".join(HEADERS.get(name, name) for name in result.fields), look)
        if result.zh:
            sheet.write_string(row, width + 2, result.zh, look)


def _sheet(book: Any, roster: Roster, part: Part, plain: Any, bold: Any) -> Any:
    sheet = book.add_worksheet("导入结果" if len(roster.parts) == 1 else part.name)
    for column, header in enumerate((*part.columns.headers, *_ADDED)):
        sheet.set_column(column, column, _WIDTHS.get(header, 12 if header != "原因" else 60), plain)
    sheet.freeze_panes(part.header_at, 0)
    for column, header in enumerate((*part.columns.headers, *_ADDED)):
        sheet.write_string(part.header_at - 1, column, header, bold)
    return sheet


def sweep() -> None:
    """What a killed worker of this machine left: half a workbook, with personal data in it."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        owner = folder.name.removeprefix(_FOLDER).partition("-")[0]
        if not Path(f"/proc/{owner}").exists() or owner == str(os.getpid()):
            shutil.rmtree(folder, ignore_errors=True)
