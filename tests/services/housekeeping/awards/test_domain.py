import datetime as dt
from typing import Any

import pytest

from contract.applications import MatterOpen, StandingHigher
from contract.housekeeping import (
    AwardChangedMeanwhile,
    AwardChangeNotAllowed,
    AwardEvent,
    AwardStatus,
    MatterNotOpen,
    Settlement,
)
from runtime import record
from services.housekeeping.awards import domain as awards
from services.housekeeping.awards.domain import Award
from services.housekeeping.evidence import Evidence
from tests.services.housekeeping.awards.builders import GIVEN, an_award, change, fall_due
from tests.services.housekeeping.builders import noon, on_notice


def test_an_award_holds_for_three_years_less_a_day() -> None:
    assert an_award().valid_until == dt.date(2026, 5, 9)
    assert an_award(awarded_on=dt.date(2024, 2, 29)).valid_until == dt.date(2027, 2, 28)


def test_the_plaque_says_stars_number_and_term() -> None:
    assert an_award().plaque.splitlines() == [
        "★★★★★ 五星级巾帼家政基地", "示例家政服务有限公司", "河北省妇女联合会", "2023年5月10日",
        f"编号 {an_award().number}", "有效期至2026年5月9日",
    ]  # fmt: skip


def test_a_check_opens_by_itself_each_year_and_the_award_lapses_at_its_day() -> None:
    award = fall_due(an_award(), dt.date(2024, 5, 9))
    assert not award.checks
    award = fall_due(award, dt.date(2024, 5, 10))
    assert [check.opened_on for check in award.checks] == [dt.date(2024, 5, 10)]
    award = fall_due(award, dt.date(2026, 5, 9))
    assert award.status is AwardStatus.VALID
    award = fall_due(award, dt.date(2026, 5, 10))
    assert (award.status, award.last.effective_on) == (AwardStatus.LAPSED, dt.date(2026, 5, 10))


def test_after_a_long_stop_everything_is_caught_up_in_order_and_on_its_own_day() -> None:
    award = fall_due(an_award(), dt.date(2030, 1, 1))
    assert [(step.what, step.effective_on) for step in award.history[1:]] == [
        ("check_opened", dt.date(2024, 5, 10)),
        ("check_opened", dt.date(2025, 5, 10)),
        ("award_lapsed", dt.date(2026, 5, 10)),
    ]
    assert awards.due_on(award) is None


def test_a_check_is_concluded_by_keeping_or_by_any_change() -> None:
    opened = fall_due(an_award(), dt.date(2024, 5, 10))
    kept = change(opened, "keep", dt.date(2024, 5, 20))
    assert (kept.checks[0].outcome, kept.checks[0].concluded_on) == ("award_kept", dt.date(2024, 5, 20))
    assert change(opened, "lower", stars=3).checks[0].outcome == "award_lowered"
    with pytest.raises(AwardChangeNotAllowed):
        change(kept, "keep")


def test_suspension_is_undone_and_revocation_is_not() -> None:
    suspended = change(an_award(), "suspend")
    assert change(suspended, "resume").status is AwardStatus.VALID
    revoked = change(suspended, "revoke")
    for what in ("resume", "suspend", "revoke", "keep"):
        with pytest.raises(AwardChangeNotAllowed):
            change(revoked, what)


@pytest.mark.parametrize("what", ["lower", "suspend", "revoke"])
def test_what_a_change_rests_on_is_kept_with_it(what: str) -> None:
    papers = (Evidence("核查报告", "实地核查", "a" * 64, "b" * 24),)
    terms: dict[str, Any] = {"today": GIVEN, "at": noon(GIVEN), "by": "province", "reason": "实地核查属实"}
    step = awards.change(an_award(), what, stars=3 if what == "lower" else None, evidence=papers, **terms).history[-1]
    assert (step.evidence, step.reason, step.by, step.at) == (papers, "实地核查属实", "province", noon(GIVEN))


@pytest.mark.parametrize("stars", [None, 0, 5, 6])
def test_lowering_names_fewer_stars(stars: int | None) -> None:
    with pytest.raises(AwardChangeNotAllowed):
        change(an_award(), "lower", stars=stars)


def test_an_award_can_be_lowered_below_what_counts() -> None:
    assert change(an_award(), "lower", stars=2).stars == 2


def test_nobody_raises_an_award_but_through_a_case_of_its_own() -> None:
    with pytest.raises(AwardChangeNotAllowed):
        change(an_award(stars=3), "raise", stars=5)


def renew(award: Award, stars: int, day: dt.date = dt.date(2024, 6, 1)) -> Award:
    return awards.renew(
        award, stars=stars, years=3, case_id="3" * 24, today=day, at=noon(day), by="p", reason="公示无异议"
    )


def test_a_further_case_raises_or_renews_and_never_lowers() -> None:
    award = an_award(stars=4)
    raised = renew(award, 5)
    assert (raised.last.what, raised.stars, raised.awarded_on) == ("award_raised", 5, GIVEN)
    assert raised.valid_until == dt.date(2027, 5, 31)
    assert renew(award, 4).last.what == "award_renewed"
    with pytest.raises(StandingHigher):
        renew(award, 3)
    assert awards.due_on(raised) == dt.date(2025, 6, 1), "checks go by the new term"


def moved(award: Award) -> Award:
    return awards.raise_matter(award, kind="moved", detail={"region": "130202"}, today=GIVEN, at=noon(GIVEN))


def test_a_move_changes_no_award_until_somebody_settles_it() -> None:
    award = moved(an_award())
    assert (award.region, award.stars, award.status) == ("130102", 5, AwardStatus.VALID)
    with pytest.raises(MatterOpen):
        change(change(award, "suspend"), "resume")


@pytest.mark.parametrize(
    ("decision", "status"), [(Settlement.KEEP, AwardStatus.VALID), (Settlement.END, AwardStatus.REVOKED)]
)
def test_a_person_settles_what_a_move_means(decision: Settlement, status: AwardStatus) -> None:
    settle = {"today": GIVEN, "at": noon(GIVEN), "by": "p", "reason": "核实", "evidence": ()}
    award = awards.settle(moved(an_award()), decision, **settle)  # type: ignore[arg-type]
    assert award.status is status
    assert award.matters[0].decision == decision.value
    with pytest.raises(MatterNotOpen):
        awards.settle(award, decision, **settle)  # type: ignore[arg-type]


def test_who_decided_on_another_version_is_told_how_it_stands() -> None:
    with pytest.raises(AwardChangedMeanwhile) as refused:
        awards.check_version(change(an_award(), "suspend"), 1)
    assert refused.value.facts == {"version": 2, "status": "suspended", "stars": 5}


def test_every_fact_that_is_told_is_declared_and_no_more() -> None:
    told = awards.facts(an_award())
    assert told.keys() == AwardEvent().fields.keys()


@pytest.mark.parametrize("value", [moved(fall_due(an_award(), dt.date(2025, 1, 1))), on_notice()])
def test_what_is_kept_is_what_is_read(value: Any) -> None:
    assert record.of(type(value), record.document(value)) == value


def test_a_suspended_award_is_not_renewed_by_a_further_case() -> None:
    with pytest.raises(AwardChangeNotAllowed):
        renew(change(an_award(stars=4), "suspend"), 5)
