"""Ends what a process has started as soon as that process is gone, however it went: kill -9 included.

Whoever is started inherits the environment, through shells, new sessions and double forks alike, and so bears the mark
of all that it was started under, outermost first. A guard in a session of its own waits for the process that asked for
it, and then kills whoever bears its mark. Linux could do this by itself (PR_SET_PDEATHSIG) for children only, and for
the thread that started them rather than the process: a server is nobody's child.

The guard runs this file as it is, so it imports the standard library only.
"""

import os
import select
import shutil
import signal
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MARK = "STARTED_UNDER"
_SECONDS = 30.0  # for what must die; a process in the kernel's hands takes its time


@dataclass(frozen=True)
class Guard:
    pid: int
    mark: str  # the value of MARK for whatever is to end with the process

    def dismiss(self) -> None:
        """The process has tidied up by itself."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def over_this_process(*, folder: Path | None = None, then: Sequence[str] = ()) -> Guard:
    """Once this process and what bears the mark are gone, ``folder`` is deleted and the command ``then`` is run."""
    mark = f"{os.environ.get(MARK, '')}/{os.getpid()}-{uuid.uuid4().hex}"
    arguments = [sys.executable, "-I", "-S", __file__, str(os.getpid()), mark, str(folder or ""), *then]
    nowhere = [(os.POSIX_SPAWN_OPEN, handle, os.devnull, os.O_RDWR, 0) for handle in range(3)]
    return Guard(os.posix_spawn(sys.executable, arguments, os.environ, file_actions=nowhere, setsid=True), mark)


def bearing(name: str, value: str) -> Iterator[int]:
    """The pids of our processes in whose environment ``name`` is this value, or begins with it and a slash."""
    pids = [int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit()]
    return (pid for pid in pids if pid != os.getpid() and _bears(pid, f"{name}={value}".encode()))


def end(name: str, value: str) -> None:
    """kill -9 of all of them, until nobody is left who could start another. Their files and ports are free then."""
    deadline = time.monotonic() + _SECONDS
    while (found := list(bearing(name, value))) and time.monotonic() < deadline:
        for handle in [handle for pid in found if (handle := _killed(pid, f"{name}={value}".encode())) is not None]:
            _wait(handle, deadline - time.monotonic())  # the environment goes first
            os.close(handle)


def _killed(pid: int, wanted: bytes) -> int | None:
    """A handle of the process, which is readable once it has ended as a whole; whoever has the pid later is spared."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    if _bears(pid, wanted):
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            return handle
    os.close(handle)
    return None


def _wait(handle: int, seconds: float | None = None) -> None:
    ended = select.poll()  # select takes no handle above 1023
    ended.register(handle, select.POLLIN)
    ended.poll(None if seconds is None else max(0.0, seconds) * 1000)


def _bears(pid: int, wanted: bytes) -> bool:
    try:
        environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # it ended, or is somebody else's
        return False
    return any(variable == wanted or variable.startswith(wanted + b"/") for variable in environ)


def main(arguments: list[str]) -> None:
    pid, mark, folder, *then = arguments
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(int(pid))
        if os.getppid() == int(pid):  # else it is gone already, and the pid may be another's
            _wait(handle)
    end(MARK, mark)
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
    if then:
        os.chdir(Path(__file__).parent.parent)
        os.execv(then[0], then)


if __name__ == "__main__":
    main(sys.argv[1:])
