"""A filled form, read by a child process (``runtime.workbook``) that may run out of memory or time in our stead."""

import json
import os
import subprocess
import sys
from typing import IO

from runtime import workbook
from services.reports.forms.domain import unreadable

_SECONDS = 30
_MOST_TEXT = 5_000_000  # characters: all of it is held in memory

Numbered = tuple[int, list[str]]


def rows(file: IO[bytes], *, most: int) -> tuple[list[str], list[Numbered]]:
    """The header and every row that is not blank, with the spreadsheet's own number. ``file`` must have a descriptor.
    Raises ReportWorkbookUnreadable."""
    file.seek(0)
    if file.read(4) != b"PK\x03\x04":
        raise _not_a_workbook()
    file.seek(0)
    try:
        done = subprocess.run(
            [sys.executable, "-m", workbook.__name__, str(most), str(_MOST_TEXT)],
            stdin=file.fileno(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},  # and none of our secrets
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _too_large() from None
    lines = done.stdout.split(b"\n")
    if done.returncode or len(lines) < 2:  # ended by its limits
        raise _too_large()
    first = json.loads(lines[0])
    match first.get("refused"):
        case None:
            pass
        case "not_a_workbook":
            raise _not_a_workbook()
        case "empty":
            raise unreadable("表中没有内容：第一行应为表头", "the workbook is empty: its first row must be the header")
        case "too_many_rows":
            raise unreadable(f"超过{most}行：请按地区拆分成几个文件", f"more than {most} rows: split it by region")
        case "row_too_long":
            raise unreadable(
                f"第{first['row']}行过长：请使用下载的填报表，删去多余内容",
                f"row {first['row']} is too long: use the template and take out what does not belong there",
            )
        case _:
            raise _too_large()
    number, header = first["header"]
    if number != 1:
        raise unreadable("第一行应为表头，请使用下载的填报表", "the first row must be the header: use the template")
    return header, [(row, cells) for line in lines[1:-1] for row, cells in json.loads(line)]


def _not_a_workbook() -> Exception:
    return unreadable(
        "不是可读取的xlsx工作簿：请用下载的填报表填写，去掉密码后保存为xlsx",
        "not an .xlsx workbook that can be read: fill in the template and save it as .xlsx without a password",
    )


def _too_large() -> Exception:
    return unreadable(
        "工作簿展开后过大：请使用下载的填报表，删除多余的工作表和格式",
        "the workbook unpacks into far too much: use the template and remove surplus sheets and formats",
    )
