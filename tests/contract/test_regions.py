import contextlib
import csv
import re
import timeit
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import regions
from contract.regions import RegionAmbiguous, RegionUnknown

# domain.md §3; 定州, 辛集 and the 14 as the plan lists them
COUNTIES_OF = {
    "130100": 21,
    "130200": 14,
    "130300": 7,
    "130400": 18,
    "130500": 18,
    "130600": 20,
    "130700": 16,
    "130800": 11,
    "130900": 16,
    "131000": 10,
    "131100": 11,
    "130682": 1,
    "130181": 1,
    "133100": 3,
}

counties = st.sampled_from(regions.counties())


def rows() -> list[dict[str, str]]:
    path = Path(regions.__file__).with_name("regions.csv")
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_there_are_14_units_and_167_county_level_units_as_published():
    assert {unit.code: len(regions.counties(unit.code)) for unit in regions.units()} == COUNTIES_OF
    assert len(regions.counties()) == len({county.code for county in regions.counties()}) == 167


def test_development_zones_are_no_regions():
    for county in regions.counties():
        assert county.code[4] != "7", f"{county.full_name} is a development zone"


def test_every_code_of_the_file_is_written_once():
    codes = [row["code"] for row in rows()]
    codes += [alias for row in rows() for alias in row["aliases"].split(";") if alias.isdigit()]
    assert all(re.fullmatch(r"13\d{4}", code) for code in codes)
    assert sorted(codes) == sorted(set(codes))


def test_a_subtree_is_the_region_and_all_that_lie_in_it():
    everything = {regions.PROVINCE, *COUNTIES_OF, *(county.code for county in regions.counties())}
    assert {*regions.subtree(regions.PROVINCE)} == everything
    for unit in COUNTIES_OF:
        assert {*regions.subtree(unit)} == {code for code in everything if regions.within(code, unit)}
    assert regions.subtree("130102") == ("130102",)


def test_dingzhou_and_xinji_are_units_and_their_own_county():
    for code in ("130682", "130181"):
        region = regions.get(code)
        assert (region.level, region.is_county, region.path) == ("unit", True, ("130000", code))
        assert regions.counties(code) == (region,)
        assert regions.children(code) == ()
        assert not regions.within(code, code[:4] + "00"), "its digits name a city that it does not report to"


def test_the_three_counties_of_xiongan_report_to_xiongan():
    for code in ("130638", "130632", "130629"):
        assert regions.get(code).path == ("130000", "133100", code)
        assert regions.within(code, "133100")
        assert not regions.within(code, "130600")
        assert regions.find(f"保定市{regions.get(code).name}").code == code, "still written so, as its digits suggest"


@pytest.mark.parametrize(
    ("alias", "code"),
    [
        ("139001", "130682"),
        ("139002", "130181"),
        ("133101", "130629"),
        ("133102", "130632"),
        ("133103", "130638"),
    ],
)
def test_codes_of_other_lists_are_understood(alias, code):
    assert regions.get(alias) is regions.find(alias) is regions.get(code)


def test_every_alias_resolves_to_its_region():
    for row in rows():
        for alias in filter(None, row["aliases"].split(";")):
            if alias.isdigit():
                assert regions.get(alias).code == row["code"]
            elif row["level"] == "county":
                above = regions.get(row["parent"])
                assert regions.find(above.name + alias).code == row["code"]
            else:
                assert regions.find(alias).code == row["code"]


def test_a_former_code_answers_with_the_region_that_took_over_all_of_it():
    assert regions.get("130185").code == "130110"  # 鹿泉市, now 鹿泉区
    assert regions.get("130122").code == "130110"  # 获鹿县, then 鹿泉市, now 鹿泉区
    assert regions.find("保定市北市区").name == "莲池区"
    assert regions.find("邢台市桥西区").name == "信都区"


def test_a_former_code_whose_area_was_divided_is_refused_with_its_heirs():
    with pytest.raises(RegionAmbiguous) as refused:
        regions.get("130521")  # 邢台县
    assert refused.value.facts == {"candidates": ["130502", "130503"]}
    assert "襄都区" in refused.value.zh
    assert "信都区" in refused.value.zh


