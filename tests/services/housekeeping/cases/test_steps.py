import datetime as dt
from dataclasses import replace

import pytest

from contract import regions
from contract.applications import (
    Channel,
    CureExpired,
    EvidenceMissing,
    NotEligible,
    NoticeClosed,
    NoticeNotOver,
    NotYourOffice,
    ObjectionState,
    OutcomeBelowThreshold,
    OutcomeNotSettled,
    QuotaReached,
    RecommenderMissing,
    TransitionNotAllowed,
)
from contract.errors import field_error
from runtime.workdays import Calendar
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases import steps
from services.housekeeping.cases.conditions import CHECKS
from services.housekeeping.procedures import domain as procedures
from tests.services.housekeeping.builders import (
    CITY,
    COUNTY,
    DAY,
    a_case,
    all_evidence,
    applicant,
    case_due,
    ended,
    evidence,
    known,
    object_to,
    office,
    on_notice,
    scored,
    take,
)

PROVINCE = regions.PROVINCE


def test_a_base_goes_from_draft_to_award_through_every_office() -> None:
    case, day = ended()
    assert case.state == "notice_ended"
    case = take(case, "award", office(PROVINCE), day, award_id="9" * 24)
    assert case.state == "awarded"
    assert [step.state for step in case.history if step.transition not in cases.ASIDE] == [
        "submitted", "county_review", "city_recommendation", "provincial_review", "on_notice", "notice_ended", "awarded"
    ]  # fmt: skip


@pytest.mark.parametrize("transition", ["award", "open_notice", "recommend", "notice_expired", "no_such_step"])
def test_a_step_from_another_state_is_forged_and_refused(transition: str) -> None:
    with pytest.raises(TransitionNotAllowed) as refused:
        take(a_case(), transition, office(PROVINCE))
    assert refused.value.facts["transitions"] == ["submit", "withdraw"]


def test_the_clock_s_steps_are_for_nobody_else() -> None:
    with pytest.raises(NotYourOffice):
        take(on_notice(), "notice_expired", office(PROVINCE), dt.date(2024, 1, 1))


@pytest.mark.parametrize("who", [office("130104"), office(CITY), office(PROVINCE), applicant()])
def test_only_the_county_s_own_office_does_the_county_s_work(who: object) -> None:
    submitted = take(a_case(), "submit", applicant())
    with pytest.raises(NotYourOffice):
        take(submitted, "accept", who)  # type: ignore[arg-type]


def test_who_applied_may_not_review_even_as_an_office() -> None:
    submitted = take(a_case(), "submit", applicant())
    own = replace(office(COUNTY), organisation="base-a")
    with pytest.raises(NotYourOffice):
        take(submitted, "accept", own)


def test_who_took_an_earlier_step_may_not_take_the_next_office_s() -> None:
    case = take(take(a_case(), "submit", applicant()), "accept", office(COUNTY))
    case = take(case, "pass_county", office(COUNTY))
    with pytest.raises(NotYourOffice):
        take(case, "recommend", replace(office(CITY), client_id=office(COUNTY).client_id))


def test_missing_evidence_is_named_item_by_item() -> None:
    bare = a_case(evidence=tuple(item for item in all_evidence() if item.kind != "insurance"))
    with pytest.raises(EvidenceMissing) as refused:
        take(bare, "submit", applicant())
    assert [error["detail_en"] for error in refused.value.errors] == ["protection needs insurance"]


def test_conditions_that_are_not_met_stop_the_application() -> None:
    fault = field_error("/registered_on", "too_young", "注册须满2年", "two years")
    with pytest.raises(NotEligible) as refused:
        take(a_case(), "submit", applicant(), known=known(ineligible=(fault,)))
    assert refused.value.errors == [fault]


@pytest.mark.parametrize("channel", [Channel.INDUSTRY, Channel.SOCIETY])
def test_other_channels_need_a_recommender_and_their_letter(channel: Channel) -> None:
    with pytest.raises(RecommenderMissing):
        take(a_case(channel=channel), "submit", applicant())
    letter = (*all_evidence(), evidence("recommendation"))
    assert take(a_case(channel=channel, recommender="某协会", evidence=letter), "submit", applicant())


def test_a_city_recommends_no_more_than_its_places() -> None:
    case = take(take(a_case(), "submit", applicant()), "accept", office(COUNTY))
    case = take(case, "pass_county", office(COUNTY))
    with pytest.raises(QuotaReached) as refused:
        take(case, "recommend", office(CITY), known=known(quota=(3, 3)))
    assert refused.value.facts == {"places": 3, "recommended": 3}
    assert take(case, "recommend", office(CITY), known=known(quota=(3, 2))).state == "provincial_review"


def test_a_case_sent_back_returns_to_where_it_was() -> None:
    case = take(take(a_case(), "submit", applicant()), "accept", office(COUNTY))
    case = take(case, "send_back", office(COUNTY))
    assert case.state == "returned"
    case = take(case, "resubmit", applicant(), evidence=(evidence("licence", "新执照"),))
    assert case.state == "county_review"
    assert case.evidence[-1].title == "新执照"


