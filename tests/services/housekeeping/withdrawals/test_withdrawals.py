"""An inspection's order revokes an award, and only that order gives it back."""

import datetime as dt
import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from contract import housekeeping as public
from contract.housekeeping import AwardChangeNotAllowed, AwardStatus, Settlement
from contract.message import Event, Said
from contract.withdrawals import WithdrawalLifted, WithdrawalOrdered
from runtime import mongo
from samples.stars import Trade, office
from services.housekeeping.awards import domain as awards
from services.housekeeping.awards.domain import Award
from services.housekeeping.service import Housekeeping
from services.housekeeping.withdrawals import domain as withdrawals
from services.housekeeping.withdrawals.domain import BY, Order
from services.targets.counting import steps
from tests.interleaved import interleaved
from tests.services.housekeeping.awards.builders import an_award, change, fall_due
from tests.services.housekeeping.builders import noon

Log = Callable[[], list[Said]]
ORDER = "a" * 24
PROVINCE = office("130000")
AUGUST, SEPTEMBER = dt.date(2023, 8, 1), dt.date(2023, 9, 1)


def an_order(award_id: str, *, version: int = 1, fact: str = "award") -> Said:
    event = WithdrawalOrdered if version == 1 else WithdrawalLifted
    envelope = event.said(
        id=mongo.new_id(),
        subject=ORDER,
        about=award_id,
        at=noon(AUGUST),
        order_id=ORDER,
        version=version,
        inspection_id="b" * 24,
        finding_id="c" * 24,
        target_id="19.1",
        fact=fact,
        fact_id=award_id,
        region="130102",
        amount=Decimal(1),
        effective_on=dt.date(2023, 3, 11),
        reason="查无实据" if version == 1 else "复查通过",
        ordered_by="inspector",
    )
    return Event.heard(envelope | {"seq": 1})


def told(award: Award, version: int, day: dt.date) -> dict[str, Any]:
    return {
        "order_id": ORDER,
        "version": version,
        "award_id": award.award_id,
        "reason": "督导",
        "today": day,
        "at": noon(day),
    }


def withdrawn(award: Award, day: dt.date = AUGUST) -> tuple[Order, Award]:
    order, after = withdrawals.withdraw(award, **told(award, 1, day))
    assert after is not None
    return order, after


def given_back(
    award: Award, order: Order | None, day: dt.date = SEPTEMBER, other: Award | None = None
) -> tuple[Order, Award | None]:
    return withdrawals.give_back(award, order, other, **told(award, 2, day))


@pytest.mark.parametrize(
    "before",
    [an_award(), change(an_award(), "suspend"), change(an_award(), "lower", stars=3)],
    ids=lambda award: f"{award.status.value}-{award.stars}",
)
def test_what_was_withdrawn_is_given_back_as_it_stood_from_the_day_on_which_it_is(before: Award) -> None:
    order, revoked = withdrawn(before)
    assert (revoked.status, order.done) == (AwardStatus.REVOKED, True)
    answer, after = given_back(revoked, order)
    assert answer.done
    assert after is not None
    assert (after.status, after.stars, after.last.effective_on) == (before.status, before.stars, SEPTEMBER)
    assert after.standing


def test_checks_that_were_due_meanwhile_are_caught_up() -> None:
    order, revoked = withdrawn(an_award(), dt.date(2024, 1, 1))
    assert awards.due_on(revoked) is None
    _, after = given_back(revoked, order, dt.date(2024, 8, 1))
    assert after is not None
    assert len(fall_due(after, dt.date(2024, 8, 1)).checks) == 1


def test_what_does_not_stand_is_not_withdrawn() -> None:
    lapsed = fall_due(an_award(), dt.date(2026, 6, 1))
    for award, why in ((change(an_award(), "revoke"), "认定此前已撤销"), (lapsed, "认定已到期")):
        order, after = withdrawals.withdraw(award, **told(award, 1, AUGUST))
        assert (order.done, order.reason, after) == (False, why, None)
    order, after = withdrawals.withdraw(None, **told(an_award(), 1, AUGUST))
    assert (order.reason, after) == ("没有这项认定", None)


def test_what_ended_by_somebody_elses_decision_or_its_term_is_not_given_back() -> None:
    moved = awards.raise_matter(an_award(), kind="moved", detail={}, today=AUGUST, at=noon(AUGUST))
    order, revoked = withdrawn(moved)
    ended = awards.settle(
        revoked, Settlement.END, today=AUGUST, at=noon(AUGUST), by="fulian", reason="合并终止", evidence=()
    )
    assert given_back(ended, order) == (Order(ORDER, 2, moved.award_id, False, "核减之后认定又被撤销或终止"), None)
    order, revoked = withdrawn(an_award())
    assert given_back(revoked, order, dt.date(2026, 5, 9))[1] is not None
    assert given_back(revoked, order, dt.date(2026, 5, 10))[0].reason == "认定的有效期已届满"
    assert given_back(revoked, order, other=an_award(award_id="8" * 24))[0].reason == "该主体已另有有效认定"


