import datetime as dt

import pytest

from contract import regions
from contract.applications import (
    AppealNotAllowed,
    CaseChanged,
    MatterOpen,
    NotYourOffice,
)
from contract.housekeeping import MatterNotOpen, Settlement
from runtime.workdays import Calendar
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases import seating
from services.housekeeping.cases.domain import Case, Step
from tests.services.housekeeping.builders import (
    COUNTY,
    DAY,
    ended,
    evidence,
    in_review,
    noon,
    object_to,
    office,
    on_notice,
    pool,
    score,
    take,
)

PROVINCE = regions.PROVINCE


def test_two_who_decide_on_the_same_version_cannot_both_win() -> None:
    case = in_review()
    with pytest.raises(CaseChanged) as refused:
        cases.check_version(case, case.version - 1)
    assert refused.value.facts == {"version": case.version, "state": "provincial_review"}


def declined(day: dt.date = DAY) -> Case:
    case = object_to(on_notice(day), day)
    return take(case, "uphold_objection", office(PROVINCE), day, evidence=(evidence(),), objection_id=f"{1:024d}")


def appeal(case: Case, day: dt.date = DAY) -> Case:
    return cases.open_appeal(
        case, case_id="8" * 24, decided_on=DAY, calendar=Calendar(), reason="异议不实", today=day, at=noon(day),
        evidence=(evidence("rebuttal"),), by="client-base-a",
    )  # fmt: skip


def test_an_appeal_is_judged_by_the_same_rubric_and_by_other_people() -> None:
    first = declined()
    again = appeal(first)
    assert (again.rubric_version, again.procedure_version) == (first.rubric_version, first.procedure_version)
    filled = seating.fill(again, today=DAY, calendar=Calendar(), pool=pool(), loads={}, strict=True)
    assert not filled.reviewers & first.reviewers
    for seat in cases.active_seats(filled):
        filled = score(filled, seat.reviewer, 92)
    with pytest.raises(NotYourOffice):
        take(filled, "open_notice", office(PROVINCE))
    assert take(filled, "open_notice", office(PROVINCE, "-other")).state == "on_notice", "the notice is not skipped"


def test_an_appeal_has_its_time_and_is_not_appealed_again() -> None:
    with pytest.raises(AppealNotAllowed):
        appeal(declined(), DAY + dt.timedelta(days=60))
    with pytest.raises(AppealNotAllowed):
        appeal(appeal(declined()))


def test_a_subject_that_moved_holds_up_the_award_until_somebody_has_settled_it() -> None:
    case, day = ended()
    case = cases.raise_matter(case, kind="moved", detail={"region": "130202"}, at=noon(day))
    assert case.region == COUNTY
    with pytest.raises(MatterOpen):
        take(case, "award", office(PROVINCE), day, award_id="9" * 24)
    kept = cases.settle(case, Settlement.KEEP, at=noon(day), by="p", reason="核实")
    assert take(kept, "award", office(PROVINCE), day, award_id="9" * 24).state == "awarded"
    assert cases.settle(case, Settlement.END, at=noon(day), by="p", reason="核实").state == "withdrawn"


def test_an_appeal_begins_as_a_case_of_its_own_with_all_that_was_known() -> None:
    first = declined()
    again = appeal(first)
    assert again.history == (
        Step(1, "appeal", "provincial_review", noon(DAY), "client-base-a", "异议不实", (evidence("rebuttal"),)),
    )
    assert (again.case_id, again.version, again.appeal_of, again.opened_on) == ("8" * 24, 1, first.case_id, DAY)
    for name in ("subject_kind", "subject_key", "name", "unit", "bases", "region", "organisation", "channel"):
        assert getattr(again, name) == getattr(first, name)
    assert again.recommender == first.recommender
    assert again.evidence == (*first.evidence, evidence("rebuttal"))
    assert first.reviewers
    assert {*again.barred} >= first.reviewers


def test_what_is_decided_is_settled_no_more() -> None:
    over = cases.raise_matter(declined(), kind="moved", detail={}, at=noon(DAY))
    with pytest.raises(MatterNotOpen):
        cases.settle(over, Settlement.KEEP, at=noon(DAY), by="p", reason="r")
