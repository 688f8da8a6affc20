"""(f) GET /v1/ledger/matrix: the whole ledger, every indicator in every region, beside one raw find of its rollups; and
the snapshot and bulletin of a round that is closed on it."""

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
from contract.bulletins import BulletinState
from contract.message import Said
from contract.reports import RoundClosed
from contract.subscriptions import SUBSCRIPTIONS, Subscription
from contract.words import Role
from plan import Indicator, Plan
from runtime import mongo
from services.targets.bulletins.steps import BEING_MADE
from services.targets.copies.rounds import Rounds
from services.targets.domain import Cause, Entry
from services.targets.ledger.outlook import month_end
from services.targets.snapshots.store import Snapshots
from services.targets.store import Changes, Counts
from tests.programme import until

_MOST = 150.0  # milliseconds, at the gateway
_BULLETIN = 10.0  # seconds
_CHUNK = 5_000


def steps(size: Size) -> int:
    return 3


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
        step("ledger: a round's snapshot and its bulletin")
        locked, issued = publish(crew, plan)
    middle = median(read)
    return Section(
        title="(f) The whole ledger in one answer",
        how=(
            f"{size.ledger_entries:,} entries spread over all indicators with a number, all county-level units and the "
            "days on which such facts take effect (reports at months' ends, certificates, awards and activities on any "
            f"day), written by the real `Counts.write`. GET /v1/ledger/matrix over HTTP, {size.ledger_reads} times in "
            "turns with the limit: the same rows of `rollups` found and decoded, and nothing else. "
            f"The answer has {len(whole['indicators'])} indicators in {len(whole['regions'])} regions, {numbers:,} "
            f"numbers, {len(json.dumps(whole, ensure_ascii=False).encode()) / 1024:,.0f} KiB. Then a round is closed: "
            "its snapshot is added up from the entries by targets.desk, and a bulletin of the province is asked for at "
            "the gateway (docx with charts, xlsx of every indicator and region)."
        ),
        figures=[
            Figure("GET /v1/ledger/matrix, median", (middle,), "ms", f"{middle / median(raw):.1f} × the limit"),
            Figure("GET /v1/ledger/matrix, 95 of 100 within", (_p95(read),), "ms"),
            Figure("the limit: one find of the rollups, median", (median(raw),), "ms"),
            Figure("the limit, 95 of 100 within", (_p95(raw),), "ms"),
            Figure("GET /v1/ledger?by=region (42 × 15 rows with texts and forecasts)", (median(rows),), "ms"),
            Figure("a closed round is heard of, until its snapshot is locked", (locked,), "s"),
            Figure(
                "POST /v1/bulletins, until it is drafted, reviewed, signed, and docx and xlsx are there", (issued,), "s"
            ),
        ],
        verdicts=[
            Verdict(f"the whole ledger in under {_MOST:.0f} ms", f"{middle:.0f} ms", middle < _MOST),
            Verdict(f"a bulletin of the province in under {_BULLETIN:.0f} s", f"{issued:.1f} s", issued < _BULLETIN),
        ],
    )


_ROUND_SEQ = 1_000_000_000  # after everything that was counted
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


def publish(crew: Crew, plan: Plan) -> tuple[float, float]:
    """Seconds until the snapshot of a round that is closed now is locked, and then until its bulletin is drafted,
    reviewed, signed and issued, by persons who do not hesitate."""
    store = mongo.database(crew.config, "targets")
    crew.start("targets.desk")
    round_id = mongo.new_id()
    began = time.perf_counter()
    Rounds(store).hear(_closed(plan, round_id))
    mark(crew, _ROUND_SEQ)
    until(lambda: Snapshots(store).of_round(round_id), what="the snapshot is locked")
    locked = time.perf_counter() - began
    dispatcher, reviewer, signer = (crew.enter(Role.DISPATCHER, person) for person in ("", "-2", "-3"))
    began = time.perf_counter()
    asked = dispatcher.post("/v1/bulletins", {"round_id": round_id}, status=202)
    place = f"/v1/bulletins/{asked['bulletin_id']}"
    until(lambda: _made(dispatcher.get(place)), what="the bulletin is drafted")
    reviewer.post(f"{place}/reviews", {"decision": "pass"}, status=200)
    signer.post(f"{place}/issuance", {}, status=202)
    done = until(lambda: _made(dispatcher.get(place)), what="the bulletin is issued")
    taken = time.perf_counter() - began
    if done["state"] != BulletinState.DONE:
        raise RuntimeError(f"the bulletin could not be made: {done['failure']}")
    return locked, taken


