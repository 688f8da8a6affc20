"""Collection ``findings``: one a unit, version guarded."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache, partial

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from contract.findings import FindingNotFound, FindingState
from runtime.config import Config
from runtime.mongo import Document
from services.inspections import store
from services.inspections.findings.domain import Finding
from services.inspections.register import Register

_UNMENDED = (FindingState.OPEN.value, FindingState.MENDED.value)


class Findings(Register[Finding]):
    def __init__(self, config: Config) -> None:
        rows = store.inspections(config).store["findings"]
        super().__init__(rows, Finding, key="finding_id", missing=_not_found)

    def ensure_indexes(self) -> None:
        super().ensure_indexes()
        self._rows.create_index([("inspection_id", ASCENDING), ("unit", ASCENDING)], name="unit", unique=True)
        self._rows.create_index([("state", ASCENDING), ("due_on", ASCENDING)], name="due")

    def of_unit(self, inspection_id: str, number: int, session: ClientSession | None = None) -> Finding | None:
        found = self._rows.find_one({"inspection_id": inspection_id, "unit": number}, session=session)
        return None if found is None else self._of(found)

    def of_units(self, inspection_id: str, numbers: Iterable[int]) -> dict[int, Finding]:
        rows = self._rows.find({"inspection_id": inspection_id, "unit": {"$in": list(numbers)}})
        return {row["unit"]: self._of(row) for row in rows}

    def outcomes(self, inspection_ids: Iterable[str]) -> tuple[dict[str, Counter[str]], Counter[str]]:
        """By inspection: how many units were found how, and how many findings are not mended yet."""
        key = {"of": "$inspection_id", "outcome": "$outcome", "state": "$state"}
        rows = self._rows.aggregate(
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

    def late(self, today: dt.date) -> Document:
        """The query of those that are open past their date."""
        return {"state": FindingState.OPEN.value, "due_on": {"$lt": today.isoformat()}}

    def overdue(self, today: dt.date, *, steps: int) -> list[tuple[str, Callable[[], Finding]]]:
        """Those that are open past their date, and for which fewer than so many orders were issued: the id, and what
        reads it, for one that cannot be read is not to hide the others."""
        query = self.late(today) | {f"escalations.{steps - 1}": {"$exists": False}}
        return [(row["_id"], partial(self._of, row)) for row in self._rows.find(query).sort("due_on", ASCENDING)]


def _not_found() -> FindingNotFound:
    return FindingNotFound("没有这个督导发现", "there is no such finding")


@lru_cache(maxsize=8)
def findings(config: Config) -> Findings:
    """The process's own, with its indexes in place."""
    found = Findings(config)
    found.ensure_indexes()
    return found
