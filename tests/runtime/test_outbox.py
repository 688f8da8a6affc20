import datetime as dt
import hashlib
import json
import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as some

import runtime.outbox
from contract import certification as certified
from runtime import config, mongo
from runtime.lease import Lease
from runtime.outbox import GENESIS, ChainBroken, LeadershipLost, Outbox, canonical, link
from tests.services.targets.builders import an_envelope


@pytest.fixture
def store(space: dict[str, str]) -> mongo.Store:
    return mongo.database(config.read(space), "certification")


@pytest.fixture
def outbox(store: mongo.Store) -> Outbox:
    box = Outbox(store)
    box.ensure_indexes()
    return box


def say(store: mongo.Store, outbox: Outbox, *versions: int) -> None:
    envelopes = [an_envelope(version=version) for version in versions]
    mongo.transact(store, lambda session: outbox.add(session, envelopes))


def test_the_log_has_no_gap_and_keeps_the_order_in_which_things_were_written(store, outbox) -> None:
    for version in (1, 2, 3, 4, 5):
        say(store, outbox, version)
    outbox.order(token=1, limit=2)
    outbox.order(token=1, limit=1000)
    page = outbox.page(0, 100)
    assert [said["seq"] for said in page] == [1, 2, 3, 4, 5]
    assert [said["data"]["version"] for said in page] == [1, 2, 3, 4, 5]
    assert outbox.page(3, 100) == page[3:]


def test_what_is_said_keeps_its_order_by_its_subject_unless_it_is_about_something_else(store, outbox) -> None:
    told = an_envelope()["data"]
    data = certified.CertificateIssued.read(told)
    at = dt.datetime(2023, 5, 1, 12, tzinfo=dt.UTC)

    def work(session) -> None:
        outbox.say(session, certified.CertificateIssued, subject="one", at=at, **data)
        outbox.say(session, certified.CertificateIssued, subject="one", about="other", at=at, **data)

    mongo.transact(store, work)
    outbox.order(token=1)
    first, second = outbox.page(0, 10)
    assert [each["partitionkey"] for each in (first, second)] == ["one", "other"]
    assert first["id"] != second["id"]
    assert {each["subject"] for each in (first, second)} == {"one"}
    assert first["data"] == told


def test_the_log_has_the_order_of_writing_however_a_member_of_the_database_stores_its_rows(store, outbox) -> None:
    for version in range(1, 41):
        say(store, outbox, version)
    rows = list(store["outbox"].find())
    store["outbox"].delete_many({})
    random.Random(1).shuffle(rows)
    store["outbox"].insert_many(rows)  # as a secondary applies them: many at once, so record ids tell nothing
    outbox.order(token=1, limit=7)
    outbox.order(token=1)
    assert [said["data"]["version"] for said in outbox.page(0, 100)] == list(range(1, 41))


def test_events_of_one_transaction_keep_the_order_in_which_they_were_added(store, outbox) -> None:
    say(store, outbox, *range(1, 101))
    assert len({row["written"] for row in store["outbox"].find()}) == 100
    outbox.order(token=1)
    assert [said["data"]["version"] for said in outbox.page(0, 100)] == list(range(1, 101))


def test_a_log_of_the_release_before_is_ordered_on_with_what_was_new_in_it_first(store, outbox) -> None:
    store["outbox"].drop_index("unordered")
    store["outbox"].create_index("new", name="new", partialFilterExpression={"new": True})
    earlier = [an_envelope(version=version) for version in (1, 2)]
    store["outbox"].insert_many([{"_id": one["id"], "new": True, "event": one} for one in earlier])
    outbox.ensure_indexes()
    say(store, outbox, 3)
    outbox.order(token=1)
    assert [said["data"]["version"] for said in outbox.page(0, 10)] == [1, 2, 3]
    assert "new" not in store["outbox"].index_information()


def test_who_asks_for_the_log_gets_one_event_at_least_and_the_head(store, outbox) -> None:
    say(store, outbox, *range(1, 4))
    outbox.order(token=1)
    read = outbox.read(1, 0)
    assert [each["seq"] for each in read["items"]] == [2], "at least one"
    assert read["head"] == {"seq": 3, "hash": outbox.head()["hash"]}
    assert len(outbox.read(0, 10**6)["items"]) == 3


def test_places_of_the_log_are_read_in_their_order_from_either_end(store, outbox) -> None:
    say(store, outbox, *range(1, 6))
    outbox.order(token=1, limit=4)
    assert [each["seq"] for each in outbox.at([4, 9, 1])] == [1, 4]
    types = ["certification.certificate_issued"]
    assert [each["seq"] for each in outbox.backwards(types, upto=3)] == [3, 2, 1]
    assert not [*outbox.backwards(["certification.certificate_revoked"], upto=3)]
    ids = {row["event"]["data"]["version"]: row["_id"] for row in store["outbox"].find()}
    assert outbox.places([ids[2], ids[4], ids[5]]) == {ids[2]: 2, ids[4]: 4}, "the fifth has none yet"
    assert outbox.status() == {"head_seq": 4, "published_seq": 0, "unpublished": 5}


def test_how_far_it_was_published_and_to_which_broker_is_noted_by_who_leads(store, outbox) -> None:
    say(store, outbox, 1, 2)
    outbox.order(token=2)
    assert (outbox.noted(), outbox.broker()) == ([], None)
    outbox.published(1, token=2, lasts=[("targets.counting.0", 1, "abc")])
    outbox.name_broker("rabbit", token=2)
    assert (outbox.noted(), outbox.broker()) == ([("targets.counting.0", 1, "abc")], "rabbit")
    for late in (lambda: outbox.name_broker("other", token=1), lambda: outbox.claim(1), lambda: outbox.head(token=1)):
        with pytest.raises(LeadershipLost):
            late()
    outbox.claim(3)
    with pytest.raises(LeadershipLost):
        outbox.head(token=2)
    assert outbox.head(token=3) == {"seq": 2, "hash": outbox.head()["hash"], "published": 1}


