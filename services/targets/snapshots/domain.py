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

Cell = tuple[str, str]  # (indicator, region)
Days = Mapping[dt.date, Decimal]
Sources = Mapping[str, int]  # by service: everything up to this seq
Heard = Mapping[str, Any]  # of a service, as ``Counts.heard_up_to`` tells it: service, seq, at
Stored = Mapping[str, Any]  # an indicator's figures as they are kept: indicator, figures


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


Figures = Mapping[str, tuple[Figure, ...]]  # by indicator


@dataclass(frozen=True)
class Moved:
    """An entry that came after the snapshot: by which event of which service, and what it counts."""

    entry_id: str
    indicator: str
    region: str
    region_name: str
    value: Decimal
    effective_on: dt.date
    cause: str
    fact_id: str
    service: str
    seq: int


def place_of(code: str) -> str:
    """A region's name from its unit down: within the province nobody says the province's."""
    path = regions.get(code).path
    return "".join(regions.get(above).name for above in path[1:]) or regions.get(code).name


def everywhere(plan: Plan) -> list[str]:
    """The province, its units, and the counties below them; a unit that is its own county once."""
    units = [unit.code for unit in regions.children(plan.region)]
    return list(dict.fromkeys([plan.region, *units, *(county.code for county in regions.counties(plan.region))]))


def is_due(heard: Iterable[Heard], *, closed_seq: int, heard_at: dt.datetime) -> bool:
    """Whether all is counted that was said before a round was closed, of which `reports` told at its ``closed_seq``.
    `reports` must have come as far as that itself, every other service as far as the instant ``heard_at`` at which we
    heard of it."""
    for source in heard:
        if source["at"] is None:
            return False
        if source["service"] == "reports":
            if source["seq"] < closed_seq:
                return False
        elif source["at"] < heard_at:
            return False
    return True


def sources_of(heard: Iterable[Heard], *, mended: int, closed_seq: int | None = None) -> dict[str, int]:
    """What is known: of each service, and of targets' own mends up to the event ``mended``. Of `reports`, for the
    snapshot of a round that is due, up to its closing."""
    found = {source["service"]: int(source["seq"]) for source in heard}
    if mended:
        found["targets"] = mended
    if closed_seq is not None:
        found["reports"] = closed_seq
    return dict(sorted(found.items()))


def spread(steps: Iterable[tuple[str, str, dt.date, Decimal]]) -> dict[Cell, dict[dt.date, Decimal]]:
    """Net counts by day of every region, from (indicator, region, day, net) of those that counted."""
    found: dict[Cell, dict[dt.date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for indicator, region, on, net in steps:
        for above in regions.get(region).path:
            found[indicator, above][on] += net
    return {cell: dict(days) for cell, days in found.items()}


def digest_of(rows: Sequence[Stored], *, round_id: str, as_of: dt.date, sources: Sources) -> str:
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
