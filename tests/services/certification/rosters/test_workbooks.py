"""Workbooks as people and other programs make them: nothing in them is passed over in silence."""

import datetime as dt
import zipfile

import pytest
import xlsxwriter

from contract.certification import RosterUnreadable
from samples import sheets
from services.certification.content import Content
from services.certification.rosters import spreadsheet
from services.certification.rosters.columns import FIELDS
from tests.builders import a_roster, write_roster

TODAY = dt.date(2026, 1, 1)
HEADERS = list(FIELDS)


def rows(count):
    """The cells of sound rows."""
    found = [sheets.plain(certificate) for certificate in a_roster(count)]
    return [[cells.get(header, "") for header in HEADERS] for cells in found]


class Workbook:
    """A workbook in the making: sheets of rows, then whatever the test does to them."""

    def __init__(self, path):
        self.path = path
        self.book = xlsxwriter.Workbook(str(path))

    def sheet(self, name, lines, header=HEADERS, at=0):
        sheet = self.book.add_worksheet(name)
        sheet.write_row(at, 0, header)
        for number, cells in enumerate(lines, start=at + 1):
            sheet.write_row(number, 0, cells)
        return sheet

    def saved(self, change=None, rename=None):
        """``change``: what to do to the first sheet's XML; ``rename``: to each part's name."""
        self.book.close()
        if change or rename:
            with zipfile.ZipFile(self.path) as source:
                parts = {name: source.read(name) for name in source.namelist()}
            with zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED) as target:
                for name, content in parts.items():
                    if change and name == "xl/worksheets/sheet1.xml":
                        content = change(content.decode()).encode()
                    target.writestr(rename(name) if rename and not name.startswith("[") else name, content)
        return self.path


@pytest.fixture
def made(tmp_path):
    return Workbook(tmp_path / "r.xlsx")


def read(path):
    with path.open("rb") as file, spreadsheet.opened(file) as opened:
        return opened, [(place, opened.line(place, cells, today=TODAY)) for place, cells in opened.rows]


def codes(line):
    return [(fault.field, fault.code) for fault in line.content] if isinstance(line.content, tuple) else []


def refused(path):
    with pytest.raises(RosterUnreadable) as caught:
        read(path)
    return caught.value.zh


def test_every_sheet_with_the_header_is_read_and_the_others_are_named(made):
    everybody = rows(6)
    made.sheet("一班", everybody[:2])
    made.sheet("说明", [["填写说明"]], header=["说明"])
    backwards = made.book.add_worksheet("二班")  # its columns in another order
    for number, cells in enumerate([HEADERS, *everybody[2:5]]):
        backwards.write_row(number, 0, cells[::-1])
    made.sheet("旧名册", everybody[:1]).hide()
    made.sheet("三班", everybody[5:], at=2).write(0, 0, "三班花名册")  # a title above the header
    made.book.add_worksheet("空表")
    opened, lines = read(made.saved())
    assert [line.content.holder.name for _, line in lines] == [cells[0] for cells in everybody]
    assert opened.total == 6
    found = {sheet.name: (sheet.why is None, sheet.rows) for sheet in opened.sheets}
    assert found == {
        "一班": (True, 2),
        "说明": (False, 0),
        "二班": (True, 3),
        "旧名册": (False, 0),
        "三班": (True, 1),
        "空表": (False, 0),
    }
    assert all(sheet.why for sheet in opened.sheets if not found[sheet.name][0])
    places = [place for place, _ in lines]
    assert places == sorted(set(places)), "a row has one place in the file"
    assert [place - opened.part(place).base for place in places] == [2, 3, 2, 3, 4, 4]


def test_a_second_sheet_whose_header_is_wrong_is_refused_by_its_name(made):
    made.sheet("一班", rows(1))
    made.sheet("二班", rows(1), header=[header for header in HEADERS if header != "证书编号"])
    words = refused(made.saved())
    assert "二班" in words
    assert "证书编号" in words


def test_the_sheet_that_was_looked_at_is_named_when_it_is_no_roster(made):
    made.sheet("汇总", [["1"]], header=["序号", "人数"])
    assert "汇总" in refused(made.saved())


