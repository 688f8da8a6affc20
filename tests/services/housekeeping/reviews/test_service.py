"""Reviews on a real database, through the calls that the gateway makes."""

from typing import Any

from contract import applications as cased
from samples import stars
from samples.stars import Trade, applicant, office, reviewer
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
    assert (
        any("third reviewer" in line for line in answer["outcome"]["working_en"]) or answer["outcome"]["third_called"]
    )


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
