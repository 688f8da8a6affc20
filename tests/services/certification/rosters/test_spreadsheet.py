import csv
import datetime as dt
import subprocess
import sys
import tempfile
import zipfile

import psutil
import pytest
import xlsxwriter

from contract.certification import RosterUnreadable
from runtime import workbook
from services.certification.rosters import spreadsheet
from services.certification.rosters.columns import FIELDS
from tests.builders import a_roster, write_roster

TODAY = dt.date(2026, 1, 1)


def read(path):
    with path.open("rb") as file, spreadsheet.opened(file) as opened:
        return opened.total, list(opened.rows)


def refused(path, words):
    with pytest.raises(RosterUnreadable) as caught:
        read(path)
    assert words in caught.value.zh
    assert caught.value.en.isascii() or "联系电话" in caught.value.en


def a_workbook(path, rows, **cells):
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    for (row, column), value in cells.get("at", {}).items():
        sheet.write(row, column, value)
    book.close()
    return path


def test_thirty_megabytes_of_zeros_are_no_workbook(tmp_path):
    path = tmp_path / "zeros.xlsx"
    path.write_bytes(bytes(30 << 20))
    refused(path, "既不是xlsx工作簿")


def test_a_picture_with_the_name_of_a_workbook_is_no_workbook(tmp_path):
    path = tmp_path / "photo.xlsx"
    path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 100)
    refused(path, "既不是xlsx工作簿")


def test_a_zip_that_is_no_workbook_and_a_broken_workbook_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "zip.xlsx", "w") as archive:
        archive.writestr("readme.txt", "hello")
    refused(tmp_path / "zip.xlsx", "既不是xlsx工作簿")
    whole = write_roster(tmp_path / "whole.xlsx", a_roster(50)).read_bytes()
    (tmp_path / "half.xlsx").write_bytes(whole[: len(whole) // 2])
    refused(tmp_path / "half.xlsx", "既不是xlsx工作簿")


def test_an_old_or_protected_workbook_gets_the_advice_that_helps(tmp_path):
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))
    refused(tmp_path / "old.xls", "另存为xlsx")


