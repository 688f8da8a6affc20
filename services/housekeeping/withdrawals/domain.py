"""What an inspection's order does to an award: withdrawn, or given back. Pure.

To suspend would not do: a suspended award still counts. Only what the order itself took away is given back.
"""

import datetime as dt
from dataclasses import dataclass

from contract.housekeeping import AwardStatus, Settlement
from services.housekeeping.awards import domain as awards
from services.housekeeping.awards.domain import Award

BY = awards.INSPECTIONS


@dataclass(frozen=True, slots=True)
class Order:
    """What was told last of an order, and what came of it. ``revoked_as``: the award's version that it made."""

    order_id: str
    version: int
    award_id: str
    done: bool
    reason: str | None = None
    revoked_as: int | None = None


def withdraw(
    award: Award | None,
    *,
    order_id: str,
    version: int,
    award_id: str,
    reason: str,
    today: dt.date,
    at: dt.datetime,
) -> tuple[Order, Award | None]:
    """The answer, and the award as it is then, if that changes it."""
    if award is None:
        return Order(order_id, version, award_id, False, "没有这项认定"), None
    if not award.standing:
        fault = "认定此前已撤销" if award.status is AwardStatus.REVOKED else "认定已到期"
        return Order(order_id, version, award_id, False, fault), None
    why = f"督导核减 {order_id}：{reason}"
    after = awards.change(award, "revoke", stars=None, today=today, at=at, by=BY, reason=why, evidence=())
    return Order(order_id, version, award_id, True, revoked_as=after.version), after


def give_back(
    award: Award | None,
    before: Order | None,
    other: Award | None,
    *,
    order_id: str,
    version: int,
    award_id: str,
    reason: str,
    today: dt.date,
    at: dt.datetime,
) -> tuple[Order, Award | None]:
    """``other``: an award of the same subject by the same body that stands by now. Told before the order itself,
    nothing was taken and nothing need be given back."""
    if award is None:
        return Order(order_id, version, award_id, False, "没有这项认定"), None
    if before is None or before.revoked_as is None or award.status is not AwardStatus.REVOKED:
        return Order(order_id, version, award_id, True), None
    fault = None
    if _revoked_as(award) != before.revoked_as or _ended_since(award, before.revoked_as):
        fault = "核减之后认定又被撤销或终止"
    elif award.valid_until < today:
        fault = "认定的有效期已届满"
    elif other is not None:
        fault = "该主体已另有有效认定"
    if fault:
        return Order(order_id, version, award_id, False, fault), None
    after = awards.reinstate(award, today=today, at=at, by=BY, reason=f"督导恢复 {order_id}：{reason}")
    return Order(order_id, version, award_id, True), after


def _revoked_as(award: Award) -> int | None:
    """The version that its present revocation made."""
    return max((step.version for step in award.history if step.what == "award_revoked"), default=None)


def _ended_since(award: Award, revoked_as: int) -> bool:
    """Whether somebody decided meanwhile, after its subject moved or merged, that it ends."""
    since = next(step.at for step in award.history if step.version == revoked_as)
    ended = [matter.settled_at for matter in award.matters if matter.decision == Settlement.END.value]
    return any(settled is not None and settled >= since for settled in ended)
