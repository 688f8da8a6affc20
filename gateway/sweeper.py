"""Deletes uploaded files that no record names, when their time has come; and tells how much disk the files take."""

import threading

import structlog
from prometheus_client import Counter, Gauge

from runtime import clock, mongo
from runtime.config import Config
from runtime.failures import describe
from runtime.files import Files
from runtime.lease import Lease

log = structlog.get_logger("gateway")

STORED = Gauge("files_stored_bytes", "What the stored files take on the disk", multiprocess_mode="max")
FREE = Gauge("files_free_bytes", "Free disk where the files lie", multiprocess_mode="min")
SWEPT = Counter("files_swept_total", "Files deleted because no record named them in time")

_PAUSE = 60.0  # seconds between two looks


class Sweeper:
    """One of all gateways at a time holds the lease and sweeps."""

    def __init__(self, settings: Config, files: Files, *, now: clock.Clock = clock.now, pause: float = _PAUSE) -> None:
        self._files = files
        self._now = now
        self._pause = pause
        self._lease = Lease(mongo.database(settings, "files"), "sweeper", seconds=10 * pause)

    def start(self) -> None:
        threading.Thread(target=self._run, name="sweeper", daemon=True).start()

    def look(self) -> int:
        """How many files were deleted."""
        self._files.ensure_indexes()
        swept = self._files.sweep(now=self._now()) if self._lease.hold() is not None else 0
        SWEPT.inc(swept)
        stored, free = self._files.room()
        STORED.set(stored)
        FREE.set(free)
        if swept:
            log.info("files.swept", files=swept)
        return swept

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            try:
                self.look()
            except Exception as error:  # noqa: BLE001  files are taken and read all the same: the next look may do
                log.error("files.not_swept", error=describe(error))
            pause.wait(self._pause)
