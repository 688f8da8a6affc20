"""The form (填报表) in which figures are filled: one row for each indicator and region, what its columns mean,
and what became of those that were handed in."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from contract import identifying, regions
from contract.cells import heading as heading_of
from contract.cells import unreadable as unreadable_cell
from contract.errors import Invalid, field_error
from contract.reports import ReportWorkbookUnreadable
from contract.words import Measure
from plan import Indicator

# heading -> field of contract.reports.FileReport, None where it is only shown
COLUMNS: dict[str, str | None] = {
    "指标编号": "target_id",
    "指标": None,
    "计量单位": None,
    "行政区划": "region",
    "地区": None,
    "期别": "period",
    "上次审定累计": None,
    "累计完成": "cumulative",
    "工作状态": "state",
    "开工": "started",
    "建成": "completed",
    "验收": "inspected",
    "存在问题": "problems",
    "下步措施": "next_steps",
    "更正理由": "reason",
    "佐证材料": "evidence",
}
KEYS = ("指标编号", "行政区划", "期别")  # which line a row is of
INPUT = ("累计完成", "工作状态", "开工", "建成", "验收", "存在问题", "下步措施", "更正理由", "佐证材料")
_NEEDED = ("指标编号", "行政区划", "期别", "累计完成", "工作状态", "佐证材料")
_FIGURES = ("cumulative", "started", "completed", "inspected")
_HEADING = {field: heading for heading, field in COLUMNS.items() if field}
_EVIDENCE = re.compile(r"([0-9a-f]{24}):([0-9a-f]{64})")
_AS_A_DAY = re.compile(r"(\d{4}-\d{2})-01")  # what a spreadsheet makes of a month that is typed into it
_FIFTEEN = Context(prec=15)  # what a spreadsheet keeps of a number: 7.3 comes as 7.300000000000001


class NotANumber(Exception):
    """What stands in a cell where a figure is to be."""


@dataclass(frozen=True)
class Blank:
    """One row to be filled in. ``last``: what was accepted for the region before or in the period."""

    indicator: Indicator
    region: str
    last: Decimal | None

    @property
    def by_state(self) -> bool:
        return self.indicator.measure is Measure.STATE


@dataclass(frozen=True, slots=True)
class Row:
    """``row`` is the spreadsheet's own number in ``sheet``. ``columns``: those at fault, by their heading."""

    row: int
    outcome: str
    report_id: str | None
    code: str | None
    detail: str | None
    detail_en: str | None
    columns: tuple[str, ...]
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Import:
    """``sheets``: contract.sheets.SheetRead."""

    import_id: str
    client_id: str
    organisation: str
    region: str
    filename: str
    sha256: str
    result_file_id: str
    submitted_at: dt.datetime
    rows: tuple[Row, ...]
    sheets: tuple[Mapping[str, Any], ...] = ()


def places(header: Sequence[str]) -> dict[str, int]:
    """Heading -> column, blanks left out. Raises ReportWorkbookUnreadable naming what is missing or there twice."""
    found: dict[str, int] = {}
    for place, cell in enumerate(header):
        heading = heading_of(cell)
        if heading in found:
            raise unreadable(f"表头“{heading}”重复出现，请使用下载的填报表", f"the heading {heading} is there twice")
        if heading in COLUMNS:
            found[heading] = place
    missing = [heading for heading in _NEEDED if heading not in found]
    if missing:
        raise unreadable(
            f"第一行缺少表头：{'、'.join(missing)}。请使用下载的填报表，不要改动表头",
            f"the first row lacks the headings {', '.join(missing)}: use the template as it was downloaded",
        )
    return found


