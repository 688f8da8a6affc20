"""What targets remembers of looking for what is odd.

anomalies      what was noticed, by its key: told once for ever
anomaly_looks  when it was looked, by whose wish, and what came of it
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Any

from pymongo.client_session import ClientSession

from contract.hints import LookNotFound
from contract.reports import UnitsDeducted, UnitsRestored
from contract.targets import AnomalyNoticed
from plan import Plan
from runtime import mongo, trace
from runtime.clock import SHANGHAI
from runtime.commands import Commands
from runtime.config import Config
from runtime.mongo import Document
from runtime.outbox import Outbox
from services.targets.anomalies.domain import Anomaly, Step
from services.targets.store import number

_NOTICED = 500  # in one transaction
_DEDUCTIONS = [UnitsDeducted.type(), UnitsRestored.type()]


class Anomalies:
    def __init__(self, config: Config) -> None:
        store = mongo.database(config, "targets")
        self.commands = Commands(store)
        self._outbox = Outbox(store)
        self._entries = store["entries"]
        self._anomalies = store["anomalies"]
        self._looks = store["anomaly_looks"]

    def ensure_indexes(self) -> None:
        self._outbox.ensure_indexes()
        daily = {"daily": {"$exists": True}}
        self._anomalies.create_index("look_id", name="look")
        self._looks.create_index("daily", name="daily", unique=True, partialFilterExpression=daily)

    def steps(self, plan: Plan, *, as_of: dt.date) -> Iterator[Step]:
        """Of the plan's year up to ``as_of``, without deductions."""
        recorded = {"$dateToString": {"date": "$recorded_at", "format": "%Y-%m-%d", "timezone": SHANGHAI.key}}
        place = {"region": "$region", "effective_on": "$effective_on", "recorded_on": recorded}
        days = {"$gte": plan.begins.isoformat(), "$lte": as_of.isoformat()}
        for indicator in plan.indicators:
            match = {"indicator": indicator, "effective_on": days, "cause": {"$nin": _DEDUCTIONS}}
            group = {"_id": place, "value": {"$sum": "$value"}}
            for row in self._entries.aggregate([{"$match": match}, {"$group": group}], allowDiskUse=True):
                yield Step(
                    indicator=indicator,
                    region=row["_id"]["region"],
                    effective_on=dt.date.fromisoformat(row["_id"]["effective_on"]),
                    recorded_on=dt.date.fromisoformat(row["_id"]["recorded_on"]),
                    value=number(row["value"]),
                )

    def ask(self, session: ClientSession, *, as_of: dt.date, at: dt.datetime, by: str) -> str:
        """The look's id."""
        look_id = mongo.new_id()
        self._looks.insert_one({"_id": look_id, "as_of": as_of.isoformat(), "asked_at": at, "by": by}, session=session)
        return look_id

    def ask_daily(self, today: dt.date, *, as_of: dt.date, at: dt.datetime) -> None:
        """One for each day, however often it is asked."""
        look = {"_id": mongo.new_id(), "as_of": as_of.isoformat(), "asked_at": at}
        self._looks.update_one({"daily": today.isoformat()}, {"$setOnInsert": look}, upsert=True)

    def asked(self) -> list[Document]:
        """Looks that are still to be taken, the oldest first."""
        return list(self._looks.find({"finished_at": {"$exists": False}}).sort([("asked_at", 1), ("_id", 1)]))

    def look(self, look_id: str) -> Document:
        """Raises LookNotFound."""
        found = self._looks.find_one({"_id": look_id})
        if found is None:
            raise LookNotFound("没有这次筛查", "there was no such look")
        return found

    def finish(self, look_id: str, found: Sequence[Anomaly], *, today: dt.date, now: Callable[[], dt.datetime]) -> int:
        """Keep and publish what is new, some hundred in one transaction; how many that were. Begun and not finished, it
        goes on where it was."""
        for first in range(0, len(found), _NOTICED):
            self.commands.transact(partial(self._notice, look_id, found[first : first + _NOTICED], today, now))
        noticed = self._anomalies.count_documents({"look_id": look_id})
        done = {"finished_at": now(), "found": len(found), "noticed": noticed}
        self._looks.update_one({"_id": look_id}, {"$set": done})
        return noticed

    def _notice(
        self,
        look_id: str,
        found: Sequence[Anomaly],
        today: dt.date,
        now: Callable[[], dt.datetime],
        session: ClientSession,
    ) -> None:
        at = now()
        keys = [anomaly.key for anomaly in found]
        known = {row["_id"] for row in self._anomalies.find({"_id": {"$in": keys}}, {"_id": 1}, session=session)}
        new = [anomaly for anomaly in found if anomaly.key not in known]
        if new:
            rows = [{"_id": each.key, "look_id": look_id, "noticed_on": today.isoformat()} for each in new]
            self._anomalies.insert_many(rows, session=session)
            self._outbox.add(session, [_said(each, today, at) for each in new])


def _said(anomaly: Anomaly, today: dt.date, at: dt.datetime) -> dict[str, Any]:
    return AnomalyNoticed.said(
        id=mongo.new_id(),
        subject=anomaly.key,
        about=anomaly.key,
        at=at,
        traceparent=trace.current(),
        anomaly_key=anomaly.key,
        kind=anomaly.kind.value,
        target_id=anomaly.target_id,
        region=anomaly.region,
        noticed_on=today,
        measures=anomaly.measures,
    )


@lru_cache(maxsize=8)
def kept_anomalies(config: Config) -> Anomalies:
    """The process's own, with its indexes in place."""
    found = Anomalies(config)
    found.ensure_indexes()
    return found
