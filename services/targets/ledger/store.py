"""What the work ledger reads of the count: rollups of many indicators and regions in one query."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bson import Decimal128

from services.targets.store import Counts, Days, number

Cell = tuple[str, str]  # (indicator, region)

_BATCH = 20_000  # rows in one answer: the whole ledger is about seven thousand


@dataclass(slots=True)
class Sums:
    """Of one cell: ``value`` up to the day asked; of it what took effect in the period, up to the checkpoint, and
    before the year (None where nothing did)."""

    value: int | Decimal = 0
    period: int | Decimal = 0
    earlier: int | Decimal = 0
    before: int | Decimal | None = None


class Rollups:
    def __init__(self, counts: Counts) -> None:
        self._rollups = counts.rollups

    def days(self, indicators: Sequence[str], codes: Sequence[str]) -> dict[Cell, Days]:
        """Net counts by day; cells of which nothing is known are left out."""
        found: dict[Cell, Days] = {}
        asked = {"indicator": {"$in": list(indicators)}, "region": {"$in": list(codes)}}
        for row in self._rollups.find(asked, _SHOWN, hint="read", batch_size=_BATCH):
            days = found.setdefault((row["indicator"], row["region"]), defaultdict(Decimal))
            for day, value in row["days"].items():
                days[dt.date.fromisoformat(day)] += number(value)
        return found

    def sums(
        self,
        indicators: Sequence[str] | None = None,
        *,
        as_of: dt.date,
        period: str,
        begins: dt.date,
        last: dt.date | None,
    ) -> dict[Cell, Sums]:
        """In every region of which anything is known, of these indicators or of all. ``period``: YYYY-MM. ``last``:
        the checkpoint."""
        upto, year, check = as_of.isoformat(), begins.isoformat(), last.isoformat() if last else ""
        first, final = f"{period}-01", f"{period}-31"  # days as text are in the order of time
        found: dict[Cell, Sums] = {}
        asked = {} if indicators is None else {"indicator": {"$in": list(indicators)}}
        for row in self._rollups.find(asked, {**_SHOWN, "total": 1}, batch_size=_BATCH):
            key = (row["indicator"], row["region"])
            sums = found.get(key)
            if sums is None:
                sums = found[key] = Sums()
            value, late = _number(row["total"]), 0
            for day, step in row["days"].items():
                if year <= day <= check and not first <= day <= final:
                    continue  # in the total, and in nothing else: most days of a year
                step = _number(step)
                if day > upto:
                    value -= step
                    continue
                if day > check:
                    late += step
                if day < year:
                    sums.before = step + (sums.before or 0)
                if first <= day <= final:
                    sums.period += step
            sums.value += value
            sums.earlier += value - late
        return found


def _number(stored: Any) -> Any:
    """Whole numbers as they are: there are a hundred thousand of them."""
    return stored.to_decimal() if isinstance(stored, Decimal128) else stored


_SHOWN = {"_id": 0, "indicator": 1, "region": 1, "days": 1}
