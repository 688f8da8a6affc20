"""The worker of rosters: `python -m runtime.launch certification.imports`. Plain threads. It imports and recalls them,
and when there is nothing to import takes up what waited for a filing, and compares imports with what other
organisations recorded."""

import threading

import structlog

from runtime.config import Config
from runtime.failures import describe, frames, passing
from services.certification import rereading as reread
from services.certification.filings.job import Accepting
from services.certification.overlaps.job import Comparing
from services.certification.rosters.job import Importing

log = structlog.get_logger()

ROWS = 1000  # settled in one transaction
_IDLE = 0.3


class Worker:
    """``lease_seconds`` is how long a killed worker's job lies idle."""

    def __init__(self, config: Config, *, lease_seconds: float = 15.0, rows: int = ROWS) -> None:
        self._config = config
        self._failing = ""
        self._importing = Importing(config, lease_seconds=lease_seconds, rows=rows)

    def ready(self) -> dict[str, bool | str | int]:
        return {
            "import": self._importing.working or "none",
            "rows_settled": self._importing.settled,
            "working": not self._failing,
            "failing": self._failing,
        }

    def run(self, stop: threading.Event) -> None:
        self._importing.open(stop)
        comparing, accepting = Comparing(self._config), Accepting(self._config)
        rereading = reread.rereading(self._config)
        while not stop.is_set():
            try:
                if rereading.work():
                    continue  # before anything is compared with what was recorded
                if not self._importing.work() and not accepting.work() and not comparing.work():
                    stop.wait(_IDLE)
                self._failing = ""
            except Exception as error:  # noqa: BLE001  to end would stop what can be done as well
                self._failing = describe(error)
                if passing(error):
                    log.warning("imports.waiting", reason=self._failing)
                else:
                    log.error("imports.failed", reason=self._failing, at=frames(error))
                stop.wait(1.0)


def worker(config: Config) -> Worker:
    return Worker(config)
