"""A service that answers, and notes when one greenlet reads from a connection while another one does."""

from typing import Any

import eventlet

from runtime import wire
from runtime.hosting import rpc
from tests.runtime.hosted.journal import note

_read = wire.Connection.blocking_read


def watched(self: Any, timeout: float | None = None) -> Any:
    if self.__dict__.get("reading"):
        note("read by two at once")
    self.reading = True
    try:
        return _read(self, timeout)
    finally:
        self.reading = False


wire.Connection.blocking_read = watched  # type: ignore[method-assign]


class Watched:
    name = "watched"

    @rpc
    def slow(self, seconds, number):
        eventlet.sleep(seconds)
        note(f"ended {number}")
        return number
