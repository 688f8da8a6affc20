"""A lease has one holder at a time, by the database's clock, and a token that fences off the one before."""

import datetime as dt
import threading
from itertools import count

import pytest
from pymongo.errors import OperationFailure

from runtime import config, mongo
from runtime.lease import Lease, LeaseLost
from tests.programme import until


@pytest.fixture
def store(space: dict[str, str]) -> mongo.Store:
    return mongo.database(config.read(space), "training")


def run_out(store: mongo.Store, name: str = "relay") -> None:
    """As if its time were over: nobody waits for it here."""
    store["leases"].update_one({"_id": name}, [{"$set": {"until": {"$subtract": ["$$NOW", 1]}}}])


def left(store: mongo.Store, name: str = "relay") -> dt.timedelta:
    row = next(store["leases"].aggregate([{"$match": {"_id": name}}, {"$set": {"now": "$$NOW"}}]))
    return row["until"] - row["now"]


def test_while_one_holds_it_another_does_not_and_each_lease_is_its_own(store: mongo.Store) -> None:
    first, second = Lease(store, "relay"), Lease(store, "relay")
    assert first.hold() == 1
    assert second.hold() is None
    assert Lease(store, "clock").hold() == 1
    assert first.hold() == 1, "who extends it keeps the token"


def test_each_change_of_holder_makes_the_token_grow(store: mongo.Store) -> None:
    first, second = Lease(store, "relay"), Lease(store, "relay")
    assert first.hold() == 1
    run_out(store)
    assert second.hold() == 2
    assert first.hold() is None
    run_out(store)
    assert first.hold() == 3


def test_who_kept_it_until_its_end_and_nobody_came_goes_on_under_the_same_token(store: mongo.Store) -> None:
    first = Lease(store, "relay")
    assert first.hold() == 1
    run_out(store)
    assert first.hold() == 1


def test_holding_extends_it_by_the_database_s_clock(store: mongo.Store) -> None:
    lease = Lease(store, "relay", seconds=600)
    for _ in range(2):
        lease.hold()
        assert dt.timedelta(seconds=500) < left(store) <= dt.timedelta(seconds=600)
        run_out(store)


def test_what_is_let_go_is_free_at_once_and_only_its_holder_lets_go(store: mongo.Store) -> None:
    first, second = Lease(store, "relay"), Lease(store, "relay")
    first.hold()
    second.release()
    assert second.hold() is None, "somebody else's lease was let go"
    first.release()
    assert store["leases"].find_one({"_id": "relay"})["holder"] is None
    assert second.hold() == 2


def test_of_many_who_ask_at_once_one_gets_it(store: mongo.Store) -> None:
    tokens, start = [], threading.Barrier(6)

    def ask() -> None:
        lease = Lease(store, "relay")
        start.wait()
        tokens.append(lease.hold())

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(token is not None for token in tokens) == [False] * 5 + [True]
    assert {token for token in tokens if token} == {1}


def test_while_a_piece_of_work_lasts_its_lease_is_extended_beside_it_and_no_longer(store: mongo.Store) -> None:
    lease, rounds = Lease(store, "relay", seconds=0.5), count()
    token = lease.hold()
    assert token is not None
    done = []
    with lease.renewed(token, lambda: done.append(next(rounds))):
        run_out(store)
        until(lambda: left(store) > dt.timedelta(), what="it is extended")
        until(lambda: len(done) > 1, what="what is to be done as often is done again")
    assert not _renewing()


def test_who_has_lost_it_takes_it_back_from_nobody_and_does_nothing_more_beside_the_work(store: mongo.Store) -> None:
    first, second, done = Lease(store, "relay", seconds=0.5), Lease(store, "relay", seconds=600), []
    token = first.hold()
    assert token is not None
    run_out(store)
    assert second.hold() == 2
    with first.renewed(token, lambda: done.append(1)):
        until(lambda: not _renewing(), what="nobody extends what another one holds")
    assert done == []
    assert second.hold() == 2


def test_a_lease_that_changed_hands_and_came_back_is_not_extended_under_the_token_before(store: mongo.Store) -> None:
    first, second, done = Lease(store, "relay", seconds=0.5), Lease(store, "relay"), []
    token = first.hold()
    assert token is not None
    run_out(store)
    second.hold()
    second.release()
    with first.renewed(token, lambda: done.append(1)):
        until(lambda: not _renewing(), what="the work is another holder's since")
    assert done == []


def test_only_the_holder_writes_and_only_under_the_token_it_has_now(store: mongo.Store) -> None:
    first, second = Lease(store, "relay"), Lease(store, "relay")
    token = first.hold()
    assert token == 1
    mongo.transact(store, lambda session: first.fence(session, token))
    for lease, wrong in ((first, 2), (second, 1)):
        with pytest.raises(LeaseLost):
            mongo.transact(store, lambda session, lease=lease, wrong=wrong: lease.fence(session, wrong))


def test_who_takes_over_meets_each_write_of_the_holder_that_is_under_way(store: mongo.Store) -> None:
    """The second, too: a write that changed nothing would be met by nobody."""
    lease = Lease(store, "relay")
    token = lease.hold()
    assert token is not None
    client = store.client
    for _ in range(2):
        with client.start_session() as holder, client.start_session() as other, holder.start_transaction():
            lease.fence(holder, token)
            with pytest.raises(OperationFailure, match="onflict"), other.start_transaction():
                store["leases"].update_one({"_id": "relay"}, {"$set": {"token": 9}}, session=other)


def _renewing() -> bool:
    return any(thread.name == "lease-relay" for thread in threading.enumerate())
