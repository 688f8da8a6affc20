"""The plan file says what the plan says: every indicator, written out here once more by hand, with the words of the
plan that hold its number. Changing a comparator or a quoted number fails here, naming the row.
"""

import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

import plan
from services.targets import plan_table

FILE = Path("plan/hebei-2023.toml")
PLAN = plan.read(FILE)
TEXT = Path("plan/hebei-2023.txt").read_text(encoding="utf-8")

HOUSING, TRANSPORT, EDUCATION, HEALTH = "省住房城乡建设厅", "省交通运输厅", "省教育厅", "省卫生健康委"
RURAL = f"省农业农村厅、{HEALTH}"
LABOUR, CIVIL, DISABLED, JUSTICE = "省人力资源社会保障厅", "省民政厅", "省残联", "省司法厅"
FOOD, CULTURE, WOMEN = f"省市场监管局、{EDUCATION}", "省文化和旅游厅、省体育局", "省妇联、省发展改革委"
SERVICES = "省政务服务管理办公室"

# id, target with its comparator, unit, kind, departments; and the plan's own words.
ROWS = [
    ("1.1", "≥120000", "套", "flow", HOUSING, "开工不低于12万套"),
    ("1.2", "≥80000", "套", "flow", HOUSING, "建成不低于8万套"),
    ("2.1", "1816", "个", "flow", HOUSING, "改造城镇老旧小区1816个"),
    ("3.1", "166", "个", "flow, one per county-level unit", HOUSING, "全省共新建成166个口袋公园"),
    ("4.1", "7000", "公里", "flow", TRANSPORT, "建设改造农村公路7000公里"),
    ("4.2", "330", "公里", "⊂ 4.1", TRANSPORT, "其中“对接路”330公里"),
    ("5.1", "695", "座", "flow", RURAL, "新建粪污处理站695座"),
    ("5.2", "595", "个", "flow", RURAL, "新建维修站点595个"),
    ("5.3", "1878", "辆", "flow", RURAL, "配备抽粪车1878辆"),
    ("5.4", "59", "个", "flow", RURAL, "新建厕所运营监管中心59个"),
    ("5.5", "307900", "座", "flow", RURAL, "改造提升户厕30.79万座"),
    ("6.1", "860000", "人", "flow", LABOUR, "全省城镇新增就业86万人"),
    ("6.2", "30", "个", "flow", LABOUR, "创建省级劳务品牌30个"),
    ("7.1", "100", "所", "flow", EDUCATION, "新建、改扩建义务教育学校100所"),
    ("7.2", "300000", "平方米", "flow", EDUCATION, "校舍面积30万平方米"),
    ("8.1", "≥500", "家", "flow", FOOD, "新增“省级食品安全标准化学校食堂”500家以上"),
    ("8.2", "→1000", "家", "stock", FOOD, "总量达到1000家"),
    ("10.1", "11600000", "人", "flow", HEALTH, "组织完成全省1160万中小学生脊柱侧弯专项筛查"),
    ("11.1", "40000", "户", "flow", CIVIL, "支持4万户特殊困难老年人家庭"),
    ("12.1", "≥3000", "人", "flow", CIVIL, "新增养老护理员持证人员3000人以上"),
    ("13.1", "300", "家", "flow", HEALTH, "创建标准化示范性托育机构300家"),
    ("13.2", "~10000", "个", "flow", HEALTH, "增加受益托位1万个左右"),
    ("14.1", "≥2000000", "张", "flow", CULTURE, "发放文化和旅游惠民卡（券）200万张以上"),
    ("14.2", "10000", "处", "Σ 14.3-14.6", CULTURE, "建设更新群众身边的全民健身场地设施1万处"),
    ("14.3", "200", "个", "⊂ 14.2", CULTURE, "其中建设体育主题公园200个"),
    ("14.4", "200", "条", "⊂ 14.2", CULTURE, "健身步道200条"),
    ("14.5", "600", "个", "⊂ 14.2", CULTURE, "球类场地600个"),
    ("14.6", "9000", "处", "⊂ 14.2", CULTURE, "更新社区（行政村）健身设施9000处"),
    ("15.1", "240000", "人次", "flow", DISABLED, "等服务24万人次"),
    ("18.1", "≥50000", "人次", "flow", JUSTICE, "提供无偿法律援助服务5万人次以上"),
    ("19.1", "200", "个", "flow", WOMEN, "培育星级巾帼家政基地200个"),
    ("19.2", "200", "名", "flow", WOMEN, "星级河北福嫂200名"),
    ("19.3", "3000", "场", "flow", WOMEN, "开展巾帼家政服务进社区活动3000场"),
    ("20.1", "14", "个", "flow, one per reporting unit", SERVICES, "在“冀时办”新开通地方频道14个"),
    ("20.2", "20", "种", "flow", SERVICES, "新增“打包办”民生服务套餐20种"),
    ("20.3", "→500", "种", "stock", SERVICES, "“掌上办”民生服务达到500种"),
    ("20.4", "→30000000", "", "stock", SERVICES, "“冀时办”装机量达到3000万"),
]
IDS = [row[0] for row in ROWS]
BY_STATE = ["8", "9", "10", "16", "17"]

_WORDED = [("不低于", "≥"), ("以上", "≥"), ("左右", "~"), ("达到", "→")]
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)(万?)")


