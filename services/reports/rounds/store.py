"""What reports remembers of dispatch rounds.

rounds            one document a round: unique by (year, number) and, unless cancelled, by period; at most one is open
round_attendance  who had filed, was late and was missing when a round was closed
round_reminders   who was reminded, one document a reminder
"""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pymongo.client_session import ClientSession

from contract import reports as public
from contract.message import Event
from contract.rounds import RoundNotFound
from runtime import mongo
from runtime.commands import Commands
from runtime.config import Config
from runtime.mongo import Document, Store
from runtime.outbox import Outbox
from runtime.record import document, of
from services.reports.rounds.domain import Attendance, Filing, Line, Reminder, Round, Snapshot

_SAID = ("round_id", "version", "number", "period", "as_of", "opens_on", "due_on", "closed_at")


class Rounds:
    def __init__(self, config: Config) -> None:
        self.store: Store = mongo.database(config, "reports")
        self.outbox = Outbox(self.store)
        self.commands = Commands(self.store)
        self._rounds = self.store["rounds"]
        self._attendance = self.store["round_attendance"]
        self._reminders = self.store["round_reminders"]
        self._lines = self.store["lines"]  # store.py's, only read here
        self._versions = self.store["versions"]

    def ensure_indexes(self) -> None:
        self.outbox.ensure_indexes()
        standing = {"cancelled_at": None}
        self._rounds.create_index("period", name="standing", unique=True, partialFilterExpression=standing)
        mongo.drop_index(self._rounds, "period")  # of 0.2, when no round was ever cancelled
        self._rounds.create_index([("year", 1), ("number", 1)], name="number", unique=True)
        self._rounds.create_index("open", name="open", unique=True, partialFilterExpression={"open": True})

    def add(self, session: ClientSession, round: Round) -> None:
        self._rounds.insert_one(_row(round), session=session)
        self._say(session, public.RoundOpened, round, round.opened_at, [])

    def put_reminded(self, session: ClientSession, before: Round, after: Round, missing: Sequence[Attendance]) -> None:
        """``missing``: who is reminded."""
        reminder = after.reminders[-1]
        mongo.put(self._rounds, _row(after), over=before.version, session=session)
        told = {one.target_id: list(one.missing) for one in missing if one.missing}
        row = {"_id": f"{after.round_id}/{reminder.number}", **document(reminder), "reminded": told}
        self._reminders.insert_one(row, session=session)
        self._say(session, public.RoundReminded, after, reminder.at, [("round_reminders", row)])

    def put_amended(self, session: ClientSession, before: Round, after: Round) -> None:
        mongo.put(self._rounds, _row(after), over=before.version, session=session)
        self._say(session, public.RoundAmended, after, after.amendments[-1].at, [])

    def put_cancelled(self, session: ClientSession, before: Round, after: Round) -> None:
        mongo.put(self._rounds, _row(after), over=before.version, session=session)
        assert after.cancelled_at is not None
        self._say(session, public.RoundCancelled, after, after.cancelled_at, [], cancelled_at=after.cancelled_at)

    def put_closed(self, session: ClientSession, before: Round, after: Round, attendance: Sequence[Attendance]) -> None:
        """``attendance``: as it was at that moment, which is kept, and of which is said who did not file in time."""
        mongo.put(self._rounds, _row(after), over=before.version, session=session)
        kept = {"_id": after.round_id, "indicators": document(attendance)}
        self._attendance.insert_one(kept, session=session)
        outstanding = [
            {"target_id": one.target_id, "late": list(one.late), "missing": list(one.missing)}
            for one in attendance
            if one.outstanding
        ]
        assert after.closed_at is not None
        written = [("round_attendance", kept)]
        self._say(session, public.RoundClosed, after, after.closed_at, written, outstanding=outstanding)

    def put_snapshot(self, round_id: str, snapshot: Snapshot) -> None:
        """Told again, nothing changes."""
        self._rounds.update_one({"_id": round_id, "snapshot": None}, {"$set": {"snapshot": document(snapshot)}})

    def get(self, round_id: str, session: ClientSession | None = None) -> Round:
        """Raises RoundNotFound."""
        found = self._rounds.find_one({"_id": round_id}, session=session)
        if found is None:
            raise RoundNotFound("没有这期调度", "there is no such round")
        return _round(found)

    def open(self, session: ClientSession | None = None) -> Round | None:
        found = self._rounds.find_one({"open": True}, session=session)
        return None if found is None else _round(found)

    def of_period(self, period: str, session: ClientSession | None = None) -> Round | None:
        """The one that was not cancelled."""
        found = self._rounds.find_one({"period": period, "cancelled_at": None}, session=session)
        return None if found is None else _round(found)

    def next_number(self, year: int, session: ClientSession) -> int:
        last = self._rounds.find_one({"year": year}, {"number": 1}, sort=[("number", -1)], session=session)
        return int(last["number"]) + 1 if last else 1

    def page(self, *, after: str | None, limit: int) -> list[Round]:
        """The newest first; ``after``: the id of the last one seen."""
        asked: Document = {} if after is None else {"_id": {"$lt": after}}
        return [_round(row) for row in self._rounds.find(asked).sort("_id", -1).limit(limit)]

    def attendance(self, round_id: str) -> list[Attendance] | None:
        """As it was when the round was closed; None while it is open."""
        found = self._attendance.find_one({"_id": round_id})
        if found is None:
            return None
        return [of(Attendance, row) for row in found["indicators"]]

    def reminded(self, round_id: str, number: int) -> tuple[Reminder, dict[str, list[str]]] | None:
        """A reminder, and the regions that it went to by indicator."""
        found = self._reminders.find_one({"_id": f"{round_id}/{number}"})
        if found is None:
            return None
        return of(Reminder, found), found["reminded"]

    def filings(self, period: str, session: ClientSession | None = None) -> dict[Line, Filing]:
        """What is there of the period's report lines. A line that was filed again was first filed by its version 1."""
        shown = {"target_id": 1, "region": 1, "filed.on": 1, "filed.version": 1, "accepted.version": 1}
        lines = list(self._lines.find({"period": period}, shown, session=session, batch_size=10_000))
        again = [line["_id"] for line in lines if line["filed"]["version"] > 1]
        first = {"report_id": {"$in": again}, "version": 1}
        firsts = {step["report_id"]: step["on"] for step in self._versions.find(first, session=session)}
        return {
            (line["target_id"], line["region"]): Filing(
                first_filed_on=dt.date.fromisoformat(firsts.get(line["_id"], line["filed"]["on"])),
                accepted="accepted" in line,
            )
            for line in lines
        }

    def _say(
        self,
        session: ClientSession,
        event: type[Event],
        round: Round,
        at: dt.datetime,
        written: list[tuple[str, Document]],
        **more: Any,
    ) -> None:
        self.outbox.say(
            session,
            event,
            subject=round.round_id,
            at=at,
            records=[("rounds", _row(round)), *written],
            **{name: getattr(round, name) for name in _SAID},
            **more,
        )


def _row(round: Round) -> Document:
    row = document(round)
    return {"_id": row.pop("round_id"), **row} | ({"open": True} if round.is_open else {})


def _round(row: Document) -> Round:
    return of(Round, {"round_id": row["_id"], **row})


@lru_cache(maxsize=8)
def rounds(config: Config) -> Rounds:
    """The process's own, with its indexes in place."""
    found = Rounds(config)
    found.ensure_indexes()
    return found