def test_hidden_and_filtered_rows_are_read_and_counted(made):
    sheet = made.sheet("名册", rows(4))
    sheet.set_row(2, None, None, {"hidden": True})
    sheet.set_row(9, None, None, {"hidden": True})  # nothing stands in it
    opened, lines = read(made.saved())
    assert len(lines) == 4
    assert [sheet.hidden for sheet in opened.sheets] == [1]


@pytest.mark.parametrize("heading", HEADERS)
def test_an_error_value_has_its_own_code_in_every_column(made, heading):
    column = HEADERS.index(heading)
    lines = rows(3)
    sheet = made.sheet("名册", lines)
    sheet.write_formula(1, column, "=NA()", None, "#N/A")  # an error cell
    sheet.write_string(2, column, "#N/A")  # its text
    sheet.write_formula(3, column, "=A1", None, 77)
    path = made.saved(change=lambda xml: xml.replace("<v>77</v>", ""))  # a formula of which no result was stored
    _, found = read(path)
    field = FIELDS[heading]
    expected = ["cell_error", "cell_error", "formula_without_value"]
    for (_, line), code in zip(found, expected, strict=True):
        if heading == "联系电话":
            assert isinstance(line.content, Content), "a phone costs the phone only"
            assert [(note.field, note.code) for note in line.notes] == [(field, code)]
        else:
            assert codes(line) == [(field, code)]


def test_the_same_code_stands_in_a_csv(tmp_path):
    certificates = a_roster(2)
    certificates[0]["work_type"] = "#REF!"
    _, lines = read(write_roster(tmp_path / "r.csv", certificates))
    assert codes(lines[0][1]) == [("work_type", "cell_error")]
    assert isinstance(lines[1][1].content, Content)


def test_a_row_of_nothing_but_unread_cells_is_a_row(made):
    sheet = made.sheet("名册", rows(1))
    sheet.write_formula(5, 0, "=A1", None, 77)
    opened, lines = read(made.saved(change=lambda xml: xml.replace("<v>77</v>", "<v></v>")))
    assert opened.total == 2
    assert lines[1][0] == 6
    assert ("holder_name", "formula_without_value") in codes(lines[1][1])


def test_a_formula_whose_result_is_stored_is_its_result(made):
    sheet = made.sheet("名册", rows(2))
    sheet.write_formula(1, HEADERS.index("评价机构"), '="某某"', None, "某某评价中心")
    sheet.write_formula(2, HEADERS.index("备注"), '=""', None, 77)
    _, lines = read(made.saved(change=lambda xml: xml.replace('L3"><f>""</f><v>77<', 'L3" t="str"><f>""</f><v><')))
    assert lines[0][1].content.assessor == "某某评价中心"
    assert lines[1][1].content.remarks is None


def test_rows_are_counted_by_what_they_hold_not_by_how_far_the_sheet_goes(made):
    sheet = made.sheet("名册", rows(1))
    sheet.write_string(1_048_575, 0, " ")
    opened, lines = read(made.saved())
    assert (opened.total, len(lines)) == (1, 1)


@pytest.mark.parametrize(
    "rename",
    [lambda name: name.replace("/", "\\"), lambda name: name.replace("xl/workbook", "xl/Workbook"), str.upper],
    ids=["backslashes", "another case", "capitals"],
)
def test_what_the_reader_can_read_is_a_workbook(made, rename):
    sheet = made.sheet("名册", rows(2))
    sheet.write_formula(1, HEADERS.index("工种"), "=NA()", None, "#N/A")
    _, lines = read(made.saved(rename=rename))
    assert codes(lines[0][1]) == [("work_type", "cell_error")]
    assert isinstance(lines[1][1].content, Content)


