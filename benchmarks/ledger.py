"""(f) GET /v1/ledger/matrix: the whole ledger, every indicator in every region, beside one raw find of its rollups."""

import datetime as dt
import json
import random
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from statistics import median, quantiles
from typing import Any

import plan as plans
from benchmarks.door import Door
from benchmarks.figures import Figure, Section, Size, Verdict
from benchmarks.ground import Crew, Ground
from contract import regions
from contract.subscriptions import SUBSCRIPTIONS
from plan import Indicator, Plan
from runtime import mongo
from services.targets.domain import Cause, Entry
from services.targets.outlook import month_end
from services.targets.store import Changes, Counts

_MOST = 150.0  # milliseconds, at the gateway
_CHUNK = 5_000


def steps(size: Size) -> int:
    return 2


def run(ground: Ground, size: Size, step: Callable[[str], None]) -> Section:
    with ground.space() as crew:
        step(f"ledger: {size.ledger_entries:,} entries")
        plan = plans.read(crew.config.plan_file)
        count(crew, plan, size.ledger_entries)
        crew.start("targets")
        door = crew.gateway()
        step("ledger: taking turns")
        rollups = Counts(mongo.database(crew.config, "targets")).rollups
        whole = _matrix(door)
        numbers = sum(value is not None for line in whole["indicators"] for value in line["values"])
        read: list[float] = []
        raw: list[float] = []
        for turn in range(-3, size.ledger_reads):
            for taken, work in ((read, lambda: _matrix(door)), (raw, lambda: list(rollups.find({}, _RAW)))):
                began = time.perf_counter()
                work()
                if turn >= 0:  # the first ones open connections and fill caches
                    taken.append((time.perf_counter() - began) * 1000)
        rows = _timed(lambda: door.get("/v1/ledger?by=region"), size.ledger_reads // 3 + 1)
    middle = median(read)
    return Section(
        title="(f) The whole ledger in one answer",
        how=(
            f"{size.ledger_entries:,} entries spread over all indicators with a number, all county-level units and the "
            "days on which such facts take effect (reports at months' ends, certificates, awards and activities on any "
            f"day), written by the real `Counts.write`. GET /v1/ledger/matrix over HTTP, {size.ledger_reads} times in "
            "turns with the limit: the same rows of `rollups` found and decoded, and nothing else. "
            f"The answer has {len(whole['indicators'])} indicators in {len(whole['regions'])} regions, {numbers:,} "
            f"numbers, {len(json.dumps(whole, ensure_ascii=False).encode()) / 1024:,.0f} KiB."
        ),
        figures=[
            Figure("GET /v1/ledger/matrix, median", (middle,), "ms", f"{middle / median(raw):.1f} × the limit"),
            Figure("GET /v1/ledger/matrix, 95 of 100 within", (_p95(read),), "ms"),
            Figure("the limit: one find of the rollups, median", (median(raw),), "ms"),
            Figure("the limit, 95 of 100 within", (_p95(raw),), "ms"),
            Figure("GET /v1/ledger?by=region (42 × 15 rows with texts and forecasts)", (median(rows),), "ms"),
        ],
        verdicts=[Verdict(f"the whole ledger in under {_MOST:.0f} ms", f"{middle:.0f} ms", middle < _MOST)],
    )


_RAW = {"_id": 0, "indicator": 1, "region": 1, "days": 1}


def _matrix(door: Door) -> dict[str, Any]:
    return door.get("/v1/ledger/matrix")


def _timed(work: Callable[[], Any], times: int) -> list[float]:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


def count(crew: Crew, plan: Plan, entries: int) -> None:
    """The rollups and entries that so many facts leave, without the facts."""
    store = mongo.database(crew.config, "targets")
    counts = Counts(store)
    counts.ensure_indexes()
    pick = random.Random(2023)
    for queue, made in _spread(plan, entries, pick):
        changes = Changes(queue, entries=made)
        mongo.transact(store, partial(counts.write, changes))
    now = dt.datetime.now(dt.UTC)
    for one in SUBSCRIPTIONS:
        if one.hearer == "targets" and one.single_active:
            with store.client.start_session() as session:
                counts.mark(one.queue, one.service, entries, now, session)


def _spread(plan: Plan, entries: int, pick: random.Random) -> Iterator[tuple[str, list[tuple[str, Entry]]]]:
    """Chunks of (queue, entries)."""
    counted = [one for one in plan.indicators.values() if one.target is not None]
    counties = [county.code for county in regions.counties(plan.region)]
    by_queue: dict[str, list[tuple[str, Entry]]] = {}
    for at in range(entries):
        indicator = counted[at % len(counted)]
        queue = _queue(indicator, pick)
        made = by_queue.setdefault(queue, [])
        made.append((indicator.id, _entry(plan, indicator, pick.choice(counties), at, pick)))
        if len(made) == _CHUNK:
            yield queue, by_queue.pop(queue)
    yield from by_queue.items()


def _queue(indicator: Indicator, pick: random.Random) -> str:
    service = {"certificate": "certification", "award": "housekeeping", "activity": "housekeeping"}.get(
        indicator.fact, "reports"
    )
    return pick.choice([one.queue for one in SUBSCRIPTIONS if one.hearer == "targets" and one.service == service])


def _entry(plan: Plan, indicator: Indicator, region: str, at: int, pick: random.Random) -> Entry:
    if indicator.fact in ("report", "sum"):
        day = month_end(dt.date(plan.year, pick.randrange(12) + 1, 1))
        decimals = indicator.reporting.decimals if indicator.reporting else 0
        value: int | Decimal = pick.randrange(1, 50)
        if decimals:
            value = Decimal(pick.randrange(1, 100_000)).scaleb(-decimals)
    else:
        day, value = plan.begins + dt.timedelta(days=pick.randrange(365)), 1
    cause = Cause(f"{at:024x}", "bench", "bench", at + 1, dt.datetime(plan.year, 12, 31, tzinfo=dt.UTC))
    return Entry(f"{at:032x}", value, f"{at:024x}", region, day, cause)
