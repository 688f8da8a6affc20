"""The programme as it runs in production, for tests: real processes that a test may kill while they work."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from deploy import ports
from runtime import config, mongo
from runtime.outbox import Outbox
from services.targets.store import Counts
from tests.forked import Forked

PROCESSES = (
    "certification",
    "targets",
    "certification.relay",
    "certification.imports",
    "housekeeping.relay",
    "reports.relay",
    "targets.counting",
)


def until(happens: Callable[[], Any], *, seconds: float = 60, what: str) -> Any:
    """What ``happens`` gives once it is true. Fails the test saying what did not happen. It is looked for ever less
    often, because to look is work for the same two cores."""
    deadline, pause = time.monotonic() + seconds, 0.02
    while True:
        found = happens()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {seconds} s in vain until {what}"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.15)


class Programme:
    """Processes by their name in the process list; ``a+b`` hosts both in one. Logs go to ``folder`` and are shown when
    a start fails."""

    def __init__(self, environ: dict[str, str], folder: Path) -> None:
        self.environ = environ
        self.config = config.read(environ)
        self._folder = folder
        self._running: dict[str, Forked | subprocess.Popen[bytes]] = {}
        self._ports: dict[str, int] = {}

    def start(self, *names: str) -> None:
        for name in names:
            self._ports[name] = ports.free()
            self._running[name] = self._launched(name, {"METRICS_PORT": str(self._ports[name])})
        for name in names:
            until(partial(self.ready, name), seconds=60, what=f"{name} is ready; see {self.log(name)}")

    def _launched(self, name: str, also: dict[str, str]) -> "Forked | subprocess.Popen[bytes]":
        return Forked(name.split("+"), env={**os.environ, **self.environ, **also}, log=self.log(name))

    def log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def ready(self, name: str) -> bool:
        code = self._running[name].poll()
        assert code is None, f"{name} ended with {code}:\n{self.log(name).read_text()[-3000:]}"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._ports[name]}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def kill(self, name: str) -> None:
        """kill -9: no goodbye to the broker or the database."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def await_death(self, name: str, *, seconds: float = 60) -> None:
        """It ends by itself."""
        self._running.pop(name).wait(timeout=seconds)

    def stop(self, name: str, *, seconds: float = 30) -> int:
        """SIGTERM, and the exit status."""
        process = self._running.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=seconds)

    def stop_all(self) -> None:
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()

    def settled(self) -> bool:
        """Whether everything that was said has gone through every queue of targets."""
        for source in Counts(mongo.database(self.config, "targets")).heard_up_to():
            outbox = Outbox(mongo.database(self.config, source["service"]))
            if outbox.waiting() or source["at"] is None or source["seq"] < outbox.head()["seq"]:
                return False
        return True

    def settle(self, *, seconds: float = 60) -> None:
        until(self.settled, seconds=seconds, what="every event is counted")
