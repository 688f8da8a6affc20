"""What targets has made of the logs: entries, standings, rollups and watermarks, each against the count made anew."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from audit import places
from audit.books import Books, Event, number
from audit.counting import Count, Entry, Fact, Place, Steps, Subject
from contract.subscriptions import SUBSCRIPTIONS
from runtime import clock
from runtime.mongo import Document

_MENDED = "targets"  # whose entries put right what others left wrong
_CLOCKS = dt.timedelta(minutes=5)  # by which two machines may differ


def entry_faults(books: Books, count: Count) -> Iterator[str]:
    """Entries that no event of the log caused, those that one must have caused and that are missing, and those that
    say otherwise than their event. A difference that a mend has put right is none, if targets' own log has the mend."""
    found: dict[Subject, list[Entry]] = defaultdict(list)
    ids: dict[Entry, Any] = {}
    for row in books.rows("targets", "entries"):
        entry = _entry(row)
        found[entry.indicator, entry.subject].append(entry)
        ids[entry] = row["_id"]
    yield from _mend_faults(books, found)
    for subject in sorted(found.keys() | count.entries.keys()):
        mends = [entry for entry in found[subject] if entry.service == _MENDED]
        has = Counter(entry for entry in found[subject] if entry.service != _MENDED)
        should = Counter(count.entries.get(subject, []))
        if has == should and not mends:
            continue
        if subject in count.history and any(has == Counter(order) for order in count.other_orders(subject)):
            continue
        left = _by_place(has, should, mends)
        for entry in (has - should).elements():
            if left[_place(entry)]:
                yield f"targets.entries {ids[entry]}：{_described(entry)}，日志中没有这样的事件"
        for entry in (should - has).elements():
            if left[_place(entry)]:
                yield f"targets.entries 缺少分录：{_described(entry)}，{entry.service} 第 {entry.seq} 号事件应有"
        for entry in mends:
            if left[_place(entry)]:
                yield f"targets.entries {ids[entry]}：{_described(entry)}，与所更正的差额不符"


def _mend_faults(books: Books, found: Mapping[Subject, list[Entry]]) -> Iterator[str]:
    """Entries by which a replay put right what others had left wrong: each is a step of an event, and it has all."""
    events = {event.id: event for event in books.log(_MENDED) if event.type == "figures_mended"}
    mends = [one for entries in found.values() for one in entries if one.service == _MENDED]
    has = Counter(_unplaced(one, events.get(one.event_id)) for one in mends)
    stated = Counter(
        Entry(
            indicator=step["indicator"],
            subject=step["subject"],
            fact=step["fact_id"],
            region=step["region"],
            day=step["effective_on"],
            value=Decimal(step["value"]),
            service=_MENDED,
            seq=0,
            event_id=event.id,
            cause=f"{_MENDED}.{event.type}",
            recorded_at=event.time,
        )
        for event in events.values()
        for step in event.data["steps"]
    )
    for entry in (has - stated).elements():
        yield f"targets.entries：{_described(entry)}，更正事件 {entry.event_id} 中没有这一步"
    for entry in (stated - has).elements():
        yield f"targets.entries 缺少分录：{_described(entry)}，更正事件 {entry.event_id} 应有"
    for one in mends:
        if one.seq is not None and one.event_id in events and one.seq != events[one.event_id].seq:
            yield f"targets.entries：更正事件 {one.event_id} 记为第 {one.seq} 号，日志中不是"


def _unplaced(entry: Entry, event: Event | None) -> Entry:
    """A mend's place in the log is known only once the log has it. Those of before 0.3 were made events afterwards."""
    if event is not None and not event.data["replayed"]:
        entry = replace(entry, cause=f"{_MENDED}.{event.type}", recorded_at=event.time)
    return replace(entry, seq=0)


def standing_faults(books: Books, count: Count) -> Iterator[str]:
    """Subjects of whom other facts are known than the log says, or who stand as counted otherwise."""
    missing = set(count.facts)
    for row in books.rows("targets", "standings"):
        indicator, _, subject = str(row["_id"]).partition(":")
        name, key = f"targets.standings {row['_id']}", (indicator, subject)
        missing.discard(key)
        known = sorted((_fact(fact) for fact in row["facts"]), key=str)
        if known != sorted((_stated(fact, count, key) for fact in count.facts.get(key, {}).values()), key=str):
            yield f"{name}：所据事实与日志不一致"
        has, should = _counted(row["counted"]), count.steps.get(key, {})
        if has != should:
            yield f"{name}：计数依据为 {_rendered(has)}，应为 {_rendered(should)}"
    for indicator, subject in sorted(missing):
        yield f"targets.standings 缺少 {indicator}:{subject}，日志中有其事件"


