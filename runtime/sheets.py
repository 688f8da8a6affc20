"""A workbook that somebody uploaded, as rows of text: read by a child process (``runtime.workbook``) with little memory
to spare, because a few kilobytes can unpack into more than any machine has, and the reader then ends its process.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import orjson

from contract.errors import Refused
from runtime import workbook

Numbered = tuple[int, list[str]]

_OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_SAVE = ("请用Excel或WPS打开，另存为“Excel工作簿（*.xlsx）”后重新上传", "open it in Excel or WPS and save it as .xlsx")
_KINDS: Mapping[str, tuple[str, str]] = {
    "old": ("旧版xls文件或加了密码的工作簿", "an old .xls file or a workbook with a password"),
    "html": ("网页（HTML）格式的表格，只是名称像工作簿", "a table in HTML, only named like a workbook"),
    "mht": ("网页（MHT）格式的表格，只是名称像工作簿", "a table as a web archive, only named like a workbook"),
    "xml": ("“XML表格2003”格式的文件", "an XML spreadsheet of 2003"),
    "ods": ("ODS表格", "an OpenDocument spreadsheet"),
    "xlsb": ("二进制工作簿（xlsb）", "a binary workbook (.xlsb)"),
    "unicode": ("UTF-16编码的“Unicode文本”", "text in UTF-16"),
    "word": ("Word文档", "a Word document"),
    "ppt": ("演示文稿", "a presentation"),
    "pdf": ("PDF文件", "a PDF"),
    "archive": ("压缩包", "an archive"),
}
_HOW: Mapping[str, tuple[str, str]] = {
    "old": ("请去掉密码，用Excel或WPS另存为xlsx后重新上传", "remove the password and save it as .xlsx"),
    "archive": ("请先解压，逐个上传其中的工作簿", "unpack it and upload the workbooks in it"),
    **dict.fromkeys(("word", "ppt", "pdf"), ("请上传填写好的xlsx工作簿", "upload the .xlsx workbook")),
}
_WHY: Mapping[str, tuple[str, str]] = {
    "no_header": ("没有表头，未读取", "has no header: not read"),
    "hidden": ("是隐藏的工作表，未读取", "is a hidden sheet: not read"),
    "empty": ("没有内容", "is empty"),
    "no_sheet": ("不是数据表（图表等），未读取", "is a chart or the like: not read"),
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """``base``: what is added to its rows' numbers for their places in the file. ``why`` it was not read, in Chinese
    and English. ``rows`` that hold something, and how many of them are ``hidden`` (by a filter or by hand)."""

    name: str
    base: int
    header_at: int
    header: tuple[str, ...]
    rows: int
    hidden: int
    why: tuple[str, str] | None

    def facts(self) -> dict[str, Any]:
        """contract.sheets.SheetRead"""
        zh, en = self.why or (None, None)
        return {
            "name": self.name[:100],
            "is_read": self.why is None,
            "rows": self.rows,
            "hidden_rows": self.hidden,
            "reason": zh,
            "reason_en": en,
        }


@dataclass(frozen=True)
class Book:
    """``sheets``: all of them, in their order; ``rows`` of those that were read, one after the other."""

    total: int
    sheets: tuple[Sheet, ...]
    rows: Iterator[Numbered]

    @property
    def read(self) -> tuple[Sheet, ...]:
        return tuple(sheet for sheet in self.sheets if sheet.why is None)


@dataclass(frozen=True)
class Wanted:
    """``refuse``: the refusal of who asks. ``rows``, ``characters``: the most that there may be. ``filled``: headings
    in whose columns a merged cell's value holds for all its rows, None: in all. ``unknown``: why a file is refused of
    which nothing else can be said."""

    refuse: type[Refused]
    headings: Collection[str]
    rows: int = workbook.MOST_ROWS
    characters: int = workbook.MOST_TEXT
    filled: Collection[str] | None = None
    unknown: tuple[str, str] = (
        "不是可读取的xlsx工作簿，或已损坏：请用Excel或WPS打开，去掉密码，另存为xlsx后重新上传",
        "no .xlsx workbook that can be read, or a damaged one: save it as .xlsx without a password",
    )

    def process(self, file: IO[bytes]) -> dict[str, Any]:
        """What subprocess needs to read the file."""
        request = {
            "rows": self.rows,
            "characters": self.characters,
            "headings": [*self.headings],
            "filled": None if self.filled is None else [*self.filled],
        }
        return {
            "args": [sys.executable, "-m", workbook.__name__, orjson.dumps(request).decode()],
            "stdin": file.fileno(),
            "stdout": subprocess.PIPE,
            "stderr": subprocess.DEVNULL,  # its last words may quote what it read
            "env": {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},  # and none of our secrets
        }

    def book(self, first: Mapping[str, Any], rows: Iterator[Numbered]) -> Book:
        """Raises ``refuse``."""
        if refused := first.get("refused"):
            raise self._refusal(refused, first)
        return Book(first["total"], tuple(map(_sheet, first["sheets"])), rows)

    def too_large(self) -> Refused:
        return self.refuse(
            "工作簿展开后过大：请删除多余的工作表、格式和空白区域，或拆分成几个文件",
            "the workbook unpacks into far too much: remove surplus sheets, formats and blank areas, or split it",
        )

    def not_a_workbook(self, kind: str = "") -> Refused:
        if kind:
            (zh, en), (how, how_en) = _KINDS[kind], _HOW.get(kind, _SAVE)
            return self.refuse(f"这是{zh}，不是xlsx工作簿：{how}", f"{en}, no .xlsx workbook: {how_en}")
        return self.refuse(*self.unknown)

    def _refusal(self, code: str, about: Mapping[str, Any]) -> Refused:
        match code:
            case "not_a_workbook":
                return self.not_a_workbook(about["kind"])
            case "too_many_rows":
                return too_many_rows(self.refuse, self.rows)
            case "row_too_long":
                return row_too_long(self.refuse, about["row"], about["sheet"])
            case "empty":
                held = [each["name"] for each in about["sheets"] if each["why"] == "hidden"]
                zh = f"（隐藏的工作表未读取：{'、'.join(held)[:200]}）" if held else ""
                return self.refuse(
                    f"文件中没有内容：第一行应为表头{zh}", "the file is empty: its first row must be the header"
                )
            case _:
                return self.too_large()


def kind(start: bytes) -> str:
    """What a file is by its first octets, where it is surely no csv: ``xlsx``, a kind that is refused, or nothing."""
    if start.startswith(_ZIP):
        return "xlsx"
    if start.startswith(_OLD):
        return "old"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = start[: len(start) // 2 * 2].decode("utf-16", "replace")
    else:
        text = start.decode("latin-1").removeprefix("\xef\xbb\xbf")
    head = text.lstrip().lower()
    if head.startswith("<") and any(mark in head for mark in ("<html", "<table", "<!doctype html", "<body", "<meta")):
        return "html"
    if head.startswith("<?xml") or "schemas-microsoft-com:office:spreadsheet" in head:
        return "xml"
    if "mime-version:" in head[:1000]:
        return "mht"
    if start.startswith(b"%PDF"):
        return "pdf"
    if start.startswith((b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")):
        return "archive"
    return "unicode" if start.startswith((b"\xff\xfe", b"\xfe\xff")) else ""


@contextmanager
def opened(file: IO[bytes], wanted: Wanted) -> Iterator[Book]:
    """A row at a time. ``file`` must have a descriptor."""
    file.seek(0)
    child = subprocess.Popen(**wanted.process(file), start_new_session=True)  # a Ctrl-C is for the worker to answer
    assert child.stdout is not None
    try:
        yield wanted.book(_line(child, child.stdout, wanted), _rows(child, child.stdout, wanted))
    finally:
        child.kill()
        child.stdout.close()
        child.wait()


def whole(file: IO[bytes], wanted: Wanted, *, seconds: float) -> Book:
    """All at once, without keeping a green thread's process from others."""
    file.seek(0)
    try:
        done = subprocess.run(**wanted.process(file), timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise wanted.too_large() from None
    lines = done.stdout.split(b"\n")
    if done.returncode or len(lines) < 2:  # ended by its limits
        raise wanted.too_large()
    return wanted.book(
        orjson.loads(lines[0]), ((place, cells) for line in lines[1:-1] for place, cells in orjson.loads(line))
    )


def too_many_rows(refuse: type[Refused], most: int) -> Refused:
    return refuse(
        f"超过{most}行：请拆分成几个文件分别上传",
        f"more than {most} rows: split it into several files",
        facts={"most_rows": most},
    )


def row_too_long(refuse: type[Refused], row: int, sheet: str = "") -> Refused:
    named, named_en = (f"工作表“{sheet}”", f" of the sheet {sheet!r}") if sheet else ("", "")
    return refuse(
        f"{named}第{row}行过长：每行最多{workbook.MOST_CELLS}个单元格、共{workbook.MOST_CHARACTERS}个字符，请删去多余内容后重新上传",
        f"row {row}{named_en} is too long: a row may have {workbook.MOST_CELLS} cells and {workbook.MOST_CHARACTERS} "
        "characters; take out what does not belong and upload it again",
        facts={"row": row},
    )


def _sheet(about: Mapping[str, Any]) -> Sheet:
    header_at, header = about["header"]
    return Sheet(
        name=about["name"],
        base=about["base"],
        header_at=header_at,
        header=tuple(header),
        rows=about["rows"],
        hidden=about["hidden"],
        why=_WHY[about["why"]] if about["why"] else None,
    )


def _rows(child: subprocess.Popen[bytes], lines: IO[bytes], wanted: Wanted) -> Iterator[Numbered]:
    while batch := _line(child, lines, wanted):
        yield from batch


def _line(child: subprocess.Popen[bytes], lines: IO[bytes], wanted: Wanted) -> Any:
    if (line := lines.readline()).endswith(b"\n"):  # a killed reader leaves half a line
        return orjson.loads(line)
    if child.wait() in (-signal.SIGABRT, -signal.SIGXCPU, -signal.SIGSEGV):
        raise wanted.too_large()
    raise ChildProcessError(f"the workbook's reader ended with {child.returncode}")
