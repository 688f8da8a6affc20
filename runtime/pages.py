"""Lists, a page at a time: what was asked, which region to look in, the query, and the answer with the way on.

A store is asked for one row more than the page shows: when there is one, the last that is shown is where to go on.
"""

from typing import Any

from contract import fields, regions
from contract.message import Message
from runtime.mongo import Document


class ReadPage(Message):
    """``after``: the id of the last one seen."""

    after: fields.Pattern = fields.Id()  # a list of something else says by what it goes on
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


def beyond(after: str | None) -> Document:
    """The query of what comes after this id; all when it is None."""
    return {} if after is None else {"_id": {"$gt": after}}


def paged(items: list[dict[str, Any]], limit: int, key: str) -> dict[str, Any]:
    """``{"items", "next": cursor or None}`` of one item more than ``limit`` where there are more. The cursor is what
    stands under ``key``."""
    shown = items[:limit]
    return {"items": shown, "next": shown[-1][key] if len(items) > limit else None}


def nothing() -> dict[str, Any]:
    """The page of who may see nothing of what was asked for."""
    return {"items": [], "next": None}
