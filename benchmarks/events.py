"""(a) Events to rollups: the batch consumer beside a naive nameko service, and beside the limit."""

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.figures import Figure, Section, Size, Verdict
from benchmarks.ground import Crew, Ground, Watch
from benchmarks.people import messages
from contract import regions
from runtime import mongo, rabbit

_PATIENCE = 120.0  # seconds
_NAIVE, _LIMIT = 6.0, 0.6  # times as fast, as asked

Messages = Sequence[tuple[str, bytes]]


@dataclass(frozen=True)
class Run:
    """``rate`` in events a second; ``cpu`` in microseconds of each process's time for one event."""

    rate: float
    cpu: dict[str, float]


def steps(size: Size) -> int:
    return 3 * size.rounds


def run(ground: Ground, size: Size, step: Callable[[str], None]) -> Section:
    events = messages(size.events)
    contenders: dict[str, tuple[Callable[[Ground, Messages], Run], Messages]] = {
        "targets.counting": (counting, events),
        "limit": (limit, events),
        "naive": (naive, events[: size.naive_events]),
    }
    runs: dict[str, list[Run]] = {name: [] for name in contenders}
    for _ in range(size.rounds):
        for name, (measure, told) in contenders.items():
            step(f"events → rollups: {name}")
            runs[name].append(measure(ground, told))
    rates = {name: tuple(one.rate for one in of) for name, of in runs.items()}
    middle = {name: median(of) for name, of in rates.items()}
    ours = middle["targets.counting"]
    return Section(
        title="(a) Events to rollups",
        how=(
            f"{size.events:,} `certificate_issued` events of as many people, in every county and on every day of the "
            f"year ({size.naive_events:,} for the naive service), are published into the queues while the process is "
            "held still (SIGSTOP); the clock runs from SIGCONT until all are settled in MongoDB. *targets.counting*: "
            "the real worker, 4 queues, standings, entries and rollups in one transaction a batch. *naive*: a nameko "
            "`@event_handler` with one `$inc`, all defaults. *limit*: a bare kombu consumer, `json.loads` and one "
            "upsert an event in a `bulk_write` of 1,000; no validation, no transaction, no proof."
        ),
        figures=[
            Figure("targets.counting", rates["targets.counting"], "events/s"),
            Figure("naive nameko service", rates["naive"], "events/s", f"counting is {ours / middle['naive']:.1f} ×"),
            Figure("limit", rates["limit"], "events/s", f"counting is {ours / middle['limit']:.2f} ×"),
        ],
        verdicts=[
            Verdict(
                f"at least {_NAIVE:.0f} × the naive service",
                f"{ours / middle['naive']:.1f} ×",
                ours >= _NAIVE * middle["naive"],
            ),
            Verdict(
                f"at least {_LIMIT} of the limit", f"{ours / middle['limit']:.2f}", ours >= _LIMIT * middle["limit"]
            ),
        ],
        costs={
            f"{name}: CPU µs/event": {process: f"{median(one.cpu[process] for one in of):.0f}" for process in of[0].cpu}
            for name, of in runs.items()
        },
    )


def counting(ground: Ground, events: Messages) -> Run:
    """The real worker, as `targets.counting` runs in production."""
    with ground.space() as crew:
        crew.start("targets.counting")
        return _timed(crew, "targets.counting", events, lambda: province(crew))


def limit(ground: Ground, events: Messages) -> Run:
    with ground.space() as crew:
        with rabbit.connection(crew.config) as broker:
            channel = broker.channel()
            channel.exchange_declare("certification.events", "topic", durable=True, auto_delete=False)
            channel.queue_declare("limit", durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
            channel.queue_bind("limit", "certification.events", "#")
        crew.run("limit", "benchmarks.limit", "limit")
        rows = mongo.database(crew.config, "limit")["rows"]
        return _timed(crew, "limit", events, rows.estimated_document_count)


def naive(ground: Ground, events: Messages) -> Run:
    with ground.space() as crew:
        crew.run("naive", "benchmarks.naive")
        counters = mongo.database(crew.config, "naive")["regions"]
        plain = [(key.partition(".")[0], body) for key, body in events]  # nameko's routing key is the event's name
        return _timed(crew, "naive", plain, lambda: sum(row["value"] for row in counters.find()))


def province(crew: Crew) -> int:
    """What the rollups say of the whole province."""
    rollups = mongo.database(crew.config, "targets")["rollups"]
    return sum(row["total"] for row in rollups.find({"region": regions.PROVINCE}, {"total": 1}))


def _timed(crew: Crew, name: str, events: Messages, settled: Callable[[], int]) -> Run:
    """From the moment in which ``name`` may take the first event to the one in which all are settled."""
    crew.signal(name, signal.SIGSTOP)  # it is there, and takes nothing until the queues are full
    with rabbit.connection(crew.config) as broker:
        rabbit.Publisher(broker).publish_all(rabbit.Outgoing("certification.events", key, body) for key, body in events)
    with Watch(crew.pids()) as watch:
        began = time.perf_counter()
        crew.signal(name, signal.SIGCONT)
        while (done := settled()) < len(events):
            assert time.perf_counter() - began < _PATIENCE, (
                f"{name} settled {done} of {len(events)} events:\n{crew.log(name).read_text()[-2000:]}"
            )
            time.sleep(0.02)
        seconds = time.perf_counter() - began
    assert done == len(events), f"{name} was told of {len(events)} people and counts {done}"
    return Run(
        rate=len(events) / seconds,
        cpu={process: spent / len(events) * 1e6 for process, spent in watch.cpu_seconds.items()},
    )
