import datetime as dt

import pytest

from contract.applications import ObjectionsFull
from contract.errors import Refused
from services.housekeeping.cases import notice
from services.housekeeping.cases.notice import Objection
from services.housekeeping.notices import domain as notices


def test_an_anonymous_objection_needs_evidence_and_a_named_one_does_not() -> None:
    assert notices.check(name=None, phone=None, evidence=1)
    assert not notices.check(name="某人", phone="13800000000", evidence=0)
    with pytest.raises(Refused, match="objection_invalid"):
        notices.check(name="某人", phone=None, evidence=0)


def test_objections_fit_into_their_case_and_anonymous_ones_leave_room_for_the_others() -> None:
    def objections(number: int, *, anonymous: bool) -> tuple[Objection, ...]:
        at = dt.datetime(2023, 5, 1, tzinfo=dt.UTC)
        return tuple(Objection(f"{each:024d}", 1, anonymous, at) for each in range(number))

    flood = objections(notice.MOST_ANONYMOUS, anonymous=True)
    notice.check_room(flood[1:], anonymous=True)
    with pytest.raises(ObjectionsFull):
        notice.check_room(flood, anonymous=True)
    notice.check_room(flood, anonymous=False)
    with pytest.raises(ObjectionsFull):
        notice.check_room(objections(notice.MOST, anonymous=False), anonymous=False)
