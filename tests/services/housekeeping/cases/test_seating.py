import datetime as dt

from contract import regions
from services.housekeeping.cases import domain as cases
from tests.services.housekeeping.builders import (
    DAY,
    case_due,
    in_review,
    pool,
    score,
    scored,
)

PROVINCE = regions.PROVINCE


def test_a_gap_over_ten_seats_a_third_reviewer_at_once() -> None:
    case = scored(95, 75)
    assert len(cases.active_seats(case)) == 3
    assert len(case.reviewers) == 3
    case = score(case, cases.active_seats(case)[2].reviewer, 93)
    found = cases.outcome(case)
    assert found is not None
    assert found.stars == 5


def test_where_no_third_reviewer_may_be_had_the_clock_looks_again_tomorrow() -> None:
    case = in_review()
    first, second = (seat.reviewer for seat in cases.active_seats(case))
    few = pool(6)[:0]
    case = score(score(case, first, 95, pool=few), second, 70, pool=few)
    tomorrow = DAY + dt.timedelta(days=1)
    assert cases.due_on(case) == tomorrow
    assert len(cases.active_seats(case_due(case, tomorrow))) == 3


def test_only_who_has_not_scored_in_time_loses_the_seat() -> None:
    case = in_review()
    scored_in_time, late = cases.active_seats(case)
    last = late.window.ends_on
    case = score(case, scored_in_time.reviewer, 92)
    assert case_due(case, last).seats == case.seats
    after = case_due(case, last + dt.timedelta(days=1))
    assert [(seat.number, seat.state, seat.reason) for seat in after.seats[:2]] == [
        (1, "scored", None),
        (2, "late", "逾期未评"),
    ]
    (replacement,) = after.seats[2:]
    assert (replacement.number, replacement.state) == (2, "assigned")
    assert replacement.reviewer not in (scored_in_time.reviewer, late.reviewer)
    assert (after.history[-1].by, after.history[-1].reason) == ("clock", "评审期限届满")
