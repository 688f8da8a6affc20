"""What is known of an award, in the contract's words: for its parties, and, masked, for anybody."""

import datetime as dt
from typing import Any

from contract import housekeeping as public
from contract import regions
from services.housekeeping.awards import numbers
from services.housekeeping.awards.domain import Award
from services.housekeeping.evidence import shown_evidence
from services.housekeeping.matters import shown_matter


def shown_award(award: Award, *, qr: str, today: dt.date) -> dict[str, Any]:
    """Award"""
    return public.Award.write(
        award_id=award.award_id,
        version=award.version,
        award_number=award.number,
        subject_kind=award.subject_kind.value,
        subject_key=award.subject_key,
        name=award.name,
        unit=award.unit,
        region=award.region,
        region_name=regions.get(award.region).full_name,
        stars=award.stars,
        awarded_on=award.awarded_on,
        valid_until=award.valid_until,
        status=award.status.value,
        recognised_by=award.recognised_by.value,
        plaque=award.plaque,
        qr=qr,
        application_id=award.case_id,
        checks=[
            {
                "opened_on": check.opened_on,
                "due_on": check.due_on,
                "concluded_on": check.concluded_on,
                "outcome": check.outcome,
                "overdue": check.concluded_on is None and today > check.due_on,
            }
            for check in award.checks
        ],
        proposed=award.proposed
        and {
            "change": award.proposed.change,
            "stars": award.proposed.stars,
            "at": award.proposed.at,
            "by": award.proposed.by,
            "reason": award.proposed.reason,
            "evidence": [shown_evidence(item) for item in award.proposed.evidence],
        },
        matters=[shown_matter(matter) for matter in award.matters],
        history=[
            {
                "version": step.version,
                "what": step.what,
                "effective_on": step.effective_on,
                "at": step.at,
                "by": step.by,
                "reason": step.reason,
                "stars": step.stars,
                "status": step.status.value,
                "evidence": [shown_evidence(item) for item in step.evidence],
            }
            for step in award.history
        ],
    )


def public_award(award: Award) -> dict[str, Any]:
    """PublicAward's fields"""
    return {
        "name": award.name,
        "unit": award.unit,
        "subject_kind": award.subject_kind.value,
        "stars": award.stars,
        "award_number": numbers.masked(award.number),
        "region_name": regions.get(award.region).full_name,
        "awarded_on": award.awarded_on,
        "valid_until": award.valid_until,
        "recognised_by": award.recognised_by.value,
    }
