"""Sockets that wait only so long for a slow client: who waits for the rest of a request, or for an answer to be taken,
is a thread for nobody else, and anybody can send half a request.

A client that pauses for longer than PROMPT holds one of SLOW places; without one, or when it is slower than SLOWEST in
all, it is cut off. So most threads are free for those who are quick, whatever the others do.
"""

import errno
import os
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from gateway import threads

T = TypeVar("T")

PROMPT = 1.0  # seconds
GRACE = float(os.environ.get("SLOW_CLIENT_SECONDS", "15"))  # seconds for a request, beyond its length by SLOWEST
SLOWEST = 16 * 2**10  # bytes a second

_places = threading.Semaphore(threads.SLOW)


class Patient(socket.socket):
    def __init__(self, of: socket.socket) -> None:
        super().__init__(fileno=of.detach())
        self.begin()

    def begin(self) -> None:
        """A request begins."""
        self._began = time.monotonic()
        self._moved = 0

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Raises ConnectionResetError."""
        if self.gettimeout() == 0:
            return super().recv(size, flags)
        try:
            received = self._prompt(partial(super().recv, size, flags))
        finally:
            self.settimeout(None)
        self._moved += len(received)
        return received

    def sendall(self, data: bytes, flags: int = 0, /) -> None:  # type: ignore[override]
        """Raises ConnectionResetError."""
        if self.gettimeout() == 0:
            super().sendall(data, flags)
            return
        left = memoryview(data)
        try:
            while left:
                sent = self._prompt(partial(super().send, left, flags))
                self._moved += sent
                left = left[sent:]
        finally:
            self.settimeout(None)

    def _prompt(self, move: Callable[[], T]) -> T:
        left = self._began + GRACE + self._moved / SLOWEST - time.monotonic()
        if left <= 0:  # by a byte now and a byte then
            raise _cut_off()
        try:
            self.settimeout(PROMPT)
            return move()
        except TimeoutError:
            if not _places.acquire(blocking=False):
                raise _cut_off() from None
        try:
            self.settimeout(max(0.001, self._began + GRACE + self._moved / SLOWEST - time.monotonic()))
            return move()
        except TimeoutError:
            raise _cut_off() from None
        finally:
            _places.release()


def _cut_off() -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, "the client is too slow")
