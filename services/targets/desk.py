"""The desk of targets: what takes longer than a request, done one after the other by a plain-thread worker."""

import threading
from collections.abc import Sequence
from typing import Protocol

import structlog
from pymongo.errors import PyMongoError

from runtime.config import Config
from runtime.mongo import transient
from services.targets.anomalies.job import Looking
from services.targets.bulletins.job import issuing
from services.targets.samples.job import Sampling
from services.targets.snapshots.job import locking

log = structlog.get_logger()

_EVERY = 0.5  # seconds between two looks for work


class Job(Protocol):
    """``work`` does what is due and says how much that was. Killed in the middle, it does it again or goes on."""

    name: str

    def work(self) -> int: ...


class Worker:
    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs
        self._failing = ""

    def ready(self) -> dict[str, bool | str | int]:
        return {"working": not self._failing, "failing": self._failing}

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(_EVERY):
            for job in self._jobs:
                try:
                    job.work()
                    if self._failing == job.name:
                        self._failing = ""
                except PyMongoError as error:
                    if not transient(error):
                        raise
                    self._failing = job.name
                    log.warning("desk.database_away", job=job.name, error=type(error).__name__)


def worker(config: Config) -> Worker:
    return Worker([locking(config), issuing(config), Sampling(config), Looking(config)])
