import datetime as dt
from dataclasses import replace

import pytest

from contract import regions
from contract.applications import (
    AlreadyScored,
    AppealNotAllowed,
    CaseChanged,
    Channel,
    CureExpired,
    EvidenceMissing,
    MarksInvalid,
    MatterOpen,
    NoEligibleReviewer,
    NotEligible,
    NoticeClosed,
    NoticeNotOver,
    NotReviewing,
    NotYourOffice,
    ObjectionState,
    OutcomeBelowThreshold,
    OutcomeNotSettled,
    QuotaReached,
    RecommenderMissing,
    ReviewTooLate,
    TransitionNotAllowed,
)
from contract.errors import Refused, field_error
from contract.housekeeping import Settlement
from runtime.workdays import Calendar
from services.housekeeping.access import CLOCK
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases import notice, seating, steps
from services.housekeeping.cases.domain import Case
from services.housekeeping.cases.notice import Objection
from services.housekeeping.procedures import domain as procedure
from services.housekeeping.procedures.domain import ProcedureUnsound
from services.housekeeping.reviewers import domain as reviewers
from services.housekeeping.reviewers.domain import Parties, Reviewer
from tests.services.housekeeping.builders import (
    CITY,
    COUNTY,
    DAY,
    a_case,
    all_evidence,
    applicant,
    evidence,
    in_review,
    known,
    marks,
    noon,
    office,
    on_notice,
    pool,
    score,
    scored,
    take,
)

PROVINCE = regions.PROVINCE


def object_to(case: Case, day: dt.date, number: int = 1) -> Case:
    objection = Objection(f"{number:024d}", len(case.notices), anonymous=True, received_at=noon(day))
    return take(case, "object", CLOCK, day, objection=objection)


def fall_due(case: Case, day: dt.date, **changes: object) -> Case:
    return steps.fall_due(case, known(day, **changes))


def ended(day: dt.date = DAY) -> tuple[Case, dt.date]:
    case = on_notice(day)
    after = case.notices[-1].window.ends_on + dt.timedelta(days=1)
    return fall_due(case, after), after


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
    assert fall_due(case, last) is case
    after = last + dt.timedelta(days=1)
    with pytest.raises(CureExpired):
        take(case, "resubmit", applicant(), after)
    assert fall_due(case, after).state == "closed"
    assert fall_due(case, after + dt.timedelta(days=400)).state == "closed", "found after a long stop"


def test_the_applicant_may_withdraw_until_the_end_and_nobody_else_may() -> None:
    case = on_notice()
    assert take(case, "withdraw", applicant()).state == "withdrawn"
    with pytest.raises(NotYourOffice):
        take(case, "withdraw", applicant("another"))


def test_a_final_case_takes_no_step_at_all() -> None:
    withdrawn = take(a_case(), "withdraw", applicant())
    with pytest.raises(TransitionNotAllowed):
        take(withdrawn, "submit", applicant())


def test_two_who_decide_on_the_same_version_cannot_both_win() -> None:
    case = in_review()
    with pytest.raises(CaseChanged) as refused:
        cases.check_version(case, case.version - 1)
    assert refused.value.facts == {"version": case.version, "state": "provincial_review"}


def test_no_notice_before_the_review_is_finished() -> None:
    with pytest.raises(OutcomeNotSettled):
        take(scored(92), "open_notice", office(PROVINCE))
    with pytest.raises(OutcomeNotSettled):
        take(scored(95, 70), "open_notice", office(PROVINCE))


def test_too_few_points_lead_to_no_notice() -> None:
    with pytest.raises(OutcomeBelowThreshold):
        take(scored(60, 65), "open_notice", office(PROVINCE))


def test_a_gap_over_ten_seats_a_third_reviewer_at_once() -> None:
    case = scored(95, 75)
    assert len(cases.active_seats(case)) == 3
    assert len(case.reviewers) == 3
    case = score(case, cases.active_seats(case)[2].reviewer, 93)
    found = cases.outcome(case)
    assert found is not None
    assert found.stars == 5


