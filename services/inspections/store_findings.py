"""Collections ``findings`` (one a unit, version guarded) and ``supervision`` (督查单, one a finding and colour)."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from contract.inspections import FindingNotFound, FindingState, SupervisionOrderNotFound
from runtime import record
from runtime.mongo import Document, Store
from services.inspections.escalation import SupervisionOrder
from services.inspections.findings import Finding
from services.inspections.store_inspections import of_region, selected

_UNMENDED = (FindingState.OPEN.value, FindingState.MENDED.value)


class Findings:
    def __init__(self, store: Store) -> None:
        self._findings = store["findings"]
        self._supervision = store["supervision"]

    def ensure_indexes(self) -> None:
        index = self._findings.create_index
        index([("inspection_id", ASCENDING), ("unit", ASCENDING)], name="unit", unique=True)
        index([("state", ASCENDING), ("due_on", ASCENDING)], name="due")
        index([("region", ASCENDING), ("_id", ASCENDING)], name="region")
        once = [("finding_id", ASCENDING), ("colour", ASCENDING)]
        self._supervision.create_index(once, name="once", unique=True)
        self._supervision.create_index("number", name="number", unique=True)
        self._supervision.create_index([("region", ASCENDING), ("_id", ASCENDING)], name="region")

    def add(self, session: ClientSession, finding: Finding) -> None:
        """Raises DuplicateKeyError when the unit was checked meanwhile."""
        self._findings.insert_one(_document(finding), session=session)

    def replace(self, session: ClientSession, before: Finding, after: Finding) -> None:
        written = self._findings.replace_one(
            {"_id": before.finding_id, "version": before.version}, _document(after), session=session
        )
        if written.modified_count != 1:
            raise RuntimeError("a finding changed inside its own transaction")

    def get(self, finding_id: str, session: ClientSession | None = None) -> Finding:
        """Raises FindingNotFound."""
        found = self._findings.find_one({"_id": finding_id}, session=session)
        if found is None:
            raise finding_not_found()
        return record.of(Finding, found)

    def of_unit(self, inspection_id: str, number: int, session: ClientSession | None = None) -> Finding | None:
        found = self._findings.find_one({"inspection_id": inspection_id, "unit": number}, session=session)
        return None if found is None else record.of(Finding, found)

    def of_units(self, inspection_id: str, numbers: Iterable[int]) -> dict[int, Finding]:
        rows = self._findings.find({"inspection_id": inspection_id, "unit": {"$in": list(numbers)}})
        return {row["unit"]: record.of(Finding, row) for row in rows}

    def outcomes(self, inspection_ids: Iterable[str]) -> tuple[dict[str, Counter[str]], Counter[str]]:
        """By inspection: how many units were found how, and how many findings are not mended yet."""
        key = {"of": "$inspection_id", "outcome": "$outcome", "state": "$state"}
        rows = self._findings.aggregate(
            [
                {"$match": {"inspection_id": {"$in": list(inspection_ids)}}},
                {"$group": {"_id": key, "number": {"$sum": 1}}},
            ]
        )
        outcomes: dict[str, Counter[str]] = {}
        unmended: Counter[str] = Counter()
        for row in rows:
            of = row["_id"]["of"]
            outcomes.setdefault(of, Counter())[row["_id"]["outcome"]] += row["number"]
            if row["_id"]["state"] in _UNMENDED:
                unmended[of] += row["number"]
        return outcomes, unmended

    def page(
        self,
        *,
        within: str,
        targets: Sequence[str] | None,
        target_id: str | None = None,
        state: str | None = None,
        inspection_id: str | None = None,
        overdue_on: dt.date | None = None,
        after: str | None = None,
        limit: int,
    ) -> list[Finding]:
        """``overdue_on``: only those that were overdue on that day."""
        query = of_region(within) | selected(
            targets, target_id=target_id, state=state, inspection_id=inspection_id, after=after
        )
        if overdue_on is not None:
            query |= {"state": FindingState.OPEN.value, "due_on": {"$lt": overdue_on.isoformat()}}
        return [record.of(Finding, row) for row in self._findings.find(query).sort("_id", ASCENDING).limit(limit)]

    def overdue(self, today: dt.date, *, steps: int) -> list[Finding]:
        """Those that are open past their date, and for which fewer than so many orders were issued."""
        query: Document = {
            "state": FindingState.OPEN.value,
            "due_on": {"$lt": today.isoformat()},
            f"escalations.{steps - 1}": {"$exists": False},
        }
        return [record.of(Finding, row) for row in self._findings.find(query).sort("due_on", ASCENDING)]

    def add_supervision(self, session: ClientSession, issued: SupervisionOrder) -> None:
        self._supervision.insert_one(record.document(issued) | {"_id": issued.supervision_id}, session=session)

    def supervision(self, supervision_id: str) -> SupervisionOrder:
        """Raises SupervisionOrderNotFound."""
        found = self._supervision.find_one({"_id": supervision_id})
        if found is None:
            raise supervision_not_found()
        return record.of(SupervisionOrder, found)

    def supervisions(
        self,
        *,
        within: str,
        targets: Sequence[str] | None,
        target_id: str | None = None,
        colour: str | None = None,
        finding_id: str | None = None,
        after: str | None = None,
        limit: int,
    ) -> list[SupervisionOrder]:
        query = of_region(within) | selected(
            targets, target_id=target_id, colour=colour, finding_id=finding_id, after=after
        )
        rows = self._supervision.find(query).sort("_id", ASCENDING).limit(limit)
        return [record.of(SupervisionOrder, row) for row in rows]


def finding_not_found() -> FindingNotFound:
    return FindingNotFound("没有这个督导发现", "there is no such finding")


def supervision_not_found() -> SupervisionOrderNotFound:
    return SupervisionOrderNotFound("没有这份督查单", "there is no such supervision order")


def _document(finding: Finding) -> Document:
    document: Document = record.document(finding) | {"_id": finding.finding_id}
    return document
