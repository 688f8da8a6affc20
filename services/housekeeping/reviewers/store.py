"""Collection ``reviewers``: one document each, with the interests that they declared."""

from functools import lru_cache

from pymongo.client_session import ClientSession

from contract.applications import NotReviewing
from runtime import record
from runtime.config import Config
from runtime.mongo import Store
from runtime.outbox import Outbox
from services.housekeeping.reviewers.domain import Reviewer
from services.housekeeping.store import housekeeping


class Reviewers:
    def __init__(self, store: Store, outbox: Outbox) -> None:
        self._reviewers = store["reviewers"]
        self._outbox = outbox

    def put(self, session: ClientSession, reviewer: Reviewer) -> None:
        document = record.document(reviewer)
        self._reviewers.replace_one({"_id": reviewer.client_id}, document, upsert=True, session=session)
        self._outbox.note(session, "reviewers", document | {"_id": reviewer.client_id})

    def find(self, client_id: str, session: ClientSession | None = None) -> Reviewer | None:
        found = self._reviewers.find_one({"_id": client_id}, session=session)
        return None if found is None else record.of(Reviewer, found)

    def get(self, client_id: str, session: ClientSession | None = None) -> Reviewer:
        """Raises NotReviewing."""
        found = self.find(client_id, session)
        if found is None:
            raise NotReviewing("您未登记为评审员", "not registered as a reviewer")
        return found

    def all(self, session: ClientSession | None = None) -> tuple[Reviewer, ...]:
        return tuple(record.of(Reviewer, row) for row in self._reviewers.find({}, session=session).sort("_id", 1))


@lru_cache(maxsize=8)
def reviewers_of(config: Config) -> Reviewers:
    """The process's own."""
    kept = housekeeping(config)
    return Reviewers(kept.store, kept.outbox)
