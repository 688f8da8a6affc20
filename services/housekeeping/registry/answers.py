"""What is known of a base or a 福嫂, in the contract's words. Never who they are in full."""

import datetime as dt
from typing import Any

from contract import housekeeping as public
from contract import regions
from runtime.mongo import Document
from services.housekeeping.evidence import shown_evidence
from services.housekeeping.registry.domain import Base, Change, Fusao


def shown_base(base: Base) -> dict[str, Any]:
    """Base"""
    return public.Base.write(
        base_id=base.base_id,
        version=base.version,
        credit_code=base.credit_code,
        name=base.name,
        region=base.region,
        region_name=regions.get(base.region).full_name,
        organisation=base.organisation,
        legal_representative=base.legal_representative,
        led_by_a_woman=base.led_by_a_woman,
        registered_on=base.registered_on,
        staff=base.staff,
        women=base.women,
        employed=base.employed,
        certified=base.certified,
        status=base.status.value,
        merged_into=base.merged_into,
        proposed=base.proposed
        and {
            "region": base.proposed.region,
            "merged_into": base.proposed.merged_into,
            "at": base.proposed.at,
            "by": base.proposed.by,
            "reason": base.proposed.reason,
            "evidence": [shown_evidence(item) for item in base.proposed.evidence],
        },
        history=[_change(change) for change in base.history],
    )


def shown_fusao(fusao: Fusao, held: list[Document]) -> dict[str, Any]:
    """Fusao, with the certificates that were heard of."""
    return public.Fusao.write(
        person_key=fusao.person_key,
        version=fusao.version,
        name=fusao.name,
        document_number=fusao.document_number,
        employer=fusao.employer,
        region=fusao.region,
        region_name=regions.get(fusao.region).full_name,
        organisation=fusao.organisation,
        skills=list(fusao.skills),
        certificates=[
            {
                "certificate_id": row["_id"],
                "occupation": row["occupation"],
                "level": row["level"],
                "issued_on": dt.date.fromisoformat(row["issued_on"]),
                "status": row["status"],
            }
            for row in held
        ],
        status=fusao.status.value,
        history=[_change(change) for change in fusao.history],
    )


def _change(change: Change) -> dict[str, Any]:
    return {
        "version": change.version,
        "what": change.what,
        "at": change.at,
        "by": change.by,
        "reason": change.reason,
        "before": dict(change.before),
        "evidence": [shown_evidence(item) for item in change.evidence],
    }