@pytest.mark.parametrize("dimension", ["A1", "A1:B2", "A1:XFD1048576"])
def test_a_dimension_that_lies_is_not_believed(made, dimension):
    made.sheet("名册", rows(3))
    path = made.saved(change=lambda xml: xml.replace('<dimension ref="A1:K4"/>', f'<dimension ref="{dimension}"/>'))
    assert read(path)[0].total == 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<html><head></head><body><table><tr><td>姓名</td></tr></table></body></html>".encode(), "网页（HTML）"),
        ("\ufeff<table><tr><td>姓名</td></tr></table>".encode(), "网页（HTML）"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "XML表格2003"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related", "网页（MHT）"),
        ("姓名\t证件类型".encode("utf-16"), "UTF-16"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "旧版xls"),
        (b"%PDF-1.7", "PDF"),
    ],
    ids=["html", "table", "xml", "mht", "utf-16", "xls", "pdf"],
)
def test_what_a_file_really_is_is_said_and_how_to_save_it(tmp_path, content, words):
    (tmp_path / "r.xls").write_bytes(content)
    why = refused(tmp_path / "r.xls")
    assert words in why
    assert "xlsx" in why


@pytest.mark.parametrize(
    ("part", "words"), [("word/document.xml", "Word"), ("xl/workbook.bin", "xlsb"), ("班级.xlsx", "压缩包")]
)
def test_another_archive_is_called_by_its_name(tmp_path, part, words):
    with zipfile.ZipFile(tmp_path / "r.xlsx", "w") as archive:
        archive.writestr(part, "x")
    assert words in refused(tmp_path / "r.xlsx")


def test_the_value_of_merged_cells_counts_for_their_rows(made):
    lines = rows(5)
    assessor, region = HEADERS.index("评价机构"), HEADERS.index("行政区划")
    for cells in lines[1:4]:
        cells[assessor] = cells[region] = ""
    sheet = made.sheet("名册", lines)
    sheet.merge_range(1, assessor, 3, assessor, "某某评价中心")
    sheet.merge_range(1, region, 3, region, "130102")
    _, found = read(made.saved())
    assert [line.content.assessor for _, line in found[:3]] == ["某某评价中心"] * 3
    assert [line.content.region for _, line in found[:3]] == ["130102"] * 3
    assert set(codes(found[3][1])) == {("assessor", "missing"), ("region", "missing")}, "it ends with its last row"


def test_what_is_merged_over_several_columns_is_nobodys_value(made):
    sheet = made.sheet("名册", rows(2))
    name = HEADERS.index("姓名")
    sheet.merge_range(1, name, 1, name + 1, "王小花")  # over 证件类型, which would be taken for empty
    _, found = read(made.saved())
    assert codes(found[0][1]) == [("document_type", "cell_merged")]


@pytest.mark.parametrize(
    "shows", ['yyyy"年"m"月"', "yyyy-mm", "mmm-yy", '[$-804]yyyy"年"m"月";@', 17, 57, "yyyy"], ids=str
)
def test_a_day_of_which_only_the_month_is_seen_is_no_day(made, shows):
    sheet = made.sheet("名册", rows(2))
    column = HEADERS.index("发证日期")
    sheet.write_datetime(1, column, dt.date(2023, 5, 1), made.book.add_format({"num_format": shows}))
    sheet.write_datetime(2, column, dt.date(2023, 5, 1), made.book.add_format({"num_format": "yyyy/m/d"}))
    _, found = read(made.saved())
    assert codes(found[0][1]) == [("issued_on", "issued_on_unreadable")]
    assert codes(found[1][1]) == []


@pytest.mark.parametrize("phone", ["15400", "1540000000O", "无"])
def test_a_phone_that_cannot_be_read_costs_the_phone_and_not_the_certificate(tmp_path, phone):
    certificates = a_roster(2)
    certificates[0]["phone"] = phone
    _, lines = read(write_roster(tmp_path / "r.xlsx", certificates))
    (note,) = lines[0][1].notes
    assert (note.field, note.code, lines[0][1].content.holder.phone) == ("phone", "phone_invalid", None)
    certificates[0]["level"] = "六级"
    _, lines = read(write_roster(tmp_path / "r.xlsx", certificates))
    assert set(codes(lines[0][1])) == {("level", "level_unknown"), ("phone", "phone_invalid")}


def test_a_number_cell_written_as_a_power_of_ten_is_its_number(made):
    lines = rows(1)
    lines[0][HEADERS.index("证件类型")] = "护照"
    lines[0][HEADERS.index("证件号码")] = 12345678
    made.sheet("名册", lines)
    _, found = read(made.saved(change=lambda xml: xml.replace("<v>12345678</v>", "<v>1.2345678E7</v>")))
    assert found[0][1].content.holder.document_number == "12345678"
