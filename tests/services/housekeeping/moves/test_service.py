"""Moves on a real database, through the calls that the gateway makes."""

from typing import Any

import pytest

from contract import housekeeping as public
from samples.stars import Trade, office
from tests.services.housekeeping.builders import DAY
from tests.services.housekeeping.callers import PROVINCE


def test_a_base_that_moves_takes_neither_award_nor_case_with_it(awarded: dict[str, Any], trade: Trade) -> None:
    move = {"base_id": awarded["subject_key"], "region": "130202", "reason": "迁址"}
    assert trade.call("move_base", move, PROVINCE)["region"] == "130202"
    found = trade.call("award", awarded["award_id"], PROVINCE)
    assert (found["region"], found["status"]) == ("130102", "valid")
    assert found["matters"][0]["kind"] == "moved"
    settle = {"award_id": awarded["award_id"], "decision": "keep", "reason": "经核实继续有效"}
    assert trade.call("settle_award", settle, PROVINCE)["matters"][0]["decision"] == "keep"


def test_a_merged_base_applies_for_nothing_and_its_fusao_s_cases_wait(trade: Trade) -> None:
    trade.set_time(DAY)
    gone, heir = trade.base(1), trade.base(2)
    application = trade.apply(trade.fusao(1, gone))
    merge = {"base_id": gone["base_id"], "merged_into": heir["base_id"], "reason": "合并重组"}
    assert trade.call("move_base", merge, PROVINCE)["status"] == "merged"
    with pytest.raises(public.SubjectNotActive):
        trade.apply(gone)
    seen = trade.call("application", application["application_id"], PROVINCE)
    assert seen["matters"][0]["detail"]["to"] == heir["base_id"]
    settle = {"application_id": application["application_id"], "decision": "end", "reason": "重新申报"}
    assert trade.call("settle_application", settle, office("130102"))["state"] == "withdrawn"
