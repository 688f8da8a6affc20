"""MongoDB: one client a process, one database a service, and the transaction that makes effect and event one."""

import atexit
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import pymongo
from bson import ObjectId
from bson.codec_options import CodecOptions
from pymongo import MongoClient, ReadPreference, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import AutoReconnect, ConnectionFailure, DuplicateKeyError, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from runtime.config import Config

Document = dict[str, Any]
Store = Database[Document]
Result = TypeVar("Result")

_LIFETIME = 60  # seconds; MongoDB's own transactionLifetimeLimitSeconds
_MAJORITY = WriteConcern("majority", wtimeout=30_000)
_NO_SUCH_INDEX = 27


@lru_cache(maxsize=8)
def client(uri: str) -> MongoClient[Document]:
    """The process's client of one server. Made after any fork, never before."""
    made: MongoClient[Document] = MongoClient(
        uri,
        appname="yanzhao",
        tz_aware=True,
        serverSelectionTimeoutMS=10_000,
        connectTimeoutMS=5_000,
        socketTimeoutMS=120_000,
        retryWrites=True,
    )
    atexit.register(made.close)
    return made


def database(config: Config, service: str, *, by: MongoClient[Document] | None = None) -> Store:
    """``by``: a client other than the process's own, for before a fork."""
    return (by or client(config.mongo_uri)).get_database(
        f"{config.mongo_prefix}_{service}",
        codec_options=CodecOptions(tz_aware=True),
        write_concern=_MAJORITY,
        read_concern=ReadConcern("majority"),
        read_preference=ReadPreference.PRIMARY,
    )


def fault(config: Config, *, seconds: float = 2.0) -> str | None:
    """Why the database cannot be used, in a line without credentials; None when a primary answers in time."""
    try:
        with pymongo.timeout(seconds):
            client(config.mongo_uri).admin.command("ping")
    except PyMongoError as error:
        return f"{type(error).__name__} {error}"[:200]
    return None


def transact(store: Store, work: Callable[[ClientSession], Result]) -> Result:
    """Run ``work`` in one transaction; all of it is written, or nothing. It is run again when MongoDB says that trying
    again may help, for as long as the server lets a transaction live, so it must have no other effect than its
    writes."""
    with pymongo.timeout(_LIFETIME), store.client.start_session() as session:
        return session.with_transaction(
            work,
            read_concern=ReadConcern("snapshot"),
            write_concern=_MAJORITY,
            read_preference=ReadPreference.PRIMARY,
            max_commit_time_ms=30_000,
        )


def put(rows: Collection[Document], row: Document, *, over: int | None, session: ClientSession | None) -> None:
    """Insert the row when ``over`` is None; otherwise replace the one with its id that is at version ``over``. Raises
    RuntimeError when that one, which was read in the same transaction, is another by now."""
    if over is None:
        rows.insert_one(row, session=session)
        return
    written = rows.replace_one({"_id": row["_id"], "version": over}, row, session=session)
    if written.modified_count != 1:
        raise RuntimeError(f"a document of {rows.name} changed inside its own transaction")


def lock(session: ClientSession, rows: Collection[Document], *ids: str, make: bool = False) -> None:
    """For what a transaction decides on and does not write itself: MongoDB lets two of them meet only where both write.
    Of two that lock or write one of these documents at once, the later one begins anew and reads what the other wrote.
    ``make``: also what is not there yet. Raises LookupError when one of them is not there."""
    wanted = sorted({*ids})
    if not wanted:
        return
    locks = [UpdateOne({"_id": id}, {"$inc": {"locks": 1}}, upsert=make) for id in wanted]
    found = rows.bulk_write(locks, session=session)
    if found.matched_count + found.upserted_count != len(wanted):
        raise LookupError(f"of {', '.join(ids)} not all are in {rows.name}: nothing to lock")


def drop_index(rows: Collection[Document], name: str) -> None:
    """Of an earlier version, if it is there; several processes start at once, and one of them does it."""
    try:
        rows.drop_index(name)
    except OperationFailure as failure:
        if failure.code != _NO_SUCH_INDEX:
            raise


def put_newest(rows: Collection[Document], row: Document) -> None:
    """Write the row, unless its document is there at this ``version`` or a newer one: for what events bring again, late
    and several at once."""
    older = {"_id": row["_id"], "version": {"$lt": row["version"]}}
    try:
        rows.replace_one(older, row, upsert=True)
    except DuplicateKeyError:  # it is there as new or newer, or an older one came in between
        rows.replace_one(older, row)


def new_id() -> str:
    """24 hexadecimal digits, ordered by time, so that indexes grow at one end."""
    return str(ObjectId())


def transient(error: BaseException) -> bool:
    """Whether waiting may help: the server is away, electing, too slow for now, or two transactions met."""
    if isinstance(error, AutoReconnect | ConnectionFailure):
        return True
    return isinstance(error, PyMongoError) and (
        error.timeout
        or error.has_error_label("TransientTransactionError")
        or error.has_error_label("UnknownTransactionCommitResult")
        or error.has_error_label("RetryableWriteError")
    )
