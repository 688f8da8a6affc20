"""The form: downloaded, filled in, handed back, annotated."""

import base64
import io
import zipfile
from typing import Any

import pytest
import python_calamine
import xlsxwriter

from contract import reports as public
from contract.errors import Invalid
from runtime.config import Config
from runtime.files import Files
from services.reports.forms import domain as form
from services.reports.service import Reports
from tests.services.reports.builders import HOUSING_REPORTER, OUTSIDER, REPORTER, UNIT_REPORTER
from tests.services.reports.conftest import Desk

Rows = list[list[Any]]


def sheet(content: bytes) -> Rows:
    """The first sheet's cells as a person sees them."""
    return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def template(service: Reports, actor: dict[str, Any] = REPORTER, region: str = "130102") -> Rows:
    return sheet(base64.b64decode(service.report_template(region, "2023-03", actor)["content"]))


def saved(rows: Rows) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    into = book.add_worksheet("填报")
    for number, cells in enumerate(rows):
        into.write_row(number, 0, cells)
    book.close()
    return out.getvalue()


def hand_back(service: Reports, content: bytes, actor: dict[str, Any] = REPORTER, **more: Any) -> dict[str, Any]:
    stored = Files(service.settings).write(io.BytesIO(content), filename="填报表.xlsx", limit=2**25)
    command = {name: getattr(stored, name) for name in ("file_id", "sha256", "size", "filename")}
    return service.import_reports(command | more, actor)


