"""What is known of a city's recognition, in the contract's words."""

from typing import Any

from contract import recognitions as public
from contract import regions
from services.housekeeping.evidence import shown_evidence
from services.housekeeping.recognitions.domain import Recognition


def shown_recognition(found: Recognition) -> dict[str, Any]:
    """CityRecognition"""
    return public.CityRecognition.write(
        recognition_id=found.recognition_id,
        version=found.version,
        state=found.state.value,
        subject_kind=found.subject_kind.value,
        subject_key=found.subject_key,
        name=found.name,
        unit=found.unit,
        region=found.region,
        region_name=regions.get(found.region).full_name,
        brand=found.brand,
        document=found.document,
        stars=found.stars,
        notice_opened_on=found.notice_opened_on,
        notice_ended_on=found.notice_ended_on,
        awarded_on=found.awarded_on,
        award_id=found.award_id,
        counted_before=found.counted_before,
        history=[
            {
                "version": step.version,
                "state": step.state.value,
                "at": step.at,
                "by": step.by,
                "organisation": step.organisation,
                "reason": step.reason,
                "evidence": [shown_evidence(item) for item in step.evidence],
            }
            for step in found.history
        ],
    )