def test_a_cure_window_closes_the_case_by_itself() -> None:
    case = take(take(a_case(), "submit", applicant()), "send_back", office(COUNTY))
    assert case.cure is not None
    last = case.cure.ends_on
    assert case_due(case, last) is case
    after = last + dt.timedelta(days=1)
    with pytest.raises(CureExpired):
        take(case, "resubmit", applicant(), after)
    assert case_due(case, after).state == "closed"
    assert case_due(case, after + dt.timedelta(days=400)).state == "closed", "found after a long stop"


def test_the_applicant_may_withdraw_until_the_end_and_nobody_else_may() -> None:
    case = on_notice()
    assert take(case, "withdraw", applicant()).state == "withdrawn"
    with pytest.raises(NotYourOffice):
        take(case, "withdraw", applicant("another"))


def test_a_final_case_takes_no_step_at_all() -> None:
    withdrawn = take(a_case(), "withdraw", applicant())
    with pytest.raises(TransitionNotAllowed):
        take(withdrawn, "submit", applicant())


def test_no_notice_before_the_review_is_finished() -> None:
    with pytest.raises(OutcomeNotSettled):
        take(scored(92), "open_notice", office(PROVINCE))
    with pytest.raises(OutcomeNotSettled):
        take(scored(95, 70), "open_notice", office(PROVINCE))


def test_too_few_points_lead_to_no_notice() -> None:
    with pytest.raises(OutcomeBelowThreshold):
        take(scored(60, 65), "open_notice", office(PROVINCE))


def test_no_award_while_the_notice_runs() -> None:
    case = on_notice()
    with pytest.raises(TransitionNotAllowed):
        take(case, "award", office(PROVINCE), award_id="9" * 24)
    assert case_due(case, case.notices[-1].window.ends_on) == case, "its last day belongs to it"


def test_an_award_that_skips_the_clock_is_refused_even_in_the_right_state() -> None:
    forged = replace(on_notice(), state="notice_ended")
    with pytest.raises(NoticeNotOver):
        take(forged, "award", office(PROVINCE), award_id="9" * 24)


def test_a_notice_over_spring_festival_gives_seven_working_days() -> None:
    case = on_notice(dt.date(2023, 1, 18))
    assert case_due(case, dt.date(2023, 1, 31)).state == "on_notice"
    assert case_due(case, dt.date(2023, 2, 1)).state == "on_notice"
    assert case_due(case, dt.date(2023, 2, 2)).state == "notice_ended"


def test_an_objection_pauses_and_its_dismissal_lets_the_notice_go_on() -> None:
    case = object_to(on_notice(), DAY)
    assert case.state == "inquiry"
    after = case.notices[-1].window.ends_on + dt.timedelta(days=30)
    assert case_due(case, after).state == "inquiry", "no clock ends an inquiry"
    found = evidence("inquiry")
    running = take(case, "dismiss_objection", office(PROVINCE), evidence=(found,), objection_id=f"{1:024d}")
    assert running.state == "on_notice"
    late = take(case, "dismiss_objection", office(PROVINCE), after, evidence=(found,), objection_id=f"{1:024d}")
    assert late.state == "notice_ended"


def test_an_inquiry_lasts_until_every_objection_is_decided() -> None:
    case = object_to(object_to(on_notice(), DAY, 1), DAY, 2)
    case = take(case, "dismiss_objection", office(PROVINCE), evidence=(evidence(),), objection_id=f"{1:024d}")
    assert case.state == "inquiry"


def test_an_upheld_objection_ends_the_case() -> None:
    case = object_to(on_notice(), DAY)
    case = take(case, "uphold_objection", office(PROVINCE), evidence=(evidence(),), objection_id=f"{1:024d}")
    assert case.state == "declined"
    assert case.objections[0].state is ObjectionState.UPHELD


def test_an_inquiry_is_decided_on_evidence() -> None:
    case = object_to(on_notice(), DAY)
    with pytest.raises(EvidenceMissing):
        take(case, "dismiss_objection", office(PROVINCE), objection_id=f"{1:024d}")


def test_an_objection_after_the_notice_is_refused() -> None:
    case = on_notice()
    with pytest.raises(NoticeClosed):
        object_to(case, case.notices[-1].window.ends_on + dt.timedelta(days=1))


def test_a_late_holiday_notice_moves_the_end_of_a_running_notice_and_says_so() -> None:
    case = on_notice(DAY)
    ends = case.notices[-1].window.ends_on
    moved = case_due(case, ends + dt.timedelta(days=1), calendar=Calendar({ends: False}))
    assert moved.state == "on_notice"
    assert moved.notices[-1].window.ends_on > ends
    assert moved.history[-1].transition == "reckon"


def test_a_notice_that_had_ended_goes_on_when_a_late_holiday_notice_says_so() -> None:
    case, day = ended()
    last = case.notices[-1].window.ends_on
    again = case_due(case, day, calendar=Calendar({last: False, day: True}))
    assert again.state == "on_notice"
    assert again.history[-1].transition == "notice_resumed"


def test_every_word_of_a_procedure_has_a_meaning() -> None:
    for each in procedures.all_procedures().values():
        if procedures.replacing(each.version):
            continue  # no step is taken by it any more
        for step in each.transitions.values():
            assert {*step.checks} <= CHECKS.keys(), f"{step.name} checks what nobody knows"
            assert step.effect is None or step.effect in steps._EFFECTS, f"{step.name} has an effect that nobody knows"
