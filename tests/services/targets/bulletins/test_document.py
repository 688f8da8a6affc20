"""What document and workbook make of a content that is written down here by hand, word by word."""

import datetime as dt
import io
from dataclasses import replace
from decimal import Decimal
from typing import Any

from docx import Document
from python_calamine import CalamineWorkbook

from contract import targets
from contract.subscriptions import SUBSCRIPTIONS
from contract.words import Status
from services.targets.bulletins.document import bulletin, cause, source
from services.targets.bulletins.domain import (
    Annex,
    Content,
    Correction,
    Line,
    Measured,
    Move,
    Options,
    Outstanding,
    Problem,
    Reporting,
    Score,
    StateLine,
)
from services.targets.bulletins.workbook import workbook
from services.targets.snapshots.domain import Moved

DAY = dt.date(2023, 10, 31)
NO_ANNEX = Annex()


def a_line(id: str, name: str, status: Status, percent: str, deviation: str, **changes: Any) -> Line:
    told = Line(
        indicator=id, item=int(id.split(".")[0]), item_name=f"{name}工程", name=name, unit="个", decimals=1,
        comparator="≥", department="省某厅", target=Decimal("1200"), adjusted_target=None, value=Decimal("600.5"),
        percent=Decimal(percent), percent_of_original=None, pace=Decimal("83.29"), deviation=Decimal(deviation),
        status=status, colour={Status.BEHIND: "红"}.get(status, "绿"),
    )  # fmt: skip
    return replace(told, **changes)


def a_score(name: str, place: int | None, score: str | None, *measured: Measured, behind: int = 0) -> Score:
    return Score("130100", name, place, None if score is None else Decimal(score), behind, measured)


def measured(id: str, percent: str) -> Measured:
    return Measured(id, f"指标{id}", Decimal(percent), Decimal(percent) + 10)


BEST = a_score("甲市", 1, "112.50", *(measured(f"{n}.1", f"{70 + n}.00") for n in range(1, 6)), behind=1)
WORST = a_score("乙市", 2, "62.50", *(measured(f"{n}.1", f"{50 + n}.00") for n in range(1, 6)), behind=4)
CONTENT = Content(
    title="十月进展通报",
    issuer="省专班",
    series="冀工程通报",
    addressees="各市、各部门",
    plan_name="河北省民生工程方案",
    year=2023,
    round=10,
    period="2023-10",
    as_of=DAY,
    due_on=dt.date(2023, 11, 7),
    issued_on=dt.date(2023, 11, 9),
    snapshot_id="s" * 24,
    snapshot_digest="d" * 64,
    sources={"certification": 12, "reports": 345},
    rule="按完成率排名。",
    options=Options(),
    lines=(
        a_line("2.1", "小区", Status.ON_PACE, "90.00", "6.71"),
        a_line("4.1", "农村路", Status.BEHIND, "50.04", "-33.25"),
        a_line("4.2", "县道", Status.BEHIND, "40.00", "-43.29", unit="", value=None),
        a_line(
            "12.1", "护理员", Status.MET, "120.00", "36.71", adjusted_target=Decimal("1000"),
            percent_of_original=Decimal("100.00"),
        ),
    ),
    states=(StateLine("16", 16, "平台工程", "平台", "省某委", "推进中", 3, 2, 1, 8),),
    ranking=(BEST, WORST, a_score("丙市", None, None)),
    leaders=(BEST,),
    laggards=(WORST,),
    reporting=(Reporting("130100", "甲市", 2, 1), Reporting("130200", "乙市", 0, 4)),
    outstanding=(Outstanding("2.1", "小区", "省某厅", ("甲市", "乙市"), ("丙市",)),),
    problems=(
        Problem("2.1", "小区", "130100", "甲市", "停工", "催办！"),
        Problem("4.1", "农村路", "130200", "乙市", "缺钱。", None),
    ),
)  # fmt: skip


def texts(content: Content) -> list[str]:
    document = Document(io.BytesIO(bulletin(content, 7)))
    cells = (cell.text for table in document.tables for row in table.rows for cell in row.cells)
    return [*(paragraph.text for paragraph in document.paragraphs), *cells]


