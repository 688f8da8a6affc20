"""A correction: what moved since a bulletin was issued, entry by entry."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from contract import regions
from plan import Plan
from services.targets.bulletins.domain import Content, Correction, Move
from services.targets.ledger.outlook import percent
from services.targets.snapshots.domain import Cell, Figures, Moved, place_of
from services.targets.tree.domain import decimals_of


def corrected(
    plan: Plan,
    content: Content,
    figures: Figures,
    entries: Sequence[Moved],
    *,
    known: Mapping[Cell, Decimal],
    sources: Mapping[str, int],
    code: str,
    bulletin_id: str,
    reason: str,
) -> Correction:
    """``content``: the corrected bulletin's; ``known``: what is now known for its day, of every region."""
    moves: list[Move] = []
    explained: dict[Cell, Decimal] = defaultdict(Decimal)
    for entry in entries:
        for above in regions.get(entry.region).path:
            explained[entry.indicator, above] += entry.value
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
            if now - figure.value != explained[id, figure.region]:
                unexplained.append(f"{indicator.name}（{place_of(figure.region)}）")
    return Correction(
        code=code,
        title=content.title,
        bulletin_id=bulletin_id,
        reason=reason,
        sources=sources,
        moves=tuple(moves),
        entries=tuple(entries),
        unexplained=tuple(unexplained),
    )
