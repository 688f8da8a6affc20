"""A worker that does what a day brings. What is due lies with each record, so that after a stop everything is caught
up, in its order. A record that cannot be processed is set aside (runtime.quarantine), and the others go on."""

import threading
from abc import ABC, abstractmethod

import structlog

from runtime.failures import describe, frames, passing
from runtime.lease import Lease
from runtime.mongo import Store
from runtime.quarantine import Quarantine

log = structlog.get_logger()

PAUSE = 1.0  # seconds between two looks
_LONGEST = 60.0  # between two looks that fail


class Clock(ABC):
    """One at a time holds the lease of ``store`` and looks; the others wait to take over. ``name`` is the lease's and
    the quarantine's."""

    def __init__(self, store: Store, *, pause: float = PAUSE, name: str = "clock") -> None:
        self._lease = Lease(store, name, seconds=30)
        self._quarantine = Quarantine(store, name)
        self._pause = pause
        self._leading = False
        self._failing = ""

    def ready(self) -> dict[str, bool | str | int]:
        return {
            "leading": "yes" if self._leading else "no",
            "working": not self._failing,
            "failing": self._failing,
            "set_aside": len(self._quarantine),
        }

    def run(self, stop: threading.Event) -> None:
        pause = self._pause
        while not stop.wait(pause):
            try:
                self._leading = self._lease.hold() is not None
                if self._leading:
                    self._quarantine.refresh()
                    self.look()
                pause, self._failing = self._pause, ""
            except Exception as error:  # noqa: BLE001  to end would stop what can be done as well
                self._failing, pause = describe(error), min(pause * 2, _LONGEST)
                if passing(error):
                    log.warning("clock.waiting", reason=self._failing, retry_in=pause)
                else:
                    log.error("clock.failed", reason=self._failing, at=frames(error), retry_in=pause)
        if self._leading:
            self._lease.release()

    @abstractmethod
    def look(self) -> int:
        """Do all that is due by now; how much that was."""
