"""What targets keeps of problems and 绿色通道 requests, as inspections tells of them: for the ledger's 存在问题 and for
bulletins.

matters    the newest that was said of each problem
greenways  the newest that was said of each request
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from contract.greenways import GreenwayEvent, GreenwayState
from contract.matters import MatterState
from contract.message import Said
from runtime import mongo, record
from runtime.mongo import Document, Store

Place = tuple[int, str]  # (item, region), the region as it was registered


@dataclass(frozen=True, slots=True)
class Problems:
    """``open`` are all problems that are not settled, ``overdue`` those of them whose day is past; ``titles`` theirs,
    the earliest due first. ``waiting`` are 绿色通道 requests that are not answered, ``waiting_late`` those of them
    that were ever late."""

    open: int = 0
    overdue: int = 0
    settled: int = 0
    waiting: int = 0
    waiting_late: int = 0
    titles: tuple[str, ...] = ()


class Matters:
    def __init__(self, store: Store) -> None:
        self._matters = store["matters"]
        self._greenways = store["greenways"]

    def hear(self, said: Said) -> None:
        """Told again, or late, it changes nothing."""
        greenway = issubclass(said.event, GreenwayEvent)
        rows, id = (self._greenways, "greenway_id") if greenway else (self._matters, "matter_id")
        row = record.document({name: value for name, value in said.data.items() if value is not None})
        row["_id"] = row.pop(id)
        mongo.put_newest(rows, row)

    def problems(self, *, today: dt.date, codes: Iterable[str] | None = None) -> dict[Place, Problems]:
        """By item and region, of each that has any; ``codes``: the regions wanted, all when None."""
        asked: Document = {} if codes is None else {"region": {"$in": sorted(codes)}}
        found: dict[Place, Problems] = defaultdict(Problems)
        for row in self._matters.find(asked).sort([("due_on", 1), ("_id", 1)]):
            place = (row["item"], row["region"])
            before = found[place]
            if row["state"] == MatterState.SETTLED.value:
                found[place] = replace(before, settled=before.settled + 1)
                continue
            found[place] = replace(
                before,
                open=before.open + 1,
                overdue=before.overdue + (row["due_on"] < today.isoformat()),
                titles=(*before.titles, row["title"]),
            )
        answered = [GreenwayState.GRANTED.value, GreenwayState.REFUSED.value]
        for row in self._greenways.find({**asked, "state": {"$nin": answered}}):
            place = (row["item"], row["region"])
            before = found[place]
            late = "overdue_since" in row
            found[place] = replace(before, waiting=before.waiting + 1, waiting_late=before.waiting_late + late)
        return dict(found)
