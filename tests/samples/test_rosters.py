import csv
import datetime as dt
import re
import zipfile
from collections import Counter
from pathlib import Path

import pytest
import python_calamine
from stdnum.cn import ric

from contract import regions
from gateway.certificates import EXAMPLE
from samples import expected as told
from samples import marks, rosters
from samples.files import FILES, Made
from samples.rosters import EMPTY_COUNTY, HERE, Maker
from services.certification.rosters import spreadsheet

TODAY = dt.date(2024, 6, 30)


@pytest.fixture(scope="module")
def made() -> dict[str, list[Made]]:
    return Maker().make()


@pytest.fixture(scope="module")
def expected() -> dict[tuple[str, int], tuple[str, str, str]]:
    with (HERE / "expected.csv").open(encoding="utf-8", newline="") as file:
        return {
            (row["file"], int(row["row"])): (row["outcome"], row["field"], row["code"]) for row in csv.DictReader(file)
        }


def written(folder: Path) -> dict[str, object]:
    """Every file's content; a workbook's, unpacked: another zlib may pack the same bytes otherwise."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                found[path.name] = {name: book.read(name) for name in book.namelist()}
        elif path.suffix in {".csv", ".md"}:
            found[path.name] = path.read_bytes()
    return found


def test_the_committed_samples_are_what_the_generator_makes(tmp_path):
    rosters.write(tmp_path)
    committed, fresh = written(HERE), written(tmp_path)
    assert committed.keys() == fresh.keys()
    changed = [name for name in fresh if fresh[name] != committed[name]]
    assert not changed, f"run `python -m samples.rosters` and commit: {changed}"


def test_there_are_at_least_1200_rows_over_all_14_units(made, expected):
    assert [file.unit for file in FILES] == list(made)
    assert set(made) == {unit.code for unit in regions.units()}
    assert len(expected) == sum(1 for rows in made.values() for row in rows if row.cells) >= 1_200


def test_the_three_encodings_and_workbooks_are_all_there():
    assert {file.encoding for file in FILES} == {"", "utf-8", "utf-8-sig", "gb18030"}
    for file in FILES:
        if file.encoding:
            (HERE / "rosters" / file.name).read_bytes().decode(file.encoding)


def test_every_kind_of_bad_row_is_there(expected):
    outcomes = Counter(outcome for outcome, _, _ in expected.values())
    assert outcomes["rejected"] == len(marks.FAULTS) + 1
    assert outcomes["duplicate"] + outcomes["conflict"] == len(marks.AGAIN)
    assert {code for _, _, code in expected.values()} - {""} == {
        "missing",
        "document_number_invalid",
        "number_damaged",
        "level_unknown",
        "level_contradicts_number",
        "issued_on_unreadable",
        "issued_on_future",
        "year_contradicts_number",
        "certificate_number_invalid",
        "region_unknown",
        "region_ambiguous",
        "document_type_unknown",
        "occupation_unknown",
        "text_too_long",
        "cell_error",
    }


def test_every_id_number_has_its_check_digit_but_the_marked_ones(made):
    for row in (row for rows in made.values() for row in rows if row.body):
        number = row.body["document_number"]
        if row.body["document_type"] != "护照":
            assert ric.calc_check_digit(number) == number[-1]
    spoiled = [row for rows in made.values() for row in rows if row.code == "document_number_invalid"]
    assert len(spoiled) == 9
    for row in spoiled:
        assert row.cells["证件号码"] != row.body["document_number"]


def test_no_two_people_share_a_number_or_a_birthday(made):
    residents: dict[str, set[str]] = {}
    for row in (row for rows in made.values() for row in rows if row.body):
        residents.setdefault(row.body["document_number"], set()).add(row.body["holder_name"])
    assert all(len(names) == 1 for names in residents.values())
    birthdays = [number[6:14] for number in residents if number[:2] == "13"]
    assert len(birthdays) == len(set(birthdays)) > 1_200


def test_a_certificate_number_stands_in_one_file_only_so_that_files_may_come_in_any_order(made):
    home: dict[str, str] = {}
    for unit, rows in made.items():
        for row in rows:
            if number := row.body.get("certificate_number"):
                assert home.setdefault(number, unit) == unit


def test_a_number_told_again_stands_below_the_row_that_tells_it_first(made):
    for rows in made.values():
        first: set[str] = set()
        for row in rows:
            if row.outcome in {"duplicate", "conflict"}:
                assert row.body["certificate_number"] in first, "its first row must stand before it"
            elif row.outcome == "created" and row.body:
                assert row.body["certificate_number"] not in first
                first.add(row.body["certificate_number"])


def test_certification_reads_every_row_as_expected(expected):
    seen: dict[str, str] = {}
    for file in FILES:
        rows = {}
        with (HERE / "rosters" / file.name).open("rb") as raw, spreadsheet.opened(raw) as roster:
            for number, cells in roster.rows:
                content = roster.columns.row(cells, today=TODAY)
                if isinstance(content, tuple):
                    rows[number] = [("rejected", fault.field, fault.code) for fault in content]
                else:
                    again = expected[file.name, number][0] if content.number in seen else "created"
                    assert again == "created" or seen[content.number] == file.name
                    rows[number] = [(again, "", "")]
                    seen[content.number] = file.name
        wanted = {number: [answer] for (name, number), answer in expected.items() if name == file.name}
        assert rows == wanted, file.name


def test_counts_add_up_and_a_county_without_anybody_shows_nought():
    with (HERE / "expected_counts.csv").open(encoding="utf-8", newline="") as file:
        counts = {row["region"]: int(row["count"]) for row in csv.DictReader(file)}
    assert counts.keys() == {"130000"} | {region.code for region in (*regions.units(), *regions.counties())}
    for above in (regions.get("130000"), *regions.units()):
        if below := regions.children(above.code):
            assert counts[above.code] == sum(counts[region.code] for region in below), above.name
    assert counts[EMPTY_COUNTY] == 0
    assert counts["130000"] > 1_200


def test_the_people_with_two_certificates_are_counted_where_and_when_they_should(made):
    def without(note: str) -> dict[str, int]:
        return told.counted({unit: [row for row in rows if row.note != note] for unit, rows in made.items()})

    whole = told.counted(made)
    for story in marks.STORIES:
        years = {story.first[1][:4], story.second[1][:4]}
        earliest = min(story.first, story.second, key=lambda certificate: certificate[1])
        change = {code: whole[code] - count for code, count in without(story.note).items() if whole[code] != count}
        assert change.get("130000", 0) == (0 if "2022" in years else 1), story.note
        assert set(change.values()) <= {1}
        if change:
            assert earliest[0] in change, story.note


def test_the_example_of_the_documentation_is_nobody_of_the_samples() -> None:
    """Whoever tries it after `make run` sees the count move."""
    for file in HERE.glob("rosters/[0-9]*"):
        if file.suffix == ".csv":
            cells = set(re.findall(r"[0-9A-Za-z]+", file.read_bytes().decode("latin-1")))
        else:
            rows = python_calamine.load_workbook(file).get_sheet_by_index(0).iter_rows()
            cells = {str(cell) for row in rows for cell in row}
        assert any(len(cell) == 18 for cell in cells), f"{file.name} was not read"
        assert not cells & {EXAMPLE["document_number"], EXAMPLE["certificate_number"]}, file.name
