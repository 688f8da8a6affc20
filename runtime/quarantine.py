"""Quarantine: records that a worker could not process, each set aside with its reason, so that the others go on.

    quarantine = Quarantine(store, "clock")
    quarantine.refresh()                    # once for each round
    for case_id in due(besides=quarantine.held("case")):
        quarantine.attempt("case", case_id, lambda: fall_due(case_id))

A record is tried again by itself, ever later, and is released when that succeeds: what a new version or a person has
mended needs no further step. ``python -m runtime.quarantine`` lists what is held, of all services.
"""

import argparse
import datetime as dt
import json
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from prometheus_client import Gauge
from pymongo.errors import PyMongoError

from contract.errors import Refused
from contract.message import Event
from runtime import clock, config, mongo
from runtime.failures import describe, frames, passing
from runtime.mongo import Document, Store

log = structlog.get_logger()

HELD = Gauge("records_quarantined", "Records that a worker has set aside because it could not process them", ["worker"])

Result = TypeVar("Result")

_FIRST, _GROWS, _LONGEST = dt.timedelta(seconds=5), 4, dt.timedelta(hours=1)  # until a record is tried again


class Quarantine:
    """Collection ``quarantine`` of a service's store: one document a record of ``worker``."""

    def __init__(self, store: Store, worker: str, *, now: clock.Clock = clock.now) -> None:
        self._rows = store["quarantine"]
        self._worker = worker
        self._now = now
        self._held: dict[str, Document] = {}

    def __len__(self) -> int:
        return len(self._held)

    def refresh(self) -> None:
        """Another process may have been the worker meanwhile."""
        self._held = {row["_id"]: row for row in self._rows.find({"worker": self._worker})}
        HELD.labels(self._worker).set(len(self._held))

    def held(self, kind: str) -> list[str]:
        """Ids of the records of a kind whose time has not come."""
        at = self._now()
        return [row["record"] for row in self._held.values() if row["kind"] == kind and row["next_at"] > at]

    def attempt(self, kind: str, record: str, work: Callable[[], Result]) -> Result | None:
        """What ``work`` returns; None when the record is held, or is set aside now. What passes by itself, such as a
        database that is away, is raised: it is no fault of the record."""
        key = f"{self._worker}/{kind}/{record}"
        row = self._held.get(key)
        if row is not None and row["next_at"] > self._now():
            return None
        try:
            result = work()
        except Exception as error:
            if passing(error):
                raise
            self._set_aside(key, kind, record, error)
            return None
        if row is not None:
            self._rows.delete_one({"_id": key})
            del self._held[key]
            HELD.labels(self._worker).set(len(self._held))
            log.info("quarantine.released", worker=self._worker, kind=kind, record=record)
        return result

    def _set_aside(self, key: str, kind: str, record: str, error: Exception) -> None:
        at, before = self._now(), self._held.get(key)
        attempts = before["attempts"] + 1 if before else 1
        reason = f"{error.code}: {error.en}" if isinstance(error, Refused) else describe(error)
        row = {
            "_id": key,
            "worker": self._worker,
            "kind": kind,
            "record": record,
            "reason": reason,
            "at": frames(error),
            "attempts": attempts,
            "first_at": before["first_at"] if before else at,
            "next_at": at + min(_FIRST * _GROWS ** min(attempts - 1, 10), _LONGEST),
        }
        self._rows.replace_one({"_id": key}, row, upsert=True)
        self._held[key] = row
        HELD.labels(self._worker).set(len(self._held))
        log.error("quarantine.set_aside", worker=self._worker, kind=kind, record=record, reason=reason, at=row["at"])


def listed(settings: config.Config) -> list[dict[str, Any]]:
    """What is held in the stores of all services, the longest first."""
    found = []
    for service in sorted({event.service for event in Event.known()}):
        rows = mongo.database(settings, service)["quarantine"].find()
        found += [{"service": service} | {name: row[name] for name in _ROW} for row in rows]
    return sorted(found, key=lambda row: row["first_at"])


_ROW = ("worker", "kind", "record", "reason", "attempts", "first_at", "next_at")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m runtime.quarantine", description="处理不了而搁置的记录 / records set aside by workers"
    )
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    try:
        found = listed(config.read())
    except config.ConfigurationMissing as error:
        print(error, file=sys.stderr)
        return 1
    except PyMongoError as error:
        print(f"数据库不可用 / the database is away (MONGO_URI): {type(error).__name__}", file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False, indent=2, default=dt.datetime.isoformat))
    elif not found:
        print("没有搁置的记录 / nothing is set aside")
    for row in [] if arguments.json else found:
        print(f"{row['service']}.{row['worker']}  {row['kind']} {row['record']}  × {row['attempts']}", end="  ")
        print(f"自 / since {row['first_at']:%Y-%m-%d %H:%M:%SZ}  {row['reason']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