def test_an_event_that_is_not_in_a_transaction_is_refused(store, outbox) -> None:
    with store.client.start_session() as session, pytest.raises(RuntimeError, match="transaction"):
        outbox.add(session, [an_envelope()])


def test_nothing_is_said_when_the_transaction_fails(store, outbox) -> None:
    def work(session) -> None:
        outbox.add(session, [an_envelope()])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        mongo.transact(store, work)
    assert outbox.waiting() == 0
    assert outbox.order(token=1) == 0


def test_the_chain_names_a_row_that_was_changed_afterwards(store, outbox) -> None:
    say(store, outbox, 1, 2, 3)
    outbox.order(token=1)
    assert outbox.verify()[0] == 3
    store["outbox"].update_one({"seq": 2}, {"$set": {"event.data.region": "130202"}})
    with pytest.raises(ChainBroken, match="seq 2"):
        outbox.verify()


def test_the_chain_names_a_place_where_a_row_was_taken_out(store, outbox) -> None:
    say(store, outbox, 1, 2, 3)
    outbox.order(token=1)
    store["outbox"].delete_one({"seq": 2})
    with pytest.raises(ChainBroken, match="rows are missing"):
        outbox.verify()


def test_a_leader_who_slept_through_its_end_orders_nothing(store, outbox) -> None:
    say(store, outbox, 1)
    outbox.order(token=2)
    say(store, outbox, 2)
    with pytest.raises(LeadershipLost):
        outbox.order(token=1)
    with pytest.raises(LeadershipLost):
        outbox.published(1, token=1)
    assert outbox.head()["seq"] == 1
    assert outbox.waiting() == 2


def test_what_was_ordered_and_not_confirmed_counts_as_waiting(store, outbox) -> None:
    assert outbox.head() == {"seq": 0, "hash": GENESIS, "published": 0}
    say(store, outbox, 1, 2)
    outbox.order(token=1)
    assert outbox.waiting() == 2
    outbox.published(2, token=1)
    assert outbox.waiting() == 0


def test_a_confirmation_that_is_noted_late_moves_nothing_back(store, outbox) -> None:
    say(store, outbox, 1, 2, 3)
    outbox.order(token=1)
    outbox.published(3, token=1)
    with pytest.raises(LeadershipLost):
        outbox.published(2, token=1)
    assert outbox.head()["published"] == 3


def test_two_relays_ordering_at_once_never_give_one_place_twice(store, outbox) -> None:
    for version in range(1, 60):
        say(store, outbox, version)

    def order() -> None:
        for _ in range(40):
            try:
                outbox.order(token=1, limit=3)
            except LeadershipLost:
                continue

    threads = [threading.Thread(target=order) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while outbox.order(token=1):
        continue
    assert [said["seq"] for said in outbox.page(0, 100)] == list(range(1, 60))
    assert outbox.verify()[0] == 59


def test_a_lease_has_one_holder_and_its_token_grows_with_each_change(store) -> None:
    one, other = Lease(store, "relay", seconds=30), Lease(store, "relay", seconds=30)
    first = one.hold()
    assert first is not None
    assert other.hold() is None
    assert one.hold() == first
    one.release()
    second = other.hold()
    assert second is not None
    assert second > first
    assert one.hold() is None


def test_a_lease_ends_by_itself_when_its_holder_is_gone(store) -> None:
    assert Lease(store, "relay", seconds=0).hold() == 1
    assert Lease(store, "relay", seconds=30).hold() == 2


def test_an_event_with_an_undeclared_field_cannot_be_said() -> None:
    with pytest.raises(ValueError, match="does not declare"):
        certified.CertificateIssued.said(
            id="0" * 24, subject="x", about="x", at=dt.datetime.now(dt.UTC), holder_name="张三"
        )


_scalars = some.none() | some.booleans() | some.text(max_size=8) | some.floats(allow_nan=False) | some.integers()
_telling = some.sampled_from(
    [1e-5, 1e-7, 0.0001, 1e16, 1.0, -0.0, 2**63, 2**64, -(2**63) - 1, '\x00\x1f\x7f\u2028"\\/é😀']
)
_said = some.recursive(
    _scalars | _telling,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(data=some.dictionaries(some.text(max_size=4), _said, max_size=5))
def test_what_is_chained_has_the_form_that_every_log_before_was_chained_in(data) -> None:
    plainly = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert canonical(data) == plainly.encode()
    assert link(GENESIS, 7, data) == hashlib.sha256(f"{GENESIS}\n7\n{plainly}".encode()).hexdigest()


def test_the_chain_is_the_one_that_it_always_was() -> None:
    """Worked out with `openssl dgst -sha256`: a log that was written by an older release is verified by this one."""
    envelope = {"type": "a.b", "id": "0123", "data": {"none": None, "name": "é😀", "amount": 1}}
    assert canonical(envelope) == '{"data":{"amount":1,"name":"é😀","none":null},"id":"0123","type":"a.b"}'.encode()
    first = "4473c706775f469c83e1d4cf234627e04256e7ad2a5f95498bf82d6d76ed28aa"
    assert link("0" * 64, 1, envelope) == first
    assert link(first, 2, envelope) == "ec100e3d6f2d6fe9b467a20dd5c68d6e7db8456eb718ce9c61f58351449e6d5b"


def test_an_envelope_is_chained_the_fast_way() -> None:
    assert runtime.outbox._alike(an_envelope(seq=1))
