"""Rosters that two training centres have in common: the same file, or largely the same people. Pure.

A person may well train at one centre and a year later at another: a few of them say nothing. Who is told of it decides
what it means; nothing that is recorded changes.
"""

import datetime as dt
import hashlib
import tomllib
from collections.abc import Mapping, Set
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

_OPTIONS = Path(__file__).with_name("rules.toml")


@dataclass(frozen=True)
class Options:
    days: int
    persons: int
    share: Decimal


@dataclass(frozen=True)
class Other:
    """What another organisation has in common with a roster. ``persons`` are person keys."""

    persons: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    same_file: bool = False


@dataclass(frozen=True)
class Overlap:
    """``measures`` are numbers and ids. One for a pair of organisations and a month, whoever was first."""

    key: str
    measures: dict[str, Any]


@lru_cache(maxsize=1)
def options() -> Options:
    said = tomllib.loads(_OPTIONS.read_text())
    return Options(said["days"], said["persons"], Decimal(said["share"]))


def overlaps(
    *,
    organisation: str,
    import_id: str,
    persons: Set[str],
    others: Mapping[str, Other],
    today: dt.date,
    options: Options,
) -> list[Overlap]:
    """``persons``: everybody in the roster, by key; ``others``: by organisation, from the time that is looked at."""
    found = []
    for name, other in sorted(others.items()):
        common = persons & other.persons
        many = len(common) >= options.persons and len(common) >= options.share * len(persons)
        if not (other.same_file or many):
            continue
        percent = Decimal(len(common) * 100) / max(len(persons), 1)
        measures = {
            "organisations": sorted([organisation, name]),
            "import_id": import_id,
            "other_imports": sorted(other.imports)[:20],
            "same_file": other.same_file,
            "persons_in_common": len(common),
            "persons_in_roster": len(persons),
            "percent": str(percent.quantize(Decimal("0.01"), ROUND_HALF_UP)),
        }
        found.append(Overlap(_key(organisation, name, today), measures))
    return found


def _key(one: str, other: str, today: dt.date) -> str:
    pair = "\x1e".join(sorted([one, other]))
    return f"shared_roster:{hashlib.sha256(pair.encode()).hexdigest()[:24]}:{today:%Y-%m}"
