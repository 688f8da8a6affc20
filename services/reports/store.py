"""What reports remembers of report lines. Of its further nouns each has a store.py of its own.

lines      one document for each (target, region, period), as it stands
versions   every filing and every decision, never changed
books      one document for each region, written with any of its lines: two who write one region never miss each other
commands   what was told once (runtime.commands)
outbox     what was said (runtime.outbox)
"""

from collections.abc import Collection
from functools import lru_cache

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from contract import regions
from contract import reports as public
from contract.message import Event
from contract.words import ReportStatus
from runtime import mongo, record
from runtime.commands import Commands
from runtime.config import Config
from runtime.files import Files
from runtime.mongo import Document, Store
from runtime.outbox import Outbox
from runtime.pages import Page, given, in_region, walk
from runtime.timepiece import Timepiece
from services.reports.domain import Line

timepiece = Timepiece("reports")

_EVENTS: dict[ReportStatus, type[Event]] = {
    ReportStatus.FILED: public.ReportFiled,
    ReportStatus.RETURNED: public.ReportReturned,
    ReportStatus.ACCEPTED: public.ReportAccepted,
    ReportStatus.REJECTED: public.ReportRejected,
}


class Reports:
    def __init__(self, config: Config) -> None:
        self.config = config
        self.store: Store = mongo.database(config, "reports")
        self.outbox = Outbox(self.store)
        self.commands = Commands(self.store, files=Files(config))
        self._lines = self.store["lines"]
        self._versions = self.store["versions"]
        self._books = self.store["books"]

    def ensure_indexes(self) -> None:
        self.outbox.ensure_indexes()
        self._lines.create_index(
            [("region", ASCENDING), ("target_id", ASCENDING), ("period", ASCENDING)], name="line", unique=True
        )
        self._lines.create_index([("period", ASCENDING), ("target_id", ASCENDING)], name="period")
        self._lines.create_index([("target_id", ASCENDING), ("period", ASCENDING)], name="target")
        self._lines.create_index([("status", ASCENDING), ("_id", ASCENDING)], name="status")
        self._versions.create_index([("report_id", ASCENDING), ("version", ASCENDING)], name="steps", unique=True)

    def take(self, session: ClientSession, *regions: str) -> None:
        """Of two transactions that take a region one begins anew, and reads what the other wrote of its lines."""
        mongo.lock(session, self._books, *regions, make=True)

    def put(self, session: ClientSession, before: Line | None, after: Line) -> None:
        """Write one step of a line's life, and say it. The region must have been taken."""
        row = {"_id": after.report_id, **record.document(after)}
        del row["report_id"]
        mongo.put(self._lines, row, over=before.version if before else None, session=session)
        step = record.document(after.review or after.filed)
        version: Document = {"_id": mongo.new_id(), "report_id": after.report_id, "event": after.status.value, **step}
        version |= {"version": after.version, "content": record.document(after.filed.content)}
        self._versions.insert_one(version, session=session)
        at = after.review.at if after.review else after.filed.at
        self.outbox.say(
            session,
            _EVENTS[after.status],
            subject=after.report_id,
            about=f"{after.target_id}/{after.region}",
            at=at,
            records=[("lines", row), ("versions", version)],
            **_facts(after),
        )

    def line(self, report_id: str, session: ClientSession | None = None) -> Line | None:
        found = self._lines.find_one({"_id": report_id}, session=session)
        return None if found is None else _line(found)

    def line_of(self, target_id: str, region: str, period: str, session: ClientSession | None = None) -> Line | None:
        found = self._lines.find_one({"region": region, "target_id": target_id, "period": period}, session=session)
        return None if found is None else _line(found)

    def page(
        self,
        *,
        within: str,
        targets: Collection[str],
        period: str | None,
        status: str | None,
        after: str | None,
        limit: int,
    ) -> Page[Line]:
        """About in the order of their first filing; ``within`` is a region whose subtree is meant."""
        query = in_region(within) | given(period=period, status=status) | {"target_id": {"$in": sorted(targets)}}
        return walk(self._lines, query, after=after, limit=limit).of(_line)

    def lines(self, *, within: str = regions.PROVINCE, session: ClientSession | None = None) -> list[Line]:
        """All of a region and those below it, about in the order of their first filing."""
        return [_line(row) for row in self._lines.find(in_region(within), session=session).sort("_id", ASCENDING)]

    def steps(self, report_id: str) -> list[Document]:
        """Every filing and decision of the line, oldest first: ``{version, event, at, by, organisation, content}`` and,
        where one was given, ``reason``."""
        return list(self._versions.find({"report_id": report_id}).sort("version", ASCENDING))

    def lines_of(self, region: str, session: ClientSession | None = None) -> list[Line]:
        """Of the region itself, not of those below it."""
        return [_line(row) for row in self._lines.find({"region": region}, session=session)]


def _line(row: Document) -> Line:
    return record.of(Line, {**row, "report_id": row["_id"]})


def _facts(line: Line) -> Document:
    shown = (line.accepted or line.filed).content
    return {
        "report_id": line.report_id,
        "version": line.version,
        "target_id": line.target_id,
        "region": line.region,
        "period": line.period,
        "effective_on": line.effective_on,
        "figure": line.figure,
        "state": line.accepted.content.state if line.accepted else None,
        "status": line.status.value,
        "filed_on": line.filed.on,
        "filed_by": line.filed.by,
        "reviewed_by": line.review.by if line.review else None,
        "started": shown.started,
        "completed": shown.completed,
        "inspected": shown.inspected,
        "problems": shown.problems,
        "next_steps": shown.next_steps,
        "evidence": len(shown.evidence),
    }


@lru_cache(maxsize=8)
def reports(config: Config) -> Reports:
    """The process's own, with its indexes in place."""
    found = Reports(config)
    found.ensure_indexes()
    return found
