"""Processes that host what lies in ``tests.runtime.hosted``, and the broker as a test sees it."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from amqp.exceptions import NotFound
from kombu import Connection

from deploy import ports, rabbitmq_node
from deploy.rabbitmq_node import RabbitMQ
from tests.forked import Forked

RAW_QUEUE = "evt-tower-bell_rung--hearer.on_bell_rung"  # nameko puts the method's name into it
OUR_QUEUE = "hearer.bell_rung"
ROOT = Path(__file__).parents[2]


def until(happens: Callable[[], Any], *, seconds: float = 20, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        if found := happens():
            return found
        assert time.monotonic() < deadline, f"waited {seconds} s in vain until {what}"
        time.sleep(0.03)


@contextmanager
def at_work(worker: Any) -> Iterator[None]:
    """A worker's ``run`` in a thread of this process."""
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)


class Hosted:
    """One process: ``arguments`` of runtime.launch, or nameko itself when ``raw``."""

    def __init__(self, environ: dict[str, str], folder: Path, *arguments: str, raw: bool = False) -> None:
        folder.mkdir(exist_ok=True)
        self.environ = environ
        self.port = ports.free()
        self.log_path = folder / "log"
        self.journal_path = folder / "journal"
        self.journal_path.touch()
        env = {**os.environ, **environ, "METRICS_PORT": str(self.port), "JOURNAL": str(self.journal_path)}
        self.process: Forked | subprocess.Popen[bytes]
        if raw:
            command = [sys.executable, "-m", "tests.runtime.hosted.raw", *arguments]
            with self.log_path.open("ab") as log:
                self.process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=log, stderr=log)
        else:
            self.process = Forked(["--package", "tests.runtime.hosted", *arguments], env=env, log=self.log_path)
        self._raw = raw

    def wait_ready(self, seconds: float = 20) -> "Hosted":
        until(self._ready, seconds=seconds, what=f"the process is ready:\n{self.log()}")
        return self

    def _ready(self) -> bool:
        assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.log()}"
        return "started" in self.journal() if self._raw else self.get("/readyz")[0] == 200

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except (urllib.error.URLError, OSError):
            return 0, ""

    def metric(self, line: str) -> float:
        """The value of the metric whose line begins with ``line``; 0 when there is none."""
        found = [text.split()[-1] for text in self.get("/metrics")[1].splitlines() if text.startswith(line)]
        return float(found[0]) if found else 0.0

    def journal(self) -> list[str]:
        return self.journal_path.read_text().splitlines()

    def noted(self, start: str, times: int = 1, seconds: float = 20) -> None:
        def often() -> bool:
            return sum(line.startswith(start) for line in self.journal()) >= times

        try:
            until(often, seconds=seconds, what=f"{start!r} is noted {times} times")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.journal()}\n{self.log()}") from None

    def log(self) -> str:
        return self.log_path.read_text()

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float = 20) -> int:
        return self.process.wait(seconds)

    def stop(self, seconds: float = 20) -> int:
        self.terminate()
        return self.wait(seconds)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> "Hosted":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class Broker:
    """What a test does to a vhost."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    @contextmanager
    def channel(self) -> Iterator[Any]:
        with Connection(self._uri) as connection:
            yield connection.channel()

    def ring(self, then: str = "pass", number: int = 1, *, queue: str = OUR_QUEUE, **changes: Any) -> None:
        """Put an event straight into ``queue``: in our envelope, or bare when it is nameko's queue."""
        data = {"then": then, "number": number}
        self.put(json.dumps(data if queue == RAW_QUEUE else envelope(data) | changes).encode(), queue=queue)

    def put(
        self, body: bytes, *, queue: str, exchange: str = "", content_type: str = "application/json", **headers: Any
    ) -> None:
        from amqp.basic_message import Message

        with self.channel() as channel:
            message = Message(
                body, content_type=content_type, content_encoding="utf-8", delivery_mode=2, application_headers=headers
            )
            channel.confirm_select()
            channel.basic_publish_confirm(message, exchange=exchange, routing_key=queue)

    def depth(self, queue: str) -> int:
        """Messages that nobody holds; 0 when there is no such queue."""
        with self.channel() as channel:
            try:
                return int(channel.queue_declare(queue, passive=True).message_count)
            except NotFound:
                return 0

    def take(self, queue: str) -> list[tuple[bytes, dict[str, Any]]]:
        """(body, headers) of all that lies in ``queue``, which is empty afterwards."""
        found: list[tuple[bytes, dict[str, Any]]] = []

        def keep(message: Any) -> None:
            found.append((message.body, message.properties.get("application_headers") or {}))

        with Connection(self._uri) as connection, suppress(NotFound):
            channel = connection.channel()
            channel.auto_decode = False
            count = channel.queue_declare(queue, passive=True).message_count
            channel.basic_consume(queue, no_ack=True, callback=keep)  # a single active consumer's queue knows no get
            while len(found) < count:
                connection.drain_events(timeout=5)
        return found

    def parked(self, count: int = 1, hearer: str = "hearer") -> list[tuple[bytes, dict[str, Any]]]:
        found: list[tuple[bytes, dict[str, Any]]] = []
        until(lambda: found.extend(self.take(f"{hearer}.parked")) or len(found) >= count, what=f"{count} are parked")
        return found


@contextmanager
def alarm(rabbit: RabbitMQ) -> Iterator[None]:
    """RabbitMQ's memory alarm: as long as it lasts the broker reads nothing from a connection that publishes."""
    _limit_memory(rabbit, "1")
    try:
        yield
    finally:
        _limit_memory(rabbit, "1GB")


def _limit_memory(rabbit: RabbitMQ, to: str) -> None:
    command = [str(rabbitmq_node.SCRIPTS / "rabbitmqctl"), "-q", "-n", rabbitmq_node.NODE]
    subprocess.run(
        [*command, "set_vm_memory_high_watermark", "absolute", to],
        env=rabbit._environ(rabbit.record.ports),
        check=True,
        capture_output=True,
        timeout=30,
    )


class Wire:
    """A way to the broker that a test can cut while both ends live; new connections are let in again."""

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        self._to = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        port = self._listener.getsockname()[1]
        self.uri = uri.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{port}")
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, *, reset: bool = True) -> None:
        """Ends every connection: with a reset, or orderly, so that the next write to it still seems to succeed."""
        ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                if reset:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._to)
                self._ends += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=[source, sink], daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


def envelope(data: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "655f00000000000000000001",
        "source": "/services/tower",
        "type": "tower.bell_rung",
        "subject": "bell",
        "partitionkey": "bell",
        "time": "2023-05-01T00:00:00.000Z",
        "datacontenttype": "application/json",
        "seq": 1,
        "data": data,
    } | changes
