"""A city's own stars on a real database, through the calls that the gateway makes."""

from collections.abc import Callable
from typing import Any

import pytest

from contract import applications as cased
from contract import housekeeping as awarded
from contract import recognitions as public
from contract.message import Said
from contract.words import Role
from runtime.config import Config
from samples.stars import Trade, actor, applicant, office
from services.housekeeping.awards.store import awards_of
from services.housekeeping.recognitions.store import recognitions_of
from services.housekeeping.store import housekeeping
from tests.services.housekeeping.awards.builders import an_award
from tests.services.housekeeping.builders import DAY
from tests.services.housekeeping.callers import PROVINCE

CITY = office("130100")


@pytest.fixture
def base(trade: Trade) -> dict[str, Any]:
    trade.set_time(DAY)
    return trade.base(1)


def waiting(trade: Trade, who: dict[str, Any] = PROVINCE) -> list[str]:
    found = trade.call("recognitions", who, state="reported")["items"]
    return [each["recognition_id"] for each in found]


def test_a_city_s_star_counts_once_the_province_has_confirmed_it_and_not_before(
    trade: Trade, base: dict[str, Any], said: Callable[[], list[Said]]
) -> None:
    reported = trade.recognise(base)
    assert (reported["state"], reported["award_id"]) == ("reported", None)
    assert (said(), trade.call("public_awards")["items"]) == ([], [])
    assert waiting(trade) == [reported["recognition_id"]]

    confirmed = trade.decide(reported)
    (event,) = said()
    assert event.event is awarded.AwardGranted
    assert (event.data["award_id"], event.data["recognised_by"]) == (confirmed["award_id"], "city")
    assert (event.data["awarded_on"], event.data["effective_on"]) == (event.data["awarded_on"],) * 2
    assert [step["by"] for step in confirmed["history"]] == [CITY["client_id"], PROVINCE["client_id"]]
    assert waiting(trade) == []
    award = trade.call("award", confirmed["award_id"], PROVINCE)
    assert award["history"][0]["evidence"] == reported["history"][0]["evidence"], "it rests on the city's decision"


@pytest.mark.parametrize(
    "nobody_else",
    [
        CITY,
        office("130000") | {"client_id": CITY["client_id"]},  # the same person at another desk
        office("130000") | {"organisation": CITY["organisation"]},  # another one of those who reported it
        actor("fulian-130100-2", Role.FEDERATION, "130100", "fulian-130100"),
        office("130000") | {"client_id": "minzheng", "role": Role.CIVIL_AFFAIRS.value, "organisation": "minzheng"},
        office("130102"),
    ],
    ids=["the city", "the same client", "the same organisation", "a colleague", "another department", "the county"],
)
def test_nobody_confirms_but_a_second_person_of_the_province(
    trade: Trade, base: dict[str, Any], said: Callable[[], list[Said]], nobody_else: dict[str, Any]
) -> None:
    reported = trade.recognise(base)
    command = {"recognition_id": reported["recognition_id"], "decision": "confirm", "reason": "属实"}
    with pytest.raises((cased.NotYourOffice, public.RecognitionNotFound)):
        trade.call("decide_recognition", command, nobody_else)
    assert said() == []


def test_what_is_refused_or_withdrawn_never_counts_and_may_be_reported_anew(
    trade: Trade, base: dict[str, Any], said: Callable[[], list[Said]]
) -> None:
    refused = trade.decide(trade.recognise(base), "refuse")
    assert (refused["state"], refused["history"][-1]["reason"]) == ("refused", "公示材料不全")
    withdrawal = {"recognition_id": trade.recognise(base)["recognition_id"], "reason": "误报"}
    with pytest.raises(cased.NotYourOffice):
        trade.call("withdraw_recognition", withdrawal, PROVINCE)
    withdrawn = trade.call("withdraw_recognition", withdrawal, CITY)
    for settled in (refused, withdrawn):
        with pytest.raises(public.RecognitionSettled):
            trade.decide(settled)
    assert said() == []
    assert trade.decide(trade.recognise(base))["award_id"]
    with pytest.raises(awarded.AwardChangeNotAllowed):
        trade.recognise(base)


def test_of_one_subject_one_recognition_waits_at_a_time(trade: Trade, base: dict[str, Any]) -> None:
    trade.recognise(base)
    with pytest.raises(awarded.AwardChangeNotAllowed):
        trade.recognise(base)


def test_a_city_s_star_needs_a_whole_notice_of_the_city_s_too(trade: Trade, base: dict[str, Any]) -> None:
    for short in ({"notice_ended_on": "2023-02-09"}, {"awarded_on": "2023-02-10"}, {"awarded_on": "2024-01-01"}):
        with pytest.raises(awarded.CityNoticeTooShort):
            trade.recognise(base, **short)
    with pytest.raises(cased.EvidenceMissing):
        trade.recognise(base, evidence=[])


def test_who_confirms_sees_what_it_rests_on_and_strangers_see_nothing(trade: Trade, base: dict[str, Any]) -> None:
    reported = trade.recognise(base)
    where = reported["recognition_id"], reported["history"][0]["evidence"][0]["file_id"]
    for who in (PROVINCE, CITY, office("130102"), applicant(base["organisation"])):
        assert trade.call("recognition_file", *where, who)["file_id"] == where[1]
        assert waiting(trade, who) == [where[0]]
    for stranger in (office("130200"), applicant("another")):
        assert waiting(trade, stranger) == []
        with pytest.raises(public.RecognitionNotFound):
            trade.call("recognition_file", *where, stranger)


def test_a_city_s_star_and_the_province_s_are_told_of_the_same_subject(
    awarded: dict[str, Any], trade: Trade, said: Callable[[], list[Said]]
) -> None:
    trade.decide(trade.recognise(trade.call("base", awarded["subject_key"], PROVINCE)))
    assert {event.data["subject_key"] for event in said()} == {awarded["subject_key"]}
    assert [event.data["recognised_by"] for event in said()] == ["province", "city"]


@pytest.mark.parametrize(("decision", "after"), [("confirm", []), ("refuse", ["award_revoked"])])
def test_what_a_city_recorded_before_confirmations_counts_until_the_province_has_decided(
    trade: Trade,
    base: dict[str, Any],
    settings: Config,
    said: Callable[[], list[Said]],
    decision: str,
    after: list[str],
) -> None:
    before = an_award(
        subject_key=base["base_id"],
        recognised_by=awarded.RecognisedBy.CITY,
        brand="燕赵福嫂·石家庄（石妇字〔2023〕9号）",
        by=CITY["client_id"],
        case_id=None,
        awarded_on=DAY,
    )
    kept = awards_of(settings)
    housekeeping(settings).commands.transact(lambda session: kept.add(session, before))
    recognitions_of.cache_clear()  # as the next start of the service
    for _ in range(2):
        recognitions_of.cache_clear()
        (found,) = trade.call("recognitions", PROVINCE, state="reported")["items"]
    assert (found["award_id"], found["counted_before"]) == (before.award_id, True)
    with pytest.raises(public.RecognitionSettled):
        trade.call("withdraw_recognition", {"recognition_id": found["recognition_id"], "reason": "误报"}, CITY)
    assert len(said()) == 1
    assert trade.decide(found, decision)["award_id"] == before.award_id
    assert [event.event.name() for event in said()[1:]] == after
