"""A filled form as it was handed in: its sheets, and their rows."""

from dataclasses import dataclass
from typing import IO

from contract.reports import ReportWorkbookUnreadable
from runtime import sheets
from runtime.sheets import Numbered, Sheet, Wanted
from services.reports.forms.domain import COLUMNS, KEYS, places, unreadable

_SECONDS = 30
_MOST_TEXT = 5_000_000  # characters: all of it is held in memory
_START = 4096


@dataclass(frozen=True)
class Filled:
    """One sheet with the form's header. ``columns``: heading -> column."""

    sheet: Sheet
    columns: dict[str, int]
    rows: list[Numbered]


def read(file: IO[bytes], *, most: int) -> tuple[list[Filled], tuple[Sheet, ...]]:
    """Every sheet that has the header, its rows with the spreadsheet's own numbers; and all sheets that there are.
    ``file`` must have a descriptor. Raises ReportWorkbookUnreadable."""
    # A figure that was merged over several rows is no row's own: only what names the line holds for all of them.
    wanted = Wanted(ReportWorkbookUnreadable, COLUMNS, rows=most, characters=_MOST_TEXT, filled=KEYS)
    file.seek(0)
    if (kind := sheets.kind(file.read(_START))) != "xlsx":
        raise wanted.not_a_workbook(kind)
    book = sheets.whole(file, wanted, seconds=_SECONDS)
    found = {sheet.base: Filled(sheet, _columns(sheet), []) for sheet in book.read}
    bases = sorted(found, reverse=True)
    for place, cells in book.rows:
        base = next(base for base in bases if base < place)
        found[base].rows.append((place - base, cells))
    return list(found.values()), book.sheets


def _columns(sheet: Sheet) -> dict[str, int]:
    named, named_en = f"工作表“{sheet.name}”：", f"sheet {sheet.name!r}: "
    if sheet.header_at != 1:
        zh, en = "第一行应为表头，请使用下载的填报表", "the first row must be the header: use the template"
        raise unreadable(named + zh, named_en + en)
    try:
        return places(sheet.header)
    except ReportWorkbookUnreadable as refused:
        raise unreadable(named + refused.zh, named_en + refused.en) from None
