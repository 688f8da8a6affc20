"""The desk of targets: what takes longer than a request, done one after the other by a plain-thread worker. One desk
works at a time; a record that it cannot process is set aside, and the others go on."""

from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

import plan as plans
from runtime import chores
from runtime.config import Config
from runtime.failures import describe, frames, passing
from runtime.lease import Lease
from runtime.mongo import Store, database
from services.targets.anomalies.job import Looking
from services.targets.bulletins.job import Issuing
from services.targets.samples.job import Sampling
from services.targets.snapshots.job import locking
from services.targets.store import DESK

log = structlog.get_logger()

_EVERY = 0.5  # seconds between two looks for work


class Job(Protocol):
    """``work`` does what is due and says how much that was. Killed in the middle, it does it again or goes on."""

    name: str

    def work(self) -> int: ...


class Desk(chores.Clock):
    def __init__(self, store: Store, jobs: Callable[[Lease], Sequence[Job]]) -> None:
        """``jobs``: of the desk that holds this lease."""
        super().__init__(store, pause=_EVERY, name=DESK)
        self._jobs = jobs(self._lease)

    def look(self) -> int:
        """A job that fails as a whole does not hold up the others; what it failed of is raised after them."""
        done, failed = 0, None
        for job in self._jobs:
            try:
                done += job.work()
            except Exception as error:
                if passing(error):
                    raise
                log.error("desk.job_failed", job=job.name, reason=describe(error), at=frames(error))
                failed = error
        if failed is not None:
            raise failed
        return done


def worker(config: Config) -> Desk:
    plan = plans.read(config.plan_file)
    return Desk(
        database(config, "targets"),
        lambda lease: [locking(config), Issuing(config, plan, lease), Sampling(config), Looking(config)],
    )
