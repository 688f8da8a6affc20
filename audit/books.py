"""What the services have stored, as the audit reads it: whole collections, and each service's log in its order."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bson import Binary, Decimal128, ObjectId

from runtime.config import Config
from runtime.files import FileDamaged, FileMissing, Files
from runtime.mongo import Document, Store, database

SERVICES = ("training", "certification", "housekeeping", "reports", "inspections", "targets")  # each has a log
GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Event:
    """One row of a log. ``imprints``: the hashes of the records that were written with it, by collection/id."""

    service: str
    seq: int
    hash: str
    id: str
    type: str
    subject: str
    time: dt.datetime
    data: Document
    imprints: dict[str, str]


class Books:
    """Reads the databases of all services. A log is read once and stays, for most checks compare with it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._logs: dict[str, list[Event]] = {}
        self.last = ""  # the document that was read last, for what cannot be read

    def store(self, service: str) -> Store:
        return database(self.config, service)

    def rows(self, service: str, collection: str, fields: Sequence[str] = ()) -> Iterator[Document]:
        """All documents of a collection, in no order; of large ones only the ``fields`` that are looked at."""
        for row in self._find(service, collection, fields):
            self.last = f"{service}.{collection} {row['_id']}"
            yield row

    def _find(self, service: str, collection: str, fields: Sequence[str]) -> Iterable[Document]:
        return self.store(service)[collection].find({}, [*fields] or None, batch_size=5000)

    def file(self, file_id: str) -> Iterator[bytes] | None:
        """A stored file, decrypted; None where it is not there or was changed since."""
        self.last = f"files.files {file_id}"
        try:
            return iter([*Files(self.config).read(file_id)])
        except (FileMissing, FileDamaged):
            return None

    def one(self, service: str, collection: str, id: str) -> Document | None:
        return next((row for row in self.rows(service, collection) if row["_id"] == id), None)

    def log(self, service: str) -> list[Event]:
        if service not in self._logs:
            rows = sorted(self.rows(service, "outbox"), key=lambda row: row.get("seq", 0))
            self._logs[service] = [event(service, row) for row in rows if "seq" in row]
        return self._logs[service]


def event(service: str, row: Document) -> Event:
    envelope = row["event"]
    return Event(
        service=service,
        seq=row["seq"],
        hash=row["hash"],
        id=envelope["id"],
        type=envelope["type"].partition(".")[2],
        subject=envelope["subject"],
        time=dt.datetime.fromisoformat(envelope["time"]),
        data=envelope["data"],
        imprints=dict(one.rsplit(":", 1) for one in envelope.get("imprints", "").split()),
    )


def number(stored: Any) -> Decimal:
    """Of an int, a Decimal128 or a text, the three ways in which numbers are stored."""
    return stored.to_decimal() if isinstance(stored, Decimal128) else Decimal(stored)


def canonical(value: Any) -> str:
    """JSON with sorted keys and no blanks."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    match value:
        case dt.datetime():
            return value.astimezone(dt.UTC).isoformat(timespec="milliseconds")
        case Decimal128():
            return str(value)
        case Binary() | bytes():
            return value.hex()
        case ObjectId():
            return str(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")
