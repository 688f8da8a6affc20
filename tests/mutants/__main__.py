"""`make mutants`: how many small changes of the code that matters are noticed by the tests that mirror it.

Exit status 0 when at least nine in ten of the drawn are noticed, and all that are named; 1 otherwise.
"""

import argparse
import datetime as dt
import json
import os
import queue
import shutil
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy import guard
from deploy.servers import VAR
from tests.conftest import Servers
from tests.mutants import covering, mutations, report
from tests.mutants.report import Trial
from tests.mutants.trial import Outcome, Tree, Unfit

ROOT = Path(__file__).resolve().parents[2]
NAMED = Path(__file__).with_name("named.toml")
RESULTS = Path(__file__).with_name("RESULTS.md")
LAST = VAR / "mutants.json"
LEAST = 0.9  # of the drawn must be noticed


@dataclass(frozen=True)
class Change:
    name: str
    module: str
    line: int
    text: str  # of the whole module
    diff: str


def drawn(wanted: Sequence[str], count: int, seed: int) -> list[Change]:
    found = mutations.sample(mutations.read(ROOT, wanted), count, seed, ROOT)
    return [_change(one.operator, one.module, one.line, one.applied(_source(one.module))) for one in found]


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
    return _change(one["name"], one["module"], line, source.replace(one["before"], one["after"]))


def _change(name: str, module: str, line: int, text: str) -> Change:
    return Change(name, module, line, text, report.diff(_source(module), text))


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


def tried(changes: Sequence[Change], among: Sequence[Tree], *, minutes: float) -> list[Trial]:
    """After so many minutes no other is begun; as they were drawn in any order, those tried are a sample too."""
    files = {change.module: covering.tests(ROOT, change.module) for change in changes}
    free: queue.Queue[Tree] = queue.Queue()
    for tree in among:
        free.put(tree)
    writing = threading.Lock()

    until = time.monotonic() + 60 * minutes

    def trial(numbered: tuple[int, Change]) -> Trial | None:
        if time.monotonic() > until:
            return None
        number, change = numbered
        tree = free.get()
        began = time.monotonic()
        try:
            outcome = Outcome(False, "")
            for some in filter(None, files[change.module]):
                outcome = tree.try_out(some, change.module, change.text)
                if outcome.noticed:
                    break
        finally:
            free.put(tree)
        result = Trial(change.name, change.module, change.line, change.diff, outcome)
        _say(number, len(changes), result, time.monotonic() - began)
        with writing:
            keep([result])
        return result

    with ThreadPoolExecutor(len(among)) as workers:
        return [one for one in workers.map(trial, enumerate(changes, 1)) if one is not None]


def _say(number: int, of: int, trial: Trial, seconds: float) -> None:
    place = f"[{number}/{of}] {trial.module}:{trial.line} {trial.name} ({seconds:.0f} s)"
    told = f"noticed by {trial.outcome.by}" if trial.outcome.noticed else f"LIVES\n{trial.diff}"
    print(f"{place}: {told}", flush=True)


def earlier() -> dict[tuple[str, str], Outcome]:
    """What became of each change in the last run, by module and diff."""
    if not LAST.exists():
        return {}
    return {(one["module"], one["diff"]): Outcome(one["noticed"], one["by"]) for one in json.loads(LAST.read_text())}


def keep(trials: Sequence[Trial]) -> None:
    known = earlier() | {(trial.module, trial.diff): trial.outcome for trial in trials}
    LAST.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"module": module, "diff": diff, **vars(outcome)} for (module, diff), outcome in known.items()]
    LAST.write_text(json.dumps(rows, ensure_ascii=False, indent=1))


def main() -> int:
    options = argparse.ArgumentParser(prog="make mutants", description=__doc__.split("\n")[0])
    options.add_argument("--seed", type=int, default=2023)
    options.add_argument("--count", type=int, default=200, help="how many are drawn")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--only", default="", help="an area, or how a module's path begins; nothing is written down")
    options.add_argument("--minutes", type=float, default=60, help="after so many no other change is begun")
    options.add_argument("--again", action="store_true", help="try only what no earlier run saw noticed")
    given = options.parse_args()
    areas = covering.modules(ROOT)
    wanted = [module for module, area in areas.items() if given.only == area or module.startswith(given.only)]
    began, at = time.monotonic(), dt.datetime.now(dt.UTC)
    known = [change for change in named() if change.module in wanted]
    chosen = drawn(wanted, given.count, given.seed)
    before = earlier() if given.again else {}
    done = [
        Trial(one.name, one.module, one.line, one.diff, outcome)
        for one in (*chosen, *known)
        if (outcome := before.get((one.module, one.diff))) is not None and outcome.noticed
    ]
    there = {(trial.module, trial.diff) for trial in done}
    try:
        with trees(given.workers) as among:
            done += tried(
                [one for one in (*chosen, *known) if (one.module, one.diff) not in there], among, minutes=given.minutes
            )
    except Unfit as unfit:
        print(unfit, file=sys.stderr)
        return 2
    found = {(trial.module, trial.diff): trial for trial in done}
    old, new = (
        [found[one.module, one.diff] for one in changes if (one.module, one.diff) in found]
        for changes in (known, chosen)
    )
    minutes = (time.monotonic() - began) / 60
    noticed, of_old = (sum(trial.outcome.noticed for trial in trials) for trials in (new, old))
    print(f"{noticed} of {len(new)} noticed, {of_old} of {len(known)} named; {minutes:.1f} min")
    if not given.only:
        tried_out = f"{len(new)} of {len(chosen)} drawn tried by {given.workers} workers"
        how = f"{at:%Y-%m-%d %H:%M} UTC, seed {given.seed}, {tried_out}"
        RESULTS.write_text(report.markdown(new, old, areas, how=how), encoding="utf-8")
        print(f"→ {RESULTS.relative_to(ROOT)}")
    return 0 if noticed >= LEAST * len(new) and of_old == len(known) else 1


if __name__ == "__main__":
    sys.exit(main())
