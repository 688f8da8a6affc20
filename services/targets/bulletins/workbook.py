"""A bulletin's annex as a workbook: all rows, where the document names a few."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

import xlsxwriter

from services.targets.bulletins.document import DRAFT, cause, day, source
from services.targets.bulletins.domain import Annex, Content, Correction, Problem
from services.targets.snapshots.domain import Moved

_FILLS = {"绿": "#C6E0B4", "黄": "#FFE699", "红": "#F8CBAD", "蓝": "#BDD7EE"}


@dataclass(frozen=True)
class Column:
    """``decimals``: of a number; None: a text."""

    head: str
    width: int
    decimals: int | None = None


_A3, _A4, _WIDE = 8, 9, 180  # paper, and from how many characters on it is A3
_NUMBER, _PERCENT = 3, 2  # decimals shown at most
_ROWS = 1_000_000  # of one sheet: a workbook's have room for some thousand more


class _Book:
    """Cells are texts and numbers and never formulas, whatever they begin with."""

    def __init__(self, content: Content, number: int | None) -> None:
        self.bytes = io.BytesIO()
        self.book: Any = xlsxwriter.Workbook(self.bytes, {"constant_memory": True, "strings_to_formulas": False})
        self.book.set_properties({"title": content.title, "subject": content.code(number)})
        edge = {"border": 1, "valign": "vcenter", "font_name": "仿宋", "font_size": 11, "text_wrap": True}
        self._text = self.book.add_format(edge)
        self._head = self.book.add_format(edge | {"bold": True, "align": "center", "bg_color": "#D9E1F2"})
        self._title = self.book.add_format(
            {"font_name": "黑体", "font_size": 16, "align": "center", "valign": "vcenter"}
        )
        self._note = self.book.add_format({"font_name": "仿宋", "font_size": 10, "text_wrap": True, "valign": "top"})
        self._numbers = {
            decimals: self.book.add_format(edge | {"num_format": "#,##0" + ("." + shown if shown else "")})
            for decimals, shown in ((0, ""), (_PERCENT, "00"), (_NUMBER, "###"))
        }
        self._fills = {
            colour: self.book.add_format(edge | {"bg_color": fill, "align": "center"})
            for colour, fill in _FILLS.items()
        }
        self._draft = DRAFT if number is None else ""
        self._under = f"{self._draft}    {content.code(number)}    截至{day(content.as_of)}".lstrip()

    def sheet(self, name: str, title: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> None:
        sheet = self.book.add_worksheet(name)
        last = len(columns) - 1
        sheet.set_row(0, 30)
        sheet.set_row(2, 32)
        sheet.merge_range(0, 0, 0, last, title, self._title)
        sheet.merge_range(1, 0, 1, last, self._under, self._note)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width)
            sheet.write_string(2, place, column.head, self._head)
        end = 2
        for end, row in enumerate(rows, 3):
            for place, (column, value) in enumerate(zip(columns, row, strict=True)):
                self._write(sheet, end, place, column, value)
        if end == 2:
            end = 3
            sheet.merge_range(3, 0, 3, last, "无", self._text)
        sheet.freeze_panes(3, 2)
        sheet.autofilter(2, 0, end, last)
        sheet.repeat_rows(2)
        sheet.set_landscape()
        sheet.set_paper(_A3 if sum(column.width for column in columns) > _WIDE else _A4)
        sheet.fit_to_pages(1, 0)
        sheet.center_horizontally()
        sheet.set_header(f"&C&14{self._draft}" if self._draft else "")
        sheet.set_footer("&C第&P页／共&N页")
        sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)

    def _write(self, sheet: Any, row: int, place: int, column: Column, value: Any) -> None:
        if value is None:
            sheet.write_string(row, place, "", self._text)
        elif column.decimals is not None:
            whole = Decimal(value) == Decimal(value).to_integral_value()
            decimals = 0 if column.decimals == _NUMBER and whole else column.decimals
            sheet.write_number(row, place, float(value), self._numbers[decimals])
        else:
            sheet.write_string(row, place, str(value), self._fills.get(value, self._text))

    def note(self, name: str, lines: Sequence[str]) -> None:
        sheet = self.book.add_worksheet(name)
        sheet.set_column(0, 0, 90)
        for row, line in enumerate(lines):
            sheet.set_row(row, 34)
            sheet.write_string(row, 0, line, self._note)
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)

    def close(self) -> bytes:
        self.book.close()
        return self.bytes.getvalue()


def workbook(content: Content, number: int | None, annex: Annex) -> bytes:
    """The xlsx. Rows are written as they are read: a correction may list a hundred thousand."""
    book = _Book(content, number)
    if content.correction is None:
        _bulletin(book, content, annex.problems)
    else:
        _correction(book, content.correction, annex.entries)
    sources = "；".join(f"{source(service)}至第{seq}条" for service, seq in content.sources.items())
    book.note(
        "说明",
        [
            f"文号：{content.code(number)}",
            f"标题：{content.title}",
            f"数据：第{content.round}期调度锁定数据（{content.snapshot_id}），截至{day(content.as_of)}；{sources}",
            f"锁定数据摘要（SHA-256）：{content.snapshot_digest}",
            *(f"日志链首（SHA-256）：{head.whole()}" for head in content.heads),
            content.rule,
            "百分比保留两位小数，四舍五入，超过100%的如实列示。迟报：首次填报晚于截止日；未报：关闭调度时从未填报。",
        ],
    )
    return book.close()


def _bulletin(book: _Book, content: Content, problems: Iterable[Problem]) -> None:
    book.sheet(
        "量化指标",
        "量化指标进展情况表",
        [
            *(Column("编号", 8), Column("指标", 30), Column("工程", 28), Column("单位", 8), Column("牵头单位", 22)),
            *(Column("比较", 6), Column("年度目标", 15, _NUMBER), Column("调整后目标", 15, _NUMBER)),
            *(Column("累计完成", 15, _NUMBER), Column("占年度目标%", 12, _PERCENT), Column("完成率%", 10, _PERCENT)),
            *(Column("序时进度%", 10, _PERCENT), Column("偏差（百分点）", 10, _PERCENT)),
            *(Column("状态", 10), Column("亮灯", 6)),
        ],
        (
            [
                *(line.indicator, line.name, line.item_name, line.unit, line.department, line.comparator),
                *(line.target, line.adjusted_target, line.value),
                line.percent if line.percent_of_original is None else line.percent_of_original,
                *(line.percent, line.pace, line.deviation, line.status, line.colour),
            ]
            for line in content.lines
        ),
    )
    book.sheet(
        "定性任务",
        "定性任务进展情况表",
        [
            *(
                Column("编号", 8),
                Column("任务", 30),
                Column("工程", 28),
                Column("牵头单位", 22),
                Column("总体状态", 12),
            ),
            *(
                Column("已完成（地区数）", 12, 0),
                Column("推进中", 10, 0),
                Column("未启动", 10, 0),
                Column("未报告", 10, 0),
            ),
        ],
        (
            [
                *(line.indicator, line.name, line.item_name, line.department, line.state or "未报告"),
                *(line.done, line.under_way, line.not_started, line.untold),
            ]
            for line in content.states
        ),
    )
    book.sheet(
        "各地得分",
        "各地得分情况表",
        [
            *(Column("位次", 8, 0), Column("地区", 16), Column("得分", 12, _PERCENT)),
            *(Column("参评指标数", 12, 0), Column("未达序时数", 12, 0)),
        ],
        ([one.place, one.name, one.score, len(one.measured), one.behind] for one in content.ranking),
    )
    book.sheet(
        "逐项得分",
        "各地逐项得分表",
        [
            *(Column("位次", 8, 0), Column("地区", 16), Column("编号", 8), Column("指标", 32)),
            *(Column("完成率%", 12, _PERCENT), Column("完成率÷序时进度%", 18, _PERCENT)),
        ],
        (
            [score.place, score.name, one.indicator, one.name, one.percent, one.ratio]
            for score in content.ranking
            for one in score.measured
        ),
    )
    book.sheet(
        "迟报未报",
        "迟报、未报名单",
        [Column("编号", 8), Column("指标", 32), Column("牵头单位", 22), Column("情况", 8), Column("地区", 28)],
        (
            [one.indicator, one.name, one.department, what, name]
            for one in content.outstanding
            for what, names in (("迟报", one.late), ("未报", one.missing))
            for name in names
        ),
    )
    book.sheet(
        "存在问题",
        "存在问题及下步措施",
        [Column("编号", 8), Column("指标", 28), Column("地区", 24), Column("存在问题", 60), Column("下步措施", 60)],
        ([one.indicator, one.name, one.region_name, one.problems, one.next_steps] for one in problems),
    )


def _correction(book: _Book, correction: Correction, entries: Iterable[Moved]) -> None:
    book.sheet(
        "数据变动",
        "各地数据变动情况表",
        [
            *(Column("编号", 8), Column("指标", 32), Column("单位", 8), Column("地区", 28)),
            *(Column("原通报数", 15, _NUMBER), Column("现核定数", 15, _NUMBER), Column("增减", 12, _NUMBER)),
            *(Column("原完成率%", 12, _PERCENT), Column("现完成率%", 12, _PERCENT)),
        ],
        (
            [
                *(one.indicator, one.name, one.unit, one.region_name, one.reported, one.known, one.by),
                *(one.reported_percent, one.known_percent),
            ]
            for one in correction.moves
        ),
    )
    rest = iter(entries)
    for first in range(0, max(correction.counted_entries, 1), _ROWS):
        _entries(book, "逐条依据" + (str(first // _ROWS + 1) if first else ""), islice(rest, _ROWS))


def _entries(book: _Book, name: str, entries: Iterable[Moved]) -> None:
    book.sheet(
        name,
        "逐条变动依据",
        [
            *(Column("条目标识", 28), Column("编号", 8), Column("地区", 28), Column("数值", 12, _NUMBER)),
            *(
                Column("生效日", 12),
                Column("起因", 16),
                Column("来源", 14),
                Column("序号", 10, 0),
                Column("依据记录", 28),
            ),
        ],
        (
            [
                *(one.entry_id, one.indicator, one.region_name, one.value, one.effective_on.isoformat()),
                *(cause(one.cause), source(one.service), one.seq, one.fact_id),
            ]
            for one in entries
        ),
    )
