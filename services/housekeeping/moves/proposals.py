"""A base's move or merger is proposed on files and happens when a second person confirms it, of the city that receives
it or of the province: it stops whatever the base and its people hold, and a merger cannot be undone. Pure."""

import datetime as dt
from dataclasses import replace

from contract.applications import EvidenceMissing, NotYourOffice
from contract.errors import field_error
from contract.housekeeping import BaseMoveNotAllowed, Confirmation, SubjectStatus
from services.housekeeping.access import Actor
from services.housekeeping.evidence import Evidence
from services.housekeeping.registry import domain as registry
from services.housekeeping.registry.domain import Base, ProposedMove


def propose(
    base: Base,
    *,
    region: str,
    merged_into: str | None,
    at: dt.datetime,
    by: Actor,
    reason: str,
    evidence: tuple[Evidence, ...],
) -> Base:
    """Raises BaseMoveNotAllowed, EvidenceMissing."""
    if base.proposed is not None:
        raise BaseMoveNotAllowed(
            "已有待第二人确认的迁移或合并，请先确认或否决",
            "a move is proposed already: have it confirmed or refused first",
            facts={"version": base.version},
        )
    require_evidence(evidence)
    after = replace(base, proposed=ProposedMove(region, merged_into, by.client_id, at, reason, evidence))
    return registry.changed(after, "move_proposed", at=at, by=by.client_id, reason=reason, evidence=evidence)


def decide(base: Base, decision: Confirmation, *, at: dt.datetime, by: Actor, reason: str) -> Base:
    """Raises BaseMoveNotAllowed, NotYourOffice."""
    proposed = base.proposed
    if proposed is None:
        raise BaseMoveNotAllowed("没有待确认的迁移或合并", "no move is proposed", facts={"version": base.version})
    if not by.holds("province", region=proposed.region, organisation=""):
        by.require_office("city", region=proposed.region)
    if by.client_id == proposed.by:
        raise NotYourOffice(
            "提出变更的人不得自行确认，请由另一人办理", "who proposed a change does not decide about it: let another"
        )
    after = replace(base, proposed=None)
    if decision is Confirmation.REFUSE:
        return registry.changed(after, "move_refused", at=at, by=by.client_id, reason=reason)
    if proposed.merged_into is None:
        return registry.changed(
            after,
            "moved",
            at=at,
            by=by.client_id,
            reason=reason,
            evidence=proposed.evidence,
            region=proposed.region,
        )
    return registry.changed(
        after,
        "merged",
        at=at,
        by=by.client_id,
        reason=reason,
        evidence=proposed.evidence,
        merged_into=proposed.merged_into,
        status=SubjectStatus.MERGED,
    )


def require_evidence(evidence: tuple[Evidence, ...]) -> None:
    """Raises EvidenceMissing."""
    if not evidence:
        fault = field_error("/evidence", "missing", "须附证据材料", "is needed")
        raise EvidenceMissing("迁移、合并、换单位须附证据材料", "this needs evidence", [fault])
