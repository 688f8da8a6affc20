"""What reports say beside their figures: never counted, shown in the work ledger as it was filed last.

remarks         one document per (indicator, region): ``lines`` by their period, each in its newest version, and
                ``earlier`` versions, for a snapshot of a moment that is past
remark_briefs   one document per indicator: what was accepted last of each region, which colours the whole ledger
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pymongo
from pymongo.client_session import ClientSession

from contract import regions
from contract.message import Said
from contract.reports import ReportEvent
from contract.words import ReportStatus, WorkState
from runtime.mongo import Document, Store
from runtime.places import Mark

Cell = tuple[str, str]  # (indicator, region)

_COPIED = ("status", "state", "filed_by", "reviewed_by", "problems", "next_steps", "evidence")
_EARLIER = 20  # of a line: far more than anybody files between a round's closing and its snapshot
_AMOUNTS = ("started", "completed", "inspected")  # kept as text: read back the fastest, and exactly as they were said


@dataclass(frozen=True)
class Remark:
    """The newest report line of a region. ``started``, ``completed``, ``inspected``: 开工, 建成, 验收, cumulative.
    ``said_at``: when this version was recorded. ``filed_by`` and ``reviewed_by`` are accounts, never names. ``state``
    and ``inspected`` are of the newest line that is accepted: who has only filed has not been believed yet."""

    period: str
    version: int
    status: ReportStatus
    filed_by: str
    reviewed_by: str | None
    filed_on: dt.date
    said_at: dt.datetime
    evidence: int
    state: WorkState | None = None
    problems: str | None = None
    next_steps: str | None = None
    started: Decimal | None = None
    completed: Decimal | None = None
    inspected: Decimal | None = None


@dataclass(frozen=True)
class Brief:
    """What was accepted last: state and 验收."""

    state: WorkState | None
    inspected: Decimal | None


class Remarks:
    def __init__(self, store: Store) -> None:
        self._remarks = store["remarks"]
        self._briefs = store["remark_briefs"]

    def ensure_indexes(self) -> None:
        self._remarks.create_index([("indicator", 1), ("region", 1)], name="read")

    def keep(self, heard: Iterable[Said | Mark], session: ClientSession) -> None:
        """In the transaction that counts them; a version that is not newer than what is known changes nothing."""
        told = [said for said in heard if isinstance(said, Said) and issubclass(said.event, ReportEvent)]
        if not told:
            return
        ids = {_id(said) for said in told}
        known: dict[str, Document] = {
            row["_id"]: row for row in self._remarks.find({"_id": {"$in": list(ids)}}, session=session)
        }
        changed: dict[str, Document] = {}
        for said in told:
            row = known.setdefault(_id(said), _empty(said))
            before = row["lines"].get(said.data["period"])
            if before is None or before["version"] < said.data["version"]:
                if before is not None:
                    earlier = row.setdefault("earlier", {}).setdefault(said.data["period"], [])
                    earlier[:] = [*earlier, before][-_EARLIER:]
                row["lines"][said.data["period"]] = _line(said)
                changed[row["_id"]] = row
        if not changed:
            return
        rows = [pymongo.ReplaceOne({"_id": id}, row, upsert=True) for id, row in changed.items()]
        self._remarks.bulk_write(rows, ordered=False, session=session)
        briefs: dict[str, Document] = {}
        for row in changed.values():
            accepted = _accepted(row["lines"])
            of = briefs.setdefault(row["indicator"], {})
            of[f"regions.{row['region']}"] = [accepted["state"], accepted["inspected"]]
        self._briefs.bulk_write(
            [pymongo.UpdateOne({"_id": indicator}, {"$set": of}, upsert=True) for indicator, of in briefs.items()],
            ordered=False,
            session=session,
        )

    def read(
        self, indicators: Sequence[str], codes: Sequence[str], *, upto: str, seq: int | None = None
    ) -> dict[Cell, Remark]:
        """The newest line of each, of the period ``upto`` (YYYY-MM) or before it; with ``seq`` as the log of `reports`
        told it up to that place."""
        found: dict[Cell, Remark] = {}
        asked = {"indicator": {"$in": list(indicators)}, "region": {"$in": list(codes)}}
        for row in self._remarks.find(asked, {"earlier": 0} if seq is None else None):
            lines = {period: line for period, line in row["lines"].items() if period <= upto}
            if seq is not None:
                lines = _as_of(lines, row.get("earlier", {}), seq)
            if lines:
                period, line = max(lines.items())
                found[row["indicator"], row["region"]] = _remark(period, line | _accepted(lines))
        return found

    def briefs(self) -> dict[str, dict[str, Brief]]:
        """By indicator and region, wherever anything was reported."""
        return {
            row["_id"]: {
                region: Brief(_state(state), _amount(inspected))
                for region, (state, inspected) in row["regions"].items()
            }
            for row in self._briefs.find()
        }


def _id(said: Said) -> str:
    return f"{said.data['target_id']}:{regions.get(said.data['region']).code}"


def _empty(said: Said) -> Document:
    indicator, region = said.data["target_id"], regions.get(said.data["region"]).code
    return {"_id": f"{indicator}:{region}", "indicator": indicator, "region": region, "lines": {}}


def _as_of(lines: Document, earlier: Document, seq: int) -> Document:
    """Of each line the newest version up to that place. One that an older release kept has no place: it was before."""
    versions = {period: [*earlier.get(period, ()), line] for period, line in lines.items()}
    known = {period: [one for one in of if one.get("seq", 0) <= seq] for period, of in versions.items()}
    return {period: of[-1] for period, of in known.items() if of}


def _accepted(lines: Document) -> Document:
    """State and 验收 of the newest accepted line that tells them."""
    accepted = [line for _, line in sorted(lines.items()) if line["status"] == ReportStatus.ACCEPTED]
    told: Document = {"state": None, "inspected": None}
    for line in accepted:
        told |= {name: line[name] for name in told if line[name] is not None}
    return told


def _line(said: Said) -> Document:
    amounts = {name: said.data.get(name) for name in _AMOUNTS}
    return {
        "version": said.data["version"],
        **{name: said.data.get(name) for name in _COPIED},
        **{name: None if amount is None else format(amount, "f") for name, amount in amounts.items()},
        "filed_on": said.data["filed_on"].isoformat(),
        "said_at": said.time,
        "seq": said.seq,
    }


def _remark(period: str, line: Document) -> Remark:
    told: dict[str, Any] = {
        **{name: value for name, value in line.items() if name != "seq"},
        "status": ReportStatus(line["status"]),
        "state": _state(line["state"]),
        "filed_on": dt.date.fromisoformat(line["filed_on"]),
        **{name: _amount(line[name]) for name in _AMOUNTS},
    }
    return Remark(period=period, **told)


def _state(said: str | None) -> WorkState | None:
    return None if said is None else WorkState(said)


def _amount(stored: str | None) -> Decimal | None:
    return None if stored is None else Decimal(stored)
