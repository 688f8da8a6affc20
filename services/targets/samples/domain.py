"""Samples of what is counted: drawn by chance, and so that anybody can draw them again. Pure."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Framed:
    """One counted unit: a person's certificate, an award, or a report's line with what it adds to the count. ``on``:
    the day from which it counts."""

    subject: str
    fact_id: str
    region: str
    amount: Decimal
    on: dt.date

    @property
    def line(self) -> str:
        """As it stands in the frame: ``subject|fact_id|region|amount``, the amount without needless zeros."""
        amount = self.amount.normalize()
        return f"{self.subject}|{self.fact_id}|{self.region}|{amount:f}"


@dataclass(frozen=True, slots=True)
class Drawn:
    """``frame`` in the order of the draw; its first ``size`` are the sample."""

    frame: tuple[Framed, ...]
    digest: str
    size: int

    @property
    def sample(self) -> tuple[Framed, ...]:
        return self.frame[: self.size]


def draw(frame: Iterable[Framed], *, seed: str, size: int) -> Drawn:
    """The frame in the order of sha256(seed|subject|fact_id), whatever order it came in; of one subject and fact in
    two regions the lesser code comes first."""
    ordered = tuple(sorted(frame, key=lambda unit: (place(seed, unit.subject, unit.fact_id), unit.region)))
    return Drawn(ordered, digest(unit.line for unit in ordered), size)


def place(seed: str, subject: str, fact_id: str) -> str:
    return hashlib.sha256(f"{seed}|{subject}|{fact_id}".encode()).hexdigest()


def digest(lines: Iterable[str]) -> str:
    """sha256 over the lines of the ordered frame, joined by line feeds."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def proved(lines: Sequence[str], *, seed: str, size: int, digest_told: str, sample_told: Sequence[str]) -> bool:
    """Whether the kept frame is the one whose digest was told, stands in the order of its seed, and gives the sample
    that was told."""
    keys = []
    for line in lines:
        subject, fact_id, region, _ = line.rsplit("|", 3)
        keys.append((place(seed, subject, fact_id), region))
    return keys == sorted(keys) and digest(lines) == digest_told and list(lines[:size]) == list(sample_told)


def units(drawn: Drawn, *, fact: str) -> list[dict[str, Any]]:
    """The sample as it is said."""
    return [
        {
            "subject": unit.subject,
            "fact": fact,
            "fact_id": unit.fact_id,
            "region": unit.region,
            "amount": f"{unit.amount.normalize():f}",
            "on": unit.on.isoformat(),
        }
        for unit in drawn.sample
    ]
