from collections.abc import Mapping
from typing import Any

import pytest

from contract import applications as public
from contract.applications import ObjectionInvalid, ObjectionsFull, ObjectionState, ObjectionsTooMany
from services.housekeeping.cases import notice
from services.housekeeping.cases.notice import Objection
from services.housekeeping.objections import domain as objecting
from services.housekeeping.objections.domain import Earlier
from services.housekeeping.procedures import domain as procedures
from tests.services.housekeeping.builders import DAY, noon

OBJECTION = {"application_id": "0" * 24, "statement": "该单位去年拖欠员工工资，请予核实", "name": "某人"}
LIMITS: Mapping[str, int] = procedures.in_force(DAY).objections


def test_an_anonymous_objection_needs_a_file_and_a_named_one_does_not() -> None:
    assert objecting.check(name=None, phone=None, evidence=1)
    assert not objecting.check(name="某人", phone="13800000000", evidence=0)


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"name": "某人"}, "/phone"),
        ({"phone": "13800000000"}, "/name"),
        ({}, "/evidence"),
    ],
)
def test_what_an_objection_lacks_is_named(given: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ObjectionInvalid) as refused:
        objecting.check(**{"name": None, "phone": None, "evidence": 0} | given)
    assert [error["pointer"] for error in refused.value.errors] == [pointer]


def test_a_phone_is_one_however_it_is_written() -> None:
    ways = (
        "15400000001",
        "154 0000 0001",
        "154-0000-0001",
        "+8615400000001",
        "86 154-0000-0001",
        "１５４００００００01",
    )
    ways = (*ways, ways[0].translate({ord(digit): chr(ord(digit) + 0xFEE0) for digit in "0123456789"}))  # full width
    said = [public.RaiseObjection.read({**OBJECTION, "phone": way})["phone"] for way in ways]
    assert {objecting.digits(phone) for phone in said} == {"15400000001"}
    assert objecting.digits("0311-86000000") == "031186000000"


@pytest.mark.parametrize("of", ["person", "sender"])
def test_so_many_of_one_are_taken_to_a_notice_and_in_a_day(of: str) -> None:
    here, today = LIMITS[of], LIMITS[f"{of}_a_day"]
    objecting.check_rate(LIMITS, **{of: Earlier(here=here - 1, today=today - 1)})
    for earlier in (Earlier(here=here, today=here), Earlier(here=0, today=today)):
        with pytest.raises(ObjectionsTooMany):
            objecting.check_rate(LIMITS, **{of: earlier})


@pytest.mark.parametrize(
    ("state", "named", "nameless"),
    [
        (ObjectionState.RECEIVED, LIMITS["waiting"], LIMITS["waiting_anonymous"]),
        (ObjectionState.APPEALED, LIMITS["waiting"], LIMITS["waiting_anonymous"]),
        (ObjectionState.REFUSED, LIMITS["most"], LIMITS["most_anonymous"]),
    ],
)
def test_objections_fit_into_their_case_and_anonymous_ones_leave_room_for_the_others(
    state: ObjectionState, named: int, nameless: int
) -> None:
    def objections(number: int, *, anonymous: bool) -> tuple[Objection, ...]:
        return tuple(Objection(f"{each:024d}", 1, anonymous, noon(DAY), state) for each in range(number))

    flood = objections(nameless, anonymous=True)
    notice.check_room(flood[1:], LIMITS, anonymous=True)
    with pytest.raises(ObjectionsFull):
        notice.check_room(flood, LIMITS, anonymous=True)
    notice.check_room(flood, LIMITS, anonymous=False)
    with pytest.raises(ObjectionsFull):
        notice.check_room(objections(named, anonymous=False), LIMITS, anonymous=False)
