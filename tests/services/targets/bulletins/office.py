"""Who drafts, reviews and signs bulletins, and one taken all the way."""

from typing import Any

from services.targets.bulletins.job import Issuing
from services.targets.service import Targets

DISPATCHER = {
    "client_id": "dispatcher",
    "role": "dispatcher",
    "region": "130000",
    "organisation": "省发展改革委",
    "scopes": ["targets:read", "bulletins:write"],
}
REVIEWER = {**DISPATCHER, "client_id": "dispatcher-2"}
SIGNER = {**DISPATCHER, "client_id": "dispatcher-3"}
CITY = {**DISPATCHER, "role": "reporter", "region": "130100", "scopes": ["targets:read"]}


def draft(service: Targets, desk: Issuing, **asked: Any) -> str:
    """The id of one that waits to be reviewed."""
    bulletin_id: str = service.draft_bulletin(asked, DISPATCHER)["bulletin_id"]
    desk.work()
    found = service.bulletin(bulletin_id, DISPATCHER)
    assert (found["state"], found["percent"]) == ("draft", 100), found["failure"]
    return bulletin_id


def sign(service: Targets, bulletin_id: str) -> str:
    """Reviewed and signed; the desk is still to make it."""
    service.review_bulletin({"bulletin_id": bulletin_id, "decision": "pass"}, REVIEWER)
    service.issue_bulletin({"bulletin_id": bulletin_id}, SIGNER)
    return bulletin_id


def issue(service: Targets, desk: Issuing, **asked: Any) -> dict[str, Any]:
    bulletin_id = sign(service, draft(service, desk, **asked))
    desk.work()
    found = service.bulletin(bulletin_id, CITY)
    assert (found["state"], found["percent"]) == ("done", 100), found["failure"]
    return found
