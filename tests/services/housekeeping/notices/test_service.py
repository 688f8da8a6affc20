"""Notices on a real database, through the calls that the gateway makes."""

import pytest

from contract import applications as cased
from contract.errors import Refused
from samples import people
from samples.stars import Trade, office
from services.housekeeping import store
from tests.services.housekeeping.builders import DAY
from tests.services.housekeeping.callers import PROVINCE


def test_notices_are_public_and_tell_no_more_than_they_must(trade: Trade) -> None:
    trade.set_time(DAY)
    fusao = trade.fusao(1, trade.base(1))
    trade.to_notice(fusao, 92, 91)
    (seen,) = trade.call("notices")["items"]
    assert seen["name"] == fusao["name"] != people.resident(800_001).name
    assert (seen["opened_on"], seen["ends_on"], seen["working_days"]) == ("2023-03-01", "2023-03-10", 7)
    assert fusao["person_key"] not in str(seen)


def test_anybody_may_object_and_only_the_inquiry_reads_it(trade: Trade, kept: store.Housekeeping) -> None:
    trade.set_time(DAY)
    application = trade.to_notice(trade.base(1), 92, 91)
    named = {"name": "某知情人", "phone": "15400000009", "evidence": []}
    objection = trade.object(application, **named)
    assert trade.call("application", application["application_id"], PROVINCE)["state"] == "inquiry"
    assert "某知情人" not in str([*kept.store["cases"].find(), *kept.store["objections"].find()])
    command = {
        "application_id": application["application_id"],
        "objection_id": objection["objection_id"],
        "reason": "核查异议来源",
    }
    assert trade.call("read_objection", command, PROVINCE)["phone"] == "15400000009"
    with pytest.raises(Refused):
        trade.call("read_objection", command, office("130100"))
    with pytest.raises(cased.ObjectionInvalid):
        trade.object(application, evidence=[])


def test_that_there_is_an_application_is_nobody_s_business_before_its_notice(trade: Trade) -> None:
    with pytest.raises(cased.CaseNotFound):
        trade.object(trade.apply(trade.base(1)))
