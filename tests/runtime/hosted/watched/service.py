"""A service that answers, and notes when one greenlet reads from a connection while another one does."""

from typing import Any

import eventlet

from runtime import wire
from runtime.hosting import rpc
from tests.runtime.hosted.journal import note

_read = wire.Connection.blocking_read


def watched(self: Any, timeout: float | None = None) -> Any:
    before, ours = self.__dict__.get("reader"), eventlet.getcurrent()
    if before not in (None, ours):  # a reader may read in the middle of its reading: a channel that is opened anew
        note("read by two at once")
    self.reader = ours
    try:
        return _read(self, timeout)
    finally:
        self.reader = before


wire.Connection.blocking_read = watched  # type: ignore[method-assign]


class Watched:
    name = "watched"

    @rpc
    def slow(self, seconds, number):
        eventlet.sleep(seconds)
        note(f"ended {number}")
        return number
