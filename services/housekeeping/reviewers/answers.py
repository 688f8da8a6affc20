"""What is known of a reviewer, in the contract's words: how many interests, never which."""

from typing import Any

from contract import applications as public
from services.housekeeping.reviewers.domain import Reviewer


def shown_reviewer(reviewer: Reviewer) -> dict[str, Any]:
    """Reviewer"""
    return public.Reviewer.write(
        client_id=reviewer.client_id,
        organisation=reviewer.organisation,
        office=reviewer.office,
        base_id=reviewer.base_id,
        active=reviewer.active,
        interests=len(reviewer.interests),
    )
