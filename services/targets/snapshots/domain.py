"""Snapshots: a closed round's figures, as they are kept for ever. Pure: what is counted and when is handed in.

What a snapshot contains is told by a logical clock, ``sources``: of each service everything that it said up to that
seq, and nothing after it. Anybody who has the entries can add them up again and must come to the same figures.
"""

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from contract import regions
from contract.words import WorkState
from plan import Plan
from runtime.mongo import Document
from runtime.record import document, of
from services.targets.copies.rounds import Round
from services.targets.ledger.rows import Row

Cell = tuple[str, str]  # (indicator, region)
Days = Mapping[dt.date, Decimal]
Sources = Mapping[str, int]  # by service: everything up to this seq


@dataclass(frozen=True)
class Snapshot:
    """``known_at``: when the round was closed, by the clock of `reports`; what the figures contain is ``sources``'s to
    say. ``digest`` is over all rows. ``outstanding``: who had not filed in time."""

    snapshot_id: str
    round_id: str
    year: int
    number: int
    period: str
    as_of: dt.date
    due_on: dt.date
    known_at: dt.datetime
    locked_at: dt.datetime
    sources: Mapping[str, int]
    digest: str
    rows: int
    outstanding: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Figure:
    """One row of the ledger as it was: what the ledger's Row says, without names and accounts."""

    region: str
    target: Decimal | None
    adjusted_target: Decimal | None
    period: Decimal | None
    value: Decimal | None
    percent: Decimal | None
    percent_of_original: Decimal | None
    increment: Decimal | None
    pace: Decimal | None
    deviation: Decimal | None
    status: str | None
    colour: str | None
    state: WorkState | None
    started: Decimal | None
    completed: Decimal | None
    inspected: Decimal | None
    problems: str | None
    next_steps: str | None
    evidence: int

    @property
    def goal(self) -> Decimal | None:
        return self.target if self.adjusted_target is None else self.adjusted_target


_OF_ROW = ("region", "target", "adjusted_target", "period", "value", "percent_of_original", "pace")
_OF_STANDING = ("percent", "increment", "deviation", "status", "colour")
_OF_TOLD = ("state", "started", "completed", "inspected", "problems", "next_steps", "evidence")

Figures = Mapping[str, tuple[Figure, ...]]  # by indicator


def figures_in(rows: Iterable[Row]) -> dict[str, tuple[Figure, ...]]:
    """Of the ledger's rows."""
    found: dict[str, list[Figure]] = defaultdict(list)
    for row in rows:
        kept = {name: getattr(row, name) for name in _OF_ROW}
        kept |= {name: getattr(row.standing, name) for name in _OF_STANDING}
        kept |= {name: getattr(row.told, name) for name in _OF_TOLD}
        found[row.indicator.id].append(Figure(**kept))
    return {indicator: tuple(figures) for indicator, figures in found.items()}


def everywhere(plan: Plan) -> list[str]:
    """The province, its units, and the counties below them; a unit that is its own county once."""
    units = [unit.code for unit in regions.children(plan.region)]
    return list(dict.fromkeys([plan.region, *units, *(county.code for county in regions.counties(plan.region))]))


def is_due(round: Round, heard: Iterable[Document]) -> bool:
    """Whether all is counted that was said before the round was closed. ``heard``: ``Counts.heard_up_to``. `reports`
    must have come as far as the closing itself, every other service as far as the instant at which we heard of it."""
    assert round.closed_seq is not None
    assert round.heard_at is not None
    for source in heard:
        if source["at"] is None:
            return False
        if source["service"] == "reports":
            if source["seq"] < round.closed_seq:
                return False
        elif source["at"] < round.heard_at:
            return False
    return True


def sources_of(round: Round, heard: Iterable[Document]) -> dict[str, int]:
    """What the snapshot of a round that is due contains."""
    assert round.closed_seq is not None
    found = {source["service"]: int(source["seq"]) for source in heard}
    return dict(sorted((found | {"reports": round.closed_seq}).items()))


def spread(steps: Iterable[tuple[str, str, dt.date, Decimal]]) -> dict[Cell, dict[dt.date, Decimal]]:
    """Net counts by day of every region, from (indicator, region, day, net) of those that counted."""
    found: dict[Cell, dict[dt.date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for indicator, region, on, net in steps:
        for above in regions.get(region).path:
            found[indicator, above][on] += net
    return {cell: dict(days) for cell, days in found.items()}


def rows_of(figures: Figures) -> list[Document]:
    """As they are stored: one document an indicator."""
    return [{"indicator": indicator, "figures": document(told)} for indicator, told in figures.items()]


def figures_of(rows: Iterable[Document]) -> dict[str, tuple[Figure, ...]]:
    return {row["indicator"]: tuple(of(Figure, told) for told in row["figures"]) for row in rows}


def digest_of(rows: Sequence[Document], *, round_id: str, as_of: dt.date, sources: Sources) -> str:
    """sha256 over the canonical JSON of the rows and of what they contain."""
    told = {
        "round_id": round_id,
        "as_of": as_of.isoformat(),
        "sources": dict(sources),
        "rows": [{"indicator": row["indicator"], "figures": row["figures"]} for row in rows],
    }
    canonical = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def differing(figures: Figures, counted: Mapping[Cell, Days]) -> list[tuple[str, str, Decimal, Decimal]]:
    """(indicator, region, kept, counted again) where a snapshot's figure is not what its entries add up to."""
    found = []
    for indicator, told in figures.items():
        for figure in told:
            if figure.value is None:
                continue
            again = sum(counted.get((indicator, figure.region), {}).values(), Decimal(0))
            if again != figure.value:
                found.append((indicator, figure.region, figure.value, again))
    return found
