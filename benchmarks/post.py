"""(c) POST /v1/certificates: how many a second, how long each takes, and when the counter has moved."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from benchmarks.door import Door
from benchmarks.figures import Figure, Section, Size, Verdict
from benchmarks.ground import Crew, Ground, Watch
from runtime import mongo
from tests.builders import a_certificate
from tests.programme import PROCESSES, until

_CONNECTIONS = 16
_LAG = 1.0  # seconds, p99, as asked
_ROUTE = "/v1/certificates"


@dataclass(frozen=True)
class Posted:
    """``due``: when it was to be sent, ``answered``: when the 201 was there; seconds of one clock."""

    certificate_id: str
    due: float
    answered: float


def steps(size: Size) -> int:
    return 1 + 2 * size.rounds


def run(ground: Ground, size: Size, step: Callable[[str], None]) -> Section:
    rates: list[float] = []
    full: list[list[float]] = []
    half: list[list[float]] = []
    lags: list[list[float]] = []
    with ground.space() as crew:
        crew.start(*PROCESSES)
        door = crew.gateway()
        bodies = (a_certificate(seed) for seed in itertools.count(1))
        step("post: warming up")
        _post(door, bodies, seconds=min(2.0, size.post_seconds))
        crew.settle()
        posted, spent = 0, 0.0
        with Watch(crew.pids()) as watch:
            for _ in range(size.rounds):
                step("post: as many as it takes")
                began = time.perf_counter()
                answers = _post(door, bodies, seconds=size.post_seconds)
                rate = len(answers) / (max(one.answered for one in answers) - began)
                rates.append(rate)
                full.append([one.answered - one.due for one in answers])
                posted += len(answers)
                crew.settle()
                step("post: at half of that rate")
                with _counted(crew) as counted:
                    answers = _post(door, bodies, seconds=size.post_seconds, rate=rate / 2)
                    ids = {one.certificate_id for one in answers}
                    until(partial(ids.issubset, counted), what="every certificate is counted")
                half.append([one.answered - one.due for one in answers])
                lags.append([counted[one.certificate_id] - one.due for one in answers])
                posted += len(answers)
            spent = posted
    lag = median(_percentile(of, 99) for of in lags)
    ms = 1000
    return Section(
        title="(c) POST /v1/certificates",
        how=(
            f"The whole programme behind the real gateway (gunicorn, one process, 16 threads); a client with "
            f"{_CONNECTIONS} kept-alive connections on the same machine, each request with an Idempotency-Key of its "
            f"own and another person's certificate. *Full*: each connection posts again as soon as it is answered, for "
            f"{size.post_seconds:g} s. *Half*: evenly spaced at half of the rate that was just found; times run from "
            "the moment in which a request was due. *Lag*: from that same moment until the entry is committed in the "
            "target's ledger, in one transaction with the counter that `GET /v1/targets/12.1` reads; seen by a change "
            "stream on the entries, for every request."
        ),
        figures=[
            Figure("full: rate", tuple(rates), "requests/s"),
            Figure("full: p50", tuple(_percentile(of, 50) * ms for of in full), "ms"),
            Figure("full: p99", tuple(_percentile(of, 99) * ms for of in full), "ms"),
            Figure("half: p50", tuple(_percentile(of, 50) * ms for of in half), "ms"),
            Figure("half: p99", tuple(_percentile(of, 99) * ms for of in half), "ms"),
            Figure("half: post-to-counter lag p50", tuple(_percentile(of, 50) * ms for of in lags), "ms"),
            Figure("half: post-to-counter lag p99", tuple(_percentile(of, 99) * ms for of in lags), "ms"),
        ],
        verdicts=[
            Verdict("post-to-counter lag p99 under 1 s at half of the rate", f"{lag:.2f} s", lag < _LAG),
        ],
        costs={
            "peak MB": {name: f"{value:.0f}" for name, value in watch.peak_mb.items()},
            "CPU ms/request": {name: f"{value / spent * ms:.2f}" for name, value in watch.cpu_seconds.items()},
        },
    )


def _post(door: Door, bodies: Iterator[dict[str, Any]], *, seconds: float, rate: float | None = None) -> list[Posted]:
    """Without ``rate`` as fast as answers come."""
    began = time.perf_counter()
    lock = threading.Lock()
    turns = itertools.count()
    answers: list[Posted] = []

    def turn() -> tuple[float, dict[str, Any]] | None:
        """When to post next, and what."""
        with lock:
            due = time.perf_counter() if rate is None else began + next(turns) / rate
            return None if due > began + seconds else (due, next(bodies))

    def work() -> None:
        with closing(door.another()) as mine:
            while (next_one := turn()) is not None:
                due, body = next_one
                time.sleep(max(due - time.perf_counter(), 0))
                certificate = mine.post(_ROUTE, body)
                answers.append(Posted(certificate["certificate_id"], due, time.perf_counter()))

    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        for working in [pool.submit(work) for _ in range(_CONNECTIONS)]:
            working.result()
    return answers


@contextmanager
def _counted(crew: Crew) -> Iterator[dict[str, float]]:
    """When each certificate's entry was committed, as it happens."""
    seen: dict[str, float] = {}
    done = threading.Event()
    entries = mongo.database(crew.config, "targets")["entries"]
    inserted: list[dict[str, Any]] = [
        {"$match": {"operationType": "insert"}},
        {"$project": {"fullDocument.fact_id": 1}},
    ]

    def follow() -> None:
        while not done.is_set():
            change = stream.try_next()
            if change is not None:
                seen[change["fullDocument"]["fact_id"]] = time.perf_counter()

    with entries.watch(inserted, max_await_time_ms=200) as stream:
        thread = threading.Thread(target=follow)
        thread.start()
        try:
            yield seen
        finally:
            done.set()
            thread.join()


def _percentile(values: list[float], percent: int) -> float:
    """The nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]
