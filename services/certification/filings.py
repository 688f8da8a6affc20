"""What bodies have filed (评价机构备案), as heard from training, and whether a certificate's number agrees with it.

*Default* (no rule is published for it): the filings are still being built up, so a body of whose name no filing is
known, or whose filing does not hold on the day of issue, is taken at its word. A number that was recorded before its
body's filing was heard of stays recorded.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from runtime.mongo import Document, Store
from services.certification import numbers
from services.certification.content import Content
from services.certification.faults import Fault


@dataclass(frozen=True, slots=True)
class Filing:
    """``valid_until`` is its last day, None when it has no end."""

    number_prefixes: frozenset[str]
    valid_from: dt.date
    valid_until: dt.date | None

    def holds_on(self, day: dt.date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


Filed = Mapping[str, Sequence[Filing]]  # by the body's name, exactly as it filed


def contradiction(*, number: str, assessor: str, issued_on: dt.date, filed: Filed) -> Fault | None:
    """The fault of a number that does not begin as its body's filing says."""
    prefix = numbers.filing_prefix(number)
    if prefix is None:
        return None
    holding = [filing for filing in filed.get(assessor, ()) if filing.holds_on(issued_on)]
    if not holding or any(prefix in filing.number_prefixes for filing in holding):
        return None
    return Fault(
        "certificate_number",
        "assessor_contradicts_number",
        "证书编号前13位与该评价机构的备案不符，请核对编号和评价机构名称",
        "its first 13 characters are none that this assessor has filed: check the number and the assessor's name",
    )


class Filings:
    """Collection ``filings``: one document an assessor, as the newest event tells it."""

    def __init__(self, store: Store) -> None:
        self._filings = store["filings"]

    def ensure_indexes(self) -> None:
        self._filings.create_index([("assessor", ASCENDING)], name="assessor")

    def hear(self, told: Mapping[str, Any]) -> None:
        """``told`` is what a contract.training.AssessorEvent says. The newest stands; an older one changes nothing."""
        last = told.get("valid_until")
        heard = {
            "version": told["version"],
            "assessor": told["assessor"],
            "number_prefixes": told["number_prefixes"],
            "valid_from": told["valid_from"].isoformat(),
            "valid_until": last.isoformat() if last else None,
            "status": told["status"],
        }
        newer = {"_id": told["assessor_id"], "version": {"$lt": told["version"]}}
        try:
            self._filings.update_one(newer, {"$set": heard}, upsert=True)
        except DuplicateKeyError:
            return  # as new, or newer, is known

    def of(self, assessors: Iterable[str], session: ClientSession | None = None) -> Filed:
        """What is filed under these names, in one query."""
        wanted = sorted(set(assessors))
        if not wanted:
            return {}
        found: dict[str, list[Filing]] = {}
        for row in self._filings.find({"assessor": {"$in": wanted}}, session=session):
            found.setdefault(row["assessor"], []).append(_filing(row))
        return found

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
