"""`make mutants`: how many small changes of the code that matters are noticed by the tests that mirror it.

Exit status 0 when at least nine in ten of the drawn are noticed, and all that are named; 1 otherwise.
"""

import argparse
import datetime as dt
import os
import queue
import shutil
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy import guard
from tests.conftest import Servers
from tests.mutants import covering, mutations, report
from tests.mutants.report import Trial
from tests.mutants.trial import Tree, Unfit

ROOT = Path(__file__).resolve().parents[2]
NAMED = Path(__file__).with_name("named.toml")
RESULTS = Path(__file__).with_name("RESULTS.md")
LEAST = 0.9  # of the drawn must be noticed
_PATIENCE = 3  # times as long as without the change, and then some
_STARTING = 30.0


@dataclass(frozen=True)
class Change:
    name: str
    module: str
    line: int
    text: str  # of the whole module


def drawn(wanted: Sequence[str], count: int, seed: int) -> list[Change]:
    found = mutations.sample(mutations.read(ROOT, wanted), count, seed, ROOT)
    return [Change(one.operator, one.module, one.line, one.applied(_source(one.module))) for one in found]


def named() -> list[Change]:
    """Raises LookupError for one that fits its module no more: it is to be written anew, or has become meaningless."""
    return [_named(one) for one in tomllib.loads(NAMED.read_text(encoding="utf-8"))["mutation"]]


def _named(one: dict[str, str]) -> Change:
    source = _source(one["module"])
    if source.count(one["before"]) != 1:
        raise LookupError(
            f"{one['module']} does not hold once what named.toml changes ({one['name']}): {one['before']}"
        )
    line = source[: source.index(one["before"])].count("\n") + 1
    return Change(one["name"], one["module"], line, source.replace(one["before"], one["after"]))


def _source(module: str) -> str:
    return (ROOT / module).read_text(encoding="utf-8")


@contextmanager
def trees(count: int) -> Iterator[list[Tree]]:
    folder = Path(tempfile.mkdtemp(prefix="mutants-"))
    os.environ[guard.MARK] = guard.over_this_process(folder=folder).mark
    servers = Servers.under(folder / "servers")
    try:
        servers.start()
        made = [Tree(ROOT, folder / f"tree{number}", folder / "servers") for number in range(count)]
        for tree in made:
            tree.warm()
        yield made
    finally:
        servers.discard()
        shutil.rmtree(folder, ignore_errors=True)


def tried(changes: Sequence[Change], among: Sequence[Tree]) -> list[Trial]:
    files = {change.module: covering.tests(ROOT, change.module) for change in changes}
    seconds = among[0].durations(sorted({file for each in files.values() for file in each}))
    free: queue.Queue[Tree] = queue.Queue()
    for tree in among:
        free.put(tree)

    def trial(numbered: tuple[int, Change]) -> Trial:
        number, change = numbered
        tree = free.get()
        began = time.monotonic()
        try:
            ours = files[change.module]
            limit = _STARTING + _PATIENCE * sum(seconds[file] for file in ours)
            with tree.changed(change.module, change.text):
                outcome = tree.try_out(ours, seconds=limit)
        finally:
            free.put(tree)
        done = report.diff(_source(change.module), change.text)
        result = Trial(change.name, change.module, change.line, done, outcome)
        _say(number, len(changes), result, time.monotonic() - began)
        return result

    with ThreadPoolExecutor(len(among)) as workers:
        return list(workers.map(trial, enumerate(changes, 1)))


def _say(number: int, of: int, trial: Trial, seconds: float) -> None:
    place = f"[{number}/{of}] {trial.module}:{trial.line} {trial.name} ({seconds:.0f} s)"
    told = f"noticed by {trial.outcome.by}" if trial.outcome.noticed else f"LIVES\n{trial.diff}"
    print(f"{place}: {told}", flush=True)


def main() -> int:
    options = argparse.ArgumentParser(prog="make mutants", description=__doc__.split("\n")[0])
    options.add_argument("--seed", type=int, default=2023)
    options.add_argument("--count", type=int, default=200, help="how many are drawn")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--only", default="", help="an area, or how a module's path begins; nothing is written down")
    given = options.parse_args()
    areas = covering.modules(ROOT)
    wanted = [module for module, area in areas.items() if given.only == area or module.startswith(given.only)]
    began, at = time.monotonic(), dt.datetime.now(dt.UTC)
    known = [change for change in named() if change.module in wanted]
    chosen = drawn(wanted, given.count, given.seed)
    try:
        with trees(given.workers) as among:
            results = tried([*known, *chosen], among)
    except Unfit as unfit:
        print(unfit, file=sys.stderr)
        return 2
    old, new = results[: len(known)], results[len(known) :]
    minutes = (time.monotonic() - began) / 60
    noticed = sum(trial.outcome.noticed for trial in new)
    of_old = sum(trial.outcome.noticed for trial in old)
    print(f"{noticed} of {len(new)} noticed, {of_old} of {len(old)} named; {minutes:.1f} min")
    if not given.only:
        how = f"{at:%Y-%m-%d %H:%M} UTC, seed {given.seed}, {given.workers} workers, {minutes:.0f} minutes"
        RESULTS.write_text(report.markdown(new, old, areas, how=how), encoding="utf-8")
        print(f"→ {RESULTS.relative_to(ROOT)}")
    return 0 if noticed >= LEAST * len(new) and all(trial.outcome.noticed for trial in old) else 1


if __name__ == "__main__":
    sys.exit(main())
