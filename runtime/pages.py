"""Lists, a page at a time: what was asked, which region to look in, the query, and the answer with the way on.

A store is asked for one row more than the page shows: when there is one, the last that is shown is where to go on.

Lists in the order of ids go through ``walk``. An id is made before its row is committed, so for a while a row may still
appear below another that was seen. A cursor within that while says how many rows there were up to it; where there are
more by now, the list goes on from below them: a row may come twice, and none is left out.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from contract import fields, regions
from contract.message import Message
from runtime import clock
from runtime.mongo import Document

SETTLES = 180  # seconds after which no transaction that made an id can still commit: a call's or a job's ends before

Row = TypeVar("Row")
Seen = TypeVar("Seen")


class Cursor(fields.Pattern):
    """The last id that was seen; and, while it is young, below which ids all was settled then, and how many rows
    there were from there."""

    pattern = re.compile(r"[0-9a-f]{24}(?:\.[0-9a-f]{8}\.[0-9]{1,9})?")
    means = ("cursor", "不是此列表给出的游标", "is no cursor of this list")


class ReadPage(Message):
    """``after``: where the page before ended."""

    after: fields.Pattern = Cursor()  # a list of something else says by what it goes on
    limit = fields.Whole(at_least=1, at_most=500, load_default=50)


class ReadRegion(ReadPage):
    """``region``: only of this region and of those below it."""

    region = fields.RegionCode()


def given(**asked: Any) -> dict[str, Any]:
    """What is None was not asked."""
    return {name: value for name, value in asked.items() if value is not None}


def within_of(own: str, asked: str | None) -> str | None:
    """The region to look in: one's own unless another is asked for; None when that lies outside one's own. Raises
    RegionUnknown, RegionAmbiguous."""
    if asked is None:
        return own
    code = regions.get(asked).code
    return code if regions.within(code, own) else None


def in_region(within: str) -> Document:
    """The query of what lies in the region or below it. Raises RegionUnknown, RegionAmbiguous."""
    return {} if within == regions.PROVINCE else {"region": {"$in": sorted(regions.subtree(within))}}


class Page(list[Row], Generic[Row]):
    """Rows, and the cursor of the page that follows them."""

    def __init__(self, rows: Iterable[Row], next: str | None) -> None:
        super().__init__(rows)
        self.next = next

    def of(self, read: Callable[[Row], Seen]) -> "Page[Seen]":
        return Page(map(read, self), self.next)


def walk(
    rows: Collection[Document], query: Document, *, after: str | None, limit: int, now: clock.Clock = clock.now
) -> Page[Document]:
    """A page of what meets the query, in the order of ids, which are hexadecimal and begin with their time. All of it
    is read at one moment."""
    settled = f"{int(now().timestamp()) - SETTLES:08x}"
    with rows.database.client.start_session(snapshot=True) as session:
        start = _start(rows, after, session) if after else None
        beyond = {"_id": {"$gt": start}} if start else {}
        found = list(rows.find({"$and": [query, beyond]}, session=session).sort("_id", ASCENDING).limit(limit + 1))
        shown = found[:limit]
        if len(found) <= limit:
            return Page(shown, None)
        last = str(shown[-1]["_id"])
        if last < settled:
            return Page(shown, last)
        return Page(shown, f"{last}.{settled}.{_between(rows, settled, last, session)}")


def _start(rows: Collection[Document], after: str, session: ClientSession) -> str:
    last, _, rest = after.partition(".")
    settled, _, number = rest.partition(".")
    if not rest or _between(rows, settled, last, session) == int(number):
        return last
    return settled


def _between(rows: Collection[Document], settled: str, last: str, session: ClientSession) -> int:
    """How many there are from the settled ones up to ``last``, whatever is asked for."""
    return rows.count_documents({"_id": {"$gt": settled, "$lte": last}}, session=session)


def walked(page: Page[Any], shown: list[dict[str, Any]]) -> dict[str, Any]:
    """``{"items", "next": cursor or None}`` of a page of ``walk``, each of its rows as it is ``shown``."""
    return {"items": shown, "next": page.next}


def paged(items: list[dict[str, Any]], limit: int, key: str) -> dict[str, Any]:
    """``{"items", "next": cursor or None}`` of one item more than ``limit`` where there are more. The cursor is what
    stands under ``key``."""
    shown = items[:limit]
    return {"items": shown, "next": shown[-1][key] if len(items) > limit else None}


def nothing() -> dict[str, Any]:
    """The page of who may see nothing of what was asked for."""
    return {"items": [], "next": None}
