"""An inspection's order takes units off a line, or gives them back."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from contract import reports as public
from contract.message import Event, Said
from contract.withdrawals import WithdrawalLifted, WithdrawalOrdered
from runtime import mongo
from services.reports.service import Reports
from tests.interleaved import Point, commits, interleaved, writes
from tests.services.reports.builders import REPORTER
from tests.services.reports.conftest import Desk

Log = Callable[[], list[Said]]
ORDER = "a" * 24


def an_order(report: dict[str, Any], *, lifted: bool = False, **changes: Any) -> Said:
    data = {
        "order_id": ORDER,
        "version": 1,
        "inspection_id": "b" * 24,
        "finding_id": "c" * 24,
        "target_id": report["target_id"],
        "fact": "report",
        "fact_id": report["report_id"],
        "region": report["region"],
        "amount": Decimal(3),
        "effective_on": dt.date(2023, 6, 20),
        "reason": "抽查发现3个小区未完工",
        "ordered_by": "inspector",
    }
    event: type[Event] = WithdrawalLifted if lifted else WithdrawalOrdered
    at = dt.datetime(2023, 6, 20, tzinfo=dt.UTC)
    return Event.heard(event.said(id=mongo.new_id(), subject=ORDER, about=ORDER, at=at, **data | changes))


def since(said: Log, before: int) -> list[tuple[str, Any]]:
    """What was said after the first ``before`` events: name, and what of it matters here."""
    return [
        (
            event.event.__name__,
            event.data["amount"] if "amount" in event.data else (event.data["done"], event.data["order_version"]),
        )
        for event in said()[before:]
    ]


def test_units_are_taken_off_raised_and_given_back_and_each_order_is_answered(
    desk: Desk, service: Reports, said: Log
) -> None:
    report = desk.accepted()
    service.on_withdrawal(an_order(report))
    assert service.report(report["report_id"], REPORTER)["deducted"] == "3"
    service.on_withdrawal(an_order(report, version=2, amount=Decimal(4)))
    service.on_withdrawal(an_order(report, version=3, lifted=True))
    assert since(said, 2) == [
        ("UnitsDeducted", 3),
        ("WithdrawalAnswered", (True, 1)),
        ("UnitsDeducted", 4),
        ("WithdrawalAnswered", (True, 2)),
        ("UnitsRestored", 0),
        ("WithdrawalAnswered", (True, 3)),
    ]
    deductions = [event.data for event in said() if issubclass(event.event, public.DeductionEvent)]
    assert [one["version"] for one in deductions] == [1, 2, 3]
    assert len({one["deduction_id"] for one in deductions}) == 1
    assert {one["effective_on"] for one in deductions} == {dt.date(2023, 6, 20)}
    assert service.report(report["report_id"], REPORTER)["deducted"] == "0"


def test_told_twice_or_too_late_it_changes_nothing(desk: Desk, service: Reports, said: Log) -> None:
    report = desk.accepted()
    for order in (an_order(report, version=2), an_order(report, version=2), an_order(report, version=1)):
        service.on_withdrawal(order)
    assert since(said, 2) == [("UnitsDeducted", 3), ("WithdrawalAnswered", (True, 2))]


def test_a_withdrawal_that_was_lifted_before_it_came_takes_nothing(desk: Desk, service: Reports, said: Log) -> None:
    report = desk.accepted()
    service.on_withdrawal(an_order(report, version=2, lifted=True))
    service.on_withdrawal(an_order(report, version=1))
    assert since(said, 2) == [("WithdrawalAnswered", (True, 2))]


def test_never_more_than_the_line_counts_for(desk: Desk, service: Reports, said: Log) -> None:
    desk.accepted(period="2023-03", cumulative="10")
    april = desk.accepted(period="2023-04", cumulative="14")
    service.on_withdrawal(an_order(april, order_id="1" * 24, amount=Decimal(3)))
    service.on_withdrawal(an_order(april, order_id="2" * 24, amount=Decimal(2)))
    answered = said()[-1].data
    assert (answered["done"], answered["reason"]) == (False, "该填报现计1，不足以核减2")
    service.on_withdrawal(an_order(april, order_id="2" * 24, version=2, amount=Decimal(1)))
    assert service.report(april["report_id"], REPORTER)["deducted"] == "4"


@pytest.mark.parametrize(
    "changes",
    [
        {"fact_id": "0" * 24},
        {"target_id": "4.1"},
        {"region": "130202"},
        {"amount": Decimal("0.5")},
        {"amount": Decimal(0)},
        {"amount": Decimal(11)},
    ],
    ids=str,
)
def test_what_cannot_be_done_is_answered_with_the_reason(
    desk: Desk, service: Reports, said: Log, changes: dict[str, Any]
) -> None:
    report = desk.accepted()
    for _ in range(2):
        service.on_withdrawal(an_order(report, **changes))
    assert since(said, 2) == [("WithdrawalAnswered", (False, 1))]
    assert said()[-1].data["reason"]


def test_nothing_is_taken_off_what_is_not_accepted(desk: Desk, service: Reports, said: Log) -> None:
    service.on_withdrawal(an_order(desk.file()))
    assert since(said, 1) == [("WithdrawalAnswered", (False, 1))]


def test_a_unit_of_a_sum_is_taken_off_the_part_that_it_is_of(desk: Desk, service: Reports, said: Log) -> None:
    part = desk.accepted(target_id="14.3", cumulative="5")
    service.on_withdrawal(an_order(part, target_id="14.2"))
    assert said()[-2].data["target_id"] == "14.3"


def test_a_withdrawal_within_the_period_holds_from_its_end(desk: Desk, service: Reports, said: Log) -> None:
    report = desk.accepted(period="2023-06")
    service.on_withdrawal(an_order(report))
    assert said()[-2].data["effective_on"] == dt.date(2023, 6, 30)


def test_what_is_another_services_is_left_to_it(desk: Desk, service: Reports, said: Log) -> None:
    service.on_withdrawal(an_order(desk.accepted(), fact="award"))
    assert since(said, 2) == []


def test_a_correction_below_what_was_withdrawn_is_refused(desk: Desk, service: Reports) -> None:
    service.on_withdrawal(an_order(desk.accepted()))
    with pytest.raises(public.FigureBelowDeducted) as refused:
        desk.file(cumulative="2", reason="更正")
    assert refused.value.facts == {"period": "2023-03", "deducted": "3"}
    desk.file(cumulative="3", reason="更正")


def test_an_order_that_moves_to_another_line_is_refused_and_leaves_the_first_as_it_is(
    desk: Desk, service: Reports, said: Log
) -> None:
    first, other = desk.accepted(), desk.accepted(target_id="5.1")
    service.on_withdrawal(an_order(first))
    service.on_withdrawal(an_order(other, version=2))
    assert since(said, 4)[2:] == [("WithdrawalAnswered", (False, 2))]
    deducted = [service.report(report["report_id"], REPORTER)["deducted"] for report in (first, other)]
    assert deducted == ["3", "0"]


def test_a_stocks_line_can_lose_its_level_and_no_more(desk: Desk, service: Reports, said: Log) -> None:
    desk.accepted(target_id="8.2", period="2022-12", cumulative="5")
    march = desk.accepted(target_id="8.2", cumulative="9")
    service.on_withdrawal(an_order(march, amount=Decimal(9)))
    service.on_withdrawal(an_order(march, version=2, amount=Decimal(10)))
    assert [outcome for name, outcome in since(said, 4) if name == "WithdrawalAnswered"] == [(True, 1), (False, 2)]


@pytest.mark.parametrize("at", [writes, commits])
@pytest.mark.parametrize("held", ["who accepts", "who orders"])
def test_no_more_is_taken_off_than_a_correction_that_is_accepted_meanwhile_leaves(
    desk: Desk, service: Reports, held: str, at: Point
) -> None:
    """Of ten, a correction leaves two and an order takes three: one of them is refused."""
    report = desk.accepted()
    corrected = desk.file(cumulative="2", reason="更正")
    calls = [lambda: desk.decide(corrected, command_id="accept"), lambda: service.on_withdrawal(an_order(report))]
    accepted = interleaved(*calls, at=at)[0] if held == "who accepts" else interleaved(*calls[::-1], at=at)[1]
    found = service.report(report["report_id"], REPORTER)
    if isinstance(accepted, public.FigureBelowDeducted):
        assert (found["figure"], found["deducted"]) == ("10", "3")
    else:
        assert (found["figure"], found["deducted"]) == ("2", "0")