def sheets(content: Content, annex: Annex = NO_ANNEX) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(workbook(content, 7, annex)))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def test_the_document_says_what_the_content_says() -> None:
    told = texts(CONTENT)
    for sentence in (
        "冀工程通报〔2023〕第7期",
        "根据《河北省民生工程方案》调度安排，2023年第10期调度已于截止日2023年11月7日后关闭并锁定数据。"
        "现将截至2023年10月31日的进展情况通报如下。",
        "4项量化指标中，已完成1项，达序时1项，未达序时2项；序时进度为83.29%。"
        "落后较多的是：县道（40.00%）、农村路（50.04%）。"
        "目标已调整的指标：护理员完成年度目标的100.00%，占调整后目标的120.00%。",
        "1项定性任务：平台（推进中）。",
        "甲市：得分112.50，居第1位；承担目标的5项指标中4项达到序时进度，进展较快的是"
        "指标5.1（75.00%）、指标4.1（74.00%）、指标3.1（73.00%）。",
        "乙市：得分62.50，居第2位；承担目标的5项指标中4项未达序时进度，差距较大的是"
        "指标1.1（51.00%）、指标2.1（52.00%）、指标3.1（53.00%）。",
        "丙市未分解目标，不参加排名。",
        "按完成率排名。",
        "本期迟报2项次，未报5项次（首次填报晚于截止日为迟报），逐项名单见附件工作簿。",
        "1．甲市小区：停工。下步措施：催办！",
        "2．乙市农村路：缺钱。",
    ):
        assert any(sentence in text for text in told), sentence
    assert any(
        f"第10期调度锁定数据（事件日志：证书登记至第12条，进展填报至第345条），摘要 {'d' * 64}" in t for t in told
    )
    for cell in ("≥1,200", "600.5", "1,000", "+6.71", "-33.25", "100.00%，占调整后目标的120.00%", "不参评"):
        assert cell in told, cell
    assert (
        "指标1.1 指标1.1（71.00%）；2.1 指标2.1（72.00%）；3.1 指标3.1（73.00%）".replace("指标1.1 ", "1.1 ", 1) in told
    )


def test_where_there_is_nothing_to_tell_it_is_said() -> None:
    quiet = replace(
        CONTENT, states=(), ranking=(), leaders=(), laggards=(), reporting=(), outstanding=(), problems=(),
        lines=(a_line("2.1", "小区", Status.ON_PACE, "90.00", "6.71", pace=None),),
    )  # fmt: skip
    told = texts(quiet)
    for sentence in (
        "1项量化指标中，达序时1项。",
        "本期没有平均达到序时进度的地区。",
        "本期没有平均低于序时进度的地区。",
        "各地、各部门均按时报送。",
        "本期填报未反映存在问题。",
    ):
        assert any(sentence in text for text in told), sentence


def test_of_many_problems_twenty_are_told_and_the_rest_counted() -> None:
    many = tuple(Problem("2.1", "小区", "130100", f"{n}县", "停工", None) for n in range(1, 24))
    told = texts(replace(CONTENT, problems=many))
    assert any("20．20县小区：停工。" in text for text in told)
    assert not any("21．" in text for text in told)
    assert any("其余3条见附件工作簿。" in text for text in told)


