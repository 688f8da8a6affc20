import pytest

from contract.errors import Refused
from services.housekeeping.notices import domain as notices


def test_an_anonymous_objection_needs_evidence_and_a_named_one_does_not() -> None:
    assert notices.check(name=None, phone=None, evidence=1)
    assert not notices.check(name="某人", phone="13800000000", evidence=0)
    with pytest.raises(Refused, match="objection_invalid"):
        notices.check(name="某人", phone=None, evidence=0)
