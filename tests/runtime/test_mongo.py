import pytest
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from runtime import config, mongo


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