def test_every_former_code_leads_to_present_counties():
    former = [row for row in rows() if row["valid_until"]]
    assert len(former) > 40
    for row in former:
        heirs = row["successors"].split(";")
        assert all(regions.get(heir).code == heir and regions.get(heir).is_county for heir in heirs)
        assert int(row["valid_from"]) < int(row["valid_until"])
        if len(heirs) == 1:
            assert regions.get(row["code"]).code == heirs[0]
        else:
            with pytest.raises(RegionAmbiguous):
                regions.get(row["code"])


def test_names_and_codes_agree_with_python_stdnum():
    numdb = pytest.importorskip("stdnum.numdb")
    known = numdb.get("cn/loc")
    for row in rows():
        if row["code"] == "133100":  # younger than that list
            continue
        found = known.info(row["code"])[-1][1]["county"]
        assert row["name"] in found, f"{row['code']} is {row['name']} here and {found} there"
        if row["valid_until"]:
            assert f"-{row['valid_until']}]{row['name']}" in found


@given(county=counties, province=st.sampled_from(["", "河北省", "河北"]), data=st.data())
def test_a_county_with_its_unit_before_it_is_found(county, province, data):
    if county.level == "unit":
        written = province + county.name
    else:
        above = regions.get(county.parent)
        written = province + data.draw(st.sampled_from([above.name, above.short_name])) + county.name
    blanks = data.draw(st.lists(st.sampled_from(["", "", " ", "\u3000", "/", "-", "\ufeff"]), min_size=len(written)))
    assert regions.find("".join(a + b for a, b in zip(written, blanks, strict=False))) is county


@given(county=counties, width=st.booleans(), twelve=st.booleans())
def test_a_code_is_found_however_wide_it_is_typed(county, width, twelve):
    written = county.code + ("000000" if twelve else "")
    if width:
        written = written.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"})
    assert regions.find(f" {written}\t") is county


@given(county=counties)
def test_a_bare_name_is_the_county_or_names_it_among_the_candidates(county):
    if county.name in {"桥西区", "桥东区", "新华区"}:
        with pytest.raises(RegionAmbiguous) as refused:
            regions.find(county.name)
        assert county.code in refused.value.facts["candidates"]
    else:
        assert regions.find(county.name) is county


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("桥西区", ["130104", "130503", "130703"]),
        ("新华区", ["130105", "130902"]),
        ("桥东区", ["130102", "130104", "130502", "130702"]),
    ],
)
def test_an_ambiguous_name_is_refused_and_the_candidates_named(name, candidates):
    with pytest.raises(RegionAmbiguous) as refused:
        regions.find(name)
    assert refused.value.code == "region_ambiguous"
    assert refused.value.facts["candidates"] == candidates
    for code in candidates:
        assert regions.get(code).full_name in refused.value.zh
        assert code in refused.value.en


@pytest.mark.parametrize(
    "text",
    ["", " ", "110105", "北京市朝阳区", "石家庄市长安县", "唐山市新区", "高新区", "1301", "130102001001", "长" * 5000],
)
def test_what_is_not_in_hebei_is_refused(text):
    with pytest.raises(RegionUnknown) as refused:
        regions.find(text)
    assert refused.value.code == "region_unknown"
    assert len(refused.value.zh) < 200


@given(st.text(max_size=40))
def test_any_text_is_a_region_or_a_refusal(text):
    with contextlib.suppress(RegionUnknown, RegionAmbiguous):
        assert regions.find(text) is regions.get(regions.find(text).code)


def test_a_refusal_repeats_no_personal_data_from_a_shifted_column():
    for text in ("13010019630101002X", "13800138000", "欧阳某某"):
        with pytest.raises(RegionUnknown) as refused:
            regions.find(text)
        assert text not in str(refused.value.args)


def test_short_names_tell_siblings_apart():
    for unit in regions.units():
        labels = [unit.short_name, *(county.short_name for county in regions.children(unit.code))]
        assert len(labels) == len(set(labels)), f"{unit.name}: {labels}"


def test_ancestors_and_children_walk_the_same_tree():
    for county in regions.counties():
        above = regions.ancestors(county.code)
        assert tuple(region.code for region in above) == county.path[:-1]
        assert county in regions.children(above[-1].code)
        assert all(regions.within(county.code, code) for code in county.path)
        assert county.full_name == "".join(region.name for region in (*above, county))


def test_finding_a_region_again_takes_under_two_microseconds():
    name = "河北省石家庄市长安区"
    seconds = min(timeit.repeat(lambda: regions.find(name), number=10_000, repeat=5)) / 10_000
    assert seconds < 2e-6
