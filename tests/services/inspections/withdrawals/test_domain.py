import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from contract.inspections import CountedFact, Outcome
from contract.withdrawals import WithdrawalByAnother, WithdrawalChanged, WithdrawalNotPossible, WithdrawalState
from services.inspections.findings.domain import Finding
from services.inspections.withdrawals import domain as withdrawals
from services.inspections.withdrawals.domain import Order
from tests.services.inspections.builders import TODAY, a_finding, a_unit, an_id, mended, noon, rechecked


def an_order(finding: Finding | None = None) -> Order:
    given = {"order_id": an_id("order"), "reason": "查无实据", "at": noon(TODAY), "by": "inspector-2"}
    return withdrawals.order(finding or a_finding(), **given)  # type: ignore[arg-type]


def answered(order: Order, *, done: bool = True, **changes: Any) -> Order:
    given: dict[str, Any] = {"order_version": order.order_version, "reason": None if done else "此前已撤销"}
    return withdrawals.answered(order, done=done, at=noon(TODAY), by="certification", **(given | changes))


def lifted(order: Order, finding: Finding) -> Order:
    return withdrawals.lift(order, finding, reason="复查通过", at=noon(TODAY), by="inspector-2")


PASSED = rechecked(mended(a_finding()))


def test_an_order_takes_one_unit_or_what_of_a_report_is_wrong_from_the_day_on_which_it_counts() -> None:
    assert (an_order().amount, an_order().effective_on) == (1, dt.date(2023, 5, 1))
    line = a_unit(fact=CountedFact.REPORT, amount=Decimal("12.5"))
    assert an_order(a_finding(line, amount=Decimal("2.5"))).amount == Decimal("2.5")


def test_what_is_in_order_or_mended_is_not_withdrawn() -> None:
    for finding in (a_finding(outcome=Outcome.IN_ORDER), PASSED):
        with pytest.raises(WithdrawalNotPossible):
            an_order(finding)


def test_who_recorded_a_finding_does_not_have_the_unit_withdrawn() -> None:
    found = a_finding()
    with pytest.raises(WithdrawalByAnother):
        withdrawals.order(found, order_id=an_id("order"), reason="查无实据", at=noon(TODAY), by=found.history[0].by)


def test_its_owners_word_settles_it() -> None:
    done = answered(an_order())
    assert (done.state, done.version, done.order_version) == (WithdrawalState.DONE, 2, 1)
    refused = answered(an_order(), done=False)
    assert (refused.state, refused.answer) == (WithdrawalState.REFUSED, "此前已撤销")


def test_a_lifted_order_is_told_as_a_newer_version_and_settled_by_the_answer_to_that() -> None:
    lifting = lifted(answered(an_order()), PASSED)
    assert (lifting.state, lifting.order_version) == (WithdrawalState.LIFTING, 2)
    assert withdrawals.facts(lifting)["version"] == 2
    assert answered(lifting, order_version=1) is lifting, "an answer to what was told before"
    assert answered(lifting).state is WithdrawalState.LIFTED
    assert answered(lifting, done=False).state is WithdrawalState.LIFT_REFUSED


def test_an_answer_told_again_changes_nothing() -> None:
    done = answered(an_order())
    assert answered(done) is done
    assert answered(done, done=False) is done


def test_it_is_lifted_only_once_it_is_done_and_the_recheck_was_passed() -> None:
    with pytest.raises(WithdrawalNotPossible):
        lifted(answered(an_order()), mended(a_finding()))
    for order in (an_order(), answered(an_order(), done=False), lifted(answered(an_order()), PASSED)):
        with pytest.raises(WithdrawalNotPossible):
            lifted(order, PASSED)


def test_a_certificate_has_one_standing_withdrawal_and_each_finding_about_a_report_its_own() -> None:
    line = a_unit(fact=CountedFact.REPORT, amount=Decimal(5))
    about_a_report = an_order(a_finding(line, amount=Decimal(1)))
    assert an_order().standing_for == a_finding().fact_id
    assert about_a_report.standing_for == a_finding().finding_id
    assert answered(an_order(), done=False).standing_for is None
    lifting = lifted(answered(an_order()), PASSED)
    assert answered(lifting).standing_for is None
    assert answered(lifting, done=False).standing_for == a_finding().fact_id, "it is still withdrawn"


def test_a_decision_on_another_version_is_stale() -> None:
    withdrawals.check_version(an_order(), 1)
    with pytest.raises(WithdrawalChanged):
        withdrawals.check_version(an_order(), 2)
