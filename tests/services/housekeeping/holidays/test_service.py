"""Holiday notices on a real database, through the calls that the gateway makes."""

import datetime as dt

import pytest

from contract import applications as public
from samples.stars import Trade, office
from services.housekeeping import store
from services.housekeeping.holidays import domain as holidays
from tests.services.housekeeping.builders import DAY
from tests.services.housekeeping.callers import PROVINCE

SECOND = office("130000", 2)


def test_the_days_of_a_notice_hold_when_another_clerk_of_the_province_confirms_it(
    trade: Trade, kept: store.Housekeeping
) -> None:
    trade.set_time(DAY)
    application = trade.to_notice(trade.base(1), 92, 91)
    before = kept.calendar().name
    with pytest.raises(public.EvidenceMissing):
        trade.propose_holidays({"2023-03-08": False}, evidence=[])
    proposed = trade.propose_holidays({"2023-03-08": False})
    assert (proposed["state"], proposed["calendar"]) == ("proposed", before)
    command = {"notice_id": proposed["notice_id"], "decision": "confirm", "reason": "属实"}
    for nobody_else in (PROVINCE, office("130100")):
        with pytest.raises(public.NotYourOffice):
            trade.call("decide_holiday_notice", command, nobody_else)
    assert kept.calendar().name == before
    (waiting,) = trade.call("holiday_notices", SECOND, state="proposed")["items"]
    assert waiting["notice_id"] == proposed["notice_id"]
    (item,) = waiting["evidence"]
    assert trade.call("holiday_file", waiting["notice_id"], item["file_id"], SECOND)["sha256"] == item["sha256"]
    confirmed = trade.confirm_holidays(proposed)
    assert (confirmed["state"], confirmed["recomputed"]) == ("confirmed", 1)
    seen = trade.call("application", application["application_id"], PROVINCE)
    assert seen["notices"][-1]["window"]["ends_on"] == "2023-03-13"
    with pytest.raises(public.HolidayNoticeSettled):
        trade.confirm_holidays(proposed)


def test_a_notice_that_is_refused_makes_no_day_free(trade: Trade, kept: store.Housekeeping) -> None:
    trade.set_time(DAY)
    before = kept.calendar().name
    assert trade.confirm_holidays(trade.propose_holidays({"2023-03-08": False}), "refuse")["state"] == "refused"
    assert kept.calendar().name == before


def _from(first: str, days: int, step: int = 1) -> dict[str, bool]:
    start = dt.date.fromisoformat(first)
    return {(start + dt.timedelta(days=step * number)).isoformat(): False for number in range(days)}


@pytest.mark.parametrize(
    ("days", "code"),
    [
        (_from("2023-03-11", 10), None),
        (_from("2023-03-06", 9), "in_a_row"),  # with the weekend before it
        ({}, "twice"),
        (_from("2023-01-03", 41, step=7), "in_a_year"),
        (_from("2025-03-05", 1), "range"),
        (_from("2022-12-30", 1), "range"),
    ],
)
def test_what_no_real_notice_lists_is_refused(trade: Trade, days: dict[str, bool], code: str | None) -> None:
    trade.set_time(DAY)
    if code is None:
        assert trade.propose_holidays(days)["state"] == "proposed"
        return
    with pytest.raises(public.HolidayNoticeInvalid) as refused:
        trade.propose_holidays(days)
    assert [error["code"] for error in refused.value.errors] == [code]


def test_what_several_notices_list_together_is_bounded_too(trade: Trade) -> None:
    """Also of two that were proposed while neither held."""
    trade.set_time(DAY)
    first = trade.propose_holidays(_from("2023-03-07", 4))
    second = trade.propose_holidays(_from("2023-03-13", 5))
    trade.confirm_holidays(first)
    with pytest.raises(public.HolidayNoticeInvalid):
        trade.confirm_holidays(second)
    assert trade.confirm_holidays(second, "refuse")["state"] == "refused"


def test_the_limits_say_where_they_come_from() -> None:
    assert holidays.limits().source == "default"
