"""The ledger's workbook says what its rows say, cell by cell."""

import datetime as dt
import io
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook

import plan
from contract.words import WorkState
from services.targets.copies.matters import Problems
from services.targets.ledger.outlook import UNTOLD, Forecast, Prospect, Standing, Status
from services.targets.ledger.rows import Row
from services.targets.ledger.told import Told
from services.targets.ledger.workbook import workbook
from services.targets.tree.domain import Responsible

PLAN = plan.read(Path("plan/hebei-2023.toml"))
DAY = dt.date(2023, 10, 31)
FULL = Row(
    number=7,
    indicator=PLAN.indicators["2.1"],
    region="130102",
    region_name="长安区",
    scope="县级填报",
    decimals=1,
    target=Decimal("100"),
    adjusted_target=Decimal("80.5"),
    responsible=Responsible("省住房城乡建设厅", ("省财政厅", "省民政厅"), principal="某主任", contact="某科长"),
    period=Decimal("5.5"),
    value=Decimal("60"),
    percent_of_original=Decimal("60.00"),
    pace=Decimal("83.33"),
    standing=Standing(Decimal("74.53"), None, Decimal("-8.80"), Status.BEHIND, "红"),
    told=Told(
        problems="=停工",
        next_steps="催办",
        evidence=3,
        filed_by="填报人",
        reviewed_by="审核人",
        updated_at=dt.datetime(2023, 11, 1, 16, 30, tzinfo=dt.UTC),
    ),
    register=Problems(open=7, overdue=2, titles=("一", "二", "三", "四", "五", "六", "七")),
    due_on=dt.date(2023, 12, 31),
    forecasts=(
        Forecast(dt.date(2023, 11, 30), Decimal("70"), Decimal("65"), Decimal("75"), Prospect.LIKELY),
        Forecast(dt.date(2023, 12, 31), None, None, None, Prospect.CANNOT_TELL),
    ),
)


def sheets(*rows: Row) -> tuple[list[list[Any]], list[list[Any]]]:
    content = workbook(PLAN, rows, region="130100", as_of=DAY, period="2023-09")
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    ledger, forecasts = (book.get_sheet_by_name(name) for name in ("工作台账", "完成预测"))
    return ledger.to_python(skip_empty_area=False), forecasts.to_python(skip_empty_area=False)


def cells(row: Row) -> dict[str, Any]:
    headings, first = sheets(row)[0][2:4]
    return dict(zip(headings, first, strict=True))


def test_every_column_says_what_its_row_says() -> None:
    assert cells(FULL) == {
        "序号": 7,
        "工程": "2. 城镇老旧小区改造工程",
        "指标": "2.1 改造城镇老旧小区",
        "单位": "个",
        "年度目标": 100,
        "调整后目标": 80.5,
        "口径": "县级填报",
        "牵头单位": "省住房城乡建设厅",
        "责任单位": "省财政厅、省民政厅",
        "责任人": "某主任",
        "联系人": "某科长",
        "地区": "长安区",
        "本期完成": 5.5,
        "累计完成": 60,
        "完成率": 74.53,
        "序时进度": 83.33,
        "偏差": -8.8,
        "状态": f"{Status.BEHIND.value}\n（红）",
        "存在问题": "=停工；挂账7项，其中逾期2项：一、二、三、四、五",
        "下步措施": "催办",
        "佐证": 3,
        "填报人": "填报人",
        "审核人": "审核人",
        "截止日期": dt.date(2023, 12, 31),
        "更新时间": dt.date(2023, 11, 2),
    }, "half past midnight in Hebei is the next day"


def test_what_is_not_known_is_blank() -> None:
    nobody = Responsible("省教育厅")
    nothing = dict.fromkeys(("target", "adjusted_target", "period", "value", "pace"))
    empty = replace(FULL, responsible=nobody, standing=UNTOLD, told=Told(), register=Problems(), **nothing)
    filled = {heading for heading, cell in cells(empty).items() if cell != ""}
    assert filled == {"序号", "工程", "指标", "单位", "口径", "牵头单位", "地区", "截止日期"}


def test_an_indicator_without_a_number_is_told_by_its_state_and_the_register_may_have_no_titles() -> None:
    found = cells(replace(FULL, told=Told(state=WorkState.DONE), register=Problems(open=1)))
    assert (found["累计完成"], found["存在问题"], found["佐证"]) == (WorkState.DONE.value, "挂账1项", "")


def test_the_sheet_says_whose_it_is_and_of_when() -> None:
    rows, forecasts = sheets(FULL, replace(FULL, number=8, forecasts=()))
    assert rows[0][0] == f"{PLAN.name}工作台账"
    assert rows[1][0] == f"{PLAN.document}    地区：石家庄市    截至：2023年10月31日    本期：2023年9月"
    assert [row[0] for row in rows[3:5]] == [7, 8]
    assert (rows[5][0].startswith("注：完成率"), rows[6][0].startswith("　　状态")) == (True, True)
    assert len(rows) == 7
    assert forecasts[0][0] == f"{PLAN.name}工作台账：完成预测"
    days = ["2023年10月31日", "区间下限", "区间上限", "判断", "2023年12月31日", "区间下限", "区间上限", "判断"]
    assert forecasts[2] == ["序号", "指标", "地区", "单位", "目标", "累计完成", *days]
    likely, unknown = (one.prospect.value for one in FULL.forecasts)
    assert forecasts[3] == [
        *(1, "2.1 改造城镇老旧小区", "长安区", "个", 80.5, 60),
        *(70, 65, 75, likely, "", "", "", unknown),
    ]
    assert "置信度" in forecasts[4][0]
    assert len(forecasts) == 5, "a row without a forecast is not in it"


def test_a_forecast_stands_beside_the_plans_target_where_none_was_adjusted() -> None:
    assert sheets(replace(FULL, adjusted_target=None))[1][3][4] == 100
