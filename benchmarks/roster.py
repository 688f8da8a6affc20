"""(b) A roster, from its upload to settled counters."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.door import Door
from benchmarks.events import province
from benchmarks.figures import Figure, Section, Size, Verdict
from benchmarks.ground import Ground, Watch
from tests.builders import a_roster, write_roster
from tests.programme import PROCESSES

_RATE, _MEMORY = 2_000, 400  # rows a second, MB for each process: as asked
_PATIENCE = 300.0  # seconds
_SERVERS = ("mongod", "rabbitmq")  # the memory limit is for the programme's own processes
_KINDS = ("xlsx", "csv")


@dataclass(frozen=True)
class Run:
    """Rows a second until everything is counted, and until the annotated workbook is there too."""

    counted: float
    done: float
    peak_mb: dict[str, float]
    cpu: dict[str, float]


def steps(size: Size) -> int:
    return 1 + len(_KINDS) * size.roster_rounds


def run(ground: Ground, size: Size, step: Callable[[str], None]) -> Section:
    step("roster: writing the files")
    rows = a_roster(size.rows, seed=1)
    files = {kind: write_roster(ground.folder / f"roster.{kind}", rows) for kind in _KINDS}
    del rows
    runs: dict[str, list[Run]] = {kind: [] for kind in _KINDS}
    for _ in range(size.roster_rounds):
        for kind in _KINDS:
            step(f"roster → counters: {kind}")
            runs[kind].append(imported(ground, files[kind], size.rows))
    every = [one for of in runs.values() for one in of]
    own = [name for name in every[0].peak_mb if name not in _SERVERS]
    peak = {name: max(one.peak_mb[name] for one in every) for name in every[0].peak_mb}
    slowest = min(median(one.counted for one in of) for of in runs.values())
    hungriest = max(own, key=lambda name: peak[name])
    return Section(
        title="(b) A roster, from its upload to settled counters",
        how=(
            f"{size.rows:,} rows of as many people are uploaded through the gateway to the whole programme. *counted*: "
            "from the first byte of the upload until the province's counter has them all. *done*: until the job is, "
            "its annotated workbook included. Memory is the peak of each process's resident size."
        ),
        figures=[
            Figure(f"{kind}: {what}", tuple(getattr(one, what) for one in of), "rows/s")
            for kind, of in runs.items()
            for what in ("counted", "done")
        ],
        verdicts=[
            Verdict(f"at least {_RATE:,} rows/s until counted", f"{slowest:,.0f} rows/s", slowest >= _RATE),
            Verdict(
                f"each of our processes under {_MEMORY} MB",
                f"{peak[hungriest]:.0f} MB ({hungriest})",
                peak[hungriest] < _MEMORY,
            ),
        ],
        costs={
            "peak MB": {name: f"{value:.0f}" for name, value in peak.items()},
            **{
                f"{kind}: CPU µs/row": {name: f"{median(one.cpu[name] for one in of):.0f}" for name in of[0].cpu}
                for kind, of in runs.items()
            },
        },
    )


def imported(ground: Ground, file: Path, rows: int) -> Run:
    with ground.space() as crew:
        crew.start(*PROCESSES)
        door = crew.gateway()
        with Watch(crew.pids()) as watch:
            began = time.perf_counter()
            job = door.upload("/v1/certificate-imports", file)
            while (found := province(crew)) < rows:
                now = time.perf_counter() - began
                assert now < _PATIENCE, f"after {now:.0f} s {found} are counted: {_job(door, job)}"
                time.sleep(0.1)
            counted = time.perf_counter() - began
            assert found == rows, f"{rows} people were told of and {found} are counted"
            while (job := _job(door, job))["state"] != "done":
                assert job["state"] == "running", f"the job failed: {job}"
                time.sleep(0.1)
            done = time.perf_counter() - began
        assert job["created"] == rows, f"not every row was recorded: {job}"
        return Run(
            counted=rows / counted,
            done=rows / done,
            peak_mb=watch.peak_mb,
            cpu={name: spent / rows * 1e6 for name, spent in watch.cpu_seconds.items()},
        )


def _job(door: Door, job: dict[str, Any]) -> dict[str, Any]:
    with closing(door.another()) as anew:  # the gateway hangs up on who has been silent
        return anew.get(f"/v1/certificate-imports/{job['import_id']}")