@pytest.mark.parametrize("told", [True, False])
def test_a_zip_bomb_costs_nothing_but_a_refusal(tmp_path, told):
    """600 MB of one cell; ``told`` by the archive's directory, or with a directory that lies."""
    inner = write_roster(tmp_path / "inner.xlsx", a_roster(1))
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(inner) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            if name != "xl/worksheets/sheet1.xml":
                target.writestr(name, source.read(name))
                continue
            with target.open(name, "w") as sheet:
                sheet.write(b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>')
                sheet.write(b'<row r="1"><c r="A1" t="inlineStr"><is><t>')
                for _ in range(600):
                    sheet.write(b"A" * (1 << 20))
                sheet.write(b"</t></is></c></row></sheetData></worksheet>")
        if not told:
            target.getinfo("xl/worksheets/sheet1.xml").file_size = 1000
    refused(path, "展开后过大" if told else "")


def test_a_cell_at_the_far_end_of_the_sheet_does_not_fill_the_memory(tmp_path):
    path = a_workbook(tmp_path / "far.xlsx", [list(FIELDS)], at={(1_048_575, 16_383): "x"})
    refused(path, "展开后过大")


def _peak_of(path):
    """Why a process of its own refuses the file, and the most memory, in MB, that it took."""
    program = (
        "import sys\n"
        "from services.certification.rosters import spreadsheet\n"
        "try:\n"
        "    with open(sys.argv[1], 'rb') as file, spreadsheet.opened(file) as opened: list(opened.rows)\n"
        "except spreadsheet.RosterUnreadable as refused: print(refused.zh)\n"
        "(peak,) = [line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')]\n"
        "print(int(peak) // 1024)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    why, peak = done.stdout.splitlines()
    return why, int(peak)


@pytest.mark.parametrize(
    "row",
    [b"," * (24 << 20), b'"' + b"\n" * (24 << 20), b'"x\n",' * (4 << 20), b"x" * (24 << 20)],
    ids=["commas", "one cell of lines", "cells of lines", "one word"],
)
@pytest.mark.parametrize("first", [True, False])
def test_one_endless_row_of_a_csv_is_refused_before_it_is_in_memory(tmp_path, row, first):
    path = tmp_path / "endless.csv"
    path.write_bytes(b"" if first else ",".join(FIELDS).encode() + b"\n")
    with path.open("ab") as file:
        file.write(row)
    why, peak = _peak_of(path)
    assert ("第1行过长" if first else "第2行过长") in why
    assert peak < 150, f"{peak} MB"


def test_a_workbook_whose_rows_name_one_long_text_again_and_again_is_refused(tmp_path):
    path = a_workbook(tmp_path / "wide.xlsx", [list(FIELDS), *[["长" * 32_000] * 150] * 5])
    why, peak = _peak_of(path)
    assert "第2行过长" in why
    assert peak < 150, f"{peak} MB"


def test_a_row_of_too_many_cells_is_named(tmp_path):
    rows = [list(FIELDS), ["x"] * 12, ["x"] * (workbook.MOST_CELLS + 1)]
    refused(a_workbook(tmp_path / "wide.xlsx", rows), "第3行过长")
    (tmp_path / "wide.csv").write_text("\n".join(",".join(row) for row in rows))
    refused(tmp_path / "wide.csv", "第3行过长")


def test_blank_cells_at_a_rows_end_are_nothing(tmp_path):
    (tmp_path / "a.csv").write_text("\n".join([",".join(FIELDS), "张三" + "," * 500]))
    assert read(tmp_path / "a.csv") == (1, [(2, ["张三", *[""] * (workbook.MOST_CELLS - 1)])])


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_an_empty_file_is_refused(tmp_path, suffix):
    path = tmp_path / f"empty.{suffix}"
    if suffix == "xlsx":
        a_workbook(path, [])
    else:
        path.write_bytes(b"\r\n\r\n")
    refused(path, "没有内容")


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_a_wrong_header_is_refused_with_the_missing_columns(tmp_path, suffix):
    path = tmp_path / f"wrong.{suffix}"
    rows = [["姓名", "身份证号", "等级"], ["王小花", "", "五级"]]
    if suffix == "xlsx":
        a_workbook(path, rows)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    refused(path, "证书编号")


def test_more_rows_than_a_roster_may_have_are_refused_before_the_first_is_read(tmp_path):
    path = tmp_path / "long.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        writer.writerows([["x"] * 12] * (workbook.MOST_ROWS + 1))
    refused(path, f"超过{workbook.MOST_ROWS}行")
    refused(a_workbook(tmp_path / "long.xlsx", [list(FIELDS), *[["x"]] * (workbook.MOST_ROWS + 1)]), "超过200000行")


def test_a_csv_that_cannot_be_parsed_is_refused(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text(",".join(FIELDS) + '\n姓名,"等级\n王', encoding="utf-8")
    refused(path, "无法读取的行")


def test_tabs_and_semicolons_are_understood(tmp_path):
    for mark in "\t;":
        path = tmp_path / "r.csv"
        path.write_text(mark.join(FIELDS) + "\n" + mark.join(["x"] * 12) + "\n", encoding="gb18030")
        assert read(path) == (1, [(2, ["x"] * 12)])


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_blank_rows_are_skipped_and_the_others_keep_their_numbers(tmp_path, suffix):
    path = tmp_path / f"r.{suffix}"
    rows = [list(FIELDS), ["a"] * 12, [""] * 12, [" "] * 12, ["b"] * 12]
    if suffix == "xlsx":
        a_workbook(path, rows)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    total, found = read(path)
    assert total == 2
    assert [number for number, _ in found] == [2, 5]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (" 王 ", "王"),
        (5.0, "5"),
        (130102.0, "130102"),
        (20230501, "20230501"),
        (1.5, "1.5"),
        (1.30102199001011e17, "1.30102E+17"),
        (1234567890123456.0, "1.23457E+15"),
        (True, "TRUE"),
        (dt.date(2023, 5, 1), "2023-05-01"),
        (dt.datetime(2023, 5, 1, 8, 30), "2023-05-01"),  # noqa: DTZ001 a cell knows no time zone
    ],
)
def test_a_cell_is_the_text_that_a_person_sees(cell, text):
    assert workbook.text(cell) == text


def test_hidden_and_empty_sheets_are_not_read(tmp_path):
    book = xlsxwriter.Workbook(str(tmp_path / "r.xlsx"))
    hidden, empty, sheet = book.add_worksheet("旧"), book.add_worksheet("空"), book.add_worksheet("名册")
    hidden.write_row(0, 0, ["not", "the", "header"])
    hidden.hide()
    empty.activate()
    sheet.write_row(0, 0, list(FIELDS))
    sheet.write_row(1, 0, ["x"] * 12)
    book.close()
    assert read(tmp_path / "r.xlsx")[0] == 1


def the_reader():
    (child,) = (child for child in psutil.Process().children() if workbook.__name__ in child.cmdline())
    return child


def test_the_reader_leaves_no_process_behind_when_its_caller_stops_early(tmp_path):
    path = write_roster(tmp_path / "r.xlsx", a_roster(1000))
    with path.open("rb") as file, spreadsheet.opened(file) as opened:
        assert next(opened.rows)[0] == 2
        child = the_reader()
    assert not child.is_running()


def test_a_reader_that_was_killed_from_outside_is_no_verdict_on_the_file(tmp_path):
    path = write_roster(tmp_path / "r.xlsx", a_roster(5000))
    with path.open("rb") as file, spreadsheet.opened(file) as opened:
        next(opened.rows)
        the_reader().kill()
        with pytest.raises(ChildProcessError):
            list(opened.rows)


@pytest.mark.parametrize("name", ["r.csv", "r.xlsx"])
@pytest.mark.parametrize("shift", range(6))
def test_a_roster_is_read_the_same_the_second_time(tmp_path, name, shift):
    """``shift`` moves the characters, three bytes each, over the end of what was read ahead."""
    certificates = [certificate | {"remarks": "护" * 40 + "x" * shift} for certificate in a_roster(125)]
    path = write_roster(tmp_path / name, certificates)
    with tempfile.TemporaryFile() as file:
        file.write(path.read_bytes())
        passes = []
        for _ in range(2):
            with spreadsheet.opened(file) as opened:
                passes.append((opened.total, list(opened.rows)))
    assert passes[0] == passes[1]
    assert passes[0][0] == 125
