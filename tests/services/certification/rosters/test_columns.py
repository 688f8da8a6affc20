import csv
import datetime as dt
from pathlib import Path

import pytest

from contract.certification import RosterUnreadable
from services.certification.content import Content
from services.certification.rosters import spreadsheet
from services.certification.rosters.columns import FIELDS, Columns, explained
from tests.builders import a_roster, write_roster

TODAY = dt.date(2026, 1, 1)
SAMPLES = Path("samples")


def read(path):
    with path.open("rb") as file, spreadsheet.opened(file) as opened:
        return opened.columns, opened.total, list(opened.rows)


def expected_by_file():
    with (SAMPLES / "expected.csv").open(encoding="utf-8", newline="") as file:
        found = {}
        for row in csv.DictReader(file):
            found.setdefault(row["file"], []).append(row)
        return found


@pytest.mark.parametrize("name", sorted(expected_by_file()))
def test_each_sample_roster_is_read_row_by_row_as_its_maker_meant(name):
    columns, total, rows = read(SAMPLES / "rosters" / name)
    expected = expected_by_file()[name]
    assert total == len(rows) == len(expected)
    for (number, cells), row in zip(rows, expected, strict=True):
        found = columns.row(cells, today=TODAY)
        assert number == int(row["row"])
        if row["outcome"] == "rejected":
            assert not isinstance(found, Content), f"row {number} must be rejected: {row}"
            assert [(fault.field, fault.code) for fault in found] == [(row["field"], row["code"])], f"row {number}"
        else:
            assert isinstance(found, Content), f"row {number} must be read, not {found}"


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_workbook_and_csv_in_all_encodings_say_the_same(tmp_path, suffix, encoding):
    certificates = a_roster(40)
    columns, total, rows = read(write_roster(tmp_path / f"r.{suffix}", certificates, encoding=encoding))
    assert total == 40
    found = [columns.row(cells, today=TODAY) for _, cells in rows]
    assert [content.number for content in found] == [body["certificate_number"] for body in certificates]
    assert [content.holder.name for content in found] == [body["holder_name"] for body in certificates]


def test_columns_may_stand_in_any_order_with_strangers_between(tmp_path):
    headers = [" 备注", *reversed([name for name in FIELDS if name != "备注"]), "班次", "序号"]
    columns, _, rows = read(write_roster(tmp_path / "r.csv", a_roster(3), headers=headers))
    assert all(isinstance(columns.row(cells, today=TODAY), Content) for _, cells in rows)
    assert columns.headers[-2:] == ("班次", "序号"), "strangers are kept for the annotated workbook"


def test_a_row_shorter_than_the_header_lacks_its_last_fields():
    columns = Columns.read(list(FIELDS))
    faults = columns.row(["王小花"], today=TODAY)
    assert ("region", "missing") in {(fault.field, fault.code) for fault in faults}


def test_a_header_that_lacks_columns_names_them_and_what_was_probably_meant():
    headers = [name for name in FIELDS if name not in ("证件号码", "等级")] + ["证件号"]
    with pytest.raises(RosterUnreadable) as refused:
        Columns.read(headers)
    assert refused.value.facts["missing"] == ["证件号码", "等级"]
    assert "证件号码（是否写成了“证件号”？）" in refused.value.zh


def test_a_column_that_appears_twice_is_named():
    with pytest.raises(RosterUnreadable, match="等级"):
        Columns.read([*FIELDS, "等级"])


def test_a_reason_names_the_column_as_the_centre_knows_it():
    columns = Columns.read(list(FIELDS))
    zh, en = explained(columns.row([""] * 12, today=TODAY))
    assert "证件号码：必填" in zh
    assert "document_number: is required" in en
