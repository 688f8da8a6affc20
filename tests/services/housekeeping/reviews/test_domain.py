import datetime as dt

import pytest

from contract.applications import (
    AlreadyScored,
    MarksInvalid,
    NotReviewing,
    ReviewTooLate,
)
from runtime.workdays import Calendar
from services.housekeeping.cases import domain as cases
from services.housekeeping.reviews import domain as reviews
from services.housekeeping.rubrics.scoring import Score
from tests.services.housekeeping.builders import (
    DAY,
    case_due,
    in_review,
    marks,
    noon,
    pool,
    score,
    scored,
)


def test_a_reviewer_scores_once_and_changes_it_only_by_saying_so() -> None:
    case = in_review()
    first = cases.active_seats(case)[0].reviewer
    case = score(case, first, 92)
    with pytest.raises(AlreadyScored):
        score(case, first, 99)
    case = score(case, first, 88, revises=1)
    assert [sheet.version for sheet in case.sheets] == [1, 2], "nothing is overwritten"


def test_once_both_are_in_nobody_changes_a_score() -> None:
    case = scored(92, 91)
    with pytest.raises(ReviewTooLate):
        score(case, cases.active_seats(case)[0].reviewer, 99, revises=1)


def test_a_stranger_cannot_score() -> None:
    with pytest.raises(NotReviewing):
        score(in_review(), "reviewer-nobody", 90)


def test_a_sheet_with_an_item_missing_is_no_sheet() -> None:
    case = in_review()
    given = marks(case, 90)
    given.pop("premises")
    with pytest.raises(MarksInvalid):
        reviews.score(
            case, reviewer=cases.active_seats(case)[0].reviewer, given=Score(given), notes={}, note="评语",
            revises=None, today=DAY, at=noon(DAY), calendar=Calendar(), pool=pool(), loads={},
        )  # fmt: skip


def test_a_late_score_is_refused_and_the_seat_goes_to_another() -> None:
    case = in_review()
    seat = cases.active_seats(case)[0]
    late = seat.window.ends_on + dt.timedelta(days=1)
    with pytest.raises(ReviewTooLate):
        score(case, seat.reviewer, 90, late)
    after = case_due(case, late)
    assert seat.reviewer not in {each.reviewer for each in cases.active_seats(after)}
    assert len(cases.active_seats(after)) == 2
    with pytest.raises(NotReviewing):
        score(after, seat.reviewer, 90, late)


def test_who_declares_an_interest_loses_the_seat_and_the_score() -> None:
    case = in_review()
    first = cases.active_seats(case)[0].reviewer
    case = score(case, first, 92)
    case = reviews.recuse(
        case, reviewer=first, reason="亲属", today=DAY, at=noon(DAY), calendar=Calendar(), pool=pool(), loads={}
    )
    assert first not in {seat.reviewer for seat in cases.active_seats(case)}
    found = cases.outcome(case)
    assert found is not None
    assert len(found.working) == 1, "the recused score is in no sum"


def test_a_sheet_that_was_never_handed_in_cannot_be_revised() -> None:
    case = in_review()
    with pytest.raises(AlreadyScored):
        score(case, cases.active_seats(case)[0].reviewer, 90, revises=1)


def test_an_interest_declared_after_the_review_or_by_who_has_no_seat_changes_nothing() -> None:
    given = {"reason": "亲属", "today": DAY, "at": noon(DAY), "calendar": Calendar(), "pool": pool(), "loads": {}}
    settled = scored(92, 91)
    for case, reviewer in (
        (settled, cases.active_seats(settled)[0].reviewer),
        (in_review(), "reviewer-nobody"),
    ):
        assert reviews.recuse(case, reviewer=reviewer, **given) is case  # type: ignore[arg-type]
