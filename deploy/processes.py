"""The processes of the process list, kept alive on one machine until they are told to end.

honcho reads the list; it does not run it, because its manager ends everything as soon as one process ends, and kills
after five seconds what is still finishing its work.
"""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from honcho.environ import parse_procfile

from deploy import logs, process
from deploy.process import Process
from deploy.server import Server, ServerFailed

ROOT = Path(__file__).resolve().parent.parent
PROCFILE = ROOT / "deploy" / "Procfile"

FIRST_TO_STOP = "gateway"  # it asks the others while it answers
PATIENCE = 20.0  # seconds to finish after SIGTERM, for the gateway and again for the rest
DELAYS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)  # seconds before another start, growing with each early death
_EARLY = 20.0  # seconds: who lived less than that died early
_MANY_EARLY = 5  # in a row: it keeps failing
_TICK = 0.1
_SERVERS_EVERY = 1.0

Say = Callable[[str], None]


def commands(path: Path = PROCFILE) -> dict[str, str]:
    """name -> command, in the order of the file. Raises ServerFailed for a line that honcho would pass over."""
    text = path.read_text()
    listed = dict(parse_procfile(text).processes)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if len(lines) != len(listed):
        raise ServerFailed(f"{path} 有一行读不懂或重名 / has a line that cannot be read, or a name twice")
    return listed


@dataclass(eq=False)
class _Kept:
    name: str
    command: str
    log: Path
    environ: dict[str, str]
    child: subprocess.Popen[bytes] | None = None
    known: Process | None = None
    began: float = 0.0
    early: int = 0
    due: float = 0.0
    why: str = ""  # it ended last

    @property
    def fails(self) -> bool:
        return self.early >= _MANY_EARLY

    def start(self) -> None:
        self.began = time.monotonic()
        # `exec`, so that the pid is the program's own; a session of its own, so that Ctrl-C does not reach it.
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {self.command}"],
                cwd=ROOT,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.known = process.find(self.child.pid)

    def ended(self) -> int | None:
        """The exit status, negative for a signal, of a child that has ended since it was started; else None."""
        if self.child is None or os.waitid(os.P_PID, self.child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return None
        self.signal(signal.SIGKILL)  # what it started and left behind; until it is collected its group is its own
        return self.child.wait()

    def signal(self, number: signal.Signals) -> None:
        if self.child is not None and self.child.returncode is None:
            try:
                os.killpg(self.child.pid, number)
            except ProcessLookupError:
                return  # ended meanwhile

    def tail(self, lines: int = 12) -> str:
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 16384))
            last = log.read().decode(errors="replace").splitlines()[-lines:]
        return "\n".join(f"    {line[:400]}" for line in last)


@dataclass(eq=False)
class _Revived:
    """An embedded server, and when to look at it again."""

    server: Server
    failed: int = 0
    due: float = 0.0