def test_the_workbook_says_what_the_content_says() -> None:
    found = sheets(CONTENT, Annex(problems=CONTENT.problems))
    assert list(found) == ["量化指标", "定性任务", "各地得分", "逐项得分", "迟报未报", "存在问题", "说明"]
    assert {name: sheet[0][0] for name, sheet in found.items() if name != "说明"} == {
        "量化指标": "量化指标进展情况表",
        "定性任务": "定性任务进展情况表",
        "各地得分": "各地得分情况表",
        "逐项得分": "各地逐项得分表",
        "迟报未报": "迟报、未报名单",
        "存在问题": "存在问题及下步措施",
    }
    assert found["量化指标"][1][0] == "冀工程通报〔2023〕第7期    截至2023年10月31日"
    assert found["量化指标"][3] == [
        *("2.1", "小区", "小区工程", "个", "省某厅", "≥", 1200, "", 600.5, 90, 90, 83.29, 6.71, "达序时", "绿"),
    ]
    assert found["量化指标"][5][8] == ""
    assert found["量化指标"][6][7:11] == [1000, 600.5, 100, 120], "of the original, and of the adjusted target"
    assert found["定性任务"][3:] == [["16", "平台", "平台工程", "省某委", "推进中", 3, 2, 1, 8]]
    assert found["各地得分"][3:] == [[1, "甲市", 112.5, 5, 1], [2, "乙市", 62.5, 5, 4], ["", "丙市", "", 0, 0]]
    assert found["逐项得分"][3] == [1, "甲市", "1.1", "指标1.1", 71, 81]
    assert len(found["逐项得分"]) == 3 + 10
    assert found["迟报未报"][3:] == [
        ["2.1", "小区", "省某厅", "迟报", "甲市"],
        ["2.1", "小区", "省某厅", "迟报", "乙市"],
        ["2.1", "小区", "省某厅", "未报", "丙市"],
    ]
    assert found["存在问题"][3:] == [
        ["2.1", "小区", "甲市", "停工", "催办！"],
        ["4.1", "农村路", "乙市", "缺钱。", ""],
    ]
    assert [row[0] for row in found["说明"]][:5] == [
        "文号：冀工程通报〔2023〕第7期",
        "标题：十月进展通报",
        f"数据：第10期调度锁定数据（{'s' * 24}），截至2023年10月31日；证书登记至第12条；进展填报至第345条",
        f"锁定数据摘要（SHA-256）：{'d' * 64}",
        "按完成率排名。",
    ]


def test_an_empty_sheet_says_so() -> None:
    assert sheets(replace(CONTENT, outstanding=()))["迟报未报"][3][0] == "无"


def a_move(region: str, name: str, reported: str, known: str) -> Move:
    percents = Decimal(reported), Decimal(known)
    return Move("2.1", "小区", "个", 1, region, name, Decimal(reported), Decimal(known), *percents)


MOVED = Moved(
    "e" * 24, "2.1", "130102", "石家庄市长安区", Decimal("-1.5"), DAY, "reports.units_deducted", "f" * 24, "reports", 9
)
CORRECTION = replace(
    CONTENT,
    correction=Correction(
        code="冀工程通报〔2023〕第6期",
        title="十月进展通报",
        bulletin_id="b" * 24,
        reason="督导核减",
        sources={"reports": 9},
        moves=(a_move("130000", "全省", "1200.5", "1199"), a_move("130100", "石家庄市", "60", "58.5")),
        entries=(MOVED,),
        unexplained=("2.1 石家庄市",),
    ),
)


def test_a_correction_says_what_moved_and_why() -> None:
    told = texts(CORRECTION)
    for sentence in (
        "冀工程通报〔2023〕第6期《十月进展通报》印发后，所依据的数据有更正。现将变动情况通报如下，"
        "原通报数与现核定数均截至2023年10月31日。",
        "督导核减。",
        "共涉及1项指标、1条记录，全省数变动1项。",
        "以下变动与逐条依据不符，另行核查：2.1 石家庄市。",
        "冀工程通报〔2023〕第6期不作改动，变动部分以本通报为准。",
    ):
        assert any(sentence in text for text in told), sentence
    for cell in ("1,200.5", "1,199", "-1.5", "1200.5%", "督导核减", "进展填报"):
        assert cell in told, cell
    found = sheets(CORRECTION, Annex(entries=[MOVED]))
    assert found["数据变动"][3] == ["2.1", "小区", "个", "全省", 1200.5, 1199, -1.5, 1200.5, 1199]
    assert found["逐条依据"][3:] == [
        ["e" * 24, "2.1", "石家庄市长安区", -1.5, "2023-10-31", "督导核减", "进展填报", 9, "f" * 24]
    ]


def test_every_event_that_is_counted_and_its_service_have_words_of_an_office() -> None:
    counted = [one for one in SUBSCRIPTIONS if one.hearer == "targets" and one.counted]
    causes = {event.type(): cause(event.type()) for one in counted for event in one.events}
    causes |= {mend.type(): cause(mend.type()) for mend in targets.MENDS}
    assert not {event for event, told in causes.items() if told.isascii()}
    assert len({*causes.values()}) == len(causes), "two events are told alike"
    assert not [one.service for one in counted if source(one.service).isascii()]
    assert (cause("targets.replay"), cause("moon.landed"), source("moon")) == ("重放更正", "moon.landed", "moon")
