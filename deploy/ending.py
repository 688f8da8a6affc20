"""Whether to end: because somebody asked by a signal, or because going on makes no sense."""

import contextlib
import os
import signal
import time
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_TICK = 0.05


class Ending:
    """Like a threading.Event, which a signal's handler must not touch: it could hold the lock that it waits for."""

    def __init__(self) -> None:
        self._set = False

    def by_signals(self) -> None:
        for number in _SIGNALS:
            signal.signal(number, self._note)

    def set(self) -> None:
        self._set = True

    def is_set(self) -> bool:
        return self._set

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it was set within that time; without end when there is none."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self._set:
            left = _TICK if deadline is None else min(_TICK, deadline - time.monotonic())
            if left <= 0:
                break
            time.sleep(left)
        return self._set

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        again, self._set = self._set, True
        text = "正在停止，请稍候……" if again else "收到停止信号，正在停止……"
        with contextlib.suppress(OSError):  # nobody reads it any more
            os.write(1, f"\n{text}\n".encode())  # print could be interrupted in the middle of itself
