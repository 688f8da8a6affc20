"""Now, as something that is handed in. Instants are UTC at millisecond precision; days are Asia/Shanghai."""

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

Clock = Callable[[], dt.datetime]
SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> dt.datetime:
    instant = dt.datetime.now(dt.UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)  # what MongoDB can keep


def day_of(instant: dt.datetime) -> dt.date:
    return instant.astimezone(SHANGHAI).date()
