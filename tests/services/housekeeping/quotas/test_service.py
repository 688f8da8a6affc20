"""Quotas on a real database, through the calls that the gateway makes."""

from functools import partial

import pytest

from contract import applications as cased
from samples.stars import Trade, office
from tests.interleaved import interleaved
from tests.services.housekeeping.builders import DAY
from tests.services.housekeeping.callers import PROVINCE


def test_a_city_s_quota_is_seen_and_kept(trade: Trade) -> None:
    trade.set_time(DAY)
    command = {"unit": "130100", "subject_kind": "base", "year": 2023, "places": 1, "reason": "年度名额"}
    trade.call("set_quota", command, PROVINCE)
    first, second = (trade.apply(trade.base(number)) for number in (1, 2))
    for application in (first, second):
        trade.submit(application)
    trade.recommend(first)
    with pytest.raises(cased.QuotaReached):
        trade.recommend(second)
    (quota,) = [q for q in trade.call("quotas", office("130102"), year=2023)["items"] if q["subject_kind"] == "base"]
    assert (quota["places"], quota["recommended"]) == (1, 1)


def test_two_clerks_of_a_city_at_once_cannot_both_take_the_last_place(trade: Trade) -> None:
    trade.set_time(DAY)
    command = {"unit": "130100", "subject_kind": "base", "year": 2023, "places": 1, "reason": "年度名额"}
    trade.call("set_quota", command, PROVINCE)
    for number in range(1, 9):  # none who may review both: they would part the two by themselves
        who = {"client_id": f"reviewer-{number}", "organisation": f"base-{1 + number % 2}"}
        trade.call("register_reviewer", who, PROVINCE)
    waiting = []
    for number in (1, 2):
        application = trade.apply(trade.base(number))
        trade.submit(application)
        for step in ("accept", "pass_county"):
            trade.move(application, step, office("130102"))
        waiting.append(application)
    first, second = interleaved(*(partial(trade.move, one, "recommend", office("130100")) for one in waiting))
    assert isinstance(first, cased.QuotaReached)
    assert second["state"] == "provincial_review"
