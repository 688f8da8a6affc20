"""What time it is for one service. In production that is the clock's; for tests and demonstrations it can be set ahead
or back, for every process of the service at once, so that a year passes in seconds."""

import datetime as dt
from dataclasses import dataclass

from runtime import clock, mongo
from runtime.config import Config

_OFFSET = "offset"


@dataclass(frozen=True)
class Timepiece:
    service: str

    def now(self, config: Config) -> dt.datetime:
        return clock.now() + self._offset(config)

    def today(self, config: Config) -> dt.date:
        return clock.day_of(self.now(config))

    def set_to(self, config: Config, instant: dt.datetime | None) -> dt.datetime:
        """Time goes on from ``instant``; None puts it right. Raises PermissionError in production."""
        if config.app_env == "production":
            raise PermissionError("the time is not set in production")
        kept = mongo.database(config, self.service)["timepiece"]
        if instant is None:
            kept.delete_one({"_id": _OFFSET})
        else:
            ahead = int((instant - clock.now()).total_seconds() * 1000)
            kept.replace_one({"_id": _OFFSET}, {"milliseconds": ahead}, upsert=True)
        return self.now(config)

    def _offset(self, config: Config) -> dt.timedelta:
        if config.app_env == "production":
            return dt.timedelta(0)
        found = mongo.database(config, self.service)["timepiece"].find_one({"_id": _OFFSET})
        return dt.timedelta(milliseconds=found["milliseconds"] if found else 0)
