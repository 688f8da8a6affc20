import datetime as dt
from dataclasses import replace

import pytest

from contract.applications import ObjectionNotFound
from services.housekeeping.cases.notice import Notice, Objection, ObjectionState, disputed, named, put
from tests.services.housekeeping.builders import DAY, answer, noon, objected, on_notice

OPEN = Objection("a" * 24, 1, False, noon(DAY))
OTHER = Objection("b" * 24, 1, True, noon(DAY))
UPHELD = ObjectionState.UPHELD


def the_notice(number: int = 1) -> Notice:
    (found,) = on_notice().notices
    return Notice(number, found.window, found.stars, found.score)


@pytest.mark.parametrize(("id", "state"), [("c" * 24, OPEN.state), (None, OPEN.state), ("a" * 24, UPHELD)])
def test_what_is_no_objection_in_that_state_is_not_decided(id: str | None, state: ObjectionState) -> None:
    with pytest.raises(ObjectionNotFound):
        named((OPEN, OTHER), id, state)


def test_the_objection_that_is_named_is_decided_and_no_other() -> None:
    assert named((OPEN, OTHER), OTHER.objection_id, UPHELD, OTHER.state) is OTHER
    after = replace(OTHER, state=UPHELD)
    assert put((OPEN, OTHER), after) == (OPEN, after)


@pytest.mark.parametrize("state", list(ObjectionState))
def test_a_notice_is_disputed_by_what_is_open_or_upheld_of_its_own(state: ObjectionState) -> None:
    said = Objection("a" * 24, 1, False, noon(DAY), state)
    over = (ObjectionState.DISMISSED, ObjectionState.REFUSED, ObjectionState.REJECTED)
    assert disputed(the_notice(1), (said,), DAY) is (state not in over)
    assert not disputed(the_notice(2), (said,), DAY)
    assert not disputed(the_notice(1), (), DAY)


def test_a_refused_objection_holds_the_award_while_it_may_be_appealed() -> None:
    case = answer(objected(on_notice(), DAY), "refuse_objection", DAY)
    (refused,) = case.objections
    assert refused.window is not None
    assert disputed(case.notices[-1], case.objections, refused.window.ends_on)
    assert not disputed(case.notices[-1], case.objections, refused.window.ends_on + dt.timedelta(days=1))
