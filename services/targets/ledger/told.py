"""What was reported of a region, as one row of the ledger tells it."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from contract.words import WorkState
from services.targets.copies.remarks import Remark
from services.targets.ledger.outlook import state_of


@dataclass(frozen=True)
class Told:
    """What was reported of a region: by its own line, or by those of the regions below that make up its figure."""

    state: WorkState | None = None
    started: Decimal | None = None
    completed: Decimal | None = None
    inspected: Decimal | None = None
    problems: str | None = None
    next_steps: str | None = None
    evidence: int = 0
    filed_by: str | None = None
    reviewed_by: str | None = None
    updated_at: dt.datetime | None = None


_TEXTS = 3  # of so many regions below are texts repeated for the region above


def gathered(lines: Sequence[tuple[str, Remark | None]], *, own: bool) -> Told:
    """``lines``: (name of the region, its newest line or None). ``own``: there is one, and it is the region's own."""
    known = [(name, line) for name, line in lines if line is not None]
    if not known:
        return Told()
    only = known[0][1] if own else None
    return Told(
        state=state_of([line.state if line else None for _, line in lines]),
        started=added(line.started for _, line in known),
        completed=added(line.completed for _, line in known),
        inspected=added(line.inspected for _, line in known),
        problems=only.problems if only else _joined([(name, line.problems) for name, line in known]),
        next_steps=only.next_steps if only else _joined([(name, line.next_steps) for name, line in known]),
        evidence=sum(line.evidence for _, line in known),
        filed_by=only.filed_by if only else None,
        reviewed_by=only.reviewed_by if only else None,
        updated_at=max(line.said_at for _, line in known),
    )


def added(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """None while nobody told any."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None


def _joined(texts: Sequence[tuple[str, str | None]]) -> str | None:
    told = [f"{name}：{text}" for name, text in texts if text]
    more = f"（共{len(told)}地，其余略）" if len(told) > _TEXTS else ""
    return "；".join(told[:_TEXTS]) + more if told else None
