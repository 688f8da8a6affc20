"""Collection ``cases``: one document each, version guarded. ``due``: the clock's next day."""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache, partial

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from runtime import mongo, record
from runtime.clock import day_of
from runtime.config import Config
from runtime.mongo import Document, Store
from runtime.outbox import Outbox
from runtime.pages import Page, given, in_region, walk
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases.domain import Case
from services.housekeeping.quotas.domain import unit_of
from services.housekeeping.store import housekeeping

_RUNNING = ("returned", "provincial_review", "on_notice", "inquiry", "notice_ended")


class Cases:
    def __init__(self, store: Store, outbox: Outbox) -> None:
        self._cases = store["cases"]
        self._reviewers = store["reviewers"]  # reviewers/store.py's, only locked here
        self._outbox = outbox

    def ensure_indexes(self) -> None:
        index = self._cases.create_index
        index("subject_key", name="one_open", unique=True, partialFilterExpression={"open": True})
        index("appeal_of", name="one_appeal", unique=True, partialFilterExpression={"appeal_of": {"$exists": True}})
        index("due", name="due", partialFilterExpression={"due": {"$exists": True}})
        for field in ("region", "organisation", "state", "seats.reviewer", "subject_key"):
            index([(field, ASCENDING), ("_id", ASCENDING)], name=field)
        index([("unit_code", ASCENDING), ("recommended_on", ASCENDING)], name="recommended")

    def add(self, session: ClientSession, case: Case) -> None:
        """Raises DuplicateKeyError when the subject has an open case, or the case is appealed already."""
        self._seat(session, case.reviewers)
        row = _document(case)
        self._cases.insert_one(row, session=session)
        self._outbox.note(session, "cases", row)

    def replace(self, session: ClientSession, before: Case, after: Case) -> None:
        if after is before:
            return
        self._seat(session, after.reviewers - before.reviewers)
        row = _document(after)
        mongo.put(self._cases, row, over=before.version, session=session)
        self._outbox.note(session, "cases", row)

    def _seat(self, session: ClientSession, reviewers: frozenset[str]) -> None:
        """Who is given a seat was chosen by interests and open reviews as they were read: of two who give one to the
        same reviewer, or of one and the reviewer's own declaration, the later one chooses again."""
        if reviewers:
            mongo.lock(session, self._reviewers, *reviewers)

    def get(self, case_id: str, session: ClientSession | None = None) -> Case:
        """Raises CaseNotFound."""
        found = self._cases.find_one({"_id": case_id}, session=session)
        if found is None:
            raise cases.not_found()
        return record.of(Case, found)

    def open_of(self, subject_keys: list[str], session: ClientSession | None = None) -> list[Case]:
        rows = self._cases.find({"subject_key": {"$in": subject_keys}, "open": True}, session=session).sort("_id", 1)
        return [record.of(Case, row) for row in rows]

    def appeal_of(self, case_id: str, session: ClientSession | None = None) -> Case | None:
        found = self._cases.find_one({"appeal_of": case_id}, session=session)
        return None if found is None else record.of(Case, found)

    def page(
        self,
        *,
        within: str,
        organisation: str | None = None,
        reviewer: str | None = None,
        states: list[str] | None = None,
        kind: str | None = None,
        after: str | None = None,
        limit: int,
    ) -> Page[Case]:
        exactly = given(organisation=organisation, subject_kind=kind, **{"seats.reviewer": reviewer})
        query = in_region(within) | exactly
        if states is not None:
            query["state"] = {"$in": states}
        return walk(self._cases, query, after=after, limit=limit).of(partial(record.of, Case))

    def due(self, today: dt.date, limit: int, *, besides: Sequence[str] = ()) -> list[str]:
        query = {"due": {"$lte": today.isoformat()}, "_id": {"$nin": [*besides]}}
        rows = self._cases.find(query, {"_id": 1}).sort("due", 1).limit(limit)
        return [row["_id"] for row in rows]

    def running(self) -> list[str]:
        """Those in which a window may run."""
        return [row["_id"] for row in self._cases.find({"state": {"$in": [*_RUNNING]}}, {"_id": 1}).sort("_id", 1)]

    def loads(self, session: ClientSession | None = None) -> dict[str, int]:
        """Open reviews by reviewer."""
        rows = self._cases.aggregate(
            [
                {"$match": {"state": "provincial_review"}},
                {"$unwind": "$seats"},
                {"$match": {"seats.state": "assigned"}},
                {"$group": {"_id": "$seats.reviewer", "count": {"$sum": 1}}},
            ],
            session=session,
        )
        return {row["_id"]: row["count"] for row in rows}


def _document(case: Case) -> Document:
    document: Document = record.document(case) | {"_id": case.case_id, "unit_code": unit_of(case.region)}
    if not case.final:
        document["open"] = True
    if (due := cases.due_on(case)) is not None:
        document["due"] = due.isoformat()
    recommended = [step.at for step in case.history if step.transition == "recommend"]
    if recommended:
        document["recommended_on"] = day_of(recommended[-1]).isoformat()
    return document


@lru_cache(maxsize=8)
def cases_of(config: Config) -> Cases:
    """The process's own, with its indexes in place."""
    kept = housekeeping(config)
    found = Cases(kept.store, kept.outbox)
    found.ensure_indexes()
    return found
