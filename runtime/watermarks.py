"""Watermarks: after what was published, each queue is told how far that was and which event went to it last.

A queue that nobody takes from gets none, and one whose last watermark still waits gets another only after an event:
they do not pile up while a hearer is away or behind.
"""

import datetime as dt
import time
from collections.abc import Mapping, Sequence

from runtime import rabbit
from runtime.mongo import new_id
from runtime.places import Mark, Place, Word
from runtime.routes import Routes

COUNTED_EVERY = 0.5  # seconds
OTHERS_EVERY = 2.0


class Watermarks:
    """Of one relay on one connection; ``broker`` is the name of what it is connected to."""

    def __init__(self, service: str, routes: Routes, publisher: rabbit.Publisher, broker: str) -> None:
        self._service = service
        self._publisher = publisher
        self._broker = broker
        self.relay = new_id()
        self._number = 0
        self._said: dict[str, int] = {}
        counted = [queue for queue, one in routes.subscriptions.items() if one.counted]
        others = [queue for queue, one in routes.subscriptions.items() if not one.counted]
        # What is counted is told together: a figure is as old as the oldest of its queues, and a hold needs them all.
        self._groups = [(counted, COUNTED_EVERY)] if counted else []
        self._groups += [([queue], OTHERS_EVERY) for queue in others]
        self._due = [0.0] * len(self._groups)

    @property
    def are_due(self) -> bool:
        now = time.monotonic()
        return any(now >= due for due in self._due)

    def say(self, published: int, at: dt.datetime, lasts: Mapping[str, Place]) -> None:
        """To every queue whose turn it is and that takes it."""
        for number, (queues, every) in enumerate(self._groups):
            now = time.monotonic()
            if now < self._due[number]:
                continue
            self._due[number] = now + every
            if self._wanted(queues, published):
                for queue in queues:
                    self._said[queue] = published
                self.send({queue: self.mark(published, at, lasts[queue]) for queue in queues})

    def mark(
        self, seq: int, at: dt.datetime, last: Place | None, *, word: Word = "upto", of: Place | None = None
    ) -> Mark:
        self._number += 1
        return Mark(self._service, seq, at, last, self.relay, self._number, self._broker, word, of)

    def send(self, marks: Mapping[str, Mark]) -> None:
        """Straight to each queue, after everything that was published before."""
        self._publisher.publish_all(
            rabbit.Outgoing("", queue, mark.body(), {rabbit.KIND: rabbit.WATERMARK}) for queue, mark in marks.items()
        )

    def _wanted(self, queues: Sequence[str], published: int) -> bool:
        found = [self._publisher.depth(queue) for queue in queues]
        if not all(consumers for _, consumers in found):
            return False
        moved = any(self._said.get(queue) != published for queue in queues)
        return moved or not any(messages for messages, _ in found)
