"""The worker that does what a day brings. What is due lies with each record, so that after a stop everything is caught
up, in its order."""

import threading
from collections.abc import Sequence
from typing import Protocol

import structlog
from pymongo.errors import PyMongoError

from runtime import mongo
from runtime.config import Config
from runtime.lease import Lease
from services.inspections import store
from services.inspections.overdue import Overdue
from services.inspections.waiting import GreenwayChore

log = structlog.get_logger()

_PAUSE = 1.0  # seconds between two looks


class Chore(Protocol):
    """``look`` does all that is due by now, each once, and says how much that was."""

    def look(self) -> int: ...


class Clock:
    """One at a time holds the lease; the others wait to take over."""

    def __init__(self, config: Config, chores: Sequence[Chore], *, pause: float = _PAUSE) -> None:
        self._lease = Lease(store.inspections(config).store, "clock", seconds=30)
        self._chores = chores
        self._pause = pause
        self._leading = False

    def ready(self) -> dict[str, bool | str | int]:
        return {"leading": "yes" if self._leading else "no"}

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(self._pause):
            try:
                self._leading = self._lease.hold() is not None
                if self._leading:
                    self.look()
            except PyMongoError as error:
                if not mongo.transient(error):
                    raise
                log.warning("clock.database_away", error=type(error).__name__)
        if self._leading:
            self._lease.release()

    def look(self) -> int:
        """Do all that is due by now; how much that was."""
        return sum(chore.look() for chore in self._chores)


def worker(config: Config) -> Clock:
    return Clock(config, [Overdue(config), GreenwayChore(config)])