def _made(bulletin: dict[str, Any]) -> dict[str, Any] | None:
    return None if bulletin["state"] in BEING_MADE else bulletin


def _closed(plan: Plan, round_id: str) -> Said:
    """The round of the year's last month."""
    now = dt.datetime.now(dt.UTC)
    data = {
        "round_id": round_id,
        "version": 1,
        "number": 12,
        "period": f"{plan.deadline:%Y-%m}",
        "as_of": plan.deadline,
        "opens_on": plan.deadline,
        "due_on": plan.deadline + dt.timedelta(days=5),
        "closed_at": now,
        "outstanding": [],
    }
    return Said(RoundClosed, mongo.new_id(), "reports", round_id, now, None, _ROUND_SEQ, data)


def count(crew: Crew, plan: Plan, entries: int) -> None:
    """The rollups and entries that so many facts leave, without the facts."""
    store = mongo.database(crew.config, "targets")
    counts = Counts(store)
    counts.ensure_indexes()
    pick = random.Random(2023)
    for queue, made in _spread(plan, entries, pick):
        changes = Changes(queue, entries=made)
        mongo.transact(store, partial(counts.write, changes))
    mark(crew, entries)


def mark(crew: Crew, seq: int) -> None:
    """Everything up to there is heard."""
    store = mongo.database(crew.config, "targets")
    now = dt.datetime.now(dt.UTC)
    for one in SUBSCRIPTIONS:
        if one.hearer == "targets" and one.counted:
            with store.client.start_session() as session:
                Counts(store).mark(one.queue, one.service, seq, now, session)


def _spread(plan: Plan, entries: int, pick: random.Random) -> Iterator[tuple[str, list[tuple[str, Entry]]]]:
    """Chunks of (queue, entries)."""
    counted = [one for one in plan.indicators.values() if one.target is not None]
    counties = [county.code for county in regions.counties(plan.region)]
    by_queue: dict[str, list[tuple[str, Entry]]] = {}
    for at in range(entries):
        indicator = counted[at % len(counted)]
        heard = _heard(indicator, pick)
        made = by_queue.setdefault(heard.queue, [])
        made.append((indicator.id, _entry(plan, indicator, heard.service, pick.choice(counties), at, pick)))
        if len(made) == _CHUNK:
            yield heard.queue, by_queue.pop(heard.queue)
    yield from by_queue.items()


def _heard(indicator: Indicator, pick: random.Random) -> Subscription:
    """One that counts such facts: the others of targets hear of reports too, and leave no rollups."""
    service = {"certificate": "certification", "award": "housekeeping", "activity": "housekeeping"}.get(
        indicator.fact, "reports"
    )
    heard = [one for one in SUBSCRIPTIONS if one.hearer == "targets" and one.service == service and one.counted]
    return pick.choice(heard)


def _entry(plan: Plan, indicator: Indicator, service: str, region: str, at: int, pick: random.Random) -> Entry:
    if indicator.fact in ("report", "sum"):
        day = month_end(dt.date(plan.year, pick.randrange(12) + 1, 1))
        decimals = indicator.reporting.decimals if indicator.reporting else 0
        value: int | Decimal = pick.randrange(1, 50)
        if decimals:
            value = Decimal(pick.randrange(1, 100_000)).scaleb(-decimals)
    else:
        day, value = plan.begins + dt.timedelta(days=pick.randrange(365)), 1
    cause = Cause(f"{at:024x}", "bench", service, at + 1, dt.datetime(plan.year, 12, 31, tzinfo=dt.UTC))
    return Entry(f"{at:032x}", value, f"{at:024x}", region, day, cause)
