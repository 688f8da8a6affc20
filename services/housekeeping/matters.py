"""Matters: a subject moved or merged, and a person has to say what that means for a case or an award."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from contract.housekeeping import MatterNotOpen, Settlement


@dataclass(frozen=True, slots=True)
class Matter:
    kind: str
    detail: Mapping[str, str]
    opened_at: dt.datetime
    settled_at: dt.datetime | None = None
    decision: str | None = None
    reason: str | None = None


def first_open(matters: tuple[Matter, ...]) -> Matter | None:
    return next((matter for matter in matters if matter.settled_at is None), None)


def settled(matters: tuple[Matter, ...], decision: Settlement, *, at: dt.datetime, reason: str) -> tuple[Matter, ...]:
    """With every open one decided. Raises MatterNotOpen."""
    if first_open(matters) is None:
        raise not_open()
    return tuple(
        matter if matter.settled_at else replace(matter, settled_at=at, decision=decision.value, reason=reason)
        for matter in matters
    )


def not_open() -> MatterNotOpen:
    return MatterNotOpen("没有待处理的主体变更", "there is nothing to settle")


def shown_matter(matter: Matter) -> dict[str, Any]:
    return {
        "kind": matter.kind,
        "detail": dict(matter.detail),
        "opened_at": matter.opened_at,
        "settled_at": matter.settled_at,
        "decision": matter.decision,
        "reason": matter.reason,
    }
