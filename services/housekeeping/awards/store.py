"""What is remembered of awards.

awards    one document each, version guarded; ``due``: the clock's next day, ``standing``: it does
"""

import datetime as dt
import secrets
from collections.abc import Sequence
from functools import lru_cache, partial

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from contract import housekeeping as public
from contract.housekeeping import RecognisedBy
from runtime import mongo, record
from runtime.config import Config
from runtime.mongo import Document, Store
from runtime.outbox import Outbox
from runtime.pages import Page, given, in_region, walk
from services.housekeeping.awards import domain as awards
from services.housekeeping.awards import numbers
from services.housekeeping.awards.domain import Award
from services.housekeeping.store import housekeeping

_DRAWS = 100
_EVENTS = {event.name(): event for event in public.EVENTS}


class Awards:
    def __init__(self, store: Store, outbox: Outbox) -> None:
        self._awards = store["awards"]
        self._outbox = outbox

    def ensure_indexes(self) -> None:
        index = self._awards.create_index
        index("number", name="number", unique=True)
        index(
            [("subject_key", ASCENDING), ("recognised_by", ASCENDING)],
            name="one_standing",
            unique=True,
            partialFilterExpression={"standing": True},
        )
        index("due", name="due", partialFilterExpression={"due": {"$exists": True}})
        index([("proposed.at", ASCENDING)], name="proposed", partialFilterExpression={"proposed": {"$exists": True}})
        index([("region", ASCENDING), ("_id", ASCENDING)], name="region")
        index([("subject_key", ASCENDING), ("_id", ASCENDING)], name="subject_key")

    def add(self, session: ClientSession, award: Award) -> None:
        """And say so. Raises DuplicateKeyError when the subject has a standing one by the same."""
        row = _document(award)
        self._awards.insert_one(row, session=session)
        self._say(session, award, row)

    def replace(self, session: ClientSession, before: Award, after: Award) -> None:
        """And say what changed of its standing."""
        if after is before:
            return
        row = _document(after)
        mongo.put(self._awards, row, over=before.version, session=session)
        said = [step for step in after.history[before.version :] if step.what in _EVENTS]
        if said and said != [after.last]:
            raise RuntimeError("only the last of several steps may change an award's standing")
        if said:
            self._say(session, after, row)
        else:
            self._outbox.note(session, "awards", row)

    def draw(self, series: str, session: ClientSession) -> str:
        """A number of the series that no award has. Drawn: one more than the last would be known from the length of
        the public list."""
        for _ in range(_DRAWS):
            drawn = numbers.number(series, secrets.randbelow(numbers.SERIALS))
            if self._awards.find_one({"number": drawn}, {"_id": 1}, session=session) is None:
                return drawn
        raise RuntimeError(f"no number of {series} is left after {_DRAWS} draws")

    def get(self, award_id: str, session: ClientSession | None = None) -> Award:
        """Raises AwardNotFound."""
        found = self._awards.find_one({"_id": award_id}, session=session)
        if found is None:
            raise awards.not_found()
        return record.of(Award, found)

    def numbered(self, number: str) -> Award | None:
        found = self._awards.find_one({"number": number})
        return None if found is None else record.of(Award, found)

    def standing(
        self, subject_key: str, by: RecognisedBy = RecognisedBy.PROVINCE, session: ClientSession | None = None
    ) -> Award | None:
        query = {"subject_key": subject_key, "recognised_by": by.value, "standing": True}
        found = self._awards.find_one(query, session=session)
        return None if found is None else record.of(Award, found)

    def standing_by(self, by: RecognisedBy) -> list[Award]:
        return [record.of(Award, row) for row in self._awards.find({"recognised_by": by.value, "standing": True})]

    def standing_of(self, subject_keys: list[str], session: ClientSession | None = None) -> list[Award]:
        """Also those that an inspection withdrew: they stand again once it gives them back."""
        query = {"subject_key": {"$in": subject_keys}}
        found = [record.of(Award, row) for row in self._awards.find(query, session=session).sort("_id", 1)]
        return [award for award in found if award.standing or awards.withdrawn(award)]

    def page(
        self,
        *,
        within: str,
        subject_keys: list[str] | None = None,
        status: str | None = None,
        kind: str | None = None,
        stars: int | None = None,
        proposed: bool = False,
        after: str | None = None,
        limit: int,
    ) -> Page[Award]:
        query = in_region(within) | given(status=status, subject_kind=kind, stars=stars)
        if subject_keys is not None:
            query["subject_key"] = {"$in": subject_keys}
        if proposed:
            query["proposed"] = {"$exists": True}
        return walk(self._awards, query, after=after, limit=limit).of(partial(record.of, Award))

    def due(self, today: dt.date, limit: int, *, besides: Sequence[str] = ()) -> list[str]:
        query = {"due": {"$lte": today.isoformat()}, "_id": {"$nin": [*besides]}}
        rows = self._awards.find(query, {"_id": 1}).sort("due", 1).limit(limit)
        return [row["_id"] for row in rows]

    def _say(self, session: ClientSession, award: Award, row: Document) -> None:
        self._outbox.say(
            session,
            _EVENTS[award.last.what],
            subject=award.award_id,
            about=award.subject_key,
            at=award.last.at,
            records=[("awards", row)],
            **awards.facts(award),
        )


def _document(award: Award) -> Document:
    document: Document = record.document(award) | {"_id": award.award_id}
    if award.standing:
        document["standing"] = True
    if (due := awards.due_on(award)) is not None:
        document["due"] = due.isoformat()
    return document


@lru_cache(maxsize=8)
def awards_of(config: Config) -> Awards:
    """The process's own, with its indexes in place."""
    kept = housekeeping(config)
    found = Awards(kept.store, kept.outbox)
    found.ensure_indexes()
    return found
