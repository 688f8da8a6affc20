"""What the live count says, beside what a replay of the logs says."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import Any, TypeVar

from pymongo import DeleteOne, ReplaceOne
from pymongo.client_session import ClientSession

from runtime.mongo import Document
from services.targets.store import Counts, Net, number, standing

Cell = tuple[str, str, str, Decimal, Decimal]  # indicator, region, day or "total", live, replayed
Key = TypeVar("Key", str, tuple[str, str])
Side = TypeVar("Side")


@dataclass(frozen=True)
class LeftOut:
    """An event that cannot be counted; the live count puts it aside for the same reason."""

    service: str
    seq: int
    event_id: str
    reason: str


@dataclass
class Person:
    """A standing that is not what the log says, or whose entries do not add up to that: by ``missing``."""

    id: str
    what: str
    missing: Net = field(default_factory=dict)


@dataclass
class Difference:
    """What the live count says and what the log says."""

    rollups: list[Cell] = field(default_factory=list)
    persons: list[Person] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.rollups or self.persons or self.left_out)


def persons(live: Counts, beside: Counts) -> list[Person]:
    """Who stands otherwise than the log says. Everything is read once, in order, however many they are."""
    found: dict[str, Person] = {}
    for id, has, should in _side_by_side(_counted(live), _counted(beside)):
        if has != should:
            found[id] = Person(id, f"现行 {has}，重放 {should}")
    for (indicator, of), entered, replayed in _side_by_side(_entered(live), _entered(beside)):
        if entered != replayed:
            id = f"{indicator}:{of}"
            person = found.setdefault(id, Person(id, f"现行分录合计 {entered}，重放 {replayed}"))
            person.missing = _missing(entered or {}, replayed or {})
    return list(found.values())


def rollups(live: Counts, beside: Counts, session: ClientSession) -> tuple[list[Cell], list[Any]]:
    """Which cells differ, and the writes that make the live rollups those beside."""
    found: list[Cell] = []
    changes: list[Any] = []
    rows = _side_by_side(_rows(live, session), _rows(beside))
    for of, queues in groupby(rows, key=lambda row: row[0].rpartition(":")[0]):  # indicator:region
        told = list(queues)
        if all(has == should for _, has, should in told):
            continue
        lives, replays = _sums(has for _, has, _ in told), _sums(should for _, _, should in told)
        for day in sorted(lives.keys() | replays.keys()):
            cell = lives.get(day, Decimal(0)), replays.get(day, Decimal(0))
            if cell[0] != cell[1]:
                found.append((*subject(of), day, *cell))
        changes += [_change(id, row) for id, _, row in told]
    return found, changes


def subject(id: str) -> tuple[str, str]:
    """(indicator, subject) of a standing's id."""
    indicator, _, of = id.partition(":")
    return indicator, of


def _missing(has: Net, should: Net) -> Net:
    steps = {place: should.get(place, Decimal(0)) - has.get(place, Decimal(0)) for place in has.keys() | should.keys()}
    return {place: steps[place] for place in sorted(steps) if steps[place]}


def _rows(counts: Counts, session: ClientSession | None = None) -> Iterator[tuple[str, Document]]:
    """Rollups, in the order of their ids."""
    return ((row["_id"], row) for row in counts.rollups.find(session=session).sort("_id", 1))


def _sums(rows: Iterable[Document | None]) -> dict[str, Decimal]:
    """By day, and "total"."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row is not None:
            for day, value in {**row["days"], "total": row["total"]}.items():
                sums[day] += number(value)
    return sums


def _change(id: str, row: Document | None) -> Any:
    return DeleteOne({"_id": id}) if row is None else ReplaceOne({"_id": id}, row, upsert=True)


def _counted(counts: Counts) -> Iterator[tuple[str, object]]:
    for row in counts.standings.find().sort("_id", 1):
        yield row["_id"], standing(row).counted


def _entered(counts: Counts) -> Iterator[tuple[tuple[str, str], Net]]:
    return ((subject(id), net) for id, net in counts.nets())


def _side_by_side(
    left: Iterator[tuple[Key, Side]], right: Iterator[tuple[Key, Side]]
) -> Iterator[tuple[Key, Side | None, Side | None]]:
    """Join two streams that are ordered by their keys; a side that lacks the key gives None."""
    a, b = next(left, None), next(right, None)
    while a is not None or b is not None:
        if b is None or (a is not None and a[0] < b[0]):
            assert a is not None
            yield a[0], a[1], None
            a = next(left, None)
        elif a is None or b[0] < a[0]:
            yield b[0], None, b[1]
            b = next(right, None)
        else:
            yield a[0], a[1], b[1]
            a, b = next(left, None), next(right, None)
