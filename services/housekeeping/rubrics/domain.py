"""Rubrics as data: *.toml beside this file, one a version. A case is pinned to one for good."""

import datetime as dt
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from contract.housekeeping import SubjectKind

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Item:
    id: str
    group: str
    title: str
    weight: Decimal
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Veto:
    """一票否决"""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Rubric:
    """``stars``: (stars, from how many points), the highest first. ``gap``: two totals further apart call a third."""

    version: str
    subject_kind: SubjectKind
    in_force_from: dt.date
    reviewers: int
    gap: Decimal
    stars: tuple[tuple[int, Decimal], ...]
    items: tuple[Item, ...]
    vetoes: tuple[Veto, ...]

    @property
    def evidence(self) -> frozenset[str]:
        return frozenset(kind for item in self.items for kind in item.evidence)

    def stars_for(self, score: Decimal) -> int:
        """0 for none."""
        return next((stars for stars, least in self.stars if score >= least), 0)


class RubricUnsound(Exception):
    """The file does not add up; says what."""


def parse(text: str) -> Rubric:
    """Raises RubricUnsound."""
    data = tomllib.loads(text, parse_float=Decimal)
    rubric = Rubric(
        version=data["version"],
        subject_kind=SubjectKind(data["subject_kind"]),
        in_force_from=data["in_force_from"],
        reviewers=data["reviewers"],
        gap=Decimal(data["gap"]),
        stars=tuple(
            sorted(((step["stars"], Decimal(step["from"])) for step in data["stars"]), key=lambda step: -step[1])
        ),
        items=tuple(
            Item(item["id"], item["group"], item["title"], Decimal(item["weight"]), tuple(item["evidence"]))
            for item in data["items"]
        ),
        vetoes=tuple(Veto(veto["id"], veto["title"]) for veto in data["vetoes"]),
    )
    total = sum(item.weight for item in rubric.items)
    if total != 100:
        raise RubricUnsound(f"{rubric.version}: the weights add up to {total}, not to 100")
    if [stars for stars, _ in rubric.stars] != sorted((stars for stars, _ in rubric.stars), reverse=True):
        raise RubricUnsound(f"{rubric.version}: more points must not give fewer stars")
    for named in ([item.id for item in rubric.items], [veto.id for veto in rubric.vetoes]):
        if len(set(named)) != len(named):
            raise RubricUnsound(f"{rubric.version}: an id is there twice")
    return rubric


@lru_cache(maxsize=1)
def all_rubrics() -> dict[str, Rubric]:
    read = (parse(path.read_text(encoding="utf-8")) for path in sorted(_FOLDER.glob("*.toml")))
    return {rubric.version: rubric for rubric in read}


def rubric(version: str) -> Rubric:
    return all_rubrics()[version]


def in_force(kind: SubjectKind, day: dt.date) -> Rubric:
    """The newest one for this kind; the first one where even that came later."""
    found = sorted((r for r in all_rubrics().values() if r.subject_kind is kind), key=lambda r: r.in_force_from)
    return next((r for r in reversed(found) if r.in_force_from <= day), found[0])
