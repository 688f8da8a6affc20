"""Awards on a real database, through the calls that the gateway makes."""

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from contract import applications as cased
from contract import housekeeping as public
from contract.message import Said
from runtime.config import Config
from samples.stars import Trade, office
from services.housekeeping.awards import numbers
from services.housekeeping.awards.store import awards_of
from services.housekeeping.store import housekeeping
from tests.services.housekeeping.builders import DAY
from tests.services.housekeeping.callers import AFTER_NOTICE, PROVINCE


def test_a_base_that_goes_all_the_way_is_awarded_once_and_told_once(
    awarded: dict[str, Any], said: Callable[[], list[Said]]
) -> None:
    (event,) = said()
    assert event.event is public.AwardGranted
    assert event.data["award_id"] == awarded["award_id"] == event.subject
    assert (event.data["stars"], event.data["awarded_on"]) == (5, AFTER_NOTICE)
    assert awarded["award_number"] in awarded["plaque"]


def test_a_downgrade_and_a_revocation_are_told_with_the_whole_standing(
    awarded: dict[str, Any], trade: Trade, said: Callable[[], list[Said]]
) -> None:
    trade.change(awarded["award_id"], "lower", stars=2)
    trade.change(awarded["award_id"], "revoke")
    told = said()[1:]
    assert [event.event for event in told] == [public.AwardLowered, public.AwardRevoked]
    assert [(event.data["stars"], event.data["status"]) for event in told] == [(2, "valid"), (2, "revoked")]
    assert {event.data["awarded_on"] for event in told} == {AFTER_NOTICE}


def test_an_award_is_changed_on_evidence_by_the_province_and_on_the_version_that_was_read(
    awarded: dict[str, Any], trade: Trade
) -> None:
    command = {"award_id": awarded["award_id"], "change": "suspend", "reason": "投诉核查"}
    with pytest.raises(cased.EvidenceMissing):
        trade.call("change_award", command, PROVINCE)
    command["evidence"] = [trade.evidence("report")]
    with pytest.raises(cased.NotYourOffice):
        trade.call("change_award", command, office("130100"))
    with pytest.raises(public.AwardChangedMeanwhile):
        trade.call("change_award", command | {"expected_version": 7}, PROVINCE)
    proposed = trade.call("change_award", command | {"expected_version": 1}, PROVINCE)
    assert (proposed["status"], proposed["proposed"]["change"]) == ("valid", "suspend")
    assert trade.confirm(proposed)["status"] == "suspended"


@pytest.mark.parametrize("change", ["lower", "suspend", "resume", "revoke"])
def test_what_moves_an_award_s_standing_takes_effect_when_a_second_person_of_the_province_confirms_it(
    awarded: dict[str, Any], trade: Trade, said: Callable[[], list[Said]], change: str
) -> None:
    if change == "resume":
        trade.change(awarded["award_id"], "suspend")
    before = trade.call("award", awarded["award_id"], PROVINCE)
    told = len(said())
    command = {"award_id": awarded["award_id"], "change": change, "stars": 2, "reason": "核查（示例）"}
    with pytest.raises(cased.EvidenceMissing):
        trade.call("change_award", command, PROVINCE)
    proposed = trade.call("change_award", command | {"evidence": [trade.evidence("report")]}, PROVINCE)
    assert (proposed["status"], proposed["stars"], len(said())) == (before["status"], before["stars"], told)
    (waits,) = trade.call("awards", PROVINCE, awaits="decision")["items"]
    assert waits["proposed"]["by"] == PROVINCE["client_id"]
    with pytest.raises(public.AwardChangeNotAllowed):
        trade.call("change_award", command | {"evidence": [trade.evidence("report")]}, office("130000", 2))
    for nobody_else in (PROVINCE, office("130100"), office("130102")):
        decision = {"award_id": awarded["award_id"], "decision": "confirm", "reason": "属实"}
        with pytest.raises(cased.NotYourOffice):
            trade.call("decide_award_change", decision, nobody_else)
    file_id = waits["proposed"]["evidence"][0]["file_id"]
    assert trade.call("award_file", awarded["award_id"], file_id, office("130000", 2))["file_id"] == file_id

    refused = trade.confirm(proposed, "refuse")
    assert (refused["status"], refused["proposed"], len(said())) == (before["status"], None, told)
    again = trade.change(awarded["award_id"], change, **({"stars": 2} if change == "lower" else {}))
    assert (len(said()), again["proposed"]) == (told + 1, None)
    assert (again["status"], again["stars"]) != (before["status"], before["stars"])


def test_more_stars_come_by_a_case_of_their_own_and_raise_the_same_award(
    trade: Trade, look: Callable[[], int], said: Callable[[], list[Said]]
) -> None:
    trade.set_time(DAY)
    base = trade.base(1)
    first = trade.to_notice(base, 75, 74)
    trade.set_time(AFTER_NOTICE)
    look()
    three = trade.award(first)["award_id"]
    second = trade.to_notice(base, 95, 94)
    trade.set_time(dt.date(2023, 4, 1))
    look()
    assert trade.award(second)["award_id"] == three
    assert [event.event for event in said()] == [public.AwardGranted, public.AwardRaised]
    assert said()[-1].data["awarded_on"] == AFTER_NOTICE


def test_verification_has_three_answers(awarded: dict[str, Any], trade: Trade) -> None:
    def verdict(**asked: Any) -> tuple[str, str]:
        found = trade.call("verify_award", **asked)
        return found["verdict"], found["because"]

    number = awarded["award_number"]
    assert verdict(number=number.lower()) == ("valid", "valid")
    assert verdict(qr=awarded["qr"]) == ("valid", "valid")
    assert verdict(qr=f"{number}~0123456789abcdef") == ("not_valid", "forged")
    assert verdict(number="JD2023") == ("cannot_tell", "unreadable")
    assert verdict(number=numbers.number("JD2023130102", 99)) == ("not_valid", "unknown")
    assert verdict(number=numbers.number("JD2019130102", 1)) == ("cannot_tell", "before_register")
    trade.change(awarded["award_id"], "suspend")
    assert verdict(number=number) == ("not_valid", "suspended")
    assert trade.call("verify_award", number=number)["award"] is None


def test_the_public_list_holds_what_is_valid_and_masks_it(awarded: dict[str, Any], trade: Trade) -> None:
    (seen,) = trade.call("public_awards", region="130100")["items"]
    assert seen["award_number"] != awarded["award_number"]
    assert trade.call("public_awards", region="130200")["items"] == []
    trade.change(awarded["award_id"], "revoke")
    assert trade.call("public_awards")["items"] == []


def test_an_award_s_number_does_not_follow_from_those_before_it(settings: Config) -> None:
    kept = awards_of(settings)
    drawn = housekeeping(settings).commands.transact(
        lambda session: [kept.draw("JD2023130102", session) for _ in range(200)]
    )
    serials = [int(number[12:17]) for number in drawn]
    assert max(serials) > 10_000  # of two hundred that are counted from 1, none is
    assert {later - earlier for earlier, later in itertools.pairwise(serials)} != {1}
