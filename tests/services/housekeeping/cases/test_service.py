"""Cases on a real database, through the calls that the gateway makes."""

from collections.abc import Callable

import pytest

from contract import applications as cased
from contract.errors import CommandReused
from samples.stars import Trade, applicant, office, reviewer
from services.housekeeping import store
from tests.services.housekeeping.builders import DAY
from tests.services.housekeeping.callers import AFTER_NOTICE, PROVINCE


def test_the_same_command_again_is_answered_and_not_done_again(trade: Trade, kept: store.Housekeeping) -> None:
    base = trade.base(1)
    command = {"subject_kind": "base", "subject_key": base["base_id"], "channel": "organisation", "command_id": "k"}
    first = trade.call("open_application", command, applicant("base-1"))
    assert trade.call("open_application", command, applicant("base-1")) == first
    assert kept.store["cases"].count_documents({}) == 1
    with pytest.raises(CommandReused):
        trade.call("open_application", command | {"channel": "society"}, applicant("base-1"))


def test_a_subject_has_one_open_case_at_a_time(trade: Trade) -> None:
    base = trade.base(1)
    trade.apply(base)
    with pytest.raises(cased.CaseOpenAlready):
        trade.apply(base)


def test_what_one_may_not_see_does_not_exist(trade: Trade) -> None:
    application = trade.apply(trade.base(1))
    for stranger in (applicant("base-2"), office("130200"), reviewer(1)):
        with pytest.raises(cased.CaseNotFound):
            trade.call("application", application["application_id"], stranger)
        assert trade.call("applications", stranger)["items"] == []
    assert trade.call("applications", office("130100"))["items"] == [
        trade.call("application", application["application_id"], office("130100"))
    ]


def test_a_young_base_led_by_a_man_with_few_women_learns_all_that_is_missing(trade: Trade) -> None:
    trade.set_time(DAY)
    base = trade.base(1, registered_on="2022-01-01", led_by_a_woman=False, women=5)
    with pytest.raises(cased.NotEligible) as refused:
        trade.submit(trade.apply(base))
    assert [error["code"] for error in refused.value.errors] == ["too_young", "women"]


def test_an_upheld_objection_is_appealed_to_other_reviewers_and_both_outcomes_stand_side_by_side(
    trade: Trade, look: Callable[[], int]
) -> None:
    trade.set_time(DAY)
    first = trade.to_notice(trade.fusao(1, trade.base(1)), 92, 91)
    declined = trade.inquire(first, trade.dispute(first), upheld=True)
    assert declined["state"] == "declined"
    again = trade.appeal(first)
    assert again["rubric"] == first["rubric"]
    assert not {*trade.seats(again)} & {*trade.seats(first)}
    trade.review(again, 85, 84)
    with pytest.raises(cased.NotYourOffice):
        trade.open_notice(again)
    trade.open_notice(again, clerk=2)
    trade.set_time(AFTER_NOTICE)
    look()
    done = trade.award(again, clerk=2)
    assert done["state"] == "awarded"
    (beside,) = done["beside"]
    assert (beside["application_id"], beside["state"], beside["outcome"]["stars"]) == (
        first["application_id"], "declined", 5
    )  # fmt: skip
    with pytest.raises(cased.AppealNotAllowed):
        trade.appeal(first)


def test_no_way_leads_to_the_award_but_the_clock_s(trade: Trade) -> None:
    trade.set_time(DAY)
    application = trade.to_notice(trade.base(1), 92, 91)
    for transition in ("award", "notice_expired", "objection_overdue", "notice_resumed"):
        with pytest.raises((cased.TransitionNotAllowed, cased.NotYourOffice)):
            trade.move(application, transition, PROVINCE)


def test_lists_go_on_where_they_stopped(trade: Trade) -> None:
    ids = [trade.apply(trade.base(number))["application_id"] for number in range(1, 6)]
    first = trade.call("applications", PROVINCE, limit=2)
    second = trade.call("applications", PROVINCE, after=first["next"], limit=3)
    assert [item["application_id"] for item in (*first["items"], *second["items"])] == ids
    assert second["next"] is None
