"""What was found out a moment ago, and holds for a moment: many who ask at once cost as much as one."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

_MOST = 32  # answers


class Lately:
    """``seconds``: how old an answer may be. Whoever asks first finds it out; who asks meanwhile waits for that."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._found: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
        self._finding: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, find: Callable[[], Any]) -> tuple[Any, float]:
        """The answer, and its age in seconds. What ``find`` raises is raised, and the next one tries again."""
        if (known := self._fresh(key)) is not None:
            return known
        with self._lock:
            finding = self._finding.setdefault(key, threading.Lock())
        with finding:
            if (known := self._fresh(key)) is not None:
                return known
            try:
                began = time.monotonic()
                value = find()
            finally:
                with self._lock:
                    self._finding.pop(key, None)
            self._put(key, began, value)
            return value, time.monotonic() - began

    def _put(self, key: Hashable, began: float, value: Any) -> None:
        """And forget what is too old: answers are long, and each is asked for in another way."""
        with self._lock:
            old = [each for each, (since, _) in self._found.items() if began - since > self._seconds]
            for each in old:
                del self._found[each]
            self._found[key] = began, value
            self._found.move_to_end(key)
            while len(self._found) > _MOST:
                self._found.popitem(last=False)

    def _fresh(self, key: Hashable) -> tuple[Any, float] | None:
        with self._lock:
            known = self._found.get(key)
        if known is None or (age := time.monotonic() - known[0]) > self._seconds:
            return None
        return known[1], age
