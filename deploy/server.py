"""What MongoDB and RabbitMQ have in common when this project runs them itself: a folder, a record, a life.

`<folder>/` holds data and logs; `<folder>.json` says which process serves it, on which ports and under which uri, so
that any other command finds it; `<folder>.lock` keeps two commands from starting it at once.
"""

import fcntl
import json
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy import guard, ports, process
from deploy.process import Process

LEAST_FREE_DISK = 500 * 2**20


class ServerFailed(Exception):
    """One line, Chinese and English, that says what is wrong and what to do."""


@dataclass
class Record:
    uri: str
    processes: dict[str, Process] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    served: bool = False  # whether it was ever ready: until then its data is a first start's, killed half way

    def write(self, path: Path) -> None:
        noted = {name: known.noted() for name, known in self.processes.items()}
        process.note(path, {"uri": self.uri, "ports": self.ports, "processes": noted, "served": self.served})

    @classmethod
    def read(cls, path: Path) -> "Record | None":
        if not path.exists():
            return None
        content = json.loads(path.read_text())
        processes = {name: Process(**known) for name, known in content["processes"].items()}
        return cls(content["uri"], processes, content["ports"], content.get("served", True))


class Server(ABC):
    """`port`: exactly this one or ServerFailed. `prefer`: this one unless it is taken. Neither: a free one, kept."""

    name: str  # of the main process, and of its port
    patience = 120.0  # seconds to become ready

    def __init__(self, folder: Path | str, port: int | None = None, *, prefer: int | None = None) -> None:
        self.folder = Path(folder).resolve()
        self.record_path = self.folder.with_name(self.folder.name + ".json")
        self._port = port
        self._prefer = prefer

    @abstractmethod
    def _launch(self, record: Record) -> None:
        """Starts what isn't alive in record.processes; fills record.processes and record.uri."""

    @abstractmethod
    def _ready(self, record: Record) -> bool:
        """One attempt; False when it can't be asked yet."""

    @property
    def log(self) -> Path:
        return self.folder / "log" / f"{self.name}.log"

    @property
    def record(self) -> Record:
        found = Record.read(self.record_path)
        if found is None:
            raise ServerFailed(f"{self.name} 尚未启动，请先 make run / has not been started, run make run first")
        return found

    @property
    def uri(self) -> str:
        return self.record.uri

    @property
    def process(self) -> Process:
        return self.record.processes[self.name]

    @property
    def running(self) -> bool:
        found = Record.read(self.record_path)
        return found is not None and self.name in found.processes and found.processes[self.name].alive

    def start(self, unwanted: Callable[[], bool] = lambda: False) -> str:
        """Starts it unless it runs, waits until it serves or is ``unwanted``, and answers its uri."""
        with self._alone():
            record = Record.read(self.record_path) or Record(uri="", served=(self.folder / "data").exists())
            if not (self.name in record.processes and record.processes[self.name].alive):
                self._check_disk()
                self._end_unrecorded()
                if not record.served:
                    self._begin_afresh(record)
                record.ports[self.name] = self._choose_port(record.ports.get(self.name))
                self._launch(record)
                record.write(self.record_path)
            self._wait(record, unwanted)
            if not record.served:
                record.served = True
                record.write(self.record_path)
            return record.uri

    def stop(self) -> None:
        """Gracefully; nothing happens if it isn't running."""
        with self._alone():
            record = Record.read(self.record_path)
            for ours in self._in_order(record):
                ours.stop() if record and record.served else ours.kill()  # before it serves there is nothing to save
            self._end_unrecorded()

    def kill(self) -> None:
        """kill -9 of the server itself, as a crash would.

        RabbitMQ 3.10 writes the name of a new quorum queue to disk about half a second later (ra's names.dets): killed
        before that, the queue comes back without a leader and nacks for ever. Let a second pass between.
        """
        with self._alone():
            self.process.kill()

    def restart(self) -> str:
        self.stop()
        return self.start()

    def discard(self) -> None:
        """kill -9 of all its processes, and its data with them."""
        with self._alone():
            for ours in self._in_order(Record.read(self.record_path)):
                ours.kill()
            self._end_unrecorded()
            shutil.rmtree(self.folder, ignore_errors=True)
            self.record_path.unlink(missing_ok=True)

    def _end_unrecorded(self) -> None:
        """Of a start that was killed before it could note what it had launched: it would hold the data's lock."""
        guard.end(process.LOG, str(self.log.parent))

    def _begin_afresh(self, record: Record) -> None:
        record.write(self.record_path)  # before there is anything that a kill could leave half made
        for left in self.folder.iterdir():
            if left != self.log.parent:
                shutil.rmtree(left) if left.is_dir() else left.unlink()

    def _in_order(self, record: Record | None) -> list[Process]:
        processes = record.processes if record else {}
        return sorted(processes.values(), key=lambda p: p != processes.get(self.name))

    def _choose_port(self, recorded: int | None) -> int:
        if self._port is not None:
            if not ports.is_free(self._port):
                raise ServerFailed(
                    f"{self.name} 的端口 {self._port} 已被其他程序占用，请换一个或停掉它 / "
                    f"port {self._port} is in use by another program: stop it or choose another port"
                )
            return self._port
        if recorded is not None and ports.becomes_free(recorded):  # clients and the replica set know this one
            return recorded
        if self._prefer is not None and ports.is_free(self._prefer):
            return self._prefer
        return ports.free()

    def _check_disk(self) -> None:
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ServerFailed(f"无法写入 {self.folder} / cannot write there: {error.strerror}") from error
        spare = shutil.disk_usage(self.folder).free
        if spare < LEAST_FREE_DISK:
            raise ServerFailed(
                f"{self.folder} 所在磁盘只剩 {spare >> 20} MB，需要 {LEAST_FREE_DISK >> 20} MB / disk full"
            )

    def _wait(self, record: Record, unwanted: Callable[[], bool]) -> None:
        deadline = time.monotonic() + self.patience
        while not self._ready(record):
            if not record.processes[self.name].alive:
                raise self._not_started()
            if unwanted():
                raise ServerFailed(f"{self.name} 未就绪即被叫停 / told to stop before it was ready")
            if time.monotonic() > deadline:
                raise ServerFailed(f"{self.name} 未就绪 / not ready in time, see {self.log}: {self._last_words()}")
            time.sleep(0.05)

    def _not_started(self) -> ServerFailed:
        return ServerFailed(f"{self.name} 启动失败 / failed to start, see {self.log}: {self._last_words()}")

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        return lines[-1][:300] if lines else "(empty log)"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        path = self.record_path.with_suffix(".lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = path.open("a")
        except OSError as error:
            raise ServerFailed(f"无法写入 {path.parent} / cannot write there: {error.strerror}") from error
        with handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
