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
