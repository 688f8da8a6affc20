"""A process that outlives its starter and is known by pid and start time, never by name."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

LOG = "LAUNCH_LOG"  # in the environment of whatever was launched: where its output goes


@dataclass(frozen=True)
class Process:
    pid: int
    started: float  # seconds since the epoch; a pid that was given to somebody else has another one

    @property
    def alive(self) -> bool:
        try:
            found = psutil.Process(self.pid)
            if abs(found.create_time() - self.started) > 5:
                return False
            # Where nobody collects orphans a dead one stays listed. Its ports are free once its last thread is gone.
            return found.status() != psutil.STATUS_ZOMBIE or len(os.listdir(f"/proc/{self.pid}/task")) > 1
        except (psutil.NoSuchProcess, FileNotFoundError):
            return False

    def noted(self) -> dict[str, float]:
        return {"pid": self.pid, "started": self.started}

    def kill(self) -> None:
        """kill -9, and wait until it is gone. Nothing happens if it is gone already."""
        self._end(signal.SIGKILL, seconds=10)

    def stop(self, *, seconds: float = 30) -> None:
        """SIGTERM, and after that many seconds SIGKILL."""
        if not self._end(signal.SIGTERM, seconds=seconds):
            self.kill()

    def _end(self, number: signal.Signals, *, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        if self.alive:
            os.kill(self.pid, number)
        while self.alive:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


def find(pid: int) -> Process:
    return Process(pid, psutil.Process(pid).create_time())


def note(path: Path, content: dict[str, Any]) -> None:
    """As JSON; whoever reads it, or is killed writing it, finds the old content or the new."""
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(content, indent=2) + "\n")
    os.replace(unfinished, path)


def launch(command: Sequence[str], *, log: Path, environ: Mapping[str, str], cwd: Path) -> Process:
    """Starts it in a session of its own, as nobody's child: no parent must collect it, and Ctrl-C passes it by."""
    started = subprocess.run(
        ["/bin/sh", "-c", '"$@" </dev/null >>"$LAUNCH_LOG" 2>&1 & echo $!', "launch", *command],
        env={**environ, LOG: str(log)},
        cwd=cwd,
        start_new_session=True,
        capture_output=True,
        text=True,
        check=True,
    )
    pid = int(started.stdout)
    try:
        return find(pid)
    except psutil.NoSuchProcess:
        return Process(pid, 0.0)  # it ended at once; its log says why
