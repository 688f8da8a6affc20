"""However their handlers finish, the place moves over events in the order in which they came."""

from typing import Any

import pytest

from runtime import config, mongo
from runtime.places import START, Mark, Passed, Place, Places
from runtime.sequence import Sequence
from tests.runtime.test_places import AT

QUEUE = "certification.filings"


class Message:
    """Of which a sequence knows only which one it is."""


def event(seq: int) -> Passed:
    before = START if seq == 1 else Place(seq - 1, f"{seq - 1:012x}")
    return Passed(seq, f"{seq:012x}", f" {QUEUE}={before.seq}:{before.hash}")


@pytest.fixture
def store(space: dict[str, str]) -> mongo.Store:
    return mongo.database(config.read(space), "certification")


@pytest.fixture
def sequence(store: mongo.Store) -> Sequence:
    return Sequence(QUEUE, Places(store))


def place(store: mongo.Store) -> int:
    row = store["inbox"].find_one({"_id": QUEUE})
    return 0 if row is None else int(row["seq"])


def arrived(sequence: Sequence, count: int) -> list[Any]:
    messages = [Message() for _ in range(count)]
    for message in messages:
        sequence.arrived(message)
    return messages


def test_the_place_moves_over_nothing_that_is_not_settled(sequence: Sequence, store: mongo.Store) -> None:
    messages = arrived(sequence, 3)
    found = []
    for number in (2, 0, 1):
        assert [*sequence.settled(messages[number], event(number + 1))] == []
        found.append(place(store))
    assert found == [0, 1, 3]


def test_what_goes_back_to_the_queue_is_a_gap_until_it_comes_again(sequence: Sequence, store: mongo.Store) -> None:
    first, second, third = arrived(sequence, 3)
    assert [*sequence.settled(first, event(1))] == []
    sequence.left(second)
    assert [*sequence.settled(third, event(3))] == []
    assert place(store) == 1
    again, after = arrived(sequence, 2)
    assert [*sequence.settled(after, event(3))] == []
    assert [*sequence.settled(again, event(2))] == []
    assert place(store) == 3


def test_what_came_on_a_connection_before_moves_nothing(store: mongo.Store) -> None:
    (old,) = arrived(Sequence(QUEUE, Places(store)), 1)
    assert [*Sequence(QUEUE, Places(store)).settled(old, event(1))] == []
    assert place(store) == 0


def test_a_watermark_that_does_not_fit_asks_from_the_place_that_was_reached(
    sequence: Sequence, store: mongo.Store
) -> None:
    first, mark = arrived(sequence, 2)
    missing = Mark("training", 4, AT, Place(4, f"{4:012x}"), "relay", 7, "broker")
    assert [*sequence.settled(mark, missing)] == []
    [ask] = sequence.settled(first, event(1))
    assert ask.body() == {
        "queue": QUEUE,
        "place": [1, f"{1:012x}"],
        "relay": "relay",
        "number": 7,
        "again": [],
    }


def test_what_was_put_aside_is_asked_again_of_a_broker_that_came_back_empty_unless_discarded(
    store: mongo.Store,
) -> None:
    places = Places(store)
    places.ensure_indexes()

    def told(broker: str) -> Mark:
        return Mark("training", 2, AT, Place(2, f"{2:012x}"), "relay", 1, broker)

    places.take(QUEUE, [event(1)])
    assert places.take(QUEUE, [Mark("training", 1, AT, Place(1, f"{1:012x}"), "relay", 1, "first")])[1] is None
    places.pass_over(QUEUE, event(2))
    places.lay_aside(QUEUE, event(1))
    places.lay_aside("another.queue", event(1))
    assert places.take(QUEUE, [told("first")])[1] is None, "that broker has them still"
    _, ask = places.take(QUEUE, [told("second")])
    assert ask is not None
    assert (sorted(ask.again), ask.place) == ([1, 2], Place(2, f"{2:012x}"))
    places.discard(QUEUE, 1)
    _, ask = places.take(QUEUE, [told("second")])
    assert ask is not None
    assert list(ask.again) == [2]
    assert place(store) == 2
