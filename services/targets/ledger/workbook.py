"""The work ledger as an office sends it on: one sheet of 25 columns, made up for A3, and one of forecasts."""

import datetime as dt
import io
from collections.abc import Callable, Sequence
from decimal import Decimal
from math import ceil
from typing import Any
from unicodedata import east_asian_width

import xlsxwriter

from contract import regions
from plan import Plan
from runtime.clock import SHANGHAI
from services.targets.ledger.rows import Row

Cell = str | int | Decimal | dt.date | None

_A3 = 8
_HEADER = 3  # rows above the first line of the table
_FILLS = {"绿": "#C6E0B4", "红": "#F4B6B6", "黄": "#FFE699", "蓝": "#BDD7EE"}
_TITLES = 5  # of the register's problems, in one cell
_LINE = 13.0  # points; not every program works out by itself how high a row of wrapped text is
_HIGHEST = 409.0  # Excel's limit

# (heading, width in characters, what is in it, how it is shown)
_COLUMNS: tuple[tuple[str, float, Callable[[Row], Cell], str], ...] = (
    ("序号", 5, lambda row: row.number, "centre"),
    ("工程", 16, lambda row: f"{row.indicator.item}. {row.indicator.item_name}", "text"),
    ("指标", 16, lambda row: f"{row.indicator.id} {row.indicator.name}", "text"),
    ("单位", 5.5, lambda row: row.indicator.unit or None, "centre"),
    ("年度目标", 10.5, lambda row: row.target, "number"),
    ("调整后目标", 10.5, lambda row: row.adjusted_target, "number"),
    ("口径", 13, lambda row: row.scope, "text"),
    ("牵头单位", 13, lambda row: row.responsible.lead, "text"),
    ("责任单位", 13, lambda row: "、".join(row.responsible.co) or None, "text"),
    ("责任人", 8, lambda row: row.responsible.principal, "centre"),
    ("联系人", 8, lambda row: row.responsible.contact, "centre"),
    ("地区", 9, lambda row: row.region_name, "centre"),
    ("本期完成", 10.5, lambda row: row.period, "number"),
    ("累计完成", 11.5, lambda row: row.value if row.told.state is None else row.told.state.value, "number"),
    ("完成率", 9, lambda row: row.standing.percent, "percent"),
    ("序时进度", 9, lambda row: row.pace, "percent"),
    ("偏差", 9, lambda row: row.standing.deviation, "deviation"),
    ("状态", 9.5, lambda row: _status(row), "status"),
    ("存在问题", 28, lambda row: _problems(row), "text"),
    ("下步措施", 24, lambda row: row.told.next_steps, "text"),
    ("佐证", 6, lambda row: row.told.evidence or None, "centre"),
    ("填报人", 8.5, lambda row: row.told.filed_by, "centre"),
    ("审核人", 8.5, lambda row: row.told.reviewed_by, "centre"),
    ("截止日期", 10.5, lambda row: row.due_on, "day"),
    ("更新时间", 10.5, lambda row: _updated(row), "day"),
)

_NOTES = (
    "完成率按现行目标（有调整的按调整后目标）计算，四舍五入保留两位小数，超过100%的如实列示；偏差为完成率减序时进度"
    "（存量指标为增量完成率减序时进度），单位为百分点。",
    "状态：绿为达序时或按期完成，红为未达序时或到期未完成，黄为上期落后、现已赶上或逾期完成，蓝为完成并验收；"
    "空白为目标未分解、基数未填报等无法判断的情形。",
)


def workbook(plan: Plan, rows: Sequence[Row], *, region: str, as_of: dt.date, period: str) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "default_date_format": "yyyy-mm-dd"})
    try:
        name = regions.get(region).name
        title = f"{plan.name}工作台账"
        book.set_properties({"title": title, "subject": f"{name} 截至{as_of}", "comments": plan.document})
        looks = _Looks(book)
        below = f"{plan.document}    地区：{name}    截至：{_day(as_of)}    本期：{period[:4]}年{int(period[5:])}月"
        _ledger(book.add_worksheet("工作台账"), looks, rows, title, below)
        _forecasts(book.add_worksheet("完成预测"), looks, rows, f"{title}：完成预测", below, plan)
    finally:
        book.close()
    return file.getvalue()


