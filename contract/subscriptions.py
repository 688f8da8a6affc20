"""Who hears what: the one table from which queues are declared before anything is published.

RabbitMQ drops an event that no queue is bound for, so the wiring belongs to the contract and not to whichever process
happens to start first.
"""

from dataclasses import dataclass

from contract import (
    certification,
    greenways,
    housekeeping,
    inspections,
    matters,
    reports,
    targets,
    training,
    withdrawals,
)
from contract.message import SHARDS, Event

COUNTING_QUEUES = 4  # by which targets hears of certificates; more of them needs a drain and a rebind


@dataclass(frozen=True)
class Subscription:
    """``queue`` of ``hearer`` gets ``events`` (all of one service) whose shard is in ``shards``.

    A ``counted`` queue is folded into counts: one consumer at a time takes it in the log's order, and the service's
    watermarks come through it too.
    """

    hearer: str
    queue: str
    events: tuple[type[Event], ...]
    shards: tuple[int, ...] = tuple(range(SHARDS))
    counted: bool = False

    @property
    def service(self) -> str:
        return self.events[0].service


SUBSCRIPTIONS = (
    *(
        Subscription(
            hearer="targets",
            queue=f"targets.counting.{number}",
            events=certification.EVENTS,
            shards=tuple(shard for shard in range(SHARDS) if shard % COUNTING_QUEUES == number),
            counted=True,
        )
        for number in range(COUNTING_QUEUES)
    ),
    Subscription(hearer="targets", queue="targets.awards", events=housekeeping.EVENTS, counted=True),
    Subscription(hearer="targets", queue="targets.reports", events=reports.COUNTED, counted=True),
    Subscription(hearer="targets", queue="targets.rounds", events=reports.ROUNDS),
    Subscription(hearer="targets", queue="targets.samples", events=inspections.SAMPLES),
    Subscription(hearer="targets", queue="targets.matters", events=(*matters.MATTERS, *greenways.GREENWAYS)),
    Subscription(hearer="targets", queue="targets.mends", events=targets.MENDS),
    Subscription(hearer="reports", queue="reports.snapshots", events=targets.FOR_REPORTS),
    *(
        Subscription(hearer=owner, queue=f"{owner}.withdrawals", events=withdrawals.WITHDRAWALS)
        for owner in ("certification", "housekeeping", "reports")
    ),
    Subscription(hearer="inspections", queue="inspections.targets", events=targets.FOR_INSPECTIONS),
    Subscription(hearer="inspections", queue="inspections.certification", events=certification.FOR_INSPECTIONS),
    Subscription(hearer="inspections", queue="inspections.housekeeping", events=housekeeping.ANSWERS),
    Subscription(hearer="inspections", queue="inspections.reports", events=reports.ANSWERS),
    Subscription(hearer="housekeeping", queue="housekeeping.certificates", events=certification.EVENTS),
    Subscription(hearer="certification", queue="certification.filings", events=training.EVENTS),
)
