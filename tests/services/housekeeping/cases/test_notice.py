import pytest

from contract.applications import ObjectionNotFound
from services.housekeeping.cases.notice import Notice, Objection, ObjectionState, disputed, settled
from tests.services.housekeeping.builders import DAY, noon, on_notice

OPEN = Objection("a" * 24, 1, False, noon(DAY))
OTHER = Objection("b" * 24, 1, True, noon(DAY))


def the_notice(number: int = 1) -> Notice:
    (found,) = on_notice().notices
    return Notice(number, found.window, found.stars, found.score)


def test_the_objection_that_is_named_is_decided_and_no_other() -> None:
    after = settled((OPEN, OTHER), OTHER.objection_id, ObjectionState.DISMISSED, "查无此事")
    assert after == (OPEN, Objection("b" * 24, 1, True, noon(DAY), ObjectionState.DISMISSED, "查无此事"))


@pytest.mark.parametrize("id", ["c" * 24, None])
def test_what_is_no_open_objection_is_not_decided(id: str | None) -> None:
    with pytest.raises(ObjectionNotFound):
        settled((OPEN, OTHER), id, ObjectionState.UPHELD, "属实")
    decided = settled((OPEN,), OPEN.objection_id, ObjectionState.DISMISSED, "查无此事")
    with pytest.raises(ObjectionNotFound):
        settled(decided, OPEN.objection_id, ObjectionState.UPHELD, "属实")


@pytest.mark.parametrize("state", list(ObjectionState))
def test_a_notice_is_disputed_by_what_is_open_or_upheld_of_its_own(state: ObjectionState) -> None:
    said = Objection("a" * 24, 1, False, noon(DAY), state)
    assert disputed(the_notice(1), (said,)) is (state is not ObjectionState.DISMISSED)
    assert not disputed(the_notice(2), (said,))
    assert not disputed(the_notice(1), ())