def rollup_faults(books: Books, steps: Mapping[tuple[str, str, str, str], Decimal]) -> Iterator[str]:
    """Regions whose published figure, of a day or in all, is not what the subjects add up to. ``steps``: by (indicator,
    subject, county, day)."""
    should: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for (indicator, _, county, day), value in steps.items():
        for region in places.path(county):
            should[indicator, region, day] += value
            should[indicator, region, "total"] += value
    found: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in books.rows("targets", "rollups"):
        if row["_id"] != f"{row['indicator']}:{row['region']}:{row['queue']}":
            yield f"targets.rollups {row['_id']}：与其内容 {row['indicator']}:{row['region']}:{row['queue']} 不符"
        for day, value in {**row["days"], "total": row["total"]}.items():
            found[row["indicator"], row["region"], day] += number(value)
    for indicator, region, day in sorted(found.keys() | should.keys()):
        has, right = found[indicator, region, day], should[indicator, region, day]
        if has != right:
            place = f"{places.name(region)}{'合计' if day == 'total' else day}"
            yield f"targets.rollups {indicator} {place}：公布 {has:f}，应为 {right:f}"


def place_faults(books: Books, count: Count) -> Iterator[str]:
    """Whoever follows the entries follows their places in each queue: they are without gaps, and none is given twice.
    Entries of before 0.3 have none; what no event caused is for ``entry_faults``, and may have been mended."""
    places: dict[str, list[int]] = defaultdict(list)
    caused = {entry for entries in count.entries.values() for entry in entries}
    for row in books.rows("targets", "entries"):
        if row["service"] != _MENDED and _entry(row) not in caused:
            continue
        if "queue" in row or "n" in row:
            places[str(row.get("queue"))].append(row.get("n", 0))
    given = {row["_id"]: row["n"] for row in books.rows("targets", "places")}
    for queue in sorted(places.keys() | given.keys()):
        if sorted(places[queue]) != list(range(1, given.get(queue, 0) + 1)):
            yield f"targets.entries、targets.places {queue}：位次缺漏、重复或多于所给的 {given.get(queue, 0)} 个"


def watermark_faults(books: Books) -> Iterator[str]:
    """How far each queue is stated to have come. Whether the log goes that far is for the anchors to say."""
    missing = {one.queue for one in SUBSCRIPTIONS if one.counted and books.log(one.service)}
    for row in books.rows("targets", "sources"):
        name = f"targets.sources {row['_id']}"
        missing.discard(row["queue"])
        if row["_id"] != f"{row['service']}:{row['queue']}":
            yield f"{name}：与其内容 {row['service']}:{row['queue']} 不符"
        if row["at"] > clock.now() + _CLOCKS:
            yield f"{name}：水位时刻 {row['at']} 尚未到来"
    for queue in sorted(missing):
        yield f"targets.sources：队列 {queue} 没有水位"


def _entry(row: Document) -> Entry:
    return Entry(
        indicator=row["indicator"],
        subject=row["subject"],
        fact=row["fact_id"],
        region=row["region"],
        day=row["effective_on"],
        value=number(row["value"]),
        service=row["service"],
        seq=row["seq"],
        event_id=row["event_id"],
        cause=row["cause"],
        recorded_at=row["recorded_at"],
    )


def _by_place(has: Counter[Entry], should: Counter[Entry], mends: list[Entry]) -> dict[Place, Decimal]:
    """What is left of the differences once the mends are taken in; without any, that there is a difference at all."""
    left: dict[Place, Decimal] = defaultdict(Decimal)
    mended = {_place(entry) for entry in mends}
    for entry in ((has - should) + (should - has)).elements():
        sign = 1 if has[entry] > should[entry] else -1
        left[_place(entry)] += entry.value * sign if _place(entry) in mended else 1
    for entry in mends:
        left[_place(entry)] += entry.value
    return left


def _place(entry: Entry) -> Place:
    return entry.fact, entry.region, entry.day


def _described(entry: Entry) -> str:
    return f"{entry.indicator} {entry.subject} 在 {entry.region} {entry.day} 记 {entry.value:+f}"


def _fact(row: Document) -> dict[str, Any]:
    amount = row.get("amount")
    return {**row, "amount": None if amount is None else number(amount)}


def _stated(fact: Fact, count: Count, key: Subject) -> dict[str, Any]:
    kind = count.rules[key[0]].rule["fact"]
    return {
        "fact_id": fact.id,
        "version": fact.version,
        "fact": "report" if kind == "sum" else kind,
        "kind": fact.kind,
        "grade": fact.grade,
        "on": fact.on,
        "since": fact.since,
        "region": fact.region,
        "status": fact.status,
        "verification": fact.verification,
        "held": fact.held,
        "amount": fact.amount,
    }


def _counted(rows: list[Document]) -> Steps:
    steps: Steps = defaultdict(Decimal)
    for row in rows:
        amount = number(row.get("amount", 1))
        steps[row["fact_id"], row["region"], row["on"]] += amount
        if row["until"]:
            steps[row["fact_id"], row["region"], row["until"]] -= amount
    return {place: value for place, value in steps.items() if value}


def _rendered(steps: Steps) -> str:
    return "；".join(f"{region} {day} {value:+f}" for (_, region, day), value in sorted(steps.items())) or "不计"
