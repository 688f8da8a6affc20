"""Two calls at once, the first held in the middle of its transaction while the second goes as far as it can.

What one of them decides on while the other changes it shows only in such an order: two threads that merely run at once
hardly ever meet in it. The calls are real ones on the real database. `conftest.py` registers LISTENER, by which the
driver tells each command before it is sent, in the thread that sends it.

A collection that one of them makes turns the other away for that alone, and hides what is looked for: see that all are
there before, `commands` too.
"""

import threading
from collections.abc import Callable
from typing import Any

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

Point = Callable[[CommandStartedEvent], bool]

_WRITES = {"insert", "update", "delete", "findAndModify"}
_PATIENCE = 60.0


def writes(command: CommandStartedEvent) -> bool:
    """All that is decided on has been read, nothing is written or locked yet."""
    return command.command_name in _WRITES


def commits(command: CommandStartedEvent) -> bool:
    """All is written, and nobody else sees it yet."""
    return command.command_name == "commitTransaction"


class _Listener(CommandListener):
    """Tells the thread's own call, if it is one of two."""

    def __init__(self) -> None:
        self.calls = threading.local()

    def started(self, event: CommandStartedEvent) -> None:
        if call := getattr(self.calls, "call", None):
            call.started(event)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        if call := getattr(self.calls, "call", None):
            call.refused.set()


LISTENER = _Listener()


class _Call(threading.Thread):
    def __init__(self, work: Callable[[], Any], point: Point | None = None) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._point = point
        self.reached = threading.Event()
        self.ended = False
        self.go_on = threading.Event()
        self.refused = threading.Event()  # the database turned a command of it away, or it has ended
        self.outcome: Any = None

    def run(self) -> None:
        LISTENER.calls.call = self
        try:
            self.outcome = self._work()
        except Exception as error:  # noqa: BLE001  what came of it is for the test to judge
            self.outcome = error
        finally:
            self.ended = True
            self.reached.set()
            self.refused.set()

    def started(self, event: CommandStartedEvent) -> None:
        if self._point and not self.reached.is_set() and self._point(event):
            self.reached.set()
            assert self.go_on.wait(_PATIENCE)


def interleaved(first: Callable[[], Any], second: Callable[[], Any], *, at: Point = writes) -> tuple[Any, Any]:
    """What came of both, a value or the exception. ``first`` is held where it is ``at`` that point for the first time,
    until ``second`` has ended, or MongoDB turned it away because of what ``first`` holds."""
    held, other = _Call(first, at), _Call(second)
    held.start()
    assert held.reached.wait(_PATIENCE)
    assert not held.ended, f"the first call ended before that point: {held.outcome!r}"
    other.start()
    assert other.refused.wait(_PATIENCE)
    held.go_on.set()
    for call in (held, other):
        call.join(_PATIENCE)
        assert not call.is_alive()
    return held.outcome, other.outcome
