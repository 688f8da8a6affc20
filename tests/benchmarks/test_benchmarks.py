"""The benchmarks run; how fast is not for a test to say."""

import re
from pathlib import Path

import pytest

from benchmarks import figures
from benchmarks.__main__ import RESULTS, SECTIONS, main
from benchmarks.figures import QUICK, Figure, Section, Verdict
from benchmarks.ground import Ground
from tests.conftest import Servers


@pytest.mark.parametrize("name", ["events", "ledger"])  # the others run the whole programme, as journeys do
def test_each_section_measures_and_says_so(name: str, servers: Servers, tmp_path: Path) -> None:
    told: list[str] = []
    section = SECTIONS[name].run(Ground(servers.mongo, servers.rabbit, tmp_path), QUICK, told.append)
    assert len(told) == SECTIONS[name].steps(QUICK), "the progress bar would not end where the section does"
    assert section.figures
    for figure in section.figures:
        assert all(value > 0 for value in figure.values), f"{figure.what} was not measured"
    text = figures.text(section)
    for verdict in section.verdicts:
        assert verdict.asked in text
        assert verdict.found in text


def test_what_was_not_met_stands_out_and_medians_are_of_the_rounds() -> None:
    section = Section(
        title="(z) Something",
        how="In some way.",
        figures=[Figure("rate", (3.0, 1000.0, 200.0), "a second", "2 × the other")],
        verdicts=[Verdict("at least 300", "200", met=False), Verdict("under 400 MB", "90 MB", met=True)],
        costs={"peak MB": {"a": "90"}, "CPU": {"a": "1", "b": "2"}},
    )
    lines = figures.text(section).splitlines()
    assert "| rate | **200** | a second | 3.00 · 1,000 · 200 | 2 × the other |" in lines
    assert "- ✘ **not met** asked: at least 300; found: 200" in lines
    assert "- ✔ asked: under 400 MB; found: 90 MB" in lines
    assert [line for line in lines if re.match(r"\| [ab] ", line)] == ["| a | 90 | 1 |", "| b |  | 2 |"]


def test_an_unknown_section_is_refused_by_naming_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["speed"])
    assert "events roster post read replay" in capsys.readouterr().err


def test_the_last_results_are_of_a_whole_run_and_name_no_place() -> None:
    text = RESULTS.read_text()
    for letter in "abcde":
        assert f"\n## ({letter}) " in text, "RESULTS.md lacks a section: run make bench"
    assert not re.search(r"/(home|root|work|usr|tmp|var)/|\d+\.\d+\.\d+\.\d+", text), "no paths and addresses in it"
