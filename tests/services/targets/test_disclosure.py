from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from services.targets.disclosure import hidden

LEAST = 5

parts = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.integers(0, 12).map(Decimal), max_size=8)


def of(**values: int) -> set[str]:
    return set(hidden({name: Decimal(value) for name, value in values.items()}, least=LEAST))


def test_where_no_part_is_small_all_are_shown() -> None:
    assert of(a=5, b=900, c=0) == set()


def test_one_small_part_is_never_left_out_alone() -> None:
    assert of(a=3, b=60, c=7) == {"a", "c"}


def test_two_small_parts_whose_sum_would_tell_them_take_a_third_along() -> None:
    assert of(a=1, b=1, c=60) == {"a", "b", "c"}
    assert of(a=4, b=3, c=60) == {"a", "b"}


def test_a_whole_that_is_small_itself_shows_no_part() -> None:
    assert of(a=2, b=0, c=0) == {"a", "b", "c"}


@given(parts)
def test_no_small_part_is_shown_or_can_be_worked_out_from_the_whole(values: dict[str, Decimal]) -> None:
    left_out = hidden(values, least=LEAST)
    for code, value in values.items():
        if 0 < value < LEAST:
            assert code in left_out
    if left_out and left_out != frozenset(values):
        assert len(left_out) >= 2
        assert sum(values[code] for code in left_out) >= LEAST


@given(parts)
def test_nothing_is_left_out_without_a_small_part(values: dict[str, Decimal]) -> None:
    if not any(0 < value < LEAST for value in values.values()):
        assert hidden(values, least=LEAST) == frozenset()
