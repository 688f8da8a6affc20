"""(d) GET /v1/targets/12.1 with few people and with many: the answer may not take longer."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from statistics import median
from typing import Any

import plan
from benchmarks.door import Door
from benchmarks.figures import Figure, Section, Size, Verdict
from benchmarks.ground import Crew, Ground
from benchmarks.people import published
from contract.message import Event, Said, shard_of
from contract.subscriptions import SUBSCRIPTIONS
from runtime import mongo
from runtime.places import Mark
from services.targets.counting import Counting
from services.targets.rules import rules as counting_rules
from services.targets.store import Counts

_SAME = 0.20
_ASKED = {
    "the province": "",
    "one unit": "?region=130100",
    "by region": "?by=region",
    "by month": "?by=month",
    "as of a day": "?as_of=2023-10-31",
}
_KNOWN = "?known_at=2030-01-01T00:00:00Z"


def steps(size: Size) -> int:
    return 3


def run(ground: Ground, size: Size, step: Callable[[str], None]) -> Section:
    with ExitStack() as stack:
        few, many = stack.enter_context(ground.space()), stack.enter_context(ground.space())
        step(f"read: {size.few_people:,} people")
        for crew in (few, many):
            count(crew, size.few_people)
        step(f"read: {size.many_people:,} people")
        multiply(many, size.many_people // size.few_people)
        doors = []
        for crew, people in ((few, size.few_people), (many, size.many_people)):
            crew.start("targets")
            doors.append(crew.gateway())
            value = doors[-1].get("/v1/targets/12.1")["value"]
            assert int(value) == people, f"{people} people were to be counted, not {value}"
        step("read: taking turns")
        times = {what: _alternating(doors, query, size.reads) for what, query in _ASKED.items()}
        known = _alternating(doors, _KNOWN, 5)
    figures = [
        Figure(f"{what}, {people:,} people", tuple(median(half) * 1000 for half in _thirds(of)), "ms", beside)
        for what, (small, large) in times.items()
        for people, of, beside in (
            (size.few_people, small, ""),
            (size.many_people, large, f"{median(large) / median(small):.2f} × as long"),
        )
    ]
    figures += [
        Figure(f"known at an instant, {people:,} people", (median(of) * 1000,), "ms", "counts entries: not O(1)")
        for people, of in zip((size.few_people, size.many_people), known, strict=True)
    ]
    small, large = (median(of) for of in times["the province"])
    return Section(
        title="(d) GET /v1/targets/12.1 with few people and with many",
        how=(
            f"Two programmes side by side, each gateway, service and database its own: {size.few_people:,} people "
            f"counted by the real `Counting.handle`, and the same multiplied to {size.many_people:,} (standings and "
            f"entries copied inside MongoDB under keys of their own, rollups multiplied). {size.reads} requests of "
            "each kind to each, in turns, over HTTP; medians of thirds."
        ),
        figures=figures,
        verdicts=[
            Verdict(
                f"GET /v1/targets/12.1 takes the same within {_SAME:.0%}",
                f"{small * 1000:.2f} and {large * 1000:.2f} ms, {large / small - 1:+.0%}",
                abs(large / small - 1) <= _SAME,
            )
        ],
    )


def count(crew: Crew, people: int) -> None:
    """Settle that many people as the worker does."""
    counts = Counts(mongo.database(crew.config, "targets"))
    counts.ensure_indexes()
    rules = counting_rules(plan.read(crew.config.plan_file))
    queues = {shard: one.queue for one in SUBSCRIPTIONS if one.hearer == "targets" for shard in one.shards}
    counting = {queue: Counting(counts, rules, queue) for queue in set(queues.values())}
    for batch in _batches(people):
        parts: dict[str, list[Said]] = {}
        for envelope in batch:
            parts.setdefault(queues[shard_of(envelope["partitionkey"])], []).append(Event.heard(envelope))
        for queue, said in parts.items():
            counting[queue].handle(said)
    for of in counting.values():
        of.handle([Mark("certification", people, dt.datetime.now(dt.UTC))])


def _batches(people: int) -> Iterator[list[dict[str, Any]]]:
    envelopes = published(people)
    while batch := list(islice(envelopes, 4000)):
        yield batch


def multiply(crew: Crew, times: int) -> None:
    """Each person becomes ``times`` persons, in MongoDB itself: the first eight digits of a key say which copy."""
    store = mongo.database(crew.config, "targets")
    counts = Counts(store)
    copies: list[dict[str, Any]] = [{"$set": {"copy": {"$range": [0, times]}}}, {"$unwind": "$copy"}]
    digits = {"$toString": {"$add": [10_000_000, "$copy"]}}

    def keyed(name: str, at: int) -> dict[str, Any]:
        rest = {"$substrCP": [f"${name}", at + 8, 40]}
        return {name: {"$concat": [{"$substrCP": [f"${name}", 0, at]}, digits, rest]}}

    counts.standings.aggregate(
        [*copies, {"$set": keyed("_id", len("12.1:"))}, {"$unset": "copy"}, {"$out": "standings_many"}]
    )
    store["standings_many"].rename(counts.standings.name, dropTarget=True)
    counts.entries.aggregate(
        [*copies, {"$set": keyed("subject", 0)}, {"$unset": ["copy", "_id"]}, {"$out": "entries_many"}]
    )
    store["entries_many"].rename(counts.entries.name, dropTarget=True)
    for row in list(counts.rollups.find()):
        days = {day: value * times for day, value in row["days"].items()}
        counts.rollups.replace_one({"_id": row["_id"]}, row | {"total": row["total"] * times, "days": days})
    counts.ensure_indexes()


def _alternating(doors: list[Door], query: str, reads: int) -> tuple[list[float], ...]:
    times: tuple[list[float], ...] = tuple([] for _ in doors)
    for turn in range(-2, reads):
        for door, taken in zip(doors, times, strict=True):
            began = time.perf_counter()
            door.get(f"/v1/targets/12.1{query}")
            if turn >= 0:  # the first ones open connections and fill caches
                taken.append(time.perf_counter() - began)
    return times


def _thirds(values: list[float]) -> list[list[float]]:
    third = max(len(values) // 3, 1)
    return [values[at : at + third] for at in range(0, third * min(3, len(values)), third)]