def test_where_no_third_reviewer_may_be_had_the_clock_looks_again_tomorrow() -> None:
    case = in_review()
    first, second = (seat.reviewer for seat in cases.active_seats(case))
    few = pool(6)[:0]
    case = score(score(case, first, 95, pool=few), second, 70, pool=few)
    tomorrow = DAY + dt.timedelta(days=1)
    assert cases.due_on(case) == tomorrow
    assert len(cases.active_seats(fall_due(case, tomorrow))) == 3


def test_a_reviewer_scores_once_and_changes_it_only_by_saying_so() -> None:
    case = in_review()
    first = cases.active_seats(case)[0].reviewer
    case = score(case, first, 92)
    with pytest.raises(AlreadyScored):
        score(case, first, 99)
    case = score(case, first, 88, revises=1)
    assert [sheet.version for sheet in case.sheets] == [1, 2], "nothing is overwritten"


def test_once_both_are_in_nobody_changes_a_score() -> None:
    case = scored(92, 91)
    with pytest.raises(ReviewTooLate):
        score(case, cases.active_seats(case)[0].reviewer, 99, revises=1)


def test_a_stranger_cannot_score() -> None:
    with pytest.raises(NotReviewing):
        score(in_review(), "reviewer-nobody", 90)


def test_a_sheet_with_an_item_missing_is_no_sheet() -> None:
    case = in_review()
    given = marks(case, 90)
    given.pop("premises")
    with pytest.raises(MarksInvalid):
        seating.score(
            case, reviewer=cases.active_seats(case)[0].reviewer, given=cases.Score(given), notes={}, note="评语",
            revises=None, today=DAY, at=noon(DAY), calendar=Calendar(), pool=pool(), loads={},
        )  # fmt: skip


def test_a_late_score_is_refused_and_the_seat_goes_to_another() -> None:
    case = in_review()
    seat = cases.active_seats(case)[0]
    late = seat.window.ends_on + dt.timedelta(days=1)
    with pytest.raises(ReviewTooLate):
        score(case, seat.reviewer, 90, late)
    after = fall_due(case, late)
    assert seat.reviewer not in {each.reviewer for each in cases.active_seats(after)}
    assert len(cases.active_seats(after)) == 2
    with pytest.raises(NotReviewing):
        score(after, seat.reviewer, 90, late)


def test_who_declares_an_interest_loses_the_seat_and_the_score() -> None:
    case = in_review()
    first = cases.active_seats(case)[0].reviewer
    case = score(case, first, 92)
    case = seating.recuse(
        case, reviewer=first, reason="亲属", today=DAY, at=noon(DAY), calendar=Calendar(), pool=pool(), loads={}
    )
    assert first not in {seat.reviewer for seat in cases.active_seats(case)}
    found = cases.outcome(case)
    assert found is not None
    assert len(found.working) == 1, "the recused score is in no sum"


PARTIES = Parties("s" * 24, frozenset({"b" * 24}), frozenset({"employer"}), COUNTY)


@pytest.mark.parametrize(
    ("who", "why"),
    [
        (Reviewer("r", "school", None, "b" * 24), "base"),
        (Reviewer("r", "employer", None, None), "employer"),
        (Reviewer("r", "school", COUNTY, None), "office"),
        (Reviewer("r", "school", CITY, None), "office"),
        (Reviewer("r", "school", None, None, interests=frozenset({"s" * 24})), "interest"),
        (Reviewer("r", "school", None, None, active=False), "inactive"),
        (Reviewer("r", "school", "130104", None), None),
        (Reviewer("r", "school", PROVINCE, "c" * 24), None),
    ],
)
def test_nobody_reviews_their_own(who: Reviewer, why: str | None) -> None:
    assert reviewers.barred(who, PARTIES) == why


