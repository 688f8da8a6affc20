"""The count, in MongoDB.

standings   one per (indicator, subject): the facts, and whether and where it is counted
entries     append-only signed steps, each with its place in its queue
places      how many places each queue has given
rollups     sums per (indicator, region, queue), in all and by day: derived, rebuildable
sources     the last watermark that each queue brought
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import Any

import pymongo
from bson import Decimal128
from pymongo.client_session import ClientSession

from contract import regions
from contract.subscriptions import SUBSCRIPTIONS
from runtime import places
from runtime.mongo import Document, Store
from runtime.timepiece import Timepiece
from services.targets.domain import Counted, Entry, Fact, Standing

timepiece = Timepiece("targets")

DESK = "desk"  # the worker whose lease and quarantine the jobs of targets have

LISTENED_TO: dict[str, list[str]] = defaultdict(list)  # service -> the queues by which its facts are counted
for _subscription in SUBSCRIPTIONS:
    if _subscription.hearer == "targets" and _subscription.counted:
        LISTENED_TO[_subscription.service].append(_subscription.queue)

Key = tuple[str, str]  # (indicator, subject)
Days = dict[dt.date, Decimal]
Place = tuple[str, str, str]  # (fact id, region, day)
Net = dict[Place, Decimal]  # what entries add up to; places that add up to nothing are left out


@dataclass
class Changes:
    """What a batch came to. ``revs`` holds the revision that each standing was read at, 0 = it is new. ``queue``: of
    the rollups that it moves; None where they say it already."""

    queue: str | None
    standings: dict[Key, Standing] = field(default_factory=dict)
    revs: dict[Key, int] = field(default_factory=dict)
    entries: list[tuple[str, Entry]] = field(default_factory=list)


class Counts:
    """``suffix`` names a second set of collections, where a replay builds beside the live one."""

    def __init__(self, store: Store, suffix: str = "") -> None:
        self.store = store
        self.standings = store[f"standings{suffix}"]
        self.entries = store[f"entries{suffix}"]
        self.rollups = store[f"rollups{suffix}"]
        self.sources = store[f"sources{suffix}"]
        self.places = store[f"places{suffix}"]

    def ensure_indexes(self) -> None:
        self.entries.create_index([("indicator", 1), ("region", 1), ("_id", 1)], name="proof")
        self.entries.create_index([("indicator", 1), ("queue", 1), ("n", 1), ("_id", 1)], name="followed")
        self.entries.create_index(
            [("indicator", 1), ("region", 1), ("effective_on", 1), ("recorded_at", 1), ("value", 1)], name="known_at"
        )
        self.rollups.create_index([("indicator", 1), ("region", 1)], name="read")

    def read(self, keys: Iterable[Key], session: ClientSession) -> dict[Key, Standing]:
        ids = [f"{indicator}:{subject}" for indicator, subject in keys]
        found: dict[Key, Standing] = {}
        for row in self.standings.find({"_id": {"$in": ids}}, session=session):
            indicator, _, subject = row["_id"].partition(":")
            found[indicator, subject] = standing(row)
        return found

    def write(self, changes: Changes, session: ClientSession) -> None:
        operations: list[Any] = []
        for (indicator, subject), after in changes.standings.items():
            row = _standing_row(indicator, subject, after)
            before = changes.revs[indicator, subject]
            operations.append(
                pymongo.ReplaceOne({"_id": row["_id"], "rev": before}, row) if before else pymongo.InsertOne(row)
            )
        if operations:
            self.standings.bulk_write(operations, ordered=False, session=session)
        if changes.entries:
            rows = [_entry_row(indicator, entry) for indicator, entry in changes.entries]
            self._place(rows, changes.queue or "mends", session)
            self.entries.insert_many(rows, ordered=False, session=session)
            if changes.queue is not None:
                self.rollups.bulk_write(_rollup_updates(changes), ordered=False, session=session)

    def _place(self, rows: list[Document], queue: str, session: ClientSession) -> None:
        """Give the rows the queue's next places. Transactions that do so at once meet here, and one of them is tried
        again: so places are committed in their order."""
        given = self.places.find_one_and_update(
            {"_id": queue},
            {"$inc": {"n": len(rows)}},
            upsert=True,
            return_document=pymongo.ReturnDocument.AFTER,
            session=session,
        )
        assert given is not None  # an upsert
        for n, row in enumerate(rows, given["n"] - len(rows) + 1):
            row |= {"queue": queue, "n": n}

    def queues(self) -> list[str]:
        """Those that have written entries."""
        return sorted(row["_id"] for row in self.places.find({}, {"_id": 1}))

    def mark(self, queue: str, service: str, seq: int, at: dt.datetime, session: ClientSession) -> None:
        """This queue has brought everything of ``service`` up to ``seq``, recorded before ``at``."""
        self.sources.update_one(
            {"_id": f"{service}:{queue}"},
            {"$max": {"seq": seq, "at": at}, "$set": {"service": service, "queue": queue}},
            upsert=True,
            session=session,
        )

    def unmark(self, queue: str, session: ClientSession) -> None:
        """What the queue had brought is in no log that we know of: nothing counts as heard until a watermark fits."""
        self.sources.delete_many({"queue": queue}, session=session)

    def begin(self, queue: str, session: ClientSession) -> places.Place:
        """Where a queue stands that has no place yet: at its last watermark, as 0.2 left it, or at the beginning."""
        row = self.sources.find_one({"queue": queue}, session=session)
        return places.START if row is None else places.Place(row["seq"], "")

    def values(
        self, codes: Sequence[str], *, indicator: str, as_of: dt.date, known_at: dt.datetime | None
    ) -> dict[str, Decimal]:
        """The count of each region on that day: all that is known by now when ``known_at`` is None."""
        if known_at is not None:
            days = self.days(codes, indicator=indicator, as_of=as_of, known_at=known_at)
            return {code: sum(of.values(), Decimal(0)) for code, of in days.items()}
        totals = dict.fromkeys(codes, Decimal(0))
        upto = as_of.isoformat()  # days as text are in the order of time, and few lie after today
        asked = {"indicator": indicator, "region": {"$in": list(codes)}}
        for row in self.rollups.find(asked, {"region": 1, "total": 1, "days": 1}, hint="read"):
            later = sum((number(value) for day, value in row["days"].items() if day > upto), Decimal(0))
            totals[row["region"]] += number(row["total"]) - later
        return totals

    def days(
        self, codes: Sequence[str], *, indicator: str, as_of: dt.date, known_at: dt.datetime | None
    ) -> dict[str, Days]:
        """Net count by day, up to ``as_of``: from the rollups, or from the entries when the second clock is asked."""
        sums: dict[str, Days] = {code: defaultdict(Decimal) for code in codes}
        if known_at is not None:
            for region, on, value in self._known(codes, indicator, as_of, known_at):
                for code in codes:
                    if regions.within(region, code):
                        sums[code][on] += value
            return sums
        asked = {"indicator": indicator, "region": {"$in": list(codes)}}
        for row in self.rollups.find(asked, hint="read"):
            for day, value in row["days"].items():
                on = dt.date.fromisoformat(day)
                if on <= as_of:
                    sums[row["region"]][on] += number(value)
        return sums

    def _known(
        self, codes: Sequence[str], indicator: str, as_of: dt.date, known_at: dt.datetime
    ) -> Iterable[tuple[str, dt.date, Decimal]]:
        match: Document = {
            "indicator": indicator,
            "region": {"$in": sorted({below for code in codes for below in regions.subtree(code)})},
            "recorded_at": {"$lte": known_at},
            "effective_on": {"$lte": as_of.isoformat()},
        }
        group = {"_id": {"region": "$region", "on": "$effective_on"}, "value": {"$sum": "$value"}}
        for row in self.entries.aggregate([{"$match": match}, {"$group": group}], hint="known_at"):
            yield row["_id"]["region"], dt.date.fromisoformat(row["_id"]["on"]), number(row["value"])

    def nets(self) -> Iterator[tuple[str, Net]]:
        """(standing id, what its entries add up to), in the order of indicator and subject."""
        key = {
            "indicator": "$indicator",
            "subject": "$subject",
            "fact": "$fact_id",
            "region": "$region",
            "on": "$effective_on",
        }
        rows = self.entries.aggregate(
            [
                {"$group": {"_id": key, "value": {"$sum": "$value"}}},
                {"$match": {"value": {"$ne": 0}}},
                {"$sort": {"_id.indicator": 1, "_id.subject": 1}},
            ],
            allowDiskUse=True,
        )
        for of, steps in groupby(rows, key=lambda row: f"{row['_id']['indicator']}:{row['_id']['subject']}"):
            yield (
                of,
                {
                    (step["_id"]["fact"], step["_id"]["region"], step["_id"]["on"]): number(step["value"])
                    for step in steps
                },
            )

    def heard_up_to(self) -> list[Document]:
        """For each service that is listened to ``{service, seq, at}``: everything up to ``seq``, recorded before
        ``at``, has come through every queue. Until each queue has brought a watermark: seq 0, at None."""
        found: dict[str, list[Document]] = defaultdict(list)
        for row in self.sources.find():
            found[row["service"]].append(row)
        answer = []
        for service, queues in sorted(LISTENED_TO.items()):
            rows = found[service]
            told = len(rows) == len(queues)
            answer.append(
                {
                    "service": service,
                    "seq": min(row["seq"] for row in rows) if told else 0,
                    "at": min(row["at"] for row in rows) if told else None,
                }
            )
        return answer


def number(stored: int | Decimal128) -> Decimal:
    return stored.to_decimal() if isinstance(stored, Decimal128) else Decimal(stored)


def _stored(value: int | Decimal) -> int | Decimal128:
    """Whole numbers stay whole: MongoDB adds both up, and a Decimal128 is twice as large."""
    if isinstance(value, int):
        return value
    return int(value) if value == value.to_integral_value() else Decimal128(value)


def standing(row: Document) -> Standing:
    facts = [_fact(said) for said in row["facts"]]
    return Standing(
        subject=row["_id"].partition(":")[2],
        facts={fact.key: fact for fact in facts},
        counted=tuple(
            Counted(
                time["fact_id"],
                time["region"],
                _day(time["on"]),
                time["until"] and _day(time["until"]),
                number(time["amount"]) if "amount" in time else 1,
            )
            for time in row["counted"]
        ),
        rev=row["rev"],
    )


def _fact(said: Document) -> Fact:
    amount = said.get("amount")
    days = {"on": _day(said["on"]), "since": _day(said["since"])}
    return Fact(**{**said, **days, "amount": None if amount is None else number(amount)})


def _standing_row(indicator: str, subject: str, after: Standing) -> Document:
    return {
        "_id": f"{indicator}:{subject}",
        "rev": after.rev,
        "facts": [
            _with_amount({**vars(fact), "on": fact.on.isoformat(), "since": fact.since.isoformat()}, None)
            for fact in after.facts.values()
        ],
        "counted": [
            _with_amount({**vars(time), "on": time.on.isoformat(), "until": time.until and time.until.isoformat()}, 1)
            for time in after.counted
        ],
    }


def _with_amount(row: Document, usual: int | None) -> Document:
    """Persons, bases and activities count as one: nothing need be kept of that."""
    amount = row.pop("amount")
    if amount != usual:
        row["amount"] = _stored(amount)
    return row


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _entry_row(indicator: str, entry: Entry) -> Document:
    return {
        "indicator": indicator,
        "subject": entry.subject,
        "fact_id": entry.fact_id,
        "value": _stored(entry.value),
        "region": entry.region,
        "effective_on": entry.effective_on.isoformat(),
        "recorded_at": entry.cause.recorded_at,
        "cause": entry.cause.event,
        "event_id": entry.cause.event_id,
        "service": entry.cause.service,
        "seq": entry.cause.seq,
    }


def _rollup_updates(changes: Changes) -> list[pymongo.UpdateOne]:
    sums: dict[Key, dict[str, int | Decimal]] = defaultdict(lambda: defaultdict(int))
    for indicator, entry in changes.entries:
        for region in regions.get(entry.region).path:
            sums[indicator, region][f"days.{entry.effective_on.isoformat()}"] += entry.value
            sums[indicator, region]["total"] += entry.value
    # A row per queue: the province's would otherwise be written by every queue at once, and transactions would meet.
    return [
        pymongo.UpdateOne(
            {"_id": f"{indicator}:{region}:{changes.queue}"},
            {
                "$inc": {at: _stored(value) for at, value in steps.items()},
                "$setOnInsert": {"indicator": indicator, "region": region, "queue": changes.queue},
            },
            upsert=True,
        )
        for (indicator, region), steps in sums.items()
    ]
