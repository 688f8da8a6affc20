"""What was found out a moment ago, and holds for a moment: many who ask at once cost as much as one."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any

from gateway.lanes import Lane

_MOST = 32  # answers
_WAITING = 12  # threads, so that others are free when an answer takes long


class Lately:
    """``seconds``: how old an answer may be. Whoever asks first finds it out; who asks meanwhile waits for that, and is
    answered the same, or refused the same."""

    def __init__(self, name: str, seconds: float) -> None:
        self._seconds = seconds
        self._waiting = Lane(name, at_once=_WAITING)
        self._lock = threading.Lock()
        self._found: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
        self._finding: dict[Hashable, Future[tuple[float, Any]]] = {}

    def get(self, key: Hashable, find: Callable[[], Any]) -> tuple[Any, float]:
        """The answer, and its age in seconds. Raises what ``find`` raises, and the next one tries again;
        TemporarilyUnavailable when too many wait for it."""
        with self._lock:
            known = self._found.get(key)
            if known is not None and (age := time.monotonic() - known[0]) <= self._seconds:
                return known[1], age
            finding = self._finding.get(key)
            if mine := finding is None:
                finding = self._finding[key] = Future()
        if mine:
            self._find(key, find, finding)
            since, value = finding.result()
        else:
            with self._waiting.turn():
                since, value = finding.result()
        return value, time.monotonic() - since

    def _find(self, key: Hashable, find: Callable[[], Any], finding: "Future[tuple[float, Any]]") -> None:
        since = time.monotonic()
        try:
            value = find()
        except BaseException as error:  # noqa: BLE001  raised again, by all who wait for it
            with self._lock:
                del self._finding[key]
            finding.set_exception(error)
            return
        with self._lock:
            del self._finding[key]
            # Answers are long, and asked for in many ways: what is too old is forgotten.
            for old in [each for each, (at, _) in self._found.items() if since - at > self._seconds]:
                del self._found[old]
            self._found[key] = since, value
            self._found.move_to_end(key)
            while len(self._found) > _MOST:
                self._found.popitem(last=False)
        finding.set_result((since, value))
