"""Who hears what: the one table from which queues are declared before anything is published.

RabbitMQ drops an event that no queue is bound for, so the wiring belongs to the contract and not to whichever process
happens to start first.
"""

from dataclasses import dataclass

from contract import certification
from contract.message import SHARDS, Event

COUNTING_QUEUES = 4  # targets counts with this many single-active-consumer queues; more needs a drain and a rebind


@dataclass(frozen=True)
class Subscription:
    """``queue`` of ``hearer`` gets ``events`` (all of one service) whose shard is in ``shards``."""

    hearer: str
    queue: str
    events: tuple[type[Event], ...]
    shards: tuple[int, ...] = tuple(range(SHARDS))
    single_active: bool = False

    @property
    def exchange(self) -> str:
        return f"{self.events[0].service}.events"


SUBSCRIPTIONS = (
    *(
        Subscription(
            hearer="targets",
            queue=f"targets.counting.{number}",
            events=certification.EVENTS,
            shards=tuple(shard for shard in range(SHARDS) if shard % COUNTING_QUEUES == number),
            single_active=True,
        )
        for number in range(COUNTING_QUEUES)
    ),
    Subscription(hearer="housekeeping", queue="housekeeping.certificates", events=certification.EVENTS),
)
