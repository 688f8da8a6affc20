from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from contract.findings import FindingInvalid
from contract.message import Said
from contract.withdrawals import (
    WithdrawalChanged,
    WithdrawalLifted,
    WithdrawalNotPossible,
    WithdrawalOrdered,
)
from services.inspections import store
from services.inspections.service import Inspections
from tests.services.inspections.builders import (
    DISPATCHER,
    INSPECTOR,
    INSPECTOR_2,
    a_plan,
    a_sample,
    an_answer,
    an_id,
    pass_it,
    what_was_found,
)

Log = Callable[[], list[Said]]


def test_of_a_report_line_what_is_wrong_is_withdrawn_and_no_more(
    service: Inspections, proof: list[dict[str, str]], said: Log
) -> None:
    planned = service.plan_inspection(a_plan(target_id="4.1"), INSPECTOR)
    service.on_targets(a_sample(planned, fact="report", amount="12.5"))
    with pytest.raises(FindingInvalid):
        service.record_finding(what_was_found(planned, proof, outcome="not_as_reported", amount="12.6"), INSPECTOR)
    found = service.record_finding(what_was_found(planned, proof, outcome="not_as_reported", amount="2.5"), INSPECTOR)
    order = service.order_withdrawal({"finding_id": found["finding_id"], "reason": "里程不实"}, INSPECTOR_2)
    assert (order["fact"], order["amount"], order["effective_on"]) == ("report", "2.5", "2023-05-01")
    assert said()[-1].data["amount"] == Decimal("2.5")


def test_a_withdrawal_is_ordered_answered_and_lifted_after_the_recheck(
    service: Inspections, found: dict[str, Any], proof: list[dict[str, str]], said: Log
) -> None:
    order = service.order_withdrawal({"finding_id": found["finding_id"], "reason": "查无实据"}, INSPECTOR_2)
    assert (order["state"], order["amount"], order["effective_on"]) == ("pending", "1", "2023-05-01")
    assert service.finding(found["finding_id"], INSPECTOR)["order_id"] == order["order_id"]
    lift = {"order_id": order["order_id"], "reason": "复查通过"}
    with pytest.raises(WithdrawalNotPossible):
        service.lift_withdrawal(lift, INSPECTOR)
    service.on_certification(an_answer(order))
    done = service.withdrawal(order["order_id"], DISPATCHER)
    assert (done["state"], done["version"]) == ("done", 2)
    with pytest.raises(WithdrawalNotPossible):
        service.lift_withdrawal(lift, INSPECTOR)
    pass_it(service, found, proof)
    with pytest.raises(WithdrawalChanged):
        service.lift_withdrawal(lift | {"expected_version": 1}, INSPECTOR)
    lifting = service.lift_withdrawal(lift | {"expected_version": 2}, INSPECTOR)
    assert (lifting["state"], lifting["order_version"]) == ("lifting", 2)
    service.on_certification(an_answer(order, version=1))
    assert service.withdrawal(order["order_id"], INSPECTOR) == lifting, "an answer to what was told before"
    service.on_certification(an_answer(lifting))
    assert service.withdrawal(order["order_id"], INSPECTOR)["state"] == "lifted"
    told = [(event.event, event.data["version"]) for event in said()[1:]]
    assert told == [(WithdrawalOrdered, 1), (WithdrawalLifted, 2)]
    assert {event.data["fact_id"] for event in said()[1:]} == {found["fact_id"]}


def test_a_refused_withdrawal_says_why_and_another_may_follow(service: Inspections, found: dict[str, Any]) -> None:
    command = {"finding_id": found["finding_id"], "reason": "查无实据"}
    order = service.order_withdrawal(command, INSPECTOR_2)
    with pytest.raises(WithdrawalNotPossible) as refused:
        service.order_withdrawal(command, INSPECTOR_2)
    assert refused.value.facts == {"order_id": order["order_id"]}
    service.on_certification(an_answer(order, done=False, reason="证书此前已撤销"))
    told = service.withdrawal(order["order_id"], INSPECTOR)
    assert (told["state"], told["answer"]) == ("refused", "证书此前已撤销")
    assert service.order_withdrawal(command, INSPECTOR_2)["order_id"] != order["order_id"]


def test_two_inspections_that_meet_at_one_certificate_withdraw_it_once(
    service: Inspections, proof: list[dict[str, str]], kept: store.Inspections
) -> None:
    orders = []
    for number in (1, 2):
        planned = service.plan_inspection(a_plan(title=f"第{number}次"), INSPECTOR)
        drawn = a_sample(planned, 1)
        drawn.data["units"][0]["fact_id"] = an_id("the same certificate")
        service.on_targets(drawn)
        finding = service.record_finding(what_was_found(planned, proof), INSPECTOR)
        orders.append({"finding_id": finding["finding_id"], "reason": "查无实据"})
    service.order_withdrawal(orders[0], INSPECTOR_2)
    with pytest.raises(WithdrawalNotPossible):
        service.order_withdrawal(orders[1], INSPECTOR_2)
    assert len(service.withdrawals(INSPECTOR)["items"]) == 1
