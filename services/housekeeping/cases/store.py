"""Collections ``cases`` (one document each, version guarded; ``due``: the clock's next day), ``objections`` (who
objects and what they say, sealed) and ``quotas``."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from contract import regions
from contract.housekeeping import SubjectKind
from runtime import mongo, record
from runtime.clock import day_of
from runtime.mongo import Document, Store
from runtime.pages import beyond, given, in_region
from runtime.vault import Vault
from services.housekeeping.access import case_not_found
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases.domain import Case

_RUNNING = ("returned", "provincial_review", "on_notice", "inquiry", "notice_ended")


class Cases:
    def __init__(self, store: Store, vault: Vault) -> None:
        self._vault = vault
        self._cases = store["cases"]
        self._objections = store["objections"]
        self._quotas = store["quotas"]

    def ensure_indexes(self) -> None:
        index = self._cases.create_index
        index("subject_key", name="one_open", unique=True, partialFilterExpression={"open": True})
        index("appeal_of", name="one_appeal", unique=True, partialFilterExpression={"appeal_of": {"$exists": True}})
        index("due", name="due", partialFilterExpression={"due": {"$exists": True}})
        for field in ("region", "organisation", "state", "seats.reviewer", "subject_key"):
            index([(field, ASCENDING), ("_id", ASCENDING)], name=field)
        index([("unit_code", ASCENDING), ("recommended_on", ASCENDING)], name="recommended")
        self._objections.create_index("case_id", name="case_id")

    def add(self, session: ClientSession, case: Case) -> None:
        """Raises DuplicateKeyError when the subject has an open case, or the case is appealed already."""
        self._cases.insert_one(_document(case), session=session)

    def replace(self, session: ClientSession, before: Case, after: Case) -> None:
        if after is before:
            return
        mongo.put(self._cases, _document(after), over=before.version, session=session)

    def get(self, case_id: str, session: ClientSession | None = None) -> Case:
        """Raises CaseNotFound."""
        found = self._cases.find_one({"_id": case_id}, session=session)
        if found is None:
            raise case_not_found()
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
    ) -> list[Case]:
        exactly = given(organisation=organisation, subject_kind=kind, **{"seats.reviewer": reviewer})
        query = in_region(within) | exactly | beyond(after)
        if states is not None:
            query["state"] = {"$in": states}
        return [record.of(Case, row) for row in self._cases.find(query).sort("_id", 1).limit(limit)]

    def due(self, today: dt.date, limit: int) -> list[str]:
        rows = self._cases.find({"due": {"$lte": today.isoformat()}}, {"_id": 1}).sort("due", 1).limit(limit)
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

    def seal_objection(
        self, session: ClientSession, objection_id: str, case_id: str, said: Mapping[str, Any], evidence: list[Document]
    ) -> None:
        self._objections.insert_one(
            {"_id": objection_id, "case_id": case_id, "sealed": self._vault.seal(dict(said)), "evidence": evidence},
            session=session,
        )

    def open_objection(self, case_id: str, objection_id: str) -> Document | None:
        found = self._objections.find_one({"_id": objection_id, "case_id": case_id})
        return None if found is None else self._vault.open(found["sealed"]) | {"evidence": found["evidence"]}

    def objection_files(self, case_id: str) -> dict[str | None, str]:
        """Digests of the files that objections to this case brought, by file id."""
        rows = self._objections.find({"case_id": case_id}, {"evidence": 1})
        return {item.get("file_id"): item["sha256"] for row in rows for item in row["evidence"]}

    def set_quota(
        self, session: ClientSession, *, unit: str, kind: SubjectKind, year: int, places: int, step: Document
    ) -> None:
        self._quotas.update_one(
            {"_id": _quota_id(unit, kind, year)},
            {"$set": {"places": places}, "$push": {"history": {**step, "places": places}}},
            upsert=True,
            session=session,
        )

    def quota(
        self, *, unit: str, kind: SubjectKind, year: int, session: ClientSession | None = None, claim: bool = False
    ) -> tuple[int | None, int]:
        """Places (None: no limit), and how many are used. To ``claim`` one makes two who do so at once meet, so that
        the second one counts again."""
        quota_id = _quota_id(unit, kind, year)
        if claim:
            self._quotas.update_one({"_id": quota_id}, {"$inc": {"claims": 1}}, session=session)
        found = self._quotas.find_one({"_id": quota_id}, session=session)
        used = self._cases.count_documents(
            {
                "unit_code": unit,
                "subject_kind": kind.value,
                "recommended_on": {"$gte": f"{year}-01-01", "$lte": f"{year}-12-31"},
            },
            session=session,
        )
        return (found["places"] if found and "places" in found else None), used


def _quota_id(unit: str, kind: SubjectKind, year: int) -> str:
    return f"{unit}:{kind.value}:{year}"


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


def unit_of(region: str) -> str:
    path = regions.get(region).path
    return path[min(1, len(path) - 1)]
