"""(g) /readyz and /docs, which anybody may ask for without a token, again and again."""

import time
from collections.abc import Callable
from statistics import median

from benchmarks.figures import Figure, Section, Size, Verdict
from benchmarks.ground import Ground

_MOST_MS = {"/readyz": 5.0, "/docs": 20.0}


def steps(size: Size) -> int:
    return 1


def run(ground: Ground, size: Size, step: Callable[[str], None]) -> Section:
    with ground.space() as crew:
        step("pages")
        crew.start("certification+housekeeping+training+reports+inspections", "targets")
        door = crew.gateway()
        times: dict[str, list[float]] = {}
        for path in _MOST_MS:
            for turn in range(-1, size.pages):
                began = time.perf_counter()
                door.read(path)
                if turn >= 0:  # the first one finds out
                    times.setdefault(path, []).append((time.perf_counter() - began) * 1000)
    return Section(
        title="(g) /readyz and /docs, again and again",
        how=(
            f"{size.pages} requests of each, one after the other over one connection, all services running. What "
            "/readyz found holds for a second; /docs is rendered once."
        ),
        figures=[Figure(path, (median(of),), "ms", f"the longest took {max(of):.1f} ms") for path, of in times.items()],
        verdicts=[
            Verdict(f"{path} in less than {most:g} ms", f"{median(times[path]):.2f} ms", median(times[path]) < most)
            for path, most in _MOST_MS.items()
        ],
    )
