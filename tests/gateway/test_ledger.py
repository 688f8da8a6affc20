"""The work ledger: all of it for who works with it, progress without persons for everybody."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
import python_calamine
from flask import Flask

import plan
from contract.ledger import LedgerMatrix, WorkLedger
from contract.words import Role
from gateway import clients, tokens
from runtime import mongo
from runtime.config import Config
from services.targets.copies.remarks import Remarks
from services.targets.counting import Counting
from services.targets.ledger.judge import everywhere
from services.targets.rules import rules as counting_rules
from services.targets.store import Counts
from tests.builders import a_certificate
from tests.gateway.callers import COUNTING, Caller
from tests.programme import Programme
from tests.services.targets.reporting import a_report

URL, MATRIX, WORKBOOK = "/v1/ledger", "/v1/ledger/matrix", "/v1/ledger.xlsx"
PROVINCE, CITY, COUNTY, BESIDE = "130000", "130100", "130102", "130104"
OCTOBER = "as_of=2023-10-31"


@pytest.fixture(scope="module", autouse=True)
def counted(services: Programme, settings: Config) -> Iterator[None]:
    """Reports as targets hears them, and two certificates of one county on their whole way."""
    store = mongo.database(settings, "targets")
    counts, remarks = Counts(store), Remarks(store)
    counts.ensure_indexes()
    counting = Counting(counts, counting_rules(plan.read(settings.plan_file)), "targets.reports", remarks)
    words = {"problems": "征地未完成", "next_steps": "年底前完成", "evidence": 3, "filed_by": "reporter-130102"}
    counting.handle(
        [a_report(figure=100 * month, period=f"2023-{month:02}", **words) for month in range(1, 11)]
        + [a_report(region=BESIDE, figure=3, period="2023-10")]
        + [a_report(target="15.1", region=code, figure=3, period="2023-10") for code in (COUNTY, BESIDE)]
        + [a_report(target="15.1", region="130105", figure=900, period="2023-10")]
        + [a_report(target="4.1", figure="12.345", period="2023-10"), a_report(target="9", figure=None, state="推进中")]
    )
    services.start(*COUNTING)
    yield
    for name in reversed(COUNTING):
        services.stop(name)


@pytest.fixture
def dispatcher(app: Flask, settings: Config) -> Caller:
    return Caller(app, settings, "dispatcher")


def as_reporter(app: Flask, settings: Config, *, organisation: str, region: str = PROVINCE) -> Caller:
    """A reporter of a department, or of a region."""
    client = clients.made("r", "s", role=Role.REPORTER, region=region, organisation=organisation)
    caller = Caller(app, settings, None)
    caller.headers["Authorization"] = f"Bearer {tokens.sign(settings, client, ' '.join(client.scopes))}"
    return caller


def items(caller: Caller, query: str = "") -> list[dict[str, Any]]:
    answer = caller.get(f"{URL}?{query}")
    assert answer.status_code == 200, answer.text
    WorkLedger.read(answer.json)
    return list(answer.json["items"])


def of(caller: Caller, indicator: str, query: str, region: str = PROVINCE) -> dict[str, Any]:
    (found,) = [one for one in items(caller, query) if (one["target_id"], one["region"]) == (indicator, region)]
    return found


def test_every_indicator_has_a_row_with_what_an_office_works_by(dispatcher: Caller) -> None:
    rows = items(dispatcher, OCTOBER)
    assert len(rows) == 42
    assert [row["number"] for row in rows] == list(range(1, 43))
    row = of(dispatcher, "2.1", f"{OCTOBER}&by=region&region={CITY}", COUNTY)
    expected = {
        "value": "1000",
        "period_value": "100",
        "problems": "征地未完成",
        "next_steps": "年底前完成",
        "evidence": 3,
        "filed_by": "reporter-130102",
        "due_on": "2023-12-31",
    }
    assert {name: row[name] for name in expected} == expected
    province = of(dispatcher, "2.1", OCTOBER)
    assert (province["value"], province["percent"], province["pace"]) == ("1003", "55.23", "83.29")
    assert (province["deviation"], province["status"], province["colour"]) == ("-28.06", "未达序时", "红")
    assert [one["on"] for one in province["forecasts"]] == ["2023-10-31", "2023-12-31"]


def test_it_is_filtered_by_item_department_region_and_month(dispatcher: Caller) -> None:
    assert {row["target_id"] for row in items(dispatcher, "item=4")} == {"4.1", "4.2"}
    assert {row["item"] for row in items(dispatcher, "department=省民政厅")} == {11, 12, 16}
    assert {row["region"] for row in items(dispatcher, f"region={CITY}&item=4&by=region")} > {CITY, COUNTY}
    assert of(dispatcher, "2.1", f"{OCTOBER}&period=2023-05")["period_value"] == "100"
    assert of(dispatcher, "4.1", OCTOBER)["value"] == "12.345"
    assert of(dispatcher, "9", OCTOBER)["state"] == "推进中"


def test_who_sees_a_region_sees_its_subtree_and_beside_it_what_everybody_does(
    city: Caller, dispatcher: Caller, anybody: Caller
) -> None:
    assert {row["region"] for row in items(city)} == {CITY}
    assert city.get(f"{URL}?region={COUNTY}").status_code == 200
    assert items(city, "region=130200&by=region") == items(anybody, "region=130200&by=region")
    refused = city.get(f"{URL}?region=130200&{OCTOBER}")
    assert (refused.status_code, refused.json["code"]) == (403, "detail_not_public")
    assert city.get(f"{WORKBOOK}?region=130200").json["code"] == "ledger_not_found"
    assert dispatcher.get(f"{URL}?item=77").json["code"] == "ledger_not_found"
    assert dispatcher.get(f"{URL}?by=month").json["code"] == "breakdown_unknown"


def test_a_departments_reporter_sees_its_own_items_in_detail_and_a_regions_all(
    app: Flask, settings: Config, anybody: Caller
) -> None:
    roads = as_reporter(app, settings, organisation="省交通运输厅")
    assert {row["item"] for row in items(roads) if "period_value" in row} == {4}
    assert items(roads, "item=12") == items(anybody, "item=12")
    assert [line["target_id"] for line in roads.get(f"{MATRIX}?{OCTOBER}").json["indicators"]] == ["4.1", "4.2"]
    county = as_reporter(app, settings, organisation="石家庄市长安区政府", region=COUNTY)
    assert len(items(county)) == 42


def test_texts_and_names_are_for_those_of_the_work(
    dispatcher: Caller, partner: Caller, city: Caller, anybody: Caller
) -> None:
    work = {"principal", "contact", "problems", "next_steps", "filed_by", "reviewed_by", "open_problems"}
    assert work <= items(dispatcher)[0].keys()
    for caller in (partner, city, anybody):
        assert not work & items(caller)[0].keys()
    assert "period_value" in items(partner)[0]
    answer = partner.get(f"{WORKBOOK}?{OCTOBER}&region={CITY}&by=region")
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    assert "征地" not in str(book.get_sheet_by_name("工作台账").to_python())


def test_the_public_sees_progress_and_no_texts(anybody: Caller) -> None:
    rows = items(anybody, f"region={CITY}&by=region")
    assert not {"problems", "next_steps", "filed_by", "evidence", "period_value", "forecasts"} & rows[0].keys()
    assert "征地" not in str(rows)
    county = next(row for row in rows if (row["target_id"], row["region"]) == ("2.1", COUNTY))
    assert county["value"] == "1000"


def test_small_numbers_of_people_are_hidden_from_the_public_with_what_would_tell_them(
    anybody: Caller, dispatcher: Caller
) -> None:
    """Three and three of 906: the third county is hidden with them only where their sum alone would tell."""
    shown = {row["region"]: row for row in items(anybody, f"region={CITY}&by=region&item=15")}
    assert (shown[CITY]["value"], shown["130105"]["value"]) == ("906", "900")
    for code in (COUNTY, BESIDE):
        assert [shown[code][name] for name in ("value", "percent", "deviation", "status", "colour")] == [None] * 5
    assert shown["130107"]["value"] == "0"
    assert of(dispatcher, "15.1", f"region={CITY}&by=region", COUNTY)["value"] == "3"
    of_things = {row["region"]: row for row in items(anybody, f"region={CITY}&by=region&item=2")}
    assert of_things[BESIDE]["value"] == "3", "three old estates point at nobody"


def test_both_public_views_hide_the_same_regions(anybody: Caller) -> None:
    for indicator, item in (("15.1", 15), ("2.1", 2)):
        ledger = {row["region"]: row["value"] for row in items(anybody, f"region={CITY}&by=region&item={item}")}
        target = anybody.get(f"/v1/targets/{indicator}?region={CITY}&by=region").json
        assert {child["region"]: child["value"] for child in target["children"]}.items() <= ledger.items()


@pytest.mark.parametrize("query", [f"?{OCTOBER}", "?period=2023-05"])
def test_earlier_days_are_not_public(anybody: Caller, query: str) -> None:
    for path in (URL, MATRIX):
        refused = anybody.get(path + query)
        assert (refused.status_code, refused.json["code"]) == (403, "detail_not_public")


def test_the_matrix_is_the_whole_ledger_in_one_answer(dispatcher: Caller) -> None:
    answer = dispatcher.get(f"{MATRIX}?{OCTOBER}")
    assert answer.status_code == 200, answer.text
    LedgerMatrix.read(answer.json)
    assert tuple(answer.json["regions"]) == everywhere()
    lines = {line["target_id"]: line for line in answer.json["indicators"]}
    assert len(lines) == 42
    rows = items(dispatcher, f"{OCTOBER}&by=region&region={CITY}")
    for row in rows:
        line, at = lines[row["target_id"]], everywhere().index(row["region"])
        assert [line[name][at] for name in ("values", "period_values", "percents", "statuses", "colours")] == [
            row[name] for name in ("value", "period_value", "percent", "status", "colour")
        ]


def test_the_public_matrix_hides_what_the_public_rows_hide(anybody: Caller) -> None:
    matrix = anybody.get(MATRIX).json
    LedgerMatrix.read(matrix)
    lines = {line["target_id"]: line for line in matrix["indicators"]}
    for row in items(anybody, f"by=region&region={CITY}"):
        at = everywhere().index(row["region"])
        assert lines[row["target_id"]]["values"][at] == row["value"], (row["target_id"], row["region"])
        assert lines[row["target_id"]]["percents"][at] == row["percent"]
    assert {value for line in lines.values() for value in line["period_values"]} == {None}


def test_a_city_gets_its_own_columns_of_the_matrix_in_detail_and_the_others_as_everybody(
    app: Flask, settings: Config, anybody: Caller
) -> None:
    city = Caller(app, settings, "reporter-130100")
    own = city.get(f"{MATRIX}?{OCTOBER}").json
    assert own["regions"][0] == CITY
    assert len(own["regions"]) == 22
    assert all(len(line["values"]) == 22 for line in own["indicators"])
    whole, public = city.get(MATRIX).json, anybody.get(MATRIX).json
    assert whole["regions"] == public["regions"]
    for line, shown in zip(whole["indicators"], public["indicators"], strict=True):
        for code, value, told in zip(whole["regions"], line["values"], shown["values"], strict=True):
            assert value == told or code in own["regions"], (line["target_id"], code)
    (care,) = [line for line in whole["indicators"] if line["target_id"] == "15.1"]
    assert care["values"][whole["regions"].index(COUNTY)] == "3"


def test_who_polls_an_unchanged_ledger_gets_a_304(anybody: Caller, dispatcher: Caller) -> None:
    for caller, shared in ((anybody, "public"), (dispatcher, "private")):
        for path in (URL, MATRIX, f"{URL}?by=region&item=2"):
            first = caller.get(path)
            assert first.headers["Cache-Control"].startswith(shared)
            assert "Authorization" in first.vary
            again = caller.get(path, headers={"If-None-Match": first.headers["ETag"]})
            assert (again.status_code, again.data) == (304, b""), path


def test_a_certificate_moves_the_ledger_and_its_tag(centre: Caller, dispatcher: Caller, services: Programme) -> None:
    before, tag = of(dispatcher, "12.1", ""), dispatcher.get(MATRIX).headers["ETag"]
    assert centre.post("/v1/certificates", json=a_certificate(41_000)).status_code == 201
    services.settle()
    assert int(of(dispatcher, "12.1", "")["value"]) == int(before["value"]) + 1
    assert dispatcher.get(MATRIX, headers={"If-None-Match": tag}).status_code == 200


def test_the_workbook_has_the_25_columns_and_the_same_numbers(dispatcher: Caller) -> None:
    answer = dispatcher.get(f"{WORKBOOK}?{OCTOBER}&region={CITY}&by=region")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Disposition"] == f'attachment; filename="ledger-{CITY}.xlsx"'
    assert answer.headers["Cache-Control"] == "no-store"
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    title, below, headings, *table = book.get_sheet_by_name("工作台账").to_python(skip_empty_area=False)
    assert title[0] == "河北省2023年民生工程实施方案工作台账"
    assert "冀政办字〔2023〕2号" in below[0]
    assert "2023年10月31日" in below[0]
    assert headings == COLUMNS
    rows = items(dispatcher, f"{OCTOBER}&region={CITY}&by=region")
    assert len(table) == len(rows) + 2, "and two lines of notes"
    for cells, row in zip(table, rows, strict=False):
        shown = dict(zip(headings, cells, strict=True))
        assert (shown["序号"], shown["地区"]) == (row["number"], row["region_name"])
        assert shown["累计完成"] == (row["state"] or ("" if row["value"] is None else float(row["value"])))
        assert shown["完成率"] == ("" if row["percent"] is None else float(row["percent"]))
        assert shown["存在问题"] == (row["problems"] or "")
    assert "完成预测" in book.sheet_names


COLUMNS = [
    *(
        "序号",
        "工程",
        "指标",
        "单位",
        "年度目标",
        "调整后目标",
        "口径",
        "牵头单位",
        "责任单位",
        "责任人",
        "联系人",
        "地区",
    ),
    *("本期完成", "累计完成", "完成率", "序时进度", "偏差", "状态", "存在问题", "下步措施", "佐证", "填报人", "审核人"),
    *("截止日期", "更新时间"),
]


def test_the_workbook_is_for_tokens(anybody: Caller) -> None:
    assert anybody.get(WORKBOOK).status_code == 401