def test_a_revocation_by_somebody_else_is_not_the_orders_to_lift() -> None:
    order, revoked = withdrawn(an_award())
    _, back = given_back(revoked, order)
    assert back is not None
    again = change(back, "revoke", SEPTEMBER)
    assert given_back(again, order)[0].reason == "核减之后认定又被撤销或终止"
    refused = Order(ORDER, 1, again.award_id, False, "认定此前已撤销")
    assert given_back(again, refused) == (Order(ORDER, 2, again.award_id, True), None)


def test_only_what_was_revoked_within_its_term_stands_again() -> None:
    for award, day in ((an_award(), AUGUST), (change(an_award(), "revoke"), dt.date(2026, 5, 10))):
        with pytest.raises(AwardChangeNotAllowed):
            awards.reinstate(award, today=day, at=noon(day), by=BY, reason="恢复")


@pytest.fixture
def awarded(trade: Trade, look: Callable[[], int]) -> dict[str, Any]:
    """A base of five stars, awarded on 11 March 2023; by now it is August."""
    trade.set_time(dt.date(2023, 3, 1))
    application = trade.to_notice(trade.base(1), 95, 93)
    trade.set_time(dt.date(2023, 3, 11))
    look()
    found = trade.call("award", trade.award(application)["award_id"], PROVINCE)
    trade.set_time(AUGUST)
    return found


def answers(said: Log) -> list[tuple[int, bool, str | None]]:
    return [
        (event.data["order_version"], event.data["done"], event.data["reason"])
        for event in said()
        if event.event is public.WithdrawalAnswered
    ]


def test_an_order_and_its_lifting_are_told_with_the_whole_standing_and_answered(
    service: Housekeeping, awarded: dict[str, Any], trade: Trade, said: Log
) -> None:
    service.on_withdrawal(an_order(awarded["award_id"]))
    trade.set_time(SEPTEMBER)
    service.on_withdrawal(an_order(awarded["award_id"], version=2))
    standings = [
        (event.event, event.data["status"], event.data["effective_on"])
        for event in said()[1:]
        if event.event is not public.WithdrawalAnswered
    ]
    assert standings == [
        (public.AwardRevoked, "revoked", AUGUST),
        (public.AwardReinstated, "valid", SEPTEMBER),
    ]
    assert answers(said) == [(1, True, None), (2, True, None)]
    found = trade.call("award", awarded["award_id"], PROVINCE)
    assert [step["by"] for step in found["history"]] == ["fulian-130000", BY, BY]
    (fact,) = [fact for _, fact, _ in steps(next(e for e in said() if e.event is public.AwardReinstated))]
    assert (fact.status, fact.since) == ("valid", SEPTEMBER), "targets reads it as any other event of an award"


@pytest.mark.parametrize("order", list(itertools.product((1, 2), repeat=3)), ids=str)
def test_orders_told_again_and_out_of_order_settle_at_the_newest(
    service: Housekeeping, awarded: dict[str, Any], trade: Trade, said: Log, order: tuple[int, ...]
) -> None:
    for version in order:
        service.on_withdrawal(an_order(awarded["award_id"], version=version))
    status = trade.call("award", awarded["award_id"], PROVINCE)["status"]
    assert status == ("valid" if 2 in order else "revoked")
    assert [answer[0] for answer in answers(said)] == sorted({*order} if order[0] == 1 else {2})


def test_the_orders_of_other_owners_change_nothing(
    service: Housekeeping, awarded: dict[str, Any], trade: Trade, said: Log
) -> None:
    service.on_withdrawal(an_order(awarded["award_id"], fact="certificate"))
    assert trade.call("award", awarded["award_id"], PROVINCE)["status"] == "valid"
    assert answers(said) == []


def test_an_award_that_is_not_there_is_answered_so(service: Housekeeping, said: Log) -> None:
    service.on_withdrawal(an_order("f" * 24))
    assert answers(said) == [(1, False, "没有这项认定")]


@pytest.mark.parametrize("held", ["nobody", "who gives back", "who merges"])
def test_what_is_given_back_to_a_base_that_merged_meanwhile_waits_for_a_decision(
    service: Housekeeping, awarded: dict[str, Any], trade: Trade, held: str
) -> None:
    service.on_withdrawal(an_order(awarded["award_id"]))
    proposed = trade.propose_move(awarded["subject_key"], merged_into=trade.base(2)["base_id"])

    def give_back() -> None:
        service.on_withdrawal(an_order(awarded["award_id"], version=2))

    def merge() -> Any:
        return trade.confirm_move(proposed)

    if held == "nobody":
        merge()
        give_back()
    else:
        interleaved(*((give_back, merge) if held == "who gives back" else (merge, give_back)))
    found = trade.call("award", awarded["award_id"], PROVINCE)
    assert found["status"] == "valid"
    assert [matter["kind"] for matter in found["matters"]] == ["merged"]
    assert trade.call("verify_award", number=found["award_number"])["verdict"] == "cannot_tell"
    settle = {"award_id": awarded["award_id"], "decision": "end", "reason": "主体已并入"}
    ended = trade.call("settle_award", settle | {"evidence": [trade.evidence("inquiry")]}, PROVINCE)
    assert (ended["status"], trade.confirm(ended)["status"]) == ("valid", "revoked")
