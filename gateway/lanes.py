"""How many requests may at once do what takes long, so that a thread is always free for those that do not: whether the
gateway is alive must be answered at once, whatever the broker, the services or slow clients do."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter

from gateway import problems

TURNED_AWAY = Counter("gateway_turned_away_total", "Requests refused because too many were under way", ("lane",))


class Lane:
    """``at_once`` are under way, ``waiting`` more wait for their turn, the next one is turned away."""

    def __init__(self, name: str, *, at_once: int, waiting: int = 0) -> None:
        self._name = name
        self._places = threading.Semaphore(at_once + waiting)
        self._turns = threading.Semaphore(at_once)

    @contextmanager
    def turn(self, seconds: float = 0.0) -> Iterator[float]:
        """How many of the ``seconds`` are left once it is one's turn. Raises TemporarilyUnavailable."""
        began = time.monotonic()
        if not self._places.acquire(blocking=False):
            raise self._turned_away()
        try:
            if not self._turns.acquire(timeout=seconds):
                raise self._turned_away()
            try:
                yield max(seconds - (time.monotonic() - began), 0.001)
            finally:
                self._turns.release()
        finally:
            self._places.release()

    def _turned_away(self) -> problems.TemporarilyUnavailable:
        TURNED_AWAY.labels(self._name).inc()
        return problems.TemporarilyUnavailable(
            "同时办理的请求过多，本次请求没有办理，请稍后重试",
            "too many requests are under way; nothing was done: try again shortly",
        )
