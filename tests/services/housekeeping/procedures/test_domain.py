import pytest

from services.housekeeping.procedures import domain as procedures
from services.housekeeping.procedures.domain import ProcedureUnsound

TEXT = (procedures._FOLDER / "stars-2.toml").read_text(encoding="utf-8")
AWARD_CHECKS = 'checks = ["notice_over", "undisputed", "outcome_grants", "no_matters"]'


@pytest.mark.parametrize(
    ("sound", "unsound", "reason"),
    [
        (AWARD_CHECKS, "", "undisputed notice"),
        (AWARD_CHECKS, 'checks = ["undisputed", "outcome_grants"]', "undisputed notice"),
        (AWARD_CHECKS, 'checks = ["notice_over", "outcome_grants"]', "undisputed notice"),
        (AWARD_CHECKS, 'checks = ["notice_over", "undisputed"]', "undisputed notice"),
        ('to = "awarded"', 'to = "declined"', "undisputed notice"),
        ('office = "county"', 'office = "village"', "submitted is nobody's turn"),
        ('title = "草稿"\noffice = "applicant"', 'title = "草稿"', "draft is nobody's turn"),
        ('from = ["draft"]', 'from = ["drawn"]', "submit cannot start from drawn"),
        ('from = ["draft"]', 'from = ["closed"]', "submit cannot start from closed"),
        ('to = "county_review"', 'to = "town_review"', "accept leads to town_review, which is no state"),
        ('by = "city"', 'by = "town"', "recommend is taken by town, which is nobody"),
        ('other_than = ["submit"]', 'other_than = ["sign"]', "accept is not for who took sign, which is no step"),
    ],
)
def test_a_procedure_that_contradicts_itself_is_not_taken(sound: str, unsound: str, reason: str) -> None:
    assert sound in TEXT
    procedures.parse(TEXT)
    with pytest.raises(ProcedureUnsound, match=f"stars-2: .*{reason}"):
        procedures.parse(TEXT.replace(sound, unsound, 1))


def test_a_step_is_read_with_all_that_it_demands() -> None:
    read = procedures.parse(TEXT)
    inquiry = read.transitions["uphold_objection"]
    assert (inquiry.sources, inquiry.to, inquiry.by, inquiry.effect) == (("inquiry",), "declined", "province", "uphold")
    assert inquiry.other_than == ("submit", "accept", "pass_county", "recommend")
    assert inquiry.needs_evidence
    assert not read.transitions["submit"].needs_evidence
    assert read.transitions["submit"].checks == ("eligible", "evidence_complete", "recommended_by")
    assert [step.name for step in read.from_state("returned")] == ["resubmit", "cure_expired", "withdraw"]
    assert read.office(read.transitions["send_back"], "city_recommendation") == "city"
    assert read.office(read.transitions["send_back"], "submitted") == "county"
    assert read.office(read.transitions["cure_expired"], "returned") == "clock"
    assert {name for name, state in read.states.items() if state.final} == {
        "awarded",
        "declined",
        "withdrawn",
        "closed",
    }
