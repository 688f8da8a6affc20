"""The ground to measure on: servers of its own, a clean space for each run, processes that are watched."""

import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from pymongo import MongoClient

from benchmarks.door import Door
from contract import regions
from contract.words import Role
from deploy import guard, keys, ports
from deploy.servers import VAR, MongoDB, RabbitMQ
from gateway import clients
from tests.programme import Programme, until

FOLDER = VAR / "bench"
_MB = 2**20


@dataclass(frozen=True)
class Ground:
    mongo: MongoDB
    rabbit: RabbitMQ
    folder: Path

    @contextmanager
    def space(self) -> Iterator["Crew"]:
        """A vhost, databases and secrets of its own; whatever was started in it is stopped, all of it is deleted."""
        name = f"b{secrets.token_hex(4)}"
        environ = {
            "APP_ENV": "test",
            "UNFILED_ASSESSORS": "believe",
            "MONGO_URI": self.mongo.uri,
            "MONGO_PREFIX": name,
            "AMQP_URI": self.rabbit.add_vhost(name),
            "PORT": str(ports.free()),
            "LOG_LEVEL": "WARNING",
            **keys.kept_in(self.folder / "secrets.env"),
        }
        folder = self.folder / "logs" / name
        folder.mkdir(parents=True)
        crew = Crew(environ, folder, {"mongod": self.mongo.process.pid, "rabbitmq": self.rabbit.process.pid})
        try:
            yield crew
        finally:
            crew.stop_all()
            self.rabbit.delete_vhost(name)
            client: MongoClient[dict]
            with MongoClient(self.mongo.uri) as client:
                for database in client.list_database_names():
                    if database.startswith(f"{name}_"):
                        client.drop_database(database)


@contextmanager
def ground(folder: Path = FOLDER) -> Iterator[Ground]:
    made = Ground(MongoDB(folder / "mongo"), RabbitMQ(folder / "rabbit"), folder)
    for server in (made.mongo, made.rabbit):
        server.discard()  # data of a run that was killed
    ours, outer = guard.over_this_process(), os.environ.get(guard.MARK, "")
    os.environ[guard.MARK] = ours.mark
    try:
        made.mongo.start()
        made.rabbit.start()
        yield made
    finally:
        for server in (made.mongo, made.rabbit):
            server.discard()
        os.environ[guard.MARK] = outer
        ours.dismiss()


class Crew(Programme):
    """The programme's processes, and the servers', with what they cost."""

    def __init__(self, environ: dict[str, str], folder: Path, servers: dict[str, int]) -> None:
        super().__init__(environ, folder)
        self._servers = servers
        self._doors: list[Door] = []

    def _launched(self, name: str, also: dict[str, str]) -> "subprocess.Popen[bytes]":
        """By the command line: what is measured shares its memory and its imports with nobody."""
        with self.log(name).open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "runtime.launch", *name.split("+")],
                env={**os.environ, **self.environ, **also},
                stdout=log,
                stderr=log,
            )

    def stop_all(self) -> None:
        for door in self._doors:
            door.close()
        super().stop_all()

    def run(self, name: str, *command: str) -> None:
        """A process of the bench itself, as `python -m`; it is ready when it says so."""
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                env={**os.environ, **self.environ},
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self._running[name] = process
        assert process.stdout is not None
        with process.stdout as said:
            assert said.readline() == b"ready\n", f"{name} did not start:\n{self.log(name).read_text()[-2000:]}"

    def gateway(self) -> "Door":
        """The real one, as in the process list; answers a way in for a training centre of the whole province."""
        name = "gateway"
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--config", "python:gateway.server", "gateway.app:create()"],
                env={**os.environ, **self.environ, "HOST": "127.0.0.1"},
                stdout=log,
                stderr=log,
            )
        probe = Door(self.config.port)
        until(probe.answers, what=f"the gateway answers; see {self.log(name)}")
        probe.close()
        return self.enter(Role.TRAINING_CENTRE)

    def enter(self, role: Role, person: str = "") -> Door:
        """A way in for another client, of the whole province."""
        name, secret = f"bench-{role.value}{person}".replace("_", "-"), secrets.token_hex()
        organisation = {Role.DISPATCHER: "省发展改革委"}.get(role, "bench")
        client = clients.made(
            name, secret, role=role, region=regions.PROVINCE, organisation=organisation, per_minute=10_000_000
        )
        clients.Clients(self.config).put(client)
        entered = Door(self.config.port)
        self._doors.append(entered)
        entered.enter(name, secret)
        return entered

    def pids(self) -> dict[str, int]:
        return self._servers | {name: process.pid for name, process in self._running.items()}

    def signal(self, name: str, number: signal.Signals) -> None:
        self._running[name].send_signal(number)


class Watch:
    """Peak memory and CPU time of processes and their children, by name, from ``with`` to its end.

    Memory is resident size, looked at ten times a second.
    """

    def __init__(self, pids: dict[str, int]) -> None:
        self._families = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch")
        self._began: dict[str, float] = {}
        self.peak_mb: dict[str, float] = dict.fromkeys(pids, 0.0)
        self.cpu_seconds: dict[str, float] = {}

    def __enter__(self) -> "Watch":
        self._began = {name: _cpu(process) for name, process in self._families.items()}
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.cpu_seconds = {name: _cpu(process) - self._began[name] for name, process in self._families.items()}

    def _look(self) -> None:
        while not self._stop.is_set():
            for name, process in self._families.items():
                # Of each process by itself: what the limit is about is one process, not a family.
                biggest = max((_resident(one) for one in _family(process)), default=0) / _MB
                self.peak_mb[name] = max(self.peak_mb[name], biggest)
            self._stop.wait(0.1)


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _cpu(process: psutil.Process) -> float:
    return sum(one.cpu_times().user + one.cpu_times().system for one in _family(process))
