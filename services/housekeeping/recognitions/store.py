"""Collection ``recognitions``: one document each, version guarded; ``open`` while the province has not decided."""

from functools import lru_cache, partial

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from contract.housekeeping import RecognisedBy
from runtime import mongo, record
from runtime.config import Config
from runtime.mongo import Document, Store
from runtime.outbox import Outbox
from runtime.pages import Page, given, in_region, walk
from services.housekeeping.awards.domain import Award
from services.housekeeping.awards.store import awards_of
from services.housekeeping.recognitions import domain as recognitions
from services.housekeeping.recognitions.domain import Recognition
from services.housekeeping.store import housekeeping


class Recognitions:
    def __init__(self, store: Store, outbox: Outbox) -> None:
        self._store = store
        self._recognitions = store["recognitions"]
        self._outbox = outbox

    def ensure_indexes(self) -> None:
        index = self._recognitions.create_index
        index("subject_key", name="one_open", unique=True, partialFilterExpression={"open": True})
        index("award_id", name="award_id", unique=True, partialFilterExpression={"award_id": {"$exists": True}})
        for field in ("region", "state", "subject_key"):
            index([(field, ASCENDING), ("_id", ASCENDING)], name=field)

    def put(self, session: ClientSession, before: Recognition | None, after: Recognition) -> None:
        """Raises DuplicateKeyError when the subject has one that is not decided."""
        row: Document = record.document(after) | {"_id": after.recognition_id}
        if after.open:
            row["open"] = True
        mongo.put(self._recognitions, row, over=before.version if before else None, session=session)
        self._outbox.note(session, "recognitions", row)

    def get(self, recognition_id: str, session: ClientSession | None = None) -> Recognition:
        """Raises RecognitionNotFound."""
        found = self._recognitions.find_one({"_id": recognition_id}, session=session)
        if found is None:
            raise recognitions.not_found()
        return record.of(Recognition, found)

    def open_of(self, subject_key: str, session: ClientSession) -> bool:
        return self._recognitions.find_one({"subject_key": subject_key, "open": True}, session=session) is not None

    def page(
        self,
        *,
        within: str,
        subject_keys: list[str] | None,
        state: str | None,
        kind: str | None,
        after: str | None,
        limit: int,
    ) -> Page[Recognition]:
        query = in_region(within) | given(state=state, subject_kind=kind)
        if subject_keys is not None:
            query["subject_key"] = {"$in": subject_keys}
        return walk(self._recognitions, query, after=after, limit=limit).of(partial(record.of, Recognition))

    def adopt(self, award: Award) -> None:
        """What a city recorded when nobody confirmed, and counts, is for the province to decide like any other."""

        def work(session: ClientSession) -> None:
            if self._recognitions.find_one({"award_id": award.award_id}, session=session) is None:
                self.put(session, None, recognitions.counted_before(award, recognition_id=mongo.new_id()))

        mongo.transact(self._store, work)


@lru_cache(maxsize=8)
def recognitions_of(config: Config) -> Recognitions:
    """The process's own, with its indexes in place, and one for each award of a city that was never confirmed."""
    kept = housekeeping(config)
    found = Recognitions(kept.store, kept.outbox)
    found.ensure_indexes()
    for award in awards_of(config).standing_by(RecognisedBy.CITY):
        found.adopt(award)
    return found
