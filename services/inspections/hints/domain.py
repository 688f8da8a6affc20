"""Hints (异常线索): what looked odd, as a case that somebody owns and concludes. Pure; nothing counted changes here."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.hints import (
    HintConcludedAlready,
    HintNotAssigned,
    HintNotYours,
    HintOutcome,
    HintState,
)
from contract.inspections import AnomalyKind
from services.inspections.access import Actor
from services.inspections.history import Tracked, begun, stepped


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint(Tracked):
    """``owner`` is an organisation or an account."""

    hint_id: str
    anomaly_key: str
    kind: AnomalyKind
    target_id: str
    region: str
    noticed_on: dt.date
    noticed_by: str
    measures: Mapping[str, Any] = field(hash=False)
    state: HintState
    owner: str | None = None
    outcome: HintOutcome | None = None
    inspection_id: str | None = None


def open_case(*, hint_id: str, told: Mapping[str, Any], service: str, at: dt.datetime) -> Hint:
    """``told`` is what contract.inspections.AnomalyEvent says."""
    return Hint(
        hint_id=hint_id,
        anomaly_key=told["anomaly_key"],
        kind=AnomalyKind(told["kind"]),
        target_id=told["target_id"],
        region=told["region"],
        noticed_on=told["noticed_on"],
        noticed_by=service,
        measures=told["measures"],
        state=HintState.OPEN,
        **begun("noticed", at=at, by=service, organisation=service),
    )


def assign(hint: Hint, *, owner: str, at: dt.datetime, who: Actor) -> Hint:
    """To somebody, or to somebody else. Raises HintConcludedAlready."""
    _not_concluded(hint)
    return stepped(
        hint,
        "assigned",
        at=at,
        by=who.client_id,
        organisation=who.organisation,
        text=owner,
        state=HintState.ASSIGNED,
        owner=owner,
    )


def conclude(
    hint: Hint, *, outcome: HintOutcome, text: str, inspection_id: str | None, at: dt.datetime, who: Actor
) -> Hint:
    """待核 is noted, and the case goes on. Raises HintConcludedAlready, HintNotAssigned, HintNotYours."""
    _not_concluded(hint)
    if hint.owner is None:
        raise HintNotAssigned("该线索尚未分派，请先分派给核查单位", "nobody owns this hint yet: assign it first")
    if hint.owner not in (who.organisation, who.client_id):
        raise HintNotYours(f"该线索由“{hint.owner}”核查", "this hint is for its owner to conclude")
    going_on = outcome is HintOutcome.UNDECIDED
    return stepped(
        hint,
        "undecided" if going_on else "concluded",
        at=at,
        by=who.client_id,
        organisation=who.organisation,
        text=text,
        state=hint.state if going_on else HintState.CONCLUDED,
        outcome=outcome,
        inspection_id=inspection_id or hint.inspection_id,
    )


def _not_concluded(hint: Hint) -> None:
    if hint.state is HintState.CONCLUDED:
        raise HintConcludedAlready("该线索已办结", "the hint is concluded")
