"""Who may review a case, and who does: a rule, not a choice."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from contract import regions
from contract.applications import NoEligibleReviewer


@dataclass(frozen=True, slots=True)
class Reviewer:
    """``interests``: keys of subjects that they declared an interest in."""

    client_id: str
    organisation: str
    office: str | None
    base_id: str | None
    active: bool = True
    interests: frozenset[str] = frozenset()
    version: int = 1


@dataclass(frozen=True, slots=True)
class Parties:
    """Whom a case is about: the subject, the bases it belongs to, who applies, and where."""

    subject_key: str
    bases: frozenset[str]
    organisations: frozenset[str]
    region: str


def barred(reviewer: Reviewer, parties: Parties) -> str | None:
    """Why they may not review this: base, employer, office, interest or inactive. None when they may."""
    if not reviewer.active:
        return "inactive"
    if reviewer.base_id is not None and reviewer.base_id in parties.bases:
        return "base"
    if reviewer.organisation in parties.organisations:
        return "employer"
    office = reviewer.office  # the province's own office takes no part before the review
    if office is not None and office != regions.PROVINCE and regions.within(parties.region, office):
        return "office"
    if parties.subject_key in reviewer.interests:
        return "interest"
    return None


def assign(
    *,
    case_id: str,
    seats: int,
    pool: Iterable[Reviewer],
    parties: Parties,
    taken: Collection[str],
    loads: Mapping[str, int],
) -> list[str]:
    """The reviewers of that many seats: fewest open reviews first, then by an order that nobody can steer and anybody
    can check, the hash of case and reviewer. ``taken``: who has or had a seat here, or on the case that is appealed.
    Raises NoEligibleReviewer."""
    reasons: dict[str, int] = {}
    able = []
    for reviewer in pool:
        why = "taken" if reviewer.client_id in taken else barred(reviewer, parties)
        if why:
            reasons[why] = reasons.get(why, 0) + 1
        else:
            able.append(reviewer.client_id)
    if len(able) < seats:
        raise NoEligibleReviewer(
            f"符合回避规则的评审员不足：需要{seats}位，仅有{len(able)}位",
            f"{seats} reviewers are needed and {len(able)} may review this: register more",
            facts={"needed": seats, "eligible": len(able), "barred": dict(sorted(reasons.items()))},
        )
    return sorted(able, key=lambda client: (loads.get(client, 0), _lot(case_id, client)))[:seats]


def _lot(case_id: str, client_id: str) -> str:
    return hashlib.sha256(f"{case_id}\n{client_id}".encode()).hexdigest()
