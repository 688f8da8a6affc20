"""`make bench`: measures everything on servers of its own and writes RESULTS.md.

python -m benchmarks                    all sections, about ten minutes; writes benchmarks/RESULTS.md
python -m benchmarks events read        only these, printed
python -m benchmarks --quick            tiny sizes, to see that it runs; printed
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from tqdm import tqdm

from benchmarks import events, figures, ledger, machine, pages, post, read, replay, roster
from benchmarks.ground import FOLDER, ground
from deploy.server import ServerFailed
from runtime import clock

SECTIONS: dict[str, ModuleType] = {
    "events": events,
    "roster": roster,
    "post": post,
    "read": read,
    "replay": replay,
    "ledger": ledger,
    "pages": pages,
}
RESULTS = Path(__file__).with_name("RESULTS.md")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.partition("\n")[0])
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of: {' '.join(SECTIONS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    parser.add_argument("--out", type=Path, help=f"where to write (default: {RESULTS.name} for a whole run)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for servers, logs and files")
    asked = parser.parse_args(argv)
    if unknown := set(asked.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are: {' '.join(SECTIONS)}")
    wanted = [name for name in SECTIONS if not asked.sections or name in asked.sections]
    size = figures.QUICK if asked.quick else figures.FULL
    out = asked.out or (RESULTS if len(wanted) == len(SECTIONS) and not asked.quick else None)
    began, load = time.monotonic(), os.getloadavg()[0]
    try:
        text, met = measure(wanted, size, asked.folder, lambda: time.monotonic() - began, load)
    except ServerFailed as failure:
        print(failure, file=sys.stderr)
        return 2
    if out is None:
        print(text)
    else:
        out.write_text(text)
        print(f"written: {out}")
    return 0 if met else 1


def measure(
    wanted: list[str], size: figures.Size, folder: Path, elapsed: Callable[[], float], load: float
) -> tuple[str, bool]:
    """The report, and whether every figure is as asked."""
    found = []
    total = sum(SECTIONS[name].steps(size) for name in wanted)
    with ground(folder) as here, tqdm(total=total, desc="bench", file=sys.stderr) as bar:

        def step(what: str) -> None:
            bar.set_description_str(what)
            bar.update()

        for name in wanted:
            found.append(SECTIONS[name].run(here, size, step))
        with here.space() as crew:
            versions = machine.versions(crew.config)
    text = figures.report(found, began=clock.day_of(clock.now()), seconds=elapsed(), load=load, versions=versions)
    return text, all(one.met for section in found for one in section.verdicts)


if __name__ == "__main__":
    sys.exit(main())
