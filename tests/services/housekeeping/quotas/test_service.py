"""Quotas on a real database, through the calls that the gateway makes."""

from typing import Any

import pytest

from contract import applications as cased
from contract.errors import Refused
from samples.stars import Trade, office
from services.housekeeping.service import Housekeeping
from tests.services.housekeeping.builders import DAY
from tests.services.housekeeping.callers import PROVINCE, together


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


def test_two_cities_clerks_at_once_cannot_both_take_the_last_place(service: Housekeeping, trade: Trade) -> None:
    trade.set_time(DAY)
    command = {"unit": "130100", "subject_kind": "base", "year": 2023, "places": 1, "reason": "年度名额"}
    trade.call("set_quota", command, PROVINCE)
    waiting = []
    for number in (1, 2):
        application = trade.apply(trade.base(number))
        trade.submit(application)
        for step in ("accept", "pass_county"):
            trade.move(application, step, office("130102"))
        waiting.append(application)
    outcomes: list[str] = []

    def recommend(application: dict[str, Any]) -> None:
        try:
            outcomes.append(trade.move(application, "recommend", office("130100"))["state"])
        except Refused as refused:
            outcomes.append(refused.code)

    together(*(lambda a=application: recommend(a) for application in waiting))
    assert sorted(outcomes) == ["provincial_review", "quota_reached"]