class Processes:
    """One that keeps failing is reported and started again after growing pauses; the others go on serving."""

    def __init__(
        self,
        listed: Mapping[str, str],
        *,
        environ: Mapping[str, str],
        folder: Path,
        servers: Iterable[Server] = (),
        say: Say,
        delays: Sequence[float] = DELAYS,
        patience: float = PATIENCE,
    ) -> None:
        """Logs go to ``folder``/log, the pids to ``folder``/run/processes.json. ``servers`` are started again too."""
        self._delays = delays
        self._patience = patience
        self._record = record_of(folder)
        self._say = say
        self._log_limit = logs.limit(environ)
        self._servers = [_Revived(server) for server in servers]
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="processes")
        (folder / "log").mkdir(parents=True, exist_ok=True)
        self._kept = [
            _Kept(name, command, folder / "log" / f"{name}.log", _environ(environ, number))
            for number, (name, command) in enumerate(listed.items())
        ]

    def start(self) -> None:
        self._start(self._kept)
        self._watcher.start()

    def failing(self) -> list[str]:
        """What to tell a person of each that cannot be kept alive."""
        return [
            f"进程 {kept.name} 反复退出（{kept.why}）/ keeps dying. 日志末尾 / the end of {kept.log}:\n{kept.tail()}"
            for kept in self._kept
            if kept.fails
        ]

    def stop(self) -> list[str]:
        """SIGTERM to the gateway, then to all others, and SIGKILL after ``patience`` seconds: answers who needed it."""
        self._stopping.set()
        if self._watcher.ident is not None:
            self._watcher.join()
        gateway = [kept for kept in self._kept if kept.name == FIRST_TO_STOP]
        rest = [kept for kept in self._kept if kept.name != FIRST_TO_STOP]
        killed = [kept.name for group in (gateway, rest) for kept in _end(group, self._patience)]
        self._record.unlink(missing_ok=True)
        return killed

    def _start(self, those: Iterable[_Kept]) -> None:
        for kept in those:
            try:
                kept.start()
            except OSError as error:  # no memory, no disk
                self._note_death(kept, str(error))
        alive = {kept.name: kept.known for kept in self._kept if kept.known is not None}
        try:
            process.note(self._record, {name: known.noted() for name, known in alive.items()})
        except OSError as error:
            self._say(f"  ! 不能写入 {self._record}：{error.strerror}")

    def _watch(self) -> None:
        due_again = time.monotonic() + _SERVERS_EVERY
        while not self._stopping.wait(_TICK):
            now = time.monotonic()
            for kept in self._kept:
                status = kept.ended()
                if status is not None:
                    self._note_death(kept, _how(status))
                elif kept.fails and kept.child is not None and now - kept.began >= _EARLY:
                    kept.early = 0
                    self._say(f"  ! 进程 {kept.name} 已恢复")
            if due := [kept for kept in self._kept if kept.child is None and kept.due <= now]:
                self._start(due)
            if now >= due_again:
                self._revive_servers()
                self._turn_logs()
                due_again = time.monotonic() + _SERVERS_EVERY

    def _note_death(self, kept: _Kept, why: str) -> None:
        now = time.monotonic()
        kept.child = kept.known = None
        kept.early = kept.early + 1 if now - kept.began < _EARLY else 0
        kept.why = why
        delay = self._delay(kept.early)
        kept.due = now + delay
        again = f"第 {kept.early} 次，其余进程继续服务，" if kept.fails else ""
        self._say(f"  ! 进程 {kept.name} 意外退出（{why}），{again}{delay:g} 秒后重启；日志 {kept.log}")
        if kept.early == _MANY_EARLY:
            self._say(f"  ! 其日志末尾 / the end of its log:\n{kept.tail()}")

    def _revive_servers(self) -> None:
        now = time.monotonic()
        for each in self._servers:
            server = each.server
            if server.running or each.due > now or self._stopping.is_set():
                continue
            self._say(f"  ! {server.name} 意外退出，正在重启；日志 {server.log}")
            try:
                server.start(self._stopping.is_set)
            except (ServerFailed, OSError) as error:
                each.failed += 1
                delay = self._delay(each.failed)
                each.due = time.monotonic() + delay
                self._say(f"  ! {error}；{delay:g} 秒后再试 / tried again in {delay:g} s")
            else:
                each.failed = 0
                self._say(f"  ! {server.name} 已恢复")

    def _turn_logs(self) -> None:
        servers = (log for each in self._servers for log in each.server.log.parent.glob("*.log"))
        try:
            logs.turn([*(kept.log for kept in self._kept), *servers], self._log_limit)
        except OSError as error:  # they are tried again
            self._say(f"  ! 日志不能轮转 / logs cannot be rotated: {error}")

    def _delay(self, failed: int) -> float:
        return self._delays[min(failed, len(self._delays) - 1)]


def record_of(folder: Path) -> Path:
    return folder / "run" / "processes.json"


def sweep(folder: Path) -> list[str]:
    """Ends what a run that was killed has left behind, known by pid and start time. Answers their names."""
    record = record_of(folder)
    if not record.exists():
        return []
    found = {name: Process(**known) for name, known in json.loads(record.read_text()).items()}
    left = {name: known for name, known in found.items() if known.alive}
    for known in left.values():
        os.kill(known.pid, signal.SIGTERM)
    for known in left.values():
        known.stop(seconds=PATIENCE)
    record.unlink(missing_ok=True)
    return list(left)


def _end(those: list[_Kept], patience: float) -> list[_Kept]:
    for kept in those:
        if kept.child is not None and not _is_over(kept):
            os.kill(kept.child.pid, signal.SIGTERM)  # not its group: a master ends its workers in its own way
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and not all(_is_over(kept) for kept in those):
        time.sleep(_TICK / 2)
    late = [kept for kept in those if not _is_over(kept)]
    for kept in late:
        kept.signal(signal.SIGKILL)
        if kept.child is not None:
            kept.child.wait()
    return late


def _is_over(kept: _Kept) -> bool:
    return kept.child is None or kept.child.returncode is not None or kept.ended() is not None


def _environ(environ: Mapping[str, str], number: int) -> dict[str, str]:
    """A metrics port cannot be shared: each process gets the next one."""
    first = environ.get("METRICS_PORT", "")
    if not first.isdigit() or first == "0":
        return dict(environ)
    return dict(environ) | {"METRICS_PORT": str(int(first) + number)}


def _how(status: int) -> str:
    if status >= 0:
        return f"退出码 {status}"
    return f"信号 {signal.Signals(-status).name}"