def command(cells: Sequence[str], at: Mapping[str, int]) -> dict[str, Any] | None:
    """FileReport of one row, in JSON form; None when nothing is filled in. Raises Invalid naming fields at fault."""
    given = {
        field: cells[place]
        for heading, place in at.items()
        if (field := COLUMNS[heading]) and place < len(cells) and cells[place]
    }
    if not any(_HEADING[field] in INPUT for field in given):
        return None
    faults = [
        field_error(f"/{field}", *why)
        for field, text in given.items()
        if (_HEADING[field] in INPUT or _HEADING[field] in KEYS) and (why := unreadable_cell(text))
    ]
    if faults:
        raise Invalid("此行有单元格无法读取", "the row has cells that cannot be read", faults)
    for field in _FIGURES:
        if field in given:
            try:
                given[field] = figure(given[field])
            except NotANumber:
                zh = "不是数字：只填数字，不带单位；过长的数字请把单元格设为文本后重新填写"
                en = "is not a number: give the number alone; where it is very long, format the cell as text"
                faults.append(field_error(f"/{field}", "type", zh, en))
    told: dict[str, Any] = dict(given)
    if "period" in told:
        told["period"] = _AS_A_DAY.sub(r"\1", told["period"])
    evidence = given.get("evidence", "")
    told["evidence"] = [
        {"file_id": file_id, "sha256": digest, "title": f"佐证材料{number}"}
        for number, (file_id, digest) in enumerate(_EVIDENCE.findall(evidence.lower()), start=1)
    ]
    if re.sub(r"[\s,，;；、]+", "", _EVIDENCE.sub("", evidence.lower())):
        zh = "应为“文件编号:摘要”，多份用逗号分开；二者见上传佐证材料（/v1/evidence）的结果"
        en = "must be file_id:sha256 as /v1/evidence answered them, with commas between"
        faults.append(field_error("/evidence", "format", zh, en))
    if faults:
        raise Invalid("此行有误", "the row has errors", faults)
    return told


def repeated(commands: Sequence[tuple[Any, Mapping[str, Any]]]) -> dict[Any, list[Any]]:
    """Of rows (each with what it is known by, and its FileReport) that are about one line and do not say the same: each
    with the others. None of them can be preferred."""
    lines: dict[tuple[str, str, str], list[tuple[Any, Mapping[str, Any]]]] = {}
    for row, command in commands:
        line = command["target_id"], _place(command["region"]), command["period"]
        lines.setdefault(line, []).append((row, command))
    found: dict[Any, list[Any]] = {}
    for rows in lines.values():
        contents = [_content(command) for _, command in rows]
        if any(each != contents[0] for each in contents):
            for row, _ in rows:
                found[row] = [other for other, _ in rows if other != row]
    return found


def _place(region: str) -> str:
    try:
        return regions.find(region).code
    except Invalid:  # the row is refused for it
        return region


def _content(command: Mapping[str, Any]) -> dict[str, Any]:
    apart = ("command_id", "region", "evidence")
    content = {name: value for name, value in command.items() if name not in apart}
    return content | {"evidence": sorted((each["file_id"], each["sha256"]) for each in command["evidence"])}


def figure(cell: str) -> str:
    """A number as it was meant: full-width digits, thousands separators, and the dust of floating point left out.
    Raises NotANumber, also for what a spreadsheet has rounded (1.30102E+17)."""
    text = identifying.number(cell)
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    if not re.fullmatch(r"-?\d+(\.\d+)?([eE]-?\d{1,2})?", text):
        raise NotANumber(cell)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise NotANumber(cell) from None
    if "." in text and len(number.as_tuple().digits) > _FIFTEEN.prec:
        number = _FIFTEEN.plus(number).normalize(_FIFTEEN)
    return format(number, "f")


def headings(errors: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """The columns that a refusal's field errors are about."""
    fields = [error["pointer"].split("/")[1] for error in errors if error["pointer"].count("/")]
    return tuple(dict.fromkeys(_HEADING[field] for field in fields if field in _HEADING))


def unreadable(zh: str, en: str) -> ReportWorkbookUnreadable:
    return ReportWorkbookUnreadable(zh, en)
