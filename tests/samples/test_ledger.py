"""The sample ledger by itself: it is what offices could file, and what must come of it is worked out right."""

import io
import re
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

import plan as plans
from contract import regions
from contract.words import Measure
from samples import ledger_form
from samples.ledger import ABOVE_WHOLE, LATE, SILENT, SILENT_ITEM, WHOLE, Line, Sample, unit_of
from samples.ledger_expected import expected
from samples.ledger_form import Proof
from services.reports.evidence import kind_of
from services.reports.forms import sheets
from services.reports.forms.domain import Blank

PLAN = plans.read(Path(__file__).resolve().parents[2] / "plan" / "hebei-2023.toml")
WIDTHS = (1, 3, 21)


@pytest.fixture(params=WIDTHS)
def sample(request: pytest.FixtureRequest) -> Sample:
    return Sample(PLAN, request.param)


def figures(sample: Sample) -> dict[tuple[str, str], dict[str, Decimal]]:
    found: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(dict)
    for line in sample.lines:
        if line.cumulative is not None:
            found[line.target_id, line.region][line.period] = line.cumulative
    return found


def test_every_reported_indicator_is_filed_and_no_other(sample: Sample) -> None:
    reported = {one.id for one in PLAN.indicators.values() if one.reporting}
    assert {line.target_id for line in sample.lines} == reported
    assert len({(line.target_id, line.region, line.period) for line in sample.lines}) == len(sample.lines)


def test_each_unit_files_and_with_more_counties_more_of_them_do() -> None:
    filing = [{line.region for line in Sample(PLAN, width).lines} for width in WIDTHS]
    assert all(
        {unit_of(code) for code in codes} == {unit.code for unit in regions.units()} | {"130000"} for codes in filing
    )
    assert filing[0] < filing[2]
    assert {county.code for county in regions.counties()} <= filing[2]


def test_figures_are_filed_at_the_level_and_with_the_decimals_that_the_plan_says(sample: Sample) -> None:
    for line in sample.lines:
        one, region = PLAN.indicators[line.target_id], regions.get(line.region)
        assert one.reporting is not None
        assert one.reporting.level == region.level or (one.reporting.level == "county" and region.is_county)
        assert (line.cumulative is None) == (one.measure is Measure.STATE)
        if line.cumulative is not None:
            assert line.cumulative == round(line.cumulative, one.reporting.decimals)
            assert not one.reporting.at_most_one or line.cumulative <= 1


def test_nothing_cumulated_falls_and_no_part_is_above_its_whole(sample: Sample) -> None:
    known = figures(sample)
    for periods in known.values():
        assert [periods[period] for period in sorted(periods)] == sorted(periods.values())
    parts = [one for one in PLAN.indicators.values() if one.part_of and not PLAN.indicators[one.part_of].sum_of]
    assert [one.id for one in parts] == [ABOVE_WHOLE[0]]
    for (id, region), periods in known.items():
        if id == ABOVE_WHOLE[0]:
            assert all(figure <= known[WHOLE, region][period] for period, figure in periods.items())


def test_what_is_filed_wrong_on_purpose_is_wrong(sample: Sample) -> None:
    wrong = sample.above_whole
    assert wrong.cumulative is not None
    assert wrong.cumulative > figures(sample)[WHOLE, wrong.region][wrong.period]
    assert sample.mistaken not in sample.lines
    assert not [
        line for line in sample.of(SILENT, sample.period) if PLAN.indicators[line.target_id].item == SILENT_ITEM
    ]


def test_targets_are_split_by_counties_and_what_does_not_divide_is_in_reserve(sample: Sample) -> None:
    for id, split in sample.splits.items():
        assert sum(split.units.values()) + split.reserve == PLAN.indicators[id].target
        assert split.reserve >= 0
    roads = sample.splits["4.1"].units
    assert roads["130100"] == Decimal("880.239"), "21 of 167 counties, of 7000 km"
    assert sample.splits["3.1"].units["130100"] == 20, "166 parks for 167 counties: the largest unit has one less"
    assert set(sample.splits["20.1"].units.values()) == {1}
    assert sample.splits["14.2"].units["130100"] == sum(
        sample.splits[id].units["130100"] for id in ("14.3", "14.4", "14.5", "14.6")
    )


def test_what_must_come_of_it_does_not_depend_on_how_many_counties_file() -> None:
    few, all = (expected(Sample(PLAN, width)) for width in (1, 21))
    assert few.targets == all.targets
    assert few.values == all.values
    assert few.ranking == all.ranking
    assert sum(few.missing.values()) > sum(all.missing.values())


def test_what_must_come_of_it_is_what_is_filed_added_up() -> None:
    sample = Sample(PLAN)
    told = expected(sample)
    last = [line for line in sample.lines if line.target_id == "1.1" and line.period == sample.period]
    assert told.values["1.1", "130000"] == sum(line.cumulative or 0 for line in last)
    silent = [line for line in sample.of(SILENT, sample.earlier) if line.target_id == "5.1"]
    assert told.values["5.1", SILENT] == sum(line.cumulative or 0 for line in silent), (
        "September's, for want of another"
    )
    assert told.late == {LATE: Counter(line.period for line in sample.of(LATE, sample.period))[sample.period]}
    assert set(told.ranking) == {unit.code for unit in regions.units()}


def test_a_form_is_filled_row_by_row_and_keeps_what_it_says() -> None:
    indicator = PLAN.indicators["4.1"]
    blanks = [Blank(indicator, "130102", None), Blank(indicator, "130104", Decimal("7.5"))]
    form = sheets.template(blanks, period="2023-10")
    filled = ledger_form.fill(form, [Line("4.1", "130104", "2023-10", Decimal("12.345"))], Proof("a" * 24, "b" * 64))
    header, row = CalamineWorkbook.from_filelike(io.BytesIO(filled)).get_sheet_by_index(0).to_python()
    told = dict(zip(header, row, strict=True))
    assert (told["行政区划"], told["指标"], told["上次审定累计"]) == ("130104", indicator.name, "7.5")
    assert (told["累计完成"], told["佐证材料"]) == (12.345, f"{'a' * 24}:{'b' * 64}")


def test_a_form_that_does_not_ask_for_a_line_is_not_filled_with_it() -> None:
    form = sheets.template([Blank(PLAN.indicators["4.1"], "130102", None)], period="2023-10")
    with pytest.raises(KeyError):
        ledger_form.fill(form, [Line("4.1", "130104", "2023-10", Decimal(1))], Proof("a" * 24, "b" * 64))


def test_the_proof_is_taken_for_what_it_is_and_can_be_opened() -> None:
    written = ledger_form.document("Sample evidence 130100")
    assert kind_of(io.BytesIO(written)) == "pdf"
    assert b"(Sample evidence 130100) Tj" in written
    begins = int(re.findall(rb"startxref\n(\d+)", written)[0])
    assert written[begins:].startswith(b"xref\n0 6\n")
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n", written)]
    assert [written[place:].split(b" ")[0] for place in places] == [b"1", b"2", b"3", b"4", b"5"]
