import datetime as dt

import pytest
from pymongo.client_session import ClientSession
from pymongo.errors import (
    AutoReconnect,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from runtime import config, mongo
from tests.interleaved import Point, commits, interleaved, writes


@pytest.fixture
def store(space: dict[str, str]) -> mongo.Store:
    return mongo.database(config.read(space), "training")


def test_a_step_is_written_over_the_version_that_was_read(store: mongo.Store) -> None:
    rows = store["rows"]
    mongo.put(rows, {"_id": "a", "version": 1, "said": "first"}, over=None, session=None)
    mongo.put(rows, {"_id": "a", "version": 2}, over=1, session=None)
    assert rows.find_one({"_id": "a"}) == {"_id": "a", "version": 2}, "nothing of the step before is left"


def test_a_step_from_a_version_that_is_gone_changes_nothing_and_takes_its_transaction_with_it(
    store: mongo.Store,
) -> None:
    rows = store["rows"]
    mongo.put(rows, {"_id": "a", "version": 2}, over=None, session=None)

    def work(session: ClientSession) -> None:
        mongo.put(rows, {"_id": "b", "version": 1}, over=None, session=session)
        mongo.put(rows, {"_id": "a", "version": 2, "late": True}, over=1, session=session)

    with pytest.raises(RuntimeError, match="rows changed inside its own transaction"):
        mongo.transact(store, work)
    assert list(rows.find()) == [{"_id": "a", "version": 2}]


def test_a_new_row_never_takes_the_place_of_another(store: mongo.Store) -> None:
    mongo.put(store["rows"], {"_id": "a", "version": 1}, over=None, session=None)
    with pytest.raises(DuplicateKeyError):
        mongo.put(store["rows"], {"_id": "a", "version": 1}, over=None, session=None)


@pytest.mark.parametrize("at", [writes, commits], ids=["who reads first", "who writes first"])
def test_of_two_who_decide_on_what_they_lock_the_later_one_reads_what_the_other_wrote(
    store: mongo.Store, at: Point
) -> None:
    """On duty there is always one doctor: each leaves where another stays."""
    rows = store["doctors"]
    rows.insert_many([{"_id": "a", "on_duty": True}, {"_id": "b", "on_duty": True}])

    def leave(id: str) -> bool:
        def work(session: ClientSession) -> bool:
            if rows.count_documents({"on_duty": True}, session=session) < 2:
                return False
            mongo.lock(session, rows, "a", "b")
            rows.update_one({"_id": id}, {"$set": {"on_duty": False}}, session=session)
            return True

        return mongo.transact(store, work)

    left = interleaved(lambda: leave("a"), lambda: leave("b"), at=at)
    assert sorted(left) == [False, True]
    assert rows.count_documents({"on_duty": True}) == 1


def test_what_is_not_there_is_locked_only_by_who_wants_to_make_it(store: mongo.Store) -> None:
    rows = store["rows"]
    with pytest.raises(LookupError, match="nothing to lock"):
        mongo.transact(store, lambda session: mongo.lock(session, rows, "a"))
    mongo.transact(store, lambda session: mongo.lock(session, rows, "a", "b", make=True))
    assert rows.count_documents({}) == 2
    mongo.transact(store, lambda session: mongo.lock(session, rows))


@pytest.mark.parametrize("first", [1, 2])
def test_of_two_versions_that_come_at_once_the_newer_one_stays(store: mongo.Store, first: int) -> None:
    rows = store["copies"]
    store.create_collection("copies")

    def hear(version: int) -> None:
        mongo.put_newest(rows, {"_id": "a", "version": version})

    interleaved(lambda: hear(first), lambda: hear(3 - first))
    assert rows.find_one() == {"_id": "a", "version": 2}
    hear(1)
    hear(2)
    assert rows.find_one() == {"_id": "a", "version": 2}


def test_an_index_that_another_process_has_dropped_is_gone_all_the_same(store: mongo.Store) -> None:
    rows = store["rows"]
    rows.create_index("said", name="earlier")
    for _ in range(2):
        mongo.drop_index(rows, "earlier")
        assert "earlier" not in rows.index_information()
    with pytest.raises(OperationFailure):
        mongo.drop_index(rows, "_id_")


def labelled(*labels: str) -> PyMongoError:
    return PyMongoError("no", error_labels=labels)


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (AutoReconnect("gone"), True),
        (ServerSelectionTimeoutError("nobody there"), True),
        (NetworkTimeout("slow"), True),
        (ExecutionTimeout("slow", 50), True),
        (labelled("TransientTransactionError"), True),
        (labelled("UnknownTransactionCommitResult"), True),
        (labelled("RetryableWriteError"), True),
        (labelled(), False),
        (OperationFailure("not that way", 2), False),
        (DuplicateKeyError("twice", 11000), False),
        (ConnectionResetError(), False),
        (ValueError(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_waiting_helps_where_the_server_says_so_or_is_away(error: BaseException, transient: bool) -> None:
    assert mongo.transient(error) is transient


def test_what_is_written_and_read_is_what_no_failover_takes_back(store: mongo.Store) -> None:
    assert store.write_concern.document == {"w": "majority", "wtimeout": 30_000}
    assert store.read_concern.level == "majority"
    assert store.read_preference.name == "Primary"
    store["rows"].insert_one({"_id": "1", "at": dt.datetime(2023, 5, 1, 12, tzinfo=dt.UTC)})
    found = store["rows"].find_one({"_id": "1"})
    assert found is not None
    assert found["at"].utcoffset() == dt.timedelta(0)
