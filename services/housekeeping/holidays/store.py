"""Collection ``holiday_notices``: one document each, version guarded. The days that hold are in ``holidays``."""

from functools import lru_cache, partial

from pymongo.client_session import ClientSession

from runtime import mongo, record
from runtime.config import Config
from runtime.mongo import Document, Store
from runtime.outbox import Outbox
from runtime.pages import Page, given, walk
from services.housekeeping.holidays import domain as holidays
from services.housekeeping.holidays.domain import Notice
from services.housekeeping.store import housekeeping


class Notices:
    def __init__(self, store: Store, outbox: Outbox) -> None:
        self._notices = store["holiday_notices"]
        self._outbox = outbox

    def put(self, session: ClientSession, before: Notice | None, after: Notice) -> None:
        row: Document = record.document(after) | {"_id": after.notice_id}
        mongo.put(self._notices, row, over=before.version if before else None, session=session)
        self._outbox.note(session, "holiday_notices", row)

    def get(self, notice_id: str, session: ClientSession | None = None) -> Notice:
        """Raises HolidayNoticeNotFound."""
        found = self._notices.find_one({"_id": notice_id}, session=session)
        if found is None:
            raise holidays.not_found()
        return record.of(Notice, found)

    def page(self, *, state: str | None, after: str | None, limit: int) -> Page[Notice]:
        return walk(self._notices, given(state=state), after=after, limit=limit).of(partial(record.of, Notice))


@lru_cache(maxsize=8)
def notices_of(config: Config) -> Notices:
    """The process's own."""
    kept = housekeeping(config)
    return Notices(kept.store, kept.outbox)
