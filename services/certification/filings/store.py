"""Collection ``filings``: one document an assessor, as the newest event tells it."""

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from contract import identifying
from runtime import mongo
from runtime.config import Config
from runtime.mongo import Document, Store
from services.certification.content import Content
from services.certification.faults import Fault
from services.certification.filings.domain import Filed, Filing, contradiction, is_filed


class Filings:
    """``believed``: a body that has filed nothing is taken at its word."""

    def __init__(self, store: Store, *, believed: bool) -> None:
        self.believed = believed
        self._filings = store["filings"]

    def ensure_indexes(self) -> None:
        self._filings.create_index([("assessor", ASCENDING)], name="assessor")

    def hear(self, told: Mapping[str, Any]) -> None:
        """``told`` is what a contract.training.AssessorEvent says. The newest stands; an older one changes nothing."""
        last = told.get("valid_until")
        heard = {
            "_id": told["assessor_id"],
            "version": told["version"],
            "assessor": identifying.body(told["assessor"]),
            "number_prefixes": told["number_prefixes"],
            "valid_from": told["valid_from"].isoformat(),
            "valid_until": last.isoformat() if last else None,
            "status": told["status"],
        }
        mongo.put_newest(self._filings, heard)

    def of(self, assessors: Iterable[str], session: ClientSession | None = None) -> Filed:
        """What is filed under these names, in one query."""
        wanted = sorted(set(assessors))
        if not wanted:
            return {}
        found: dict[str, list[Filing]] = {}
        for row in self._filings.find({"assessor": {"$in": wanted}}, session=session):
            found.setdefault(row["assessor"], []).append(_filing(row))
        return found

    def has(self, said: Content, session: ClientSession | None = None) -> bool:
        """Whether the body has filed the number of what one certificate says, or is believed."""
        filed = self.of([said.assessor], session)
        return self.believed or is_filed(
            number=said.number, assessor=said.assessor, issued_on=said.issued_on, filed=filed
        )

    def heard(self) -> tuple[int, int]:
        """How many filings there are and how often they changed: another one says that there is something new."""
        total = [{"$group": {"_id": None, "number": {"$sum": 1}, "versions": {"$sum": "$version"}}}]
        found = next(iter(self._filings.aggregate(total)), None)
        return (found["number"], found["versions"]) if found else (0, 0)

    def contradicted_by(self, said: Content, session: ClientSession | None = None) -> Fault | None:
        """The fault of what one certificate says; for many ask ``of`` once."""
        filed = self.of([said.assessor], session)
        return contradiction(number=said.number, assessor=said.assessor, issued_on=said.issued_on, filed=filed)


def _filing(row: Document) -> Filing:
    return Filing(
        number_prefixes=frozenset(row["number_prefixes"]),
        valid_from=dt.date.fromisoformat(row["valid_from"]),
        valid_until=dt.date.fromisoformat(row["valid_until"]) if row["valid_until"] else None,
    )


@lru_cache(maxsize=8)
def filings(config: Config) -> Filings:
    """The process's own, with its indexes in place."""
    found = Filings(mongo.database(config, "certification"), believed=config.unfiled_believed)
    found.ensure_indexes()
    return found
