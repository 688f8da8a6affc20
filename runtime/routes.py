"""Routes: to which queues each event of a service goes, and which event each of them got last."""

from typing import Any

from contract.message import routing_key
from contract.subscriptions import SUBSCRIPTIONS
from runtime.outbox import Outbox
from runtime.places import START, Place, place_of, previous_to


class Routes:
    def __init__(self, service: str, outbox: Outbox) -> None:
        self._outbox = outbox
        self.subscriptions = {one.queue: one for one in SUBSCRIPTIONS if one.service == service}
        self._by_key: dict[str, tuple[str, ...]] = {}

    def of(self, key: str) -> tuple[str, ...]:
        """The queues of events with this routing key."""
        if (queues := self._by_key.get(key)) is None:
            name, _, shard = key.partition(".")
            queues = self._by_key[key] = tuple(
                queue
                for queue, one in self.subscriptions.items()
                if int(shard, 16) in one.shards and any(event.name() == name for event in one.events)
            )
        return queues

    def last(self, queue: str, *, upto: int) -> Place:
        """The last event up to ``upto`` that goes to a queue, looked for in the log."""
        types = [event.type() for event in self.subscriptions[queue].events]
        for envelope in self._outbox.backwards(types, upto=upto):
            if queue in self.of(routing_key(envelope)):
                return place_of(envelope)
        return START

    def lasts(self, published: int) -> dict[str, Place]:
        """By queue, as noted when ``published`` moved; looked for where nothing was noted, of a queue that is new."""
        noted = {queue: Place(seq, digits) for queue, seq, digits in self._outbox.noted()}
        return {queue: noted.get(queue) or self.last(queue, upto=published) for queue in self.subscriptions}

    def follow(self, key: str, envelope: dict[str, Any], lasts: dict[str, Place]) -> str:
        """The header that an event is published with; ``lasts`` is taken forward."""
        queues = [queue for queue in self.of(key) if queue in lasts]
        header = previous_to([(queue, lasts[queue]) for queue in queues])
        place = place_of(envelope)
        for queue in queues:
            lasts[queue] = place
        return header
