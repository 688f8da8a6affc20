"""What concerns all nouns, on a real database, through the calls that the gateway makes."""

import datetime as dt
from typing import Any

import pytest

from contract.errors import Invalid
from runtime import config
from samples.stars import Trade
from services.housekeeping.store import timepiece
from tests.services.housekeeping.builders import DAY
from tests.services.housekeeping.callers import PROVINCE


def test_a_late_holiday_notice_reckons_running_cases_anew(trade: Trade) -> None:
    trade.set_time(DAY)
    application = trade.to_notice(trade.base(1), 92, 91)
    proposed = trade.propose_holidays({"2023-03-08": False, "2023-03-09": False})
    assert trade.confirm_holidays(proposed)["recomputed"] == 1
    seen = trade.call("application", application["application_id"], PROVINCE)
    assert seen["notices"][-1]["window"]["ends_on"] == "2023-03-14"
    assert seen["history"][-1]["transition"] == "reckon"


def test_in_production_time_is_nobody_s_to_set(space: dict[str, str]) -> None:
    production = config.read({**space, "APP_ENV": "production"})
    with pytest.raises(PermissionError):
        timepiece.set_to(production, dt.datetime(2023, 1, 1, tzinfo=dt.UTC))


def test_evidence_that_was_not_handed_in_changes_nothing(awarded: dict[str, Any], trade: Trade) -> None:
    """An invented digest, an invented file, and a real file under another's digest."""
    real, other = trade.evidence("report"), trade.evidence("report", "another")
    bare = {name: real[name] for name in ("kind", "title", "sha256")}
    for invented in (bare, real | {"file_id": "0" * 24}, real | {"sha256": other["sha256"]}):
        with pytest.raises(Invalid) as refused:
            trade.change(awarded["award_id"], "revoke", evidence=[invented])
        assert [error["pointer"] for error in refused.value.errors] == ["/evidence/0/file_id"]
    assert trade.call("award", awarded["award_id"], PROVINCE)["version"] == awarded["version"]