def numbers(text: str) -> list[Decimal]:
    return [Decimal(digits) * (10_000 if ten_thousand else 1) for digits, ten_thousand in _NUMBER.findall(text)]


def printed() -> dict[str, list[str]]:
    """The lines of the table by id, each cell as it is printed."""
    _, _, *lines = plan_table.table(PLAN).splitlines()
    return {line.split()[0]: re.split(r" {2,}", line) for line in lines}


def test_the_plan_has_these_indicators_and_no_others() -> None:
    assert [one.id for one in PLAN.indicators.values() if one.target is not None] == IDS
    assert sorted(one.id for one in PLAN.indicators.values() if one.target is None) == sorted(BY_STATE)


@pytest.mark.parametrize(("id", "target", "unit", "kind", "departments", "words"), ROWS, ids=IDS)
def test_the_printed_table_says_what_the_plan_says(
    id: str, target: str, unit: str, kind: str, departments: str, words: str
) -> None:
    cells = [cell for cell in printed()[id] if cell]
    said = [target, *([unit] if unit else []), kind, departments]
    assert cells[2 : 2 + len(said)] == said


@pytest.mark.parametrize(("id", "target", "words"), [(row[0], row[1], row[5]) for row in ROWS], ids=IDS)
def test_number_and_comparator_are_those_of_the_plans_own_words(id: str, target: str, words: str) -> None:
    indicator = PLAN.indicators[id]
    assert words in indicator.quote, "the quote does not hold these words"
    assert numbers(words) == [indicator.target]
    worded = next((sign for word, sign in _WORDED if word in words), "=")
    assert indicator.comparator == worded
    assert target == ("" if worded == "=" else worded) + str(indicator.target)
    assert indicator.unit in words or "中小学生" in words  # who are counted in 人


@pytest.mark.parametrize("id", list(PLAN.indicators))
def test_every_indicator_quotes_the_plans_own_sentence(id: str) -> None:
    indicator = PLAN.indicators[id]
    assert indicator.quote in TEXT
    heading = TEXT[: TEXT.index(indicator.quote)].rpartition("　　（")[2]
    assert indicator.item_name in heading, "the quote stands under another item"
    item = TEXT[TEXT.index(indicator.quote) :].partition("（责任单位：")[2].partition("）")[0]
    assert "、".join(indicator.departments) == item
    assert indicator.owner in indicator.departments


def test_no_number_of_a_quote_is_left_without_an_indicator() -> None:
    each_county = Decimal(1)  # 各县（市、区）分别新建成1个: a limit, and no target
    for quote in {one.quote for one in PLAN.indicators.values()}:
        told = {one.target for one in PLAN.indicators.values() if one.quote == quote and one.target is not None}
        assert set(numbers(quote)) - {each_county} == told, quote


def test_the_parts_and_the_sum_are_the_plans() -> None:
    assert {one.id: one.part_of for one in PLAN.indicators.values() if one.part_of} == {
        "4.2": "4.1",
        **dict.fromkeys(("14.3", "14.4", "14.5", "14.6"), "14.2"),
    }
    assert {one.id: one.sum_of for one in PLAN.indicators.values() if one.sum_of} == {
        "14.2": ("14.3", "14.4", "14.5", "14.6")
    }


def test_the_deadlines_are_the_plans() -> None:
    assert "力争2023年10月底前基本完成，12月底前高标准、高质量完成" in TEXT
    assert (str(PLAN.soft_deadline), str(PLAN.deadline)) == ("2023-10-31", "2023-12-31")


@pytest.mark.parametrize(
    ("found", "instead", "row"),
    [
        ('comparator = "≥"\ntarget = "3000"', 'comparator = "="\ntarget = "3000"', "12.1"),
        ('target = "307900"', 'target = "3079"', "5.5"),
        ('comparator = "~"', 'comparator = "≥"', "13.2"),
    ],
)
def test_a_slip_in_the_plan_file_shows_in_its_own_row(tmp_path: Path, found: str, instead: str, row: str) -> None:
    said = FILE.read_text(encoding="utf-8")
    assert said.count(found) == 1
    slipped = tmp_path / "slipped.toml"
    slipped.write_text(said.replace(found, instead), encoding="utf-8")
    before, after = plan_table.rows(PLAN), plan_table.rows(plan.read(slipped))
    assert [one[0] for one, other in zip(before, after, strict=True) if one != other] == [row]


def test_columns_stand_under_one_another_where_a_character_is_two_wide() -> None:
    head, rule, *lines = plan_table.table(PLAN).splitlines()
    starts = [match.start() for match in re.finditer("─+", rule)]
    for line in [head, *lines]:
        wide = "".join(character + ("\0" if plan_table._width(character) == 2 else "") for character in line)
        for start in starts[1:]:
            assert wide[start - 2 : start].strip() == "", f"{line} runs into the column at {start}"


def test_the_command_prints_the_table_or_json_and_names_a_plan_that_is_not_there() -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "services.targets.plan_table", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    told = json.loads(run(str(FILE), "--json").stdout)
    assert [one["id"] for one in told["indicators"]] == list(PLAN.indicators)
    assert plan_table.table(PLAN) in run(str(FILE)).stdout
    missing = run("plan/none.toml")
    assert (missing.returncode, missing.stderr.count("\n")) == (1, 1)
    assert "plan/none.toml" in missing.stderr
