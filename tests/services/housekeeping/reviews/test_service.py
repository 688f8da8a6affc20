"""Reviews on a real database, through the calls that the gateway makes."""

from functools import partial
from typing import Any

import pytest

from contract import applications as cased
from contract import regions
from samples import stars
from samples.stars import Trade, applicant, office, reviewer
from services.housekeeping.reviewers.domain import Parties, Reviewer, assign
from tests.interleaved import interleaved
from tests.services.housekeeping.builders import DAY
from tests.services.housekeeping.callers import PROVINCE, together


def test_the_first_pass_is_blind_to_everybody_but_the_author(trade: Trade) -> None:
    trade.set_time(DAY)
    application = trade.apply(trade.base(1))
    trade.submit(application)
    trade.recommend(application)
    first, second = trade.seats(application)
    trade.review(application, 91)
    about = application["application_id"]

    def seen(who: dict[str, Any]) -> dict[str, Any]:
        return dict(trade.call("application", about, who))

    def sits(client_id: str) -> dict[str, Any]:
        return reviewer(int(client_id.removeprefix("reviewer-")))

    assert [review["total"] for review in seen(sits(first))["reviews"]] == ["91"]
    for who in (sits(second), PROVINCE, office("130100"), applicant("base-1")):
        assert seen(who)["reviews"] == []
        assert seen(who)["outcome"]["working"] == []
    assert first not in str(seen(sits(second))), "nor does one know who the other is"
    assert first not in str(seen(applicant("base-1")))


def test_of_two_reviewers_who_act_on_the_same_version_one_wins_and_the_other_is_told_the_state(trade: Trade) -> None:
    trade.set_time(DAY)
    application = trade.apply(trade.base(1))
    trade.submit(application)
    version = trade.recommend(application)["version"]
    results: list[Any] = []

    def score(client_id: str) -> None:
        command = {
            "application_id": application["application_id"], "marks": stars.marks("base", 92), "note": "评语",
            "expected_version": version,
        }  # fmt: skip
        try:
            results.append(trade.call("submit_review", command, reviewer(int(client_id.removeprefix("reviewer-")))))
        except cased.CaseChanged as refused:
            results.append(refused)

    together(*(lambda c=client: score(c) for client in trade.seats(application)))
    (lost,) = [result for result in results if isinstance(result, cased.CaseChanged)]
    assert lost.status == 412
    assert lost.facts == {"version": version + 1, "state": "provincial_review"}


def test_a_gap_over_ten_brings_a_third_reviewer_and_the_working_shows_it(trade: Trade) -> None:
    trade.set_time(DAY)
    application = trade.apply(trade.base(1))
    trade.submit(application)
    trade.recommend(application)
    answer = trade.review(application, 95, 70, 91)
    assert (answer["outcome"]["score"], answer["outcome"]["stars"]) == ("93.00", 5)
    assert answer["outcome"]["third_called"]
    assert len(trade.seats(application)) == 3


def test_who_works_for_the_applicant_marks_nothing_whatever_was_registered_of_them(trade: Trade) -> None:
    trade.set_time(DAY)
    application = trade.apply(trade.base(1))
    trade.submit(application)
    trade.recommend(application)
    (first, *_) = trade.seats(application)
    command = {
        "application_id": application["application_id"], "marks": stars.marks("base", 92), "note": "评语"
    }  # fmt: skip
    seated = reviewer(int(first.removeprefix("reviewer-")))
    with pytest.raises(cased.NotReviewing):
        trade.call("submit_review", command, seated | {"organisation": application["organisation"]})
    assert trade.call("submit_review", command, seated)["reviews"]


def test_who_declares_an_interest_loses_the_seat(trade: Trade) -> None:
    trade.set_time(DAY)
    base = trade.base(1)
    application = trade.apply(base)
    trade.submit(application)
    trade.recommend(application)
    first = trade.seats(application)[0]
    command = {"subject_kind": "base", "subject_key": base["base_id"], "reason": "近亲属任职"}
    trade.call("declare_interest", command, reviewer(int(first.removeprefix("reviewer-"))))
    assert first not in trade.seats(application)
    assert len(trade.seats(application)) == 2


def in_the_city(trade: Trade, base: dict[str, Any]) -> dict[str, Any]:
    """An application that waits for the city's recommendation."""
    application = trade.apply(base)
    trade.submit(application)
    for step in ("accept", "pass_county"):
        trade.move(application, step, office(application["region"]))
    return application


def leave_active(trade: Trade, count: int) -> None:
    for number in range(count + 1, 9):
        command = {"client_id": f"reviewer-{number}", "organisation": f"school-{number}", "active": False}
        trade.call("register_reviewer", command, PROVINCE)


@pytest.mark.parametrize("held", ["the city", "the reviewer"])
def test_who_declares_an_interest_while_seats_are_given_has_none_in_the_end(trade: Trade, held: str) -> None:
    trade.set_time(DAY)
    leave_active(trade, 2)
    base = trade.base(1)
    application = in_the_city(trade, base)
    command = {"subject_kind": "base", "subject_key": base["base_id"], "reason": "近亲属任职"}

    def recommend() -> Any:
        return trade.move(application, "recommend", office("130100"))

    def declare() -> Any:
        return trade.call("declare_interest", command, reviewer(1))

    if held == "the city":
        recommended, _ = interleaved(recommend, declare)
        assert isinstance(recommended, cased.NoEligibleReviewer)
        assert trade.seats(application) == []
    else:
        assert not [one for one in interleaved(declare, recommend) if isinstance(one, Exception)]
        assert trade.seats(application) == ["reviewer-2"]


def test_two_cases_that_are_seated_at_once_share_the_reviewers_out(trade: Trade) -> None:
    """Who has the fewest open reviews comes first, so of four with none each gets one of two cases' four seats."""
    trade.set_time(DAY)
    leave_active(trade, 4)
    pool = [Reviewer(f"reviewer-{number}", f"school-{number}", None, None) for number in range(1, 5)]
    drawn: dict[frozenset[str], dict[str, Any]] = {}
    for number, unit in enumerate(regions.units()[:7], 1):  # there are six pairs of four: two cases draw the same one
        application = in_the_city(trade, trade.base(number, regions.counties(unit.code)[0].code))
        nobody = Parties("", frozenset(), frozenset(), application["region"])
        case_id = application["application_id"]
        lots = frozenset(assign(case_id=case_id, seats=2, pool=pool, parties=nobody, taken=(), loads={}))
        if lots in drawn:
            break
        drawn[lots] = application
    both = [drawn[lots], application]

    def recommend(application: dict[str, Any]) -> Any:
        city = regions.get(application["region"]).path[1]
        return trade.move(application, "recommend", office(city))

    interleaved(*(partial(recommend, one) for one in both))
    assert sorted(seat for one in both for seat in trade.seats(one)) == [one.client_id for one in pool]
