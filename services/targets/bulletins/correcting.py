"""A correction: what moved since a bulletin was issued, entry by entry."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from contract import regions
from plan import Plan
from services.targets.bulletins.domain import INLINE, Content, Correction, Move
from services.targets.ledger.outlook import percent
from services.targets.snapshots.domain import Cell, Figures, Moved, place_of
from services.targets.tree.domain import decimals_of


@dataclass
class Itemised:
    """What a correction's entries come to, however many they are: taken one by one, in their order."""

    count: int = 0
    first: list[Moved] = field(default_factory=list)
    explained: dict[Cell, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    _hash: Any = field(default_factory=hashlib.sha256)

    def take(self, entry: Moved) -> None:
        self.count += 1
        if len(self.first) < INLINE:
            self.first.append(entry)
        for above in regions.get(entry.region).path:
            self.explained[entry.indicator, above] += entry.value
        self._hash.update(line(entry).encode() + b"\n")

    @property
    def digest(self) -> str:
        """sha256 over the entries' lines, a line feed after each."""
        return str(self._hash.hexdigest())


def line(entry: Moved) -> str:
    """An entry as canonical JSON, in the form in which it is kept and answered."""
    told = vars(entry) | {"value": str(entry.value), "effective_on": entry.effective_on.isoformat()}
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def corrected(
    plan: Plan,
    content: Content,
    figures: Figures,
    entries: Itemised,
    *,
    known: Mapping[Cell, Decimal],
    sources: Mapping[str, int],
    code: str,
    bulletin_id: str,
    reason: str,
) -> Correction:
    """``content``: the corrected bulletin's; ``known``: what is now known for its day, of every region."""
    moves: list[Move] = []
    unexplained = []
    for id, told in figures.items():
        indicator = plan.indicators[id]
        for figure in told:
            now = known.get((id, figure.region), Decimal(0))
            if figure.value is None or now == figure.value:
                continue
            moves.append(
                Move(
                    indicator=id,
                    name=indicator.name,
                    unit=indicator.unit,
                    decimals=decimals_of(plan, indicator),
                    region=figure.region,
                    region_name=place_of(figure.region),
                    reported=figure.value,
                    known=now,
                    reported_percent=figure.percent,
                    known_percent=percent(now, figure.goal) if figure.goal else None,
                )
            )
            if now - figure.value != entries.explained.get((id, figure.region), Decimal(0)):
                unexplained.append(f"{indicator.name}（{place_of(figure.region)}）")
    return Correction(
        code=code,
        title=content.title,
        bulletin_id=bulletin_id,
        reason=reason,
        sources=sources,
        moves=tuple(moves),
        entries=tuple(entries.first),
        unexplained=tuple(unexplained),
        entries_count=entries.count,
        entries_digest=entries.digest,
    )
