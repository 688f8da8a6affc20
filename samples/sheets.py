"""How a training centre writes its roster: the columns, the many ways to write one thing, and the files."""

import csv
import datetime as dt
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from contract import regions
from contract.words import LEVELS

Cell = str | int | float | dt.date

FIELDS = {
    "姓名": "holder_name",
    "证件类型": "document_type",
    "证件号码": "document_number",
    "职业名称": "occupation",
    "工种": "work_type",
    "等级": "level",
    "证书编号": "certificate_number",
    "发证日期": "issued_on",
    "评价机构": "assessor",
    "行政区划": "region",
    "联系电话": "phone",
    "备注": "remarks",
}
OPTIONAL = ("联系电话", "备注")


def plain(body: Mapping[str, Any]) -> dict[str, Cell]:
    """A certificate as a row, everything written the plainest way."""
    return {header: body[field] for header, field in FIELDS.items() if body.get(field)}


def casual(body: Mapping[str, Any], *, rng: random.Random, spreadsheet: bool) -> dict[str, Cell]:
    """A certificate as a row, written in any of the ways that must be understood.

    In a spreadsheet, what looks like a number is stored as one, and a date mostly as a date, as when typed into Excel.
    """
    row = plain(body)
    if row.get("证件类型") == "居民身份证" and rng.random() < 0.5:
        del row["证件类型"]
    row["证件号码"] = _number_as_typed(str(row["证件号码"]), rng)
    row["发证日期"] = _date_as_typed(dt.date.fromisoformat(str(row["发证日期"])), rng, spreadsheet)
    row["行政区划"] = _region_as_typed(str(row["行政区划"]), rng, spreadsheet)
    row["等级"] = _level_as_typed(str(row["等级"]), rng, spreadsheet)
    if rng.random() < 0.03:
        row["姓名"] = f" {row['姓名']}\u3000"
    return row


def _number_as_typed(number: str, rng: random.Random) -> str:
    roll = rng.random()
    if roll < 0.02:
        return "".join(chr(ord(character) + 0xFEE0) for character in number)  # full-width
    if roll < 0.04:
        return f" {number} "
    return number.lower() if roll < 0.5 and number.endswith("X") else number


def _date_as_typed(day: dt.date, rng: random.Random, spreadsheet: bool) -> Cell:
    texts = (
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
    )
    if not spreadsheet:
        return rng.choice(texts)
    return rng.choice((day, day, day, int(texts[3]), *texts))


def _level_as_typed(level: str, rng: random.Random, spreadsheet: bool) -> Cell:
    grade, trade = LEVELS[level]
    return rng.choice((grade, grade, f"{grade}/{trade}", trade, int(level) if spreadsheet else level))


def _region_as_typed(code: str, rng: random.Random, spreadsheet: bool) -> Cell:
    region = regions.get(code)
    above = regions.get(region.parent or code)
    ways: list[Cell] = [code, int(code) if spreadsheet else code, region.full_name, region.full_name]
    if region.level == "county":
        ways += [above.name + region.name, above.name + region.name, f"{above.name} {region.name}"]
    ways += region.aliases if region.level != "county" else [alias for alias in region.aliases if alias.isdigit()]
    try:
        regions.find(region.name)
    except regions.RegionAmbiguous:
        pass  # its bare name would be refused
    else:
        ways.append(region.name)
    return rng.choice(ways)


def write_xlsx(
    path: Path, headers: Sequence[str], rows: Iterable[Mapping[str, Cell]], *, streamed: bool = False
) -> None:
    """``headers`` are written as given; a row's keys are without their blanks. An empty row stays empty.

    ``streamed`` keeps memory flat for huge files (and writes texts in place, as some exporters do).
    """
    book = xlsxwriter.Workbook(str(path), {"constant_memory": streamed, "strings_to_numbers": False})
    book.set_properties({"created": dt.datetime(2023, 1, 1, tzinfo=dt.UTC)})  # the same bytes each time
    sheet = book.add_worksheet("花名册")
    date = book.add_format({"num_format": "yyyy-mm-dd"})
    for column, header in enumerate(headers):
        sheet.write_string(0, column, header)
    for number, row in enumerate(rows, start=1):
        for column, header in enumerate(headers):
            cell = row.get(header.strip())
            if isinstance(cell, dt.date):
                sheet.write_datetime(number, column, cell, date)
            elif isinstance(cell, int | float):
                sheet.write_number(number, column, cell)
            elif cell is not None:
                sheet.write_string(number, column, cell)
    book.close()


def write_csv(
    path: Path,
    headers: Sequence[str],
    rows: Iterable[Mapping[str, Cell]],
    *,
    encoding: str = "utf-8",
    newline: str = "\r\n",
) -> None:
    """``encoding`` is utf-8, utf-8-sig or gb18030."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, lineterminator=newline)
        writer.writerow(headers)
        for row in rows:
            writer.writerow([row.get(header.strip(), "") for header in headers])