def test_seats_go_to_those_with_the_fewest_and_the_lot_cannot_be_steered() -> None:
    chosen = reviewers.assign(
        case_id="1" * 24, seats=2, pool=pool(4), parties=PARTIES, taken=(), loads={"reviewer-0": 3, "reviewer-1": 3}
    )
    assert sorted(chosen) == ["reviewer-2", "reviewer-3"]


def test_too_few_who_may_review_are_counted_with_their_reasons() -> None:
    with pytest.raises(NoEligibleReviewer) as refused:
        reviewers.assign(case_id="1", seats=2, pool=pool(2), parties=PARTIES, taken={"reviewer-0"}, loads={})
    assert refused.value.facts == {"needed": 2, "eligible": 1, "barred": {"taken": 1}}


def test_no_award_while_the_notice_runs() -> None:
    case = on_notice()
    with pytest.raises(TransitionNotAllowed):
        take(case, "award", office(PROVINCE), award_id="9" * 24)
    assert fall_due(case, case.notices[-1].window.ends_on) == case, "its last day belongs to it"


def test_an_award_that_skips_the_clock_is_refused_even_in_the_right_state() -> None:
    forged = replace(on_notice(), state="notice_ended")
    with pytest.raises(NoticeNotOver):
        take(forged, "award", office(PROVINCE), award_id="9" * 24)


def test_a_notice_over_spring_festival_gives_seven_working_days() -> None:
    case = on_notice(dt.date(2023, 1, 18))
    assert fall_due(case, dt.date(2023, 1, 31)).state == "on_notice"
    assert fall_due(case, dt.date(2023, 2, 1)).state == "on_notice"
    assert fall_due(case, dt.date(2023, 2, 2)).state == "notice_ended"


def test_an_objection_pauses_and_its_dismissal_lets_the_notice_go_on() -> None:
    case = object_to(on_notice(), DAY)
    assert case.state == "inquiry"
    after = case.notices[-1].window.ends_on + dt.timedelta(days=30)
    assert fall_due(case, after).state == "inquiry", "no clock ends an inquiry"
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


def test_an_anonymous_objection_needs_evidence_and_a_named_one_does_not() -> None:
    assert notice.check(name=None, phone=None, evidence=1)
    assert not notice.check(name="某人", phone="13800000000", evidence=0)
    with pytest.raises(Refused, match="objection_invalid"):
        notice.check(name="某人", phone=None, evidence=0)


def test_a_late_holiday_notice_moves_the_end_of_a_running_notice_and_says_so() -> None:
    case = on_notice(DAY)
    ends = case.notices[-1].window.ends_on
    moved = fall_due(case, ends + dt.timedelta(days=1), calendar=Calendar({ends: False}))
    assert moved.state == "on_notice"
    assert moved.notices[-1].window.ends_on > ends
    assert moved.history[-1].transition == "reckon"


def test_a_notice_that_had_ended_goes_on_when_a_late_holiday_notice_says_so() -> None:
    case, day = ended()
    last = case.notices[-1].window.ends_on
    again = fall_due(case, day, calendar=Calendar({last: False, day: True}))
    assert again.state == "on_notice"
    assert again.history[-1].transition == "notice_resumed"


def test_a_procedure_without_a_notice_before_the_award_is_not_taken() -> None:
    text = (procedure._FOLDER / "stars-1.toml").read_text(encoding="utf-8")
    with pytest.raises(ProcedureUnsound, match="undisputed notice"):
        procedure.parse(text.replace('checks = ["notice_over", "undisputed", "outcome_grants", "no_matters"]', ""))


def test_every_word_of_a_procedure_has_a_meaning() -> None:
    for each in procedure.all_procedures().values():
        for step in each.transitions.values():
            assert {*step.checks} <= steps._CHECKS.keys(), f"{step.name} checks what nobody knows"
            assert step.effect is None or step.effect in steps._EFFECTS, f"{step.name} has an effect that nobody knows"


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
