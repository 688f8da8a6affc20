"""What concerns all nouns, on a real database, through the calls that the gateway makes."""

import datetime as dt

import pytest

from runtime import config
from samples.stars import Trade
from services.housekeeping.store import timepiece
from tests.services.housekeeping.builders import DAY
from tests.services.housekeeping.callers import PROVINCE


def test_a_late_holiday_notice_reckons_running_cases_anew(trade: Trade) -> None:
    trade.set_time(DAY)
    application = trade.to_notice(trade.base(1), 92, 91)
    days = [{"day": "2023-03-08", "working": False}, {"day": "2023-03-09", "working": False}]
    answer = trade.call("record_holiday_notice", {"document": "示例通知〔2023〕1号", "days": days}, PROVINCE)
    assert answer["recomputed"] == 1
    seen = trade.call("application", application["application_id"], PROVINCE)
    assert seen["notices"][-1]["window"]["ends_on"] == "2023-03-14"
    assert seen["history"][-1]["transition"] == "reckon"


def test_in_production_time_is_nobody_s_to_set(space: dict[str, str]) -> None:
    production = config.read({**space, "APP_ENV": "production"})
    with pytest.raises(PermissionError):
        timepiece.set_to(production, dt.datetime(2023, 1, 1, tzinfo=dt.UTC))