class Filled:
    """A template with some of its cells filled in, by indicator and heading."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self._of = {row[0]: row for row in rows[1:]}

    def put(self, target_id: str, **cells: Any) -> "Filled":
        for heading, value in cells.items():
            self._of[target_id][self.rows[0].index(heading)] = value
        return self

    def number(self, target_id: str) -> int:
        return self.rows.index(self._of[target_id]) + 1


@pytest.fixture
def named(proof: list[dict[str, str]]) -> str:
    return f"{proof[0]['file_id']}:{proof[0]['sha256']}"


def test_the_template_holds_what_the_region_files_with_what_was_accepted_last(desk: Desk, service: Reports) -> None:
    desk.accepted(period="2023-02", cumulative="7")
    header, *rows = template(service)
    assert header == list(form.COLUMNS)
    by_id = {row[0]: row for row in rows}
    assert {"2.1", "4.2", "9", "8.2"} <= by_id.keys()
    assert not by_id.keys() & {"12.1", "14.2", "19.1", "20.3", "6.2"}
    assert by_id["2.1"][:7] == ["2.1", "改造城镇老旧小区", "个", "130102", "河北省石家庄市长安区", "2023-03", "7"]


def test_only_what_is_to_be_filled_in_is_unlocked(service: Reports) -> None:
    content = base64.b64decode(service.report_template("130102", "2023-03", REPORTER)["content"])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        written = archive.read("xl/worksheets/sheet1.xml").decode()
        styles = archive.read("xl/styles.xml").decode()
    assert "<sheetProtection" in written
    assert "<dataValidation" in written
    assert 'locked="0"' in styles


def test_a_department_gets_its_own_indicators_and_a_unit_all_its_counties(service: Reports) -> None:
    ids = {row[0] for row in template(service, HOUSING_REPORTER, "130102")[1:]}
    assert ids == {"1.1", "1.2", "2.1", "3.1"}
    rows = template(service, UNIT_REPORTER, "130100")[1:]
    assert len({row[3] for row in rows if row[0] == "2.1"}) == 21
    assert {row[3] for row in rows if row[0] == "6.2"} == {"130100"}


def test_a_template_is_for_ones_region_one_sheet_long_and_of_the_year(service: Reports) -> None:
    with pytest.raises(public.ReportRegionNotYours):
        service.report_template("130104", "2023-03", REPORTER)
    everything = HOUSING_REPORTER | {"role": "dispatcher", "organisation": "省发展改革委"}
    with pytest.raises(public.ReportInvalid) as refused:
        service.report_template("130000", "2023-03", everything)
    assert refused.value.errors[0]["code"] == "too_many_rows"
    with pytest.raises(public.PeriodNotReportable):
        service.report_template("130102", "2021-03", REPORTER)
    with pytest.raises(public.ReportsNotAllowed):
        service.report_template("130102", "2023-03", OUTSIDER)


def test_a_filled_form_is_filed_row_by_row_and_given_back_with_the_reasons(
    service: Reports, settings: Config, named: str
) -> None:
    filled = (
        Filled(template(service))
        .put("2.1", 累计完成=12, 建成="１２", 佐证材料=named)
        .put("4.1", 累计完成=7.3 + 1e-15, 佐证材料=named, 存在问题="资金未到位")
        .put("4.2", 累计完成="8", 佐证材料=named)
        .put("5.5", 累计完成="1,234", 佐证材料=named)
        .put("6.1", 累计完成="12人", 佐证材料=named)
        .put("8.2", 累计完成=3, 佐证材料=named)
        .put("9", 工作状态="推进中", 佐证材料=named)
        .put("10.1", 累计完成=5)
        .put("13.1", 累计完成=5, 佐证材料="验收单.pdf")
    )
    done = hand_back(service, saved(filled.rows))
    assert (done["filed"], done["refused"], done["duplicate"]) == (4, 5, 0)
    outcomes = {row["row"]: (row["outcome"], row["code"], row["columns"]) for row in done["rows"]}
    assert outcomes == {
        filled.number("2.1"): ("filed", None, []),
        filled.number("4.1"): ("filed", None, []),
        filled.number("4.2"): ("refused", "part_above_whole", ["累计完成"]),
        filled.number("5.5"): ("filed", None, []),
        filled.number("6.1"): ("refused", "invalid", ["累计完成"]),
        filled.number("8.2"): ("refused", "baseline_missing", ["累计完成"]),
        filled.number("9"): ("filed", None, []),
        filled.number("10.1"): ("refused", "report_invalid", ["佐证材料"]),
        filled.number("13.1"): ("refused", "invalid", ["佐证材料"]),
    }
    lines = {line["target_id"]: line for line in service.reports(REPORTER)["items"]}
    assert {id: line["cumulative"] for id, line in lines.items()} == {
        "2.1": "12",
        "4.1": "7.3",
        "5.5": "1234",
        "9": None,
    }
    assert (lines["4.1"]["problems"], lines["2.1"]["completed"]) == ("资金未到位", "12")
    assert service.report_import(done["import_id"], REPORTER) == done

    result = service.report_import_result(done["import_id"], REPORTER)
    with Files(settings).spool(result["file_id"]) as file:
        header, *rows = sheet(file.read())
    assert header[-2:] == ["结果", "原因"]
    given_back = {row[0]: row[-2:] for row in rows if row[-2]}
    assert given_back["2.1"][0] == "已填报"
    assert given_back["6.1"] == [
        "退回",
        "累计完成：不是数字：只填数字，不带单位；过长的数字请把单元格设为文本后重新填写",
    ]
    assert "高于其总数指标4.1" in given_back["4.2"][1]

    again = hand_back(service, saved(filled.rows))
    assert (again["filed"], again["duplicate"], again["refused"]) == (0, 4, 5)


def test_an_import_is_seen_by_who_handed_it_in(service: Reports) -> None:
    done = hand_back(service, saved(template(service)))
    assert done["rows"] == []
    for call in (service.report_import, service.report_import_result):
        with pytest.raises(public.ReportImportNotFound):
            call(done["import_id"], UNIT_REPORTER)


def test_the_same_command_files_each_row_once(service: Reports, named: str) -> None:
    content = saved(Filled(template(service)).put("2.1", 累计完成=12, 佐证材料=named).rows)
    for _ in range(2):
        assert hand_back(service, content, command_id="k")["filed"] == 1
    assert service.reports(REPORTER)["items"][0]["version"] == 1


def a_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        for number in range(5):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", bytes(100 << 20))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b,c", "不是可读取的xlsx"),
        (b"PK\x03\x04" + bytes(100), "不是可读取的xlsx"),
        (b"", "不是可读取的xlsx"),
        (saved([["指标编号", "累计完成"], ["2.1", 1]]), "第一行缺少表头：行政区划、期别、工作状态、佐证材料"),
        (saved([[*form.COLUMNS, "期别"]]), "“期别”重复出现"),
        (saved([[], list(form.COLUMNS)]), "第一行应为表头"),
        (saved([[]]), "没有内容"),
        (saved([list(form.COLUMNS), *[["2.1"]] * 2001]), "超过2000行"),
    ],
    ids=["text", "torn", "empty file", "lacks headings", "heading twice", "header in row 2", "empty sheet", "too long"],
)
def test_what_is_no_filled_form_is_refused_whole(service: Reports, content: bytes, said: str) -> None:
    with pytest.raises(public.ReportWorkbookUnreadable) as refused:
        hand_back(service, content)
    assert said in refused.value.zh


def test_a_workbook_that_unpacks_into_too_much_is_refused(service: Reports) -> None:
    with pytest.raises(public.ReportWorkbookUnreadable, match="unpacks"):
        hand_back(service, a_bomb())


@pytest.mark.parametrize(
    ("cell", "meant"),
    [("12", "12"), ("１２．５", "12.5"), ("1,234,567", "1234567"), (" 7 ", "7"), ("7.300000000000001", "7.3")],
)
def test_a_number_is_read_as_it_was_meant(cell: str, meant: str) -> None:
    assert form.figure(cell) == meant


@pytest.mark.parametrize("cell", ["1.30102E+17", "十二", "12套", "1,23", "--", "=1+1", "1/2", "0x10", "NaN"])
def test_what_is_no_number_is_refused(cell: str) -> None:
    with pytest.raises(form.NotANumber):
        form.figure(cell)


def test_a_month_that_the_spreadsheet_took_for_a_day_is_a_month_again() -> None:
    at = form.places(list(form.COLUMNS))
    cells = ["2.1", "", "", "130102", "", "2023-03-01", "", "1"]
    told = form.command(cells, at)
    assert told is not None
    assert told["period"] == "2023-03"
    with pytest.raises(Invalid):
        form.command([*cells[:7], "很多"], at)


def test_rows_of_one_line_that_contradict_each_other_are_refused_naming_all(service: Reports, named: str) -> None:
    rows = Filled(template(service)).put("13.2", 累计完成=5, 佐证材料=named).put("2.1", 累计完成=4, 佐证材料=named).rows
    (first,) = (row for row in rows if row[0] == "13.2")
    (same,) = (row for row in rows if row[0] == "2.1")
    other = list(first)
    other[rows[0].index("累计完成")] = 6
    other[rows[0].index("行政区划")] = "石家庄市长安区"  # the same region by its name
    again = [cell if heading != "累计完成" else "4.0" for heading, cell in zip(rows[0], same, strict=True)]
    done = hand_back(service, saved([*rows, other, first, again]))
    outcomes = {row["row"]: (row["outcome"], row["code"]) for row in done["rows"]}
    places = [rows.index(first) + 1, len(rows) + 1, len(rows) + 2]
    assert {outcomes[place] for place in places} == {("refused", "report_invalid")}
    detail = {row["row"]: row["detail"] for row in done["rows"]}
    for place in places:
        assert all(f"第{each}行" in detail[place] for each in places if each != place)
    assert outcomes[rows.index(same) + 1] == ("filed", None)
    assert outcomes[len(rows) + 3] == ("duplicate", "report_unchanged"), "the same twice is the same"
    assert {line["target_id"] for line in service.reports(REPORTER)["items"]} == {"2.1"}


def test_an_error_value_is_no_blank_row(service: Reports, named: str) -> None:
    filled = (
        Filled(template(service)).put("2.1", 累计完成="#N/A").put("4.1", 累计完成=1, 佐证材料=named, 存在问题="#REF!")
    )
    done = hand_back(service, saved(filled.rows))
    outcomes = {row["row"]: (row["outcome"], row["columns"]) for row in done["rows"]}
    assert outcomes == {
        filled.number("2.1"): ("refused", ["累计完成"]),
        filled.number("4.1"): ("refused", ["存在问题"]),
    }
    assert all("错误值" in row["detail"] for row in done["rows"])


def test_every_sheet_with_the_header_is_filed_and_a_merged_figure_is_no_rows_own(service: Reports, named: str) -> None:
    rows = Filled(template(service)).put("2.1", 累计完成=12, 佐证材料=named).rows
    header = rows[0]
    cells = {"行政区划": "130102", "期别": "2023-03", "佐证材料": named}
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    for name in ("住建", "农业"):
        sheet_of = book.add_worksheet(name)
        sheet_of.write_row(0, 0, header)
    for number, target_id in enumerate(("5.2", "5.3"), start=1):
        sheet_of.write_row(number, 0, [(cells | {"指标编号": target_id}).get(heading, "") for heading in header])
    figure = header.index("累计完成")
    sheet_of.merge_range(1, figure, 2, figure, 7, book.add_format())
    first = book.get_worksheet_by_name("住建")
    for number, row in enumerate(rows[1:], start=1):
        first.write_row(number, 0, row)
    book.add_worksheet("填报说明").write(0, 0, "说明")
    book.close()
    done = hand_back(service, out.getvalue())
    assert [(row["sheet"], row["row"], row["outcome"]) for row in done["rows"]] == [
        ("住建", rows.index(next(row for row in rows if row[0] == "2.1")) + 1, "filed"),
        ("农业", 2, "filed"),
        ("农业", 3, "refused"),
    ]
    assert "合并" in done["rows"][2]["detail"]
    assert [(each["name"], each["is_read"]) for each in done["sheets"]] == [
        ("住建", True),
        ("农业", True),
        ("填报说明", False),
    ]
    assert service.report_import(done["import_id"], REPORTER) == done


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"<html><table>", "网页（HTML）"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "旧版xls")],
    ids=["html", "xls"],
)
def test_what_was_handed_in_instead_of_a_form_is_called_by_its_name(
    service: Reports, content: bytes, said: str
) -> None:
    with pytest.raises(public.ReportWorkbookUnreadable, match="xlsx") as refused:
        hand_back(service, content)
    assert said in refused.value.zh
