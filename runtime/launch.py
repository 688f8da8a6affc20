"""Hosts services and workers: ``python -m runtime.launch NAME...``

    certification           the nameko service of services.certification.service
    certification.imports   the worker of services.certification.imports: worker(config) -> object with
                            run(stop: threading.Event) -> None and, if it likes, ready() -> {name: bool | str | int}
    certification.relay     what takes certification's events to the broker

nameko services live on eventlet, workers on plain threads, so one process has either the ones or the others. SIGTERM
and SIGINT end it when what is in flight is finished. Exit status: 0 ended when told to, 1 failed, 2 cannot start.
"""

import argparse
import importlib
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any, Protocol

# Nothing else may be imported before eventlet has patched the standard library.

_TICK = 0.1


class CannotStart(Exception):
    """One line that says what to do."""


class Part(Protocol):
    """Something hosted. ``failure`` is set, as one line, when it ended by itself."""

    name: str
    started: bool
    failure: str | None

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def ready(self) -> dict[str, bool | str | int]: ...


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m runtime.launch", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="+", metavar="NAME", help="a service, or service.worker")
    parser.add_argument("--package", default="services", help="where they are found (default: services)")
    parser.add_argument("--wait", type=float, default=60, metavar="SECONDS", help="for broker and database at start")
    args = parser.parse_args(argv)
    workers = [name for name in args.names if "." in name]
    if workers and len(workers) < len(args.names):
        services = ", ".join(name for name in args.names if "." not in name)
        print(f"cannot start / 无法启动: {services} need eventlet and {', '.join(workers)} must not have it: "
              "start them as two processes", file=sys.stderr)  # fmt: skip
        return 2
    if not workers:
        patch()
    from runtime.canary import SecretChanged
    from runtime.config import ConfigurationMissing
    from runtime.failures import Miswired

    try:
        return run(args.names, args.package, args.wait, _worker if workers else _service)
    except (CannotStart, ConfigurationMissing, Miswired, SecretChanged) as error:
        text = str(error)
        print(text if text.startswith("cannot start") else f"cannot start / 无法启动: {text}", file=sys.stderr)
        return 2


def patch() -> None:
    """Once or twice; before anything of ours is imported."""
    # Names are looked up by the system's resolver: eventlet's own takes longer to import than our contract, and knows
    # less than the system does (nsswitch, IPv6 order). Ours are two names, looked up when a connection is made.
    os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
    with warnings.catch_warnings(record=True):  # eventlet announces its own retirement: see docs/decisions
        import eventlet
        import eventlet.debug
    eventlet.monkey_patch()
    eventlet.debug.hub_exceptions(False)  # they would go to stderr with all that they quote; containers log them


def run(names: list[str], package: str, wait: float, make: Callable[[str, str, Any], Part]) -> int:
    asked = _Asked()
    import plan
    from runtime import canary, config, logs, metrics

    settings = config.read()
    try:
        plan.read(settings.plan_file)
    except plan.PlanUnreadable as error:
        raise CannotStart(str(error)) from None
    logs.configure(",".join(names), settings.log_level)
    parts: list[Part] = []
    probe = metrics.Probe(settings, parts)
    server = None
    if settings.metrics_port is not None:
        try:
            host = "" if settings.app_env == "production" else "127.0.0.1"
            server = metrics.serve(settings.metrics_port, probe, host=host)
        except OSError as error:
            raise CannotStart(f"METRICS_PORT {settings.metrics_port}: {error.strerror}") from None
    made = [make(name, package, settings) for name in names]
    if not _wait_for_servers(settings, wait, asked):
        return 0
    canary.check(settings)
    _declare(settings)
    parts += made
    status = _host(parts, asked)
    if server is not None:
        server.shutdown()
    return status


class _Asked:
    """Whether somebody asked us to end. A signal's handler may do no more than note it: locks and eventlet's hub are
    in any state when it runs."""

    def __init__(self) -> None:
        self.to_end = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, _number: int, _frame: Any) -> None:
        self.to_end = True


