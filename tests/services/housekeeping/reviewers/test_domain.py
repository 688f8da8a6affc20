import pytest

from contract import regions
from contract.applications import (
    NoEligibleReviewer,
)
from services.housekeeping.reviewers import domain as reviewers
from services.housekeeping.reviewers.domain import Parties, Reviewer
from tests.services.housekeeping.builders import CITY, COUNTY, pool

PROVINCE = regions.PROVINCE
PARTIES = Parties("s" * 24, frozenset({"b" * 24}), frozenset({"employer"}), COUNTY)


@pytest.mark.parametrize(
    ("who", "why"),
    [
        (Reviewer("r", "school", None, "b" * 24), "base"),
        (Reviewer("r", "employer", None, None), "employer"),
        (Reviewer("r", "school", COUNTY, None), "office"),
        (Reviewer("r", "school", CITY, None), "office"),
        (Reviewer("r", "school", None, None, interests=frozenset({"s" * 24})), "interest"),
        (Reviewer("r", "school", None, None, active=False), "inactive"),
        (Reviewer("r", "school", "130104", None), None),
        (Reviewer("r", "school", PROVINCE, "c" * 24), None),
    ],
)
def test_nobody_reviews_their_own(who: Reviewer, why: str | None) -> None:
    assert reviewers.barred(who, PARTIES) == why


def test_seats_go_to_those_with_the_fewest_and_the_lot_cannot_be_steered() -> None:
    chosen = reviewers.assign(
        case_id="1" * 24, seats=2, pool=pool(4), parties=PARTIES, taken=(), loads={"reviewer-0": 3, "reviewer-1": 3}
    )
    assert sorted(chosen) == ["reviewer-2", "reviewer-3"]


def test_too_few_who_may_review_are_counted_with_their_reasons() -> None:
    with pytest.raises(NoEligibleReviewer) as refused:
        reviewers.assign(case_id="1", seats=2, pool=pool(2), parties=PARTIES, taken={"reviewer-0"}, loads={})
    assert refused.value.facts == {"needed": 2, "eligible": 1, "barred": {"taken": 1}}
