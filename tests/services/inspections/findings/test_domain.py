import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from contract.findings import FindingChanged, FindingInvalid, FindingNotOpen, FindingState, RecheckByAnother
from contract.inspections import CountedFact, Outcome
from services.inspections.findings import domain as findings
from tests.services.inspections.builders import PROOF, TODAY, a_finding, a_unit, mended, noon, rechecked

LINE = a_unit(fact=CountedFact.REPORT, amount=Decimal("12.5"))


def faults(**changes: Any) -> list[str]:
    with pytest.raises(FindingInvalid) as refused:
        a_finding(**changes)
    return [error["pointer"] for error in refused.value.errors]


def test_what_is_in_order_is_settled_and_needs_neither_evidence_nor_a_date() -> None:
    finding = a_finding(outcome=Outcome.IN_ORDER, evidence=())
    assert (finding.state, finding.due_on) == (FindingState.SETTLED, None)
    assert faults(outcome=Outcome.IN_ORDER, due_on=dt.date(2023, 9, 1)) == ["/due_on"]


def test_what_is_not_in_order_is_open_until_a_date_which_is_the_rules_unless_said() -> None:
    assert a_finding().state is FindingState.OPEN
    assert a_finding().due_on == TODAY + dt.timedelta(days=15)
    assert a_finding(due_on=dt.date(2023, 8, 2)).due_on == dt.date(2023, 8, 2)


def test_a_finding_without_evidence_or_with_a_date_that_is_past_is_refused() -> None:
    assert faults(evidence=(), due_on=TODAY) == ["/evidence", "/due_on"]


@pytest.mark.parametrize("amount", [None, Decimal(0), Decimal(-1), Decimal("12.6")])
def test_of_a_report_line_the_amount_is_more_than_nothing_and_at_most_all(amount: Decimal | None) -> None:
    with pytest.raises(FindingInvalid):
        a_finding(LINE, amount=amount)
    assert a_finding(LINE, amount=Decimal("12.5")).amount == Decimal("12.5")


def test_what_counts_as_one_has_no_amount() -> None:
    assert faults(amount=Decimal(1)) == ["/amount"]


def test_mended_and_passed_is_passed_and_keeps_all_that_happened() -> None:
    finding = rechecked(mended(a_finding()))
    assert finding.state is FindingState.PASSED
    steps = [(step.version, step.what) for step in finding.history]
    assert steps == [(1, "finding_recorded"), (2, "rectification_recorded"), (3, "recheck_passed")]
    assert finding.files == (PROOF, PROOF)


def test_a_failed_recheck_opens_it_again_until_a_new_date() -> None:
    later = TODAY + dt.timedelta(days=10)
    finding = rechecked(mended(a_finding()), passed=False, day=later)
    assert (finding.state, finding.due_on) == (FindingState.OPEN, later + dt.timedelta(days=15))
    assert mended(finding).state is FindingState.MENDED


def test_who_reported_the_mending_does_not_recheck_it() -> None:
    with pytest.raises(RecheckByAnother):
        rechecked(mended(a_finding(), by="inspector"), by="inspector")
    again = mended(rechecked(mended(a_finding(), by="inspector"), passed=False), by="reporter")
    assert rechecked(again, by="inspector").state is FindingState.PASSED, "of the last mending, that is"


@pytest.mark.parametrize(
    "finding",
    [
        a_finding(outcome=Outcome.IN_ORDER),
        mended(a_finding()),
        rechecked(mended(a_finding())),
    ],
    ids=lambda finding: finding.state.value,
)
def test_only_what_is_open_is_mended(finding: findings.Finding) -> None:
    with pytest.raises(FindingNotOpen):
        mended(finding)


def test_only_what_is_mended_is_rechecked() -> None:
    for finding in (a_finding(), rechecked(mended(a_finding()))):
        with pytest.raises(FindingNotOpen):
            rechecked(finding)


def test_a_mending_needs_evidence() -> None:
    with pytest.raises(FindingInvalid):
        findings.mend(a_finding(), text="已补齐", evidence=(), at=noon(TODAY), by="reporter")


def test_a_decision_on_another_version_is_stale() -> None:
    findings.check_version(a_finding(), None)
    findings.check_version(a_finding(), 1)
    with pytest.raises(FindingChanged):
        findings.check_version(a_finding(), 2)


def test_it_is_overdue_from_the_day_after_its_date_while_it_is_open() -> None:
    finding = a_finding(due_on=dt.date(2023, 8, 10))
    assert not finding.overdue(dt.date(2023, 8, 10))
    assert finding.overdue(dt.date(2023, 8, 11))
    assert not mended(finding).overdue(dt.date(2023, 8, 11))