def _host(parts: list[Part], asked: _Asked) -> int:
    import structlog

    log = structlog.get_logger()
    for part in parts:
        part.start()
    told = False
    while not asked.to_end and not any(part.failure for part in parts):
        time.sleep(_TICK)
        if not told and all(part.started for part in parts):
            told = True
            log.info("launch.started", parts=[part.name for part in parts])
    for part in parts:
        part.stop()
    failures = [f"{part.name}: {part.failure}" for part in parts if part.failure]
    for failure in failures:
        print(failure, file=sys.stderr)
    log.info("launch.stopped", parts=[part.name for part in parts], failures=len(failures))
    return 1 if failures else 0


def _wait_for_servers(settings: Any, seconds: float, asked: _Asked) -> bool:
    """True when broker and database answer, False when asked to end before. Raises CannotStart after ``seconds``."""
    from runtime import metrics, mongo

    until, delay = time.monotonic() + seconds, 0.1
    while not asked.to_end:
        faults = {"broker (AMQP_URI)": metrics.broker_fault(settings, publishing=False)}
        faults["database (MONGO_URI)"] = mongo.fault(settings)
        away = [f"{server}: {fault}" for server, fault in faults.items() if fault]
        if not away:
            return True
        if time.monotonic() + delay > until:
            raise CannotStart(f"waited {seconds:g} s for {'; '.join(away)}")
        time.sleep(delay)
        delay = min(delay * 2, 3.0)
    return False


def _declare(settings: Any) -> None:
    from contract import subscriptions
    from runtime import rabbit, renewal

    try:
        renewal.declare(settings, subscriptions.SUBSCRIPTIONS)
    except rabbit.TopologyMismatch as error:
        raise CannotStart(str(error)) from None


def _import(path: str) -> ModuleType:
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name and path.startswith(error.name):
            raise CannotStart(f"there is no {path}") from None
        raise


class _Worker:
    """A worker in a plain thread."""

    def __init__(self, name: str, worker: Any) -> None:
        self.name = name
        self.started = False
        self.failure: str | None = None
        self._worker = worker
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name)

    def start(self) -> None:
        self._thread.start()
        self.started = True

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def ready(self) -> dict[str, bool | str | int]:
        ready = getattr(self._worker, "ready", None)
        return {"running": self._thread.is_alive()} | (ready() if ready else {})

    def _run(self) -> None:
        import structlog

        from runtime import failures

        try:
            self._worker.run(self._stop)
        except Exception as error:  # noqa: BLE001  the thread's end is the process's end, told by main
            self.failure = failures.describe(error)
            structlog.get_logger().error("worker.failed", error=self.failure, at=failures.frames(error))
        else:
            if not self._stop.is_set():
                self.failure = "ended though nobody asked it to"


def _worker(name: str, package: str, settings: Any) -> Part:
    service, _, part = name.partition(".")
    if part == "relay":
        from runtime.relay import Relay

        _import(f"{package}.{service}")
        return _Worker(name, Relay(settings, service))
    module = _import(f"{package}.{service}.{part}")
    if not hasattr(module, "worker"):
        raise CannotStart(f"{module.__name__} has no worker(config)")
    return _Worker(name, module.worker(settings))


class _Service:
    """A nameko service in its container."""

    def __init__(self, name: str, container: Any) -> None:
        self.name = name
        self.started = False
        self.failure: str | None = None
        self._container = container

    def start(self) -> None:
        import eventlet

        eventlet.spawn(self._watch)
        eventlet.spawn(self._start)

    def stop(self) -> None:
        if self.failure is None and self.started:
            self._container.stop()
        else:
            self._container.kill()

    def ready(self) -> dict[str, bool | str | int]:
        return {"started": self.started, **self._container.ready()}

    def _start(self) -> None:
        try:
            self._container.start()
            self.started = True
        except Exception as error:  # noqa: BLE001  told by main
            self._fail(error)

    def _watch(self) -> None:
        try:
            self._container.wait()
        except Exception as error:  # noqa: BLE001  told by main
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        from runtime import failures

        self.failure = self.failure or failures.describe(error)


def _service(name: str, package: str, settings: Any) -> Part:
    from runtime.hosting import Container

    module = _import(f"{package}.{name}.service")
    found = [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == module.__name__ and getattr(kind, "name", None) == name
    ]
    if len(found) != 1:
        raise CannotStart(f"{module.__name__} has {len(found)} classes whose name is {name!r}, not one")
    return _Service(name, Container(found[0], settings))


if __name__ == "__main__":
    sys.exit(main())
