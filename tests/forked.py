"""Processes of the programme as a test starts them by the dozen: forked from one that has imported everything already.

`python -m runtime.launch NAMES` works for a second before it begins, which is most of what a short test costs. What is
forked runs the same `main` in a process of its own: with a pid, an environment, a log, signals, kill -9 and an exit
status. There are two to fork from, for services want a patched standard library and workers must not have it. That the
command line does the same is what tests/runtime/test_launch.py and tests/deploy/test_run.py are for.
"""

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SERVICES = ("training", "certification", "housekeeping", "reports", "inspections", "targets")
GREEN = ("runtime.hosting", *(f"services.{name}.service" for name in SERVICES))
PLAIN = (
    "runtime.relay",
    "services.certification.imports",
    "services.housekeeping.clock",
    "services.inspections.clock",
    "services.targets.counting",
    "services.targets.desk",
)

_KINDS = {"green": GREEN, "plain": PLAIN}

# The originals: eventlet's wait in its hub, which no child is to inherit.
_read, _write, _fork, _waitpid = os.read, os.write, os.fork, os.waitpid


class Forked:
    """As much of subprocess.Popen as tests need. ``arguments`` are those of runtime.launch; output goes to ``log``."""

    def __init__(self, arguments: Sequence[str], *, env: Mapping[str, str], log: Path) -> None:
        self.arguments = [*arguments]
        self.returncode: int | None = None
        self._ended = threading.Event()
        log.touch()
        self.pid = _origin("plain" if "." in arguments[-1] else "green").fork(
            self, {"arguments": arguments, "environ": dict(env), "log": str(log)}
        )

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired("runtime.launch", timeout or 0.0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _end(self, status: int) -> None:
        self.returncode = os.waitstatus_to_exitcode(status)
        self._ended.set()


class _Origin:
    """The process that is forked. It ends with the one that started it, whose end its input tells."""

    def __init__(self, kind: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forked", kind], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._asking = threading.Lock()
        self._begun = threading.Semaphore(0)
        self._asked: Forked | None = None
        self._pid = 0
        self._over = False
        self._children: dict[int, Forked] = {}
        threading.Thread(target=self._listen, daemon=True, name=f"forked {kind}").start()

    def fork(self, child: Forked, request: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        with self._asking:
            self._asked = child
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            self._begun.acquire()
            assert not self._over, "it cannot be forked from: its last words are above"
            return self._pid

    def children(self) -> list[Forked]:
        return [*self._children.values()]

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            pid, status = json.loads(line)
            if status is None:
                assert self._asked is not None
                self._pid, self._children[pid] = pid, self._asked
                self._begun.release()
            else:
                self._children.pop(pid)._end(status)
        self._over = True
        self._begun.release()


def alive() -> list[Forked]:
    """What this test run has started so and has not ended yet."""
    return [child for kind in _KINDS for child in _origin(kind).children()]


@cache
def _origin(kind: str) -> _Origin:
    return _Origin(kind)


def main(kind: str) -> None:
    """Forks one process for each line of input, and tells each one's pid and, at its end, its status."""
    from runtime import launch

    if kind == "green":
        launch.patch()
    for name in _KINDS[kind]:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: _collect())
    while request := _line():
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])  # its start is told before its end
        pid = _fork()
        if pid == 0:
            _become(request)
            sys.exit(launch.main(request["arguments"]))
        _tell(pid, None)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])


def _become(request: dict[str, Any]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(request["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for ours, handle in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(ours, handle)
    os.close(nothing)
    os.close(log)
    if "eventlet" in sys.modules:
        sys.modules["eventlet"].hubs.use_hub()  # the one that was inherited is everybody's
    os.environ.clear()
    os.environ.update(request["environ"])


def _line() -> Any:
    """One request; None at the end of the input."""
    found = bytearray()
    while not found.endswith(b"\n"):
        if not (part := _read(0, 65536)):
            return None
        found += part
    return json.loads(found)


def _collect() -> None:
    while True:
        try:
            pid, status = _waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _tell(pid, status)


def _tell(pid: int, status: int | None) -> None:
    _write(1, json.dumps([pid, status]).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1])
