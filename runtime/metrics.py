"""What a process tells about itself: /healthz, /readyz and /metrics on METRICS_PORT."""

import json
import sys
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

import structlog
from amqp.exceptions import AMQPError
from kombu.exceptions import OperationalError
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from pymongo.errors import PyMongoError

from runtime import mongo, rabbit
from runtime.batches import HANDLED, PARKED
from runtime.config import Config

__all__ = ["CALL_SECONDS", "HANDLED", "IN_FLIGHT", "PARKED", "RETRIED", "RPC_SECONDS", "Probe", "serve"]

log = structlog.get_logger()

RETRIED = Counter("events_retried_total", "Events sent to wait for another attempt", ["queue"])
IN_FLIGHT = Gauge("in_flight", "Requests and events being worked on", ["service", "kind"])
RPC_SECONDS = Histogram("rpc_seconds", "Time a service took for a call", ["service", "method", "outcome"])
CALL_SECONDS = Histogram("rpc_call_seconds", "Time a caller waited for a service", ["service", "method", "outcome"])

_PATIENCE = 2  # seconds that a probe waits for the broker or the database

Report = dict[str, bool | str | int]


class Part(Protocol):
    name: str

    def ready(self) -> Report: ...


class Probe:
    """Whether the process can do its work: its broker, its database, and what each of its parts says."""

    def __init__(self, config: Config, parts: Sequence[Part]) -> None:
        self._config = config
        self._parts = parts

    def report(self) -> tuple[bool, dict[str, Any]]:
        """(ready, what was found). A part is ready when none of the truth values it reports is false."""
        broker, database = broker_fault(self._config), mongo.fault(self._config)
        found = {"broker": _found(broker), "database": _found(database)}
        for part in self._parts:
            try:
                found[part.name] = part.ready()
            except PyMongoError as error:
                found[part.name] = {"ready": False, "fault": type(error).__name__}
        ready = bool(self._parts) and not any(value is False for part in found.values() for value in part.values())
        return ready, found


def _found(fault: str | None) -> Report:
    return {"ready": True} if fault is None else {"ready": False, "fault": fault}


def broker_fault(config: Config, *, publishing: bool = True) -> str | None:
    """Why the broker cannot be used, in a line without credentials, or None. ``publishing``: it must take messages,
    which it does not while one of its alarms lasts."""
    broker = rabbit.connection(config, heartbeat=0, connect_timeout=_PATIENCE)
    try:
        broker.ensure_connection(max_retries=1, interval_start=0)
        fault = rabbit.blocked(broker, seconds=_PATIENCE) if publishing else None
        if fault is None:
            broker.release()
        return fault
    except (AMQPError, OperationalError, OSError) as error:
        return f"{type(error).__name__} {error}"[:200]
    finally:
        broker.collect()  # without a farewell, for which a broker that takes nothing would let us wait


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.debug("probe.hung_up", error=str(sys.exc_info()[0]))


def serve(port: int, probe: Probe, *, host: str = "") -> Server:
    """Answer on ``port``, of all interfaces by default, until ``shutdown()``. Raises OSError when the port is taken."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/healthz":
                self._answer(200, b'{"alive": true}', "application/json")
            elif path == "/readyz":
                ready, found = probe.report()
                body = json.dumps({"ready": ready, "checks": found}, ensure_ascii=False).encode()
                self._answer(200 if ready else 503, body, "application/json")
            elif path == "/metrics":
                self._answer(200, generate_latest(), CONTENT_TYPE_LATEST)
            else:
                self._answer(404, b'{"paths": ["/healthz", "/readyz", "/metrics"]}', "application/json")

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            log.debug("probe", line=format % args)

    server = Server((host, port), Handler)
    threading.Thread(target=server.serve_forever, name="probes", daemon=True).start()
    return server
