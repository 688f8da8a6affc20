"""A worker that does what a day brings. What is due lies with each record, so that after a stop everything is caught
up, in its order."""

import threading
from abc import ABC, abstractmethod

import structlog
from pymongo.errors import PyMongoError

from runtime.lease import Lease
from runtime.mongo import Store, transient

log = structlog.get_logger()

PAUSE = 1.0  # seconds between two looks


class Clock(ABC):
    """One at a time holds the lease of ``store`` and looks; the others wait to take over."""

    def __init__(self, store: Store, *, pause: float = PAUSE) -> None:
        self._lease = Lease(store, "clock", seconds=30)
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
                if not transient(error):
                    raise
                log.warning("clock.database_away", error=type(error).__name__)
        if self._leading:
            self._lease.release()

    @abstractmethod
    def look(self) -> int:
        """Do all that is due by now; how much that was."""
