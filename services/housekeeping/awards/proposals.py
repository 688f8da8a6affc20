"""A change of an award's standing is proposed by one person and takes effect when a second one of the province confirms
it: what moves a count is never one person's. Pure."""

import datetime as dt
from dataclasses import replace

from contract.applications import EvidenceMissing, NotYourOffice
from contract.errors import field_error
from contract.housekeeping import AwardChangeNotAllowed, Confirmation, RecognisedBy, Settlement
from services.housekeeping.access import Actor
from services.housekeeping.awards import domain as awards
from services.housekeeping.awards.domain import Award, Proposal
from services.housekeeping.evidence import Evidence

END = "end"
CHANGES = ("lower", "suspend", "resume", "revoke", END)


def propose(
    award: Award,
    change: str,
    *,
    stars: int | None,
    today: dt.date,
    at: dt.datetime,
    by: Actor,
    reason: str,
    evidence: tuple[Evidence, ...],
) -> Award:
    """Raises AwardChangeNotAllowed, MatterOpen, MatterNotOpen, EvidenceMissing."""
    if award.proposed is not None:
        raise AwardChangeNotAllowed(
            "已有待第二人确认的变更，请先确认或否决",
            "a change is proposed already: have it confirmed or refused first",
            facts={"status": award.status.value, "stars": award.stars, "version": award.version},
        )
    if not evidence:
        fault = field_error("/evidence", "missing", "须附证据材料", "is needed")
        raise EvidenceMissing("降星、暂停、恢复、撤销须附证据材料", "this needs evidence", [fault])
    proposed = Proposal(change, stars, by.client_id, by.organisation, at, reason, evidence)
    _applied(award, proposed, by=by.client_id, reason=reason, today=today, at=at)
    after = replace(award, proposed=proposed)
    return awards.moved(
        after, "change_proposed", effective_on=today, at=at, by=by.client_id, reason=reason, evidence=evidence
    )


def decide(award: Award, decision: Confirmation, *, today: dt.date, at: dt.datetime, by: Actor, reason: str) -> Award:
    """Raises AwardChangeNotAllowed, MatterOpen, MatterNotOpen, NotYourOffice."""
    by.require_office("province", region=award.region)
    proposed = award.proposed
    if proposed is None:
        raise AwardChangeNotAllowed(
            "没有待确认的变更",
            "no change is proposed",
            facts={"status": award.status.value, "stars": award.stars, "version": award.version},
        )
    of_a_city = award.recognised_by is RecognisedBy.CITY
    if by.client_id == proposed.by or (of_a_city and by.organisation == proposed.organisation):
        raise NotYourOffice(
            "提出变更的人不得自行确认，请由另一人办理", "who proposed a change does not decide about it: let another"
        )
    after = replace(award, proposed=None)
    if decision is Confirmation.REFUSE:
        return awards.moved(after, "change_refused", effective_on=today, at=at, by=by.client_id, reason=reason)
    return _applied(after, proposed, by=by.client_id, reason=reason, today=today, at=at)


def _applied(award: Award, proposed: Proposal, *, by: str, reason: str, today: dt.date, at: dt.datetime) -> Award:
    if proposed.change == END:
        return awards.settle(
            award, Settlement.END, today=today, at=at, by=by, reason=reason, evidence=proposed.evidence
        )
    return awards.change(
        award,
        proposed.change,
        stars=proposed.stars,
        today=today,
        at=at,
        by=by,
        reason=reason,
        evidence=proposed.evidence,
    )
