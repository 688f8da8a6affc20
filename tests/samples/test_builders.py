import csv
import datetime as dt
import io

import pytest
from python_calamine import CalamineWorkbook

from contract import regions
from contract.certification import IssueCertificate
from samples.sheets import FIELDS
from tests.builders import a_certificate, a_person, a_roster, write_roster


def test_a_certificate_is_what_the_contract_asks_for():
    body = a_certificate(7, phone="15400000001", remarks="补贴性培训")
    loaded = IssueCertificate().load(body)
    assert loaded["document_number"] == a_person(7).document_number
    assert loaded["issued_on"] == dt.date(2023, 5, 1)


def test_every_seed_has_a_certificate_number_and_a_person_of_its_own():
    bodies = [a_certificate(seed) for seed in (*range(2_000), 10**6, 10**6 + 1, 2 * 10**6)]
    assert len({body["certificate_number"] for body in bodies}) == len(bodies)
    assert len({body["document_number"] for body in bodies}) == len(bodies)
    assert all(len(body["certificate_number"]) == 22 for body in bodies)


def test_number_year_and_level_agree_unless_changed_on_purpose():
    body = a_certificate(1, issued_on="2022-03-04", level="3")
    assert body["certificate_number"][13:16] == "223"
    assert a_certificate(1, issued_on="2022-03-04", level="3", certificate_number="x")["certificate_number"] == "x"


def test_a_change_to_none_leaves_the_field_out():
    assert "holder_name" not in a_certificate(1, holder_name=None)


def test_a_roster_spreads_over_the_counties_and_is_the_same_each_time():
    roster = a_roster(3_000, seed=5)
    assert roster == a_roster(3_000, seed=5)
    assert {body["region"] for body in roster} == {county.code for county in regions.counties()}
    assert len({body["document_number"] for body in roster}) == 3_000


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_roster_reads_back_in_its_encoding(tmp_path, encoding):
    roster = a_roster(5)
    path = write_roster(tmp_path / "roster.csv", roster, encoding=encoding)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf") == (encoding == "utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode(encoding))))
    assert [{FIELDS[header]: cell for header, cell in row.items() if cell} for row in rows] == roster


def test_an_xlsx_roster_reads_back_and_keeps_dates_as_dates(tmp_path):
    roster = a_roster(5)
    path = write_roster(tmp_path / "roster.xlsx", [{**roster[0], "issued_on": dt.date(2023, 5, 1)}, *roster[1:]])
    header, first, second, *_ = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert header == list(FIELDS)
    assert first[header.index("发证日期")] == dt.date(2023, 5, 1)
    assert second[header.index("证件号码")] == roster[1]["document_number"]


def test_columns_stand_in_the_order_asked_for(tmp_path):
    headers = ["证书编号", " 姓名 "]
    path = write_roster(tmp_path / "roster.csv", a_roster(1), headers=headers)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines == ["证书编号, 姓名 ", f"{a_certificate_of_row(0)['certificate_number']},{a_person(0).name}"]


def a_certificate_of_row(seed: int) -> dict[str, str]:
    return a_roster(1, seed)[0]