class _Looks:
    """Formats, made once each."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[str, str, int], Any] = {}
        self.title = book.add_format({"font_name": "黑体", "font_size": 20, "align": "center", "valign": "vcenter"})
        self.below = book.add_format({"font_name": "宋体", "font_size": 11, "align": "center", "valign": "vcenter"})
        self.note = book.add_format({"font_name": "宋体", "font_size": 10, "text_wrap": True, "valign": "top"})
        self.heading = book.add_format(
            {
                "font_name": "黑体",
                "font_size": 10,
                "align": "center",
                "valign": "vcenter",
                "text_wrap": True,
                "border": 1,
                "bg_color": "#E7E6E6",
            }
        )

    def of(self, kind: str, *, colour: str | None = None, decimals: int = 0) -> Any:
        key = (kind, colour or "", decimals)
        if key not in self._made:
            look = {"font_name": "宋体", "font_size": 10, "border": 1, "valign": "vcenter", "text_wrap": True}
            look |= {"align": "left" if kind == "text" else "right" if kind in _NUMBERS else "center"}
            if kind == "number":
                look["num_format"] = "#,##0" + ("." + "0" * decimals if decimals else "")
            elif kind in _FORMATS:
                look["num_format"] = _FORMATS[kind]
            if colour:
                look["bg_color"] = _FILLS[colour]
            self._made[key] = self._book.add_format(look)
        return self._made[key]


_NUMBERS = ("number", "percent", "deviation")
_FORMATS = {"percent": '0.00"%"', "deviation": "+0.00;-0.00;0.00", "day": "yyyy-mm-dd"}


def _ledger(sheet: Any, looks: _Looks, rows: Sequence[Row], title: str, below: str) -> None:
    last = len(_COLUMNS) - 1
    _head(sheet, looks, title, below, [(heading, width) for heading, width, _, _ in _COLUMNS])
    for at, row in enumerate(rows, _HEADER):
        lines = 1
        for column, (_, width, value, kind) in enumerate(_COLUMNS):
            colour, cell = row.standing.colour if kind == "status" else None, value(row)
            _write(sheet, at, column, cell, kind, looks, colour=colour, decimals=row.decimals)
            if isinstance(cell, str):
                lines = max(lines, _lines(cell, width))
        sheet.set_row(at, min(_LINE * lines + 4, _HIGHEST))
    sheet.autofilter(_HEADER - 1, 0, _HEADER - 1 + len(rows), last)
    sheet.freeze_panes(_HEADER, 3)
    for at, note in enumerate(_NOTES, _HEADER + len(rows)):
        sheet.merge_range(at, 0, at, last, f"{'注：' if at == _HEADER + len(rows) else '　　'}{note}", looks.note)
        sheet.set_row(at, 18)


def _forecasts(sheet: Any, looks: _Looks, rows: Sequence[Row], title: str, below: str, plan: Plan) -> None:
    columns = [("序号", 6.0), ("指标", 26.0), ("地区", 12.0), ("单位", 7.0), ("目标", 13.0), ("累计完成", 13.0)]
    for on in (plan.soft_deadline, plan.deadline):
        columns += [(f"{_day(on)}", 14.0), ("区间下限", 13.0), ("区间上限", 13.0), ("判断", 11.0)]
    _head(sheet, looks, title, below, columns)
    told = [row for row in rows if row.forecasts]
    for at, row in enumerate(told, _HEADER):
        goal = row.target if row.adjusted_target is None else row.adjusted_target
        cells: list[tuple[Cell, str]] = [
            (at - _HEADER + 1, "centre"),
            (f"{row.indicator.id} {row.indicator.name}", "text"),
            (row.region_name, "centre"),
            (row.indicator.unit or None, "centre"),
            (goal, "number"),
            (row.value, "number"),
        ]
        for one in row.forecasts:
            cells += [(one.value, "number"), (one.low, "number"), (one.high, "number"), (one.prospect.value, "centre")]
        for column, (value, kind) in enumerate(cells):
            _write(sheet, at, column, value, kind, looks, decimals=row.decimals)
    sheet.freeze_panes(_HEADER, 2)
    outlook = plan.outlook
    note = (
        f"注：按各月末累计数两两之间斜率的中位数外推，区间置信度{outlook.confidence}%，已过的日期为实际数；"
        f"有数据的月份不足{outlook.least_months}个，或存量指标未填报基数的，无法判断；仅供调度参考。"
    )
    sheet.merge_range(_HEADER + len(told), 0, _HEADER + len(told), len(columns) - 1, note, looks.note)
    sheet.set_row(_HEADER + len(told), 18)


def _head(sheet: Any, looks: _Looks, title: str, below: str, columns: Sequence[tuple[str, float]]) -> None:
    """Title, document and day, headings; and how it comes out of a printer."""
    last = len(columns) - 1
    sheet.merge_range(0, 0, 0, last, title, looks.title)
    sheet.merge_range(1, 0, 1, last, below, looks.below)
    sheet.set_row(0, 34)
    sheet.set_row(1, 20)
    sheet.set_row(2, 30)
    for column, (heading, width) in enumerate(columns):
        sheet.set_column(column, column, width)
        sheet.write_string(_HEADER - 1, column, heading, looks.heading)
    sheet.set_landscape()
    sheet.set_paper(_A3)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, _HEADER - 1)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.7)
    sheet.center_horizontally()
    sheet.set_footer('&C&"宋体,Regular"&10第&P页/共&N页')


def _write(
    sheet: Any,
    at: int,
    column: int,
    value: Cell,
    kind: str,
    looks: _Looks,
    *,
    colour: str | None = None,
    decimals: int = 0,
) -> None:
    """Text is never taken for a formula, whatever it begins with."""
    if isinstance(value, str) and kind == "number":
        kind = "centre"
    look = looks.of(kind, colour=colour, decimals=decimals if kind == "number" else 0)
    match value:
        case None:
            sheet.write_blank(at, column, None, look)
        case str():
            sheet.write_string(at, column, value, look)
        case dt.date():
            sheet.write_datetime(at, column, dt.datetime.combine(value, dt.time()), look)
        case _:
            sheet.write_number(at, column, value, look)


def _lines(text: str, width: float) -> int:
    """How many lines the text takes in a column of so many characters; a Chinese one is two wide."""
    wide = [sum(2 if east_asian_width(letter) in "WF" else 1 for letter in line) for line in text.split("\n")]
    return sum(max(1, ceil(one / (width - 1))) for one in wide)


def _status(row: Row) -> str | None:
    standing = row.standing
    return None if standing.status is None else f"{standing.status.value}\n（{standing.colour}）"


def _problems(row: Row) -> str | None:
    """What the report says, and what the register of problems has open."""
    parts = [row.told.problems] if row.told.problems else []
    register = row.register
    if register.open:
        late = f"，其中逾期{register.overdue}项" if register.overdue else ""
        titles = "、".join(register.titles[:_TITLES])
        parts.append(f"挂账{register.open}项{late}" + (f"：{titles}" if titles else ""))
    return "；".join(parts) or None


def _updated(row: Row) -> dt.date | None:
    return None if row.told.updated_at is None else row.told.updated_at.astimezone(SHANGHAI).date()


def _day(day: dt.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
