"""Calls that services answer alike: of their log, and of their time."""

import datetime as dt
from typing import Any

from contract.errors import Refused
from runtime.hosting import rpc
from runtime.outbox import Outbox
from runtime.timepiece import Timepiece


class LogCalls:
    """Of a service that says events. What else its status tells it adds to this one."""

    def _outbox(self) -> Outbox:
        raise NotImplementedError

    @rpc
    def events(self, after: int = 0, limit: int = 500) -> dict[str, Any]:
        """``{"items": [envelope], "head": {"seq", "hash"}}``: the log, from the event after ``after``."""
        return self._outbox().read(after, limit)

    @rpc
    def status(self) -> dict[str, Any]:
        """``{"head_seq", "published_seq", "unpublished"}`` of the log."""
        return dict(self._outbox().status())


class TimeCalls:
    """Of a service whose time can be set (runtime.timepiece). ``time_refused`` is what it raises in production."""

    name: str
    settings: Any  # runtime.config.Config
    time_refused: type[Refused]

    @rpc
    def set_time(self, instant: str | None = None) -> dict[str, Any]:
        """``{"now"}`` from which time goes on; None puts it right. For tests and demonstrations: in production it is
        refused with ``time_refused``."""
        try:
            now = Timepiece(self.name).set_to(self.settings, dt.datetime.fromisoformat(instant) if instant else None)
        except PermissionError:
            raise self.time_refused("正式环境不能改动时间", "time is not set in production") from None
        return {"now": now.isoformat()}
