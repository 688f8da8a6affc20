"""The form as an .xlsx: empty, to be filled in, and given back with what became of each row."""

import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import xlsxwriter

from contract import regions
from contract.reports import RowFiled
from contract.words import WorkState
from runtime.sheets import Numbered, Sheet
from services.reports.forms.domain import COLUMNS, INPUT, Blank, Row

_WIDTHS = {"指标": 32, "地区": 26, "存在问题": 28, "下步措施": 28, "更正理由": 20, "佐证材料": 24, "上次审定累计": 14}
_OUTCOMES = {RowFiled.FILED: "已填报", RowFiled.DUPLICATE: "内容未变", RowFiled.REFUSED: "退回"}
_MOST = 10**12

_HOW = (
    "一、只填写黄色单元格；其余单元格受保护，请勿改动表头和前七列。",
    "二、“累计完成”填年初至期末的累计数；存量指标（如总量、装机量）填期末数，并须先填报并审定上年12月的基数。",
    "三、没有数量指标的工作，不填累计数，在“工作状态”中选择：未启动、推进中、已完成。",
    "四、累计数不应低于以前各期；分项（其中）不应高于总数；合计指标由系统计算，不在表中。",
    "五、开工、建成、验收分别填报，应满足：开工 ≥ 建成 ≥ 验收。",
    "六、已审定或被驳回的期别再次填报的，须填“更正理由”；审核通过前，原审定数继续有效。",
    "七、累计数大于0或工作已启动的，须有佐证材料：先上传（/v1/evidence），再填“文件编号:摘要”，多份用逗号分开。",
    "八、任何栏目都不要填写身份证号码、手机号码等个人信息。",
    "九、不填的行不处理；上传后逐行给出结果，退回的行标红并写明原因。填报须由另一人审核后计入。",
)


def template(blanks: Sequence[Blank], *, period: str) -> bytes:
    """One sheet to fill in, its other cells locked, and one that says how."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("填报")
    text = {"num_format": "@", "border": 1, "border_color": "#BFBFBF", "text_wrap": True, "valign": "vcenter"}
    bold = book.add_format(text | {"bold": True, "bg_color": "#DDEBF7"})
    shown = book.add_format(text | {"bg_color": "#F2F2F2"})
    entry = book.add_format(text | {"bg_color": "#FFF9E5", "locked": False})
    # An id and a digest are long, and would make every row as high as three lines.
    proof = book.add_format(text | {"bg_color": "#FFF9E5", "locked": False, "text_wrap": False})
    numbers = {
        decimals: book.add_format(
            text | {"bg_color": "#FFF9E5", "locked": False, "num_format": _number_format(decimals)}
        )
        for decimals in range(7)
    }
    _columns(sheet, bold, tuple(COLUMNS))
    places = {heading: place for place, heading in enumerate(COLUMNS)}
    for row, blank in enumerate(blanks, start=1):
        reporting = blank.indicator.reporting
        decimals = reporting.decimals if reporting else 0
        for heading, value in _told(blank, period).items():
            sheet.write_string(row, places[heading], value, shown)
        for heading in INPUT:
            figure = heading in ("累计完成", "开工", "建成", "验收")
            off = blank.by_state == (heading == "累计完成") and heading in ("累计完成", "工作状态")
            look = shown if off else numbers[decimals] if figure else proof if heading == "佐证材料" else entry
            sheet.write_blank(row, places[heading], None, look)
            if off:
                continue
            if figure:
                most = 1 if reporting and reporting.at_most_one and heading == "累计完成" else _MOST
                sheet.data_validation(row, places[heading], row, places[heading], _rule(decimals, most))
            elif heading == "工作状态":
                states = [state.value for state in WorkState]
                sheet.data_validation(
                    row, places[heading], row, places[heading], {"validate": "list", "source": states}
                )
    sheet.protect("", {"format_columns": True, "format_rows": True, "autofilter": True, "sort": True})
    how = book.add_worksheet("填报说明")
    how.set_column(0, 0, 110)
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for row, line in enumerate(_HOW):
        how.write_string(row, 0, line, wrapped)
    book.close()
    return out.getvalue()


def annotated(sheets: Sequence[tuple[Sheet, Sequence[tuple[Numbered, Row | None]]]]) -> bytes:
    """What was handed in, each row with its outcome; the cells at fault are red. All cells are text, so that nothing
    is taken for a formula."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    text = {"num_format": "@", "valign": "top"}
    plain, bold = book.add_format(text), book.add_format(text | {"bold": True, "bg_color": "#DDEBF7"})
    pale, red = book.add_format(text | {"bg_color": "#FCE4D6"}), book.add_format(text | {"bg_color": "#FF9999"})
    reason = book.add_format(text | {"bg_color": "#FF9999", "text_wrap": True})
    for read, rows in sheets:
        header = read.header
        sheet = book.add_worksheet("填报结果" if len(sheets) == 1 else read.name)
        _columns(sheet, bold, (*header, "结果", "原因"))
        for (number, cells), result in rows:
            refused = result is not None and result.outcome == RowFiled.REFUSED
            for place, cell in enumerate(cells[: len(header)]):
                at_fault = result is not None and refused and header[place] in result.columns
                look = red if at_fault else pale if refused else plain
                if cell:
                    sheet.write_string(number - 1, place, cell, look)
                elif at_fault:
                    sheet.write_blank(number - 1, place, None, look)
            if result is None:
                continue
            look = red if refused else plain
            sheet.write_string(number - 1, len(header), _OUTCOMES[RowFiled(result.outcome)], look)
            sheet.write_string(number - 1, len(header) + 1, result.detail or "", reason if refused else plain)
    book.close()
    return out.getvalue()


def _columns(sheet: Any, bold: Any, header: Sequence[str]) -> None:
    for place, heading in enumerate(header):
        sheet.set_column(place, place, 60 if heading == "原因" else _WIDTHS.get(heading, 11))
        sheet.write_string(0, place, heading, bold)
    sheet.freeze_panes(1, 2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _told(blank: Blank, period: str) -> Mapping[str, str]:
    return {
        "指标编号": blank.indicator.id,
        "指标": blank.indicator.name,
        "计量单位": blank.indicator.unit,
        "行政区划": blank.region,
        "地区": regions.get(blank.region).full_name,
        "期别": period,
        "上次审定累计": "" if blank.last is None else format(blank.last, "f"),
    }


def _rule(decimals: int, most: int | Decimal) -> dict[str, Any]:
    return {
        "validate": "decimal" if decimals else "integer",
        "criteria": "between",
        "minimum": 0,
        "maximum": most,
        "error_title": "填写有误",
        "error_message": f"应为不小于0{'' if most == _MOST else f'、不大于{most}'}的数字"
        + (f"，最多{decimals}位小数" if decimals else "，且为整数"),
    }


def _number_format(decimals: int) -> str:
    return "0" if not decimals else "0." + "0" * decimals
