from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.applications import MarksInvalid
from contract.housekeeping import SubjectKind
from services.housekeeping.rubrics import domain as rubrics
from services.housekeeping.rubrics import scoring
from services.housekeeping.rubrics.domain import RubricUnsound
from services.housekeeping.rubrics.scoring import Score
from tests.services.housekeeping.builders import DAY

RUBRIC = rubrics.in_force(SubjectKind.BASE, DAY)


def a_score(total: int | str, *vetoes: str) -> Score:
    left, marks = Decimal(total), {}
    for item in RUBRIC.items:
        marks[item.id] = min(item.weight, left)
        left -= marks[item.id]
    return Score(marks, vetoes)


@pytest.mark.parametrize(("kind"), list(SubjectKind))
def test_every_rubric_adds_up_to_a_hundred(kind: SubjectKind) -> None:
    assert sum(item.weight for item in rubrics.in_force(kind, DAY).items) == 100


def test_a_rubric_that_does_not_add_up_is_not_taken() -> None:
    text = (rubrics._FOLDER / "base-1.toml").read_text(encoding="utf-8").replace("weight = 15", "weight = 14", 1)
    with pytest.raises(RubricUnsound, match="add up to 99"):
        rubrics.parse(text)


def test_one_score_is_not_an_outcome() -> None:
    found = scoring.outcome(RUBRIC, [a_score(92)])
    assert not found.settled
    assert found.stars is None


def test_two_scores_within_the_gap_make_their_mean() -> None:
    found = scoring.outcome(RUBRIC, [a_score(95), a_score(85)])
    assert (found.score, found.stars, found.third_called) == (Decimal("90.00"), 5, False)


@pytest.mark.parametrize(
    ("mean", "stars"), [("90", 5), ("89.99", 4), ("80", 4), ("79.99", 3), ("70", 3), ("69.99", 0), ("0", 0)]
)
def test_stars_begin_exactly_at_their_threshold(mean: str, stars: int) -> None:
    assert scoring.outcome(RUBRIC, [a_score(mean), a_score(mean)]).stars == stars


def test_a_gap_over_ten_calls_a_third_and_ten_does_not() -> None:
    assert not scoring.outcome(RUBRIC, [a_score(90), a_score(80)]).third_called
    wide = scoring.outcome(RUBRIC, [a_score(90), a_score("79.99")])
    assert wide.third_called
    assert not wide.settled


def test_with_a_third_the_two_closest_decide() -> None:
    found = scoring.outcome(RUBRIC, [a_score(95), a_score(75), a_score(91)])
    assert (found.score, found.stars) == (Decimal("93.00"), 5)


def test_with_two_pairs_as_close_all_three_decide() -> None:
    found = scoring.outcome(RUBRIC, [a_score(96), a_score(72), a_score(84)])
    assert found.score == Decimal("84.00")


def test_a_veto_that_both_assert_leaves_no_stars_whatever_the_points() -> None:
    found = scoring.outcome(RUBRIC, [a_score(100, "bad_credit"), a_score(100, "bad_credit")])
    assert found.settled
    assert (found.stars, found.vetoed) == (0, ("bad_credit",))


@pytest.mark.parametrize(("third", "stars"), [(("bad_credit",), 0), ((), 5)])
def test_a_veto_that_one_asserts_is_for_a_third_to_decide(third: tuple[str, ...], stars: int) -> None:
    first = [a_score(95, "bad_credit"), a_score(95)]
    assert scoring.outcome(RUBRIC, first).third_called
    assert scoring.outcome(RUBRIC, [*first, a_score(95, *third)]).stars == stars


def test_the_working_says_in_two_languages_how_the_score_came_about() -> None:
    found = scoring.outcome(RUBRIC, [a_score(95), a_score(75), a_score(91)])
    zh, en = zip(*found.working, strict=True)
    assert "取最接近的两者平均：（91 + 95）÷ 2 = 93.00" in zh or "取最接近的两者平均：（95 + 91）÷ 2 = 93.00" in zh
    assert any("the two that lie closest" in line for line in en)


@pytest.mark.parametrize(
    ("marks", "code"),
    [
        ({}, "missing"),
        ({**a_score(50).marks, "premises": Decimal(11)}, "range"),
        ({**a_score(50).marks, "premises": Decimal("-1")}, "range"),
        ({**a_score(50).marks, "premises": Decimal("1.001")}, "range"),
        ({**a_score(50).marks, "beauty": Decimal(1)}, "unknown"),
    ],
)
def test_marks_that_the_rubric_does_not_know_are_refused_by_name(marks: dict[str, Decimal], code: str) -> None:
    with pytest.raises(MarksInvalid) as refused:
        scoring.check(Score(marks), RUBRIC)
    assert {error["code"] for error in refused.value.errors} == {code}


points = st.decimals(0, 100, places=2)


@given(st.lists(points, min_size=2, max_size=3))
def test_two_within_ten_points_make_their_mean_and_otherwise_the_closest_of_three(totals: list[Decimal]) -> None:
    found = scoring.outcome(RUBRIC, [a_score(str(total)) for total in totals])
    first, second, *third = totals
    if abs(first - second) > 10 and not third:
        assert (found.settled, found.score) == (False, None)
        return
    used = totals
    if abs(first - second) > 10:
        low, middle, high = sorted(totals)
        if middle - low < high - middle:
            used = [low, middle]
        elif middle - low > high - middle:
            used = [middle, high]
    assert found.score is not None
    assert abs(found.score - sum(used) / len(used)) <= Decimal("0.005")
    assert found.stars == (5 if found.score >= 90 else 4 if found.score >= 80 else 3 if found.score >= 70 else 0)


@pytest.mark.parametrize(
    ("sound", "unsound", "reason"),
    [
        ("stars = 5", "stars = 2", "more points must not give fewer stars"),
        ('id = "major_complaint"', 'id = "bad_credit"', "an id is there twice"),
        ('id = "premises"', 'id = "standing"', "an id is there twice"),
    ],
)
def test_a_rubric_that_contradicts_itself_is_not_taken(sound: str, unsound: str, reason: str) -> None:
    text = (rubrics._FOLDER / "base-1.toml").read_text(encoding="utf-8")
    assert sound in text
    with pytest.raises(RubricUnsound, match=f"base-1: {reason}"):
        rubrics.parse(text.replace(sound, unsound, 1))
