"""(e) Replay: every event again, beside the running count."""

import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

from benchmarks.events import province
from benchmarks.figures import Figure, Section, Size
from benchmarks.ground import Crew, Ground, Watch
from benchmarks.people import said
from runtime import mongo
from runtime.outbox import Outbox
from tests.programme import PROCESSES

_SAID = re.compile(r"重放 (\d+) 个事件，([\d.]+) 秒")


def steps(size: Size) -> int:
    return 2 + size.rounds


def run(ground: Ground, size: Size, step: Callable[[str], None]) -> Section:
    runs: list[tuple[float, float]] = []
    with ground.space() as crew:
        crew.start(*PROCESSES)
        step("replay: filling the log")
        envelopes = list(said(size.replay_events))
        began = time.perf_counter()
        _say(crew, envelopes)
        step("replay: counting")
        crew.settle(seconds=240)
        first = size.replay_events / (time.perf_counter() - began)
        assert province(crew) == size.replay_events
        del envelopes
        with Watch(crew.pids()) as watch:
            for _ in range(size.rounds):
                step("replay")
                runs.append(_replayed(crew, size.replay_events))
    cpu = {name: spent / size.rounds for name, spent in watch.cpu_seconds.items()}
    cpu["replay"] = median(seconds for _, seconds in runs)
    return Section(
        title="(e) Replay",
        how=(
            f"{size.replay_events:,} events in certification's outbox, told by the relay and counted; then "
            "`python -m services.targets.replay` on the running programme: reads the log from certification's store, "
            "counts beside the live count, holds counting, compares every rollup and every person, swaps. The whole "
            "command from its first event to the swap."
        ),
        figures=[
            Figure("replay", tuple(rate for rate, _ in runs), "events/s"),
            Figure("for comparison, the first time: outbox, relay, broker, counting", (first,), "events/s"),
        ],
        verdicts=[],
        costs={"CPU µs/event": {name: f"{spent / size.replay_events * 1e6:.0f}" for name, spent in cpu.items()}},
    )


def _say(crew: Crew, envelopes: list[dict[str, Any]]) -> None:
    store = mongo.database(crew.config, "certification")
    outbox = Outbox(store)
    outbox.ensure_indexes()
    for at in range(0, len(envelopes), 1000):
        mongo.transact(store, partial(outbox.add, envelopes=envelopes[at : at + 1000]))


def _replayed(crew: Crew, events: int) -> tuple[float, float]:
    """Events a second, and seconds of CPU time that the command itself took."""
    before = _spent_by_children()
    done = subprocess.run(
        [sys.executable, "-m", "services.targets.replay"],
        env={**os.environ, **crew.environ},
        capture_output=True,
        text=True,
    )
    spent = _spent_by_children() - before
    found = _SAID.search(done.stdout)
    assert done.returncode == 0, f"the replay differed or failed:\n{done.stdout}\n{done.stderr[-2000:]}"
    assert found, f"the replay no longer says how long it took:\n{done.stdout}"
    assert int(found[1]) == events
    return events / float(found[2]), spent


def _spent_by_children() -> float:
    """Of those that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
