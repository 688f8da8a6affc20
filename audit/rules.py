"""What the plan's file asks to be counted, read here once more."""

import datetime as dt
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

_SERVICES = {"certificate": "certification", "award": "housekeeping", "report": "reports", "sum": "reports"}


@dataclass(frozen=True)
class Indicator:
    """``parts``: itself, or what it is the sum of. ``level``: which regions file its figures, None where nobody does.
    ``target`` and ``comparator`` are None where the plan gives no number."""

    id: str
    item: int
    year: int
    rule: dict[str, Any]
    parts: tuple[str, ...]
    measure: str
    comparator: str | None
    target: Decimal | None
    level: str | None
    curve: tuple[Decimal, ...]

    @property
    def counted(self) -> bool:
        return self.rule["fact"] in _SERVICES and self.target is not None

    @property
    def service(self) -> str:
        """By whose events it is counted."""
        return _SERVICES[self.rule["fact"]]


@dataclass(frozen=True)
class Plan:
    """``tolerance``: by how many percent a target of about (左右) may be missed."""

    region: str
    year: int
    deadline: dt.date
    tolerance: Decimal
    indicators: dict[str, Indicator]

    @property
    def begins(self) -> dt.date:
        return dt.date(self.year, 1, 1)


def read(path: Path) -> Plan:
    file = tomllib.loads(path.read_text(encoding="utf-8"))
    head = file["plan"]
    found = [
        Indicator(
            id=one["id"],
            item=one["item"],
            year=head["year"],
            rule=one["rule"],
            parts=tuple(one.get("sum_of", [one["id"]])),
            measure=one["measure"],
            comparator=one["comparator"] if "target" in one else None,
            target=Decimal(one["target"]) if "target" in one else None,
            level=one["rule"].get("reported_at"),
            curve=tuple(Decimal(str(percent)) for percent in one.get("curve", [])),
        )
        for one in file["indicators"]
    ]
    return Plan(
        region=head["region"],
        year=head["year"],
        deadline=head["deadline"],
        tolerance=Decimal(head["outlook"]["tolerance"]),
        indicators={one.id: one for one in found},
    )
