import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pymongo
import pytest
from amqp.exceptions import NotFound
from pymongo.errors import AutoReconnect

from contract import certification as certified
from contract.message import routing_key
from contract.subscriptions import Subscription
from runtime import batches, config, mongo, rabbit
from runtime.batches import BatchConsumer, Heard
from runtime.places import Mark
from tests.conftest import Servers
from tests.programme import until
from tests.services.targets.builders import an_envelope

ALL = Subscription(hearer="targets", queue="targets.all", events=certified.EVENTS, counted=True)


MARK = rabbit.WATERMARK


class Ledger:
    """A handler that remembers; ``fails`` decides what it raises before it does."""

    def __init__(self) -> None:
        self.batches: list[list[Heard]] = []
        self.fails: Any = lambda heard: None
        self.calls = 0

    def __call__(self, heard: Sequence[Heard]) -> None:
        self.calls += 1
        self.fails(heard)
        self.batches.append(list(heard))

    @property
    def versions(self) -> list[int]:
        return [said.data["version"] for batch in self.batches for said in batch if not isinstance(said, Mark)]


@contextmanager
def consuming(
    space: dict[str, str], ledger: Ledger, stop: threading.Event | None = None, **kwargs: Any
) -> Iterator[BatchConsumer]:
    stop = stop or threading.Event()
    consumer = BatchConsumer(config.read(space), ALL, ledger, **kwargs)
    thread = threading.Thread(target=consumer.run, args=[stop])
    thread.start()
    try:
        until(lambda: consumer.consuming, what="the consumer listens")
        yield consumer
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive(), "the consumer did not stop when asked"


@pytest.fixture
def publish(space: dict[str, str]) -> Iterator[Any]:
    settings = config.read(space)
    rabbit.declare(settings, [ALL])
    with rabbit.connection(settings) as broker:
        broker.channel().queue_bind(ALL.queue, "certification.events", MARK)
        publisher = rabbit.Publisher(broker)

        def send(*bodies: dict[str, Any] | bytes, key: str = "certificate_issued.0") -> None:
            publisher.publish_all(
                rabbit.Outgoing(
                    "certification.events",
                    routing_key(body) if isinstance(body, dict) and "type" in body else key,
                    body,
                )
                for body in bodies
            )

        yield send


def said(version: int, **extra: Any) -> dict[str, Any]:
    return an_envelope(version=version, seq=version) | extra


def parked(space: dict[str, str]) -> list[tuple[Any, dict[str, Any]]]:
    found = []
    with rabbit.connection(config.read(space)) as broker:
        channel = broker.channel()
        while (message := channel.basic_get("targets.parked", no_ack=True)) is not None:
            found.append((message.body, message.headers))
    return found


def left(space: dict[str, str]) -> int:
    with rabbit.connection(config.read(space)) as broker:
        return int(broker.channel().queue_declare(ALL.queue, passive=True).message_count)


@pytest.mark.parametrize(
    ("poison", "reason"),
    [
        (b"\xff\xfe not text", "not JSON"),
        (b"[1, 2]", "not a CloudEvents envelope"),
        (b"[" * 100_000, "not JSON"),
        (said(2, specversion="2.0"), "CloudEvents 2.0"),
        (said(2, type="certification.certificate_upgraded"), "deploy the newer contract"),
        (said(2, data={"version": "two"}), "/version must be an integer"),
    ],
    ids=[
        "not text",
        "not an object",
        "nested without end",
        "another envelope",
        "an event from the future",
        "wrong types",
    ],
)
def test_what_cannot_be_read_is_parked_with_its_reason_and_its_neighbours_are_settled(
    space, publish, poison: Any, reason: str
) -> None:
    ledger = Ledger()
    body = poison if isinstance(poison, bytes) else json.dumps(poison).encode()
    publish(said(1), body, said(3))
    with consuming(space, ledger):
        until(lambda: ledger.versions == [1, 3], what="both neighbours are settled")
        [(kept, headers)] = until(lambda: parked(space), what="the poison is parked")
    assert reason in headers[rabbit.REASON]
    assert headers[rabbit.ORIGIN] == ALL.queue
    assert (kept if isinstance(kept, bytes) else kept.encode()) == body
    assert left(space) == 0


def test_what_cannot_be_put_aside_is_not_acknowledged(space, publish) -> None:
    """The queue of what is parked is gone at first; it is declared with the next connection."""
    ledger = Ledger()

    def parked_once_there_is_a_place() -> list[tuple[Any, dict[str, Any]]]:
        with suppress(NotFound):
            return parked(space)
        return []

    with consuming(space, ledger):
        with rabbit.connection(config.read(space)) as broker:
            broker.channel().queue_delete("targets.parked")
        publish(b"\xff\xfe not text", said(2))
        [(body, _)] = until(parked_once_there_is_a_place, what="the poison came again, and is parked")
        until(lambda: 2 in ledger.versions, what="its neighbour is settled")
    assert (body if isinstance(body, bytes) else body.encode()) == b"\xff\xfe not text"
    assert left(space) == 0


def test_a_field_that_a_newer_writer_added_is_ignored(space, publish) -> None:
    newer = said(1)
    newer["data"]["added_in_2027"] = {"anything": True}
    newer["extension"] = "x"
    ledger = Ledger()
    publish(newer)
    with consuming(space, ledger):
        until(lambda: ledger.versions == [1], what="it is settled")
    assert "added_in_2027" not in ledger.batches[0][0].data  # type: ignore[union-attr]


def test_one_event_that_cannot_be_handled_is_parked_alone(space, publish) -> None:
    ledger = Ledger()

    def fails(heard: Sequence[Heard]) -> None:
        if any(one.data["version"] == 5 for one in heard):  # type: ignore[union-attr]
            raise ValueError("five")

    ledger.fails = fails
    publish(*(said(version) for version in range(1, 10)))
    with consuming(space, ledger):
        until(lambda: len(ledger.versions) == 8, what="the others are settled")
        [(_, headers)] = until(lambda: parked(space), what="the culprit is parked")
    assert ledger.versions == [1, 2, 3, 4, 6, 7, 8, 9]
    assert headers[rabbit.REASON] == "ValueError: five"


def test_while_the_database_is_away_nothing_is_lost_overtaken_or_parked(space, publish) -> None:
    ledger = Ledger()

    def away_at_first(heard: Sequence[Heard]) -> None:
        if ledger.calls < 4:
            raise AutoReconnect("the primary is gone")

    ledger.fails = away_at_first
    publish(*(said(version) for version in range(1, 10)))
    with consuming(space, ledger):
        until(lambda: len(ledger.versions) == 9, what="the database is back")
    assert ledger.versions == list(range(1, 10))
    assert parked(space) == []
    assert left(space) == 0


def test_during_a_long_outage_events_lie_in_their_queue_and_nobody_takes_them(
    breakable: Servers, breakable_space: dict[str, str]
) -> None:
    settings, ledger = config.read(breakable_space), Ledger()
    rows = mongo.database(settings, "targets")["seen"]

    def write(heard: Sequence[Heard]) -> None:
        with pymongo.timeout(0.5):
            rows.insert_one({})

    ledger.fails = write
    rabbit.declare(settings, [ALL])
    with consuming(breakable_space, ledger, hold=1.0) as consumer:
        breakable.mongo.kill()
        with rabbit.connection(settings) as broker:
            messages = [rabbit.Outgoing("", ALL.queue, said(number)) for number in range(1, 10)]
            rabbit.Publisher(broker).publish_all(messages)
        until(lambda: ledger.calls > 0, what="it is tried")
        until(lambda: not consumer.consuming and left(breakable_space) == 9, what="all are given back")
        tried = ledger.calls
        breakable.mongo.start()
        until(lambda: len(ledger.versions) == 9, what="the database is back")
    assert ledger.calls - tried <= 1
    assert ledger.versions == list(range(1, 10))
    assert parked(breakable_space) == []


def test_while_events_are_in_hand_the_connection_lives_on(space, publish, monkeypatch: pytest.MonkeyPatch) -> None:
    connections: list[Any] = []
    connect = rabbit.connection

    def often(settings: config.Config, *, heartbeat: int = 2) -> Any:
        connections.append(connect(settings, heartbeat=heartbeat))
        return connections[-1]

    monkeypatch.setattr(rabbit, "connection", often)
    ledger, began = Ledger(), time.monotonic()

    def away(heard: Sequence[Heard]) -> None:
        if time.monotonic() < began + 7:  # three times the heartbeat
            raise AutoReconnect("the primary is gone")

    ledger.fails = away
    publish(said(1))
    with consuming(space, ledger):
        made = len(connections)
        until(lambda: ledger.versions == [1], what="the database is back")
        assert len(connections) == made


def test_a_batch_that_takes_the_database_too_long_is_halved_and_nothing_is_parked(
    space, publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "_TRANSACTION", 0.5)
    ledger = Ledger()
    rows = mongo.database(config.read(space), "targets")["seen"]
    rows.insert_one({})

    def slow(heard: Sequence[Heard]) -> None:
        list(rows.find({"$where": f"sleep({len(heard) * 150}) || true"}))

    ledger.fails = slow
    publish(*(said(version) for version in range(1, 9)))
    with consuming(space, ledger):
        until(lambda: len(ledger.versions) == 8, what="all are settled")
    assert ledger.versions == list(range(1, 9))
    assert max(len(batch) for batch in ledger.batches) <= 2


def test_at_a_hand_over_the_next_consumer_settles_nothing_before_what_the_last_one_had_in_hand(space, publish) -> None:
    """A watermark overtaking an event would call it counted."""
    settled: list[tuple[str, int]] = []
    in_hand, asked, overtaken = threading.Event(), threading.Event(), threading.Event()

    class Consumer(Ledger):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.fails = self.settle
            self.name = name

        def settle(self, heard: Sequence[Heard]) -> None:
            if self.name == "first":
                if self.calls == 1:
                    in_hand.set()
                    asked.wait(20)
                else:
                    overtaken.wait(3)  # the second one settles, if anything lets it
            else:
                overtaken.set()
            settled.extend((self.name, one.seq if isinstance(one, Mark) else one.data["version"]) for one in heard)

    publish(*(said(version) for version in range(1, 31)))
    publish({"service": "certification", "seq": 31, "at": "2023-06-01T00:00:00+00:00"}, key=rabbit.WATERMARK)
    stop = threading.Event()
    with (
        consuming(space, Consumer("first"), stop=stop, limit=5),
        consuming(space, Consumer("second"), stop=threading.Event(), limit=5),
    ):
        assert in_hand.wait(20)
        stop.set()
        asked.set()
        until(lambda: len(settled) >= 31, what="all is settled")
    assert [number for _, number in settled] == list(range(1, 32))
    assert {name for name, _ in settled} == {"first", "second"}


def test_a_stop_in_the_normal_case_repeats_nothing(space, publish) -> None:
    ledger = Ledger()
    for start in range(1, 100, 10):
        publish(*(said(version) for version in range(start, start + 10)))
        with consuming(space, ledger):
            until(lambda start=start: max(ledger.versions, default=0) >= start, what="some are settled")
    with consuming(space, ledger):
        until(lambda: left(space) == 0 and len(ledger.versions) >= 100, what="the rest is settled")
    assert ledger.versions == list(range(1, 101))


def test_what_a_dead_consumer_had_not_acknowledged_comes_again(space, publish) -> None:
    ledger = Ledger()
    publish(*(said(version) for version in range(1, 6)))

    class Dead(BaseException):
        pass

    def dies(heard: Sequence[Heard]) -> None:
        raise Dead

    ledger.fails = dies
    dying = BatchConsumer(config.read(space), ALL, ledger)
    with pytest.raises(Dead):
        dying.run(threading.Event())
    ledger.fails = lambda heard: None
    with consuming(space, ledger):
        until(lambda: ledger.versions == [1, 2, 3, 4, 5], what="all five come again")


def test_watermarks_do_not_each_end_a_batch(space, publish) -> None:
    ledger = Ledger()
    for seq in range(1, 200, 2):
        publish(said(seq))
        mark = {"service": "certification", "seq": seq, "at": "2023-06-01T00:00:00+00:00"}
        publish(mark, mark, mark, key=MARK)
    with consuming(space, ledger):
        until(lambda: len(ledger.versions) == 100, what="all are settled")
    assert len(ledger.batches) < 20, "four hundred messages that waited are a few batches"


def test_a_batch_ends_at_a_watermark_to_stop_at_and_nothing_is_taken_until_it_goes_on(space, publish) -> None:
    ledger, reached, go_on = Ledger(), threading.Event(), threading.Event()

    def stops_at(marks: Sequence[Mark]) -> Mark | None:
        return next((mark for mark in marks if mark.seq == 2), None)

    def after_mark(mark: Mark, keep_alive: Any) -> None:
        reached.set()
        while not go_on.wait(0.05):
            keep_alive()

    publish(said(1), said(2))
    publish({"service": "certification", "seq": 2, "at": "2023-06-01T00:00:00+00:00"}, key=MARK)
    publish(said(3))
    with consuming(space, ledger, stops_at=stops_at, after_mark=after_mark):
        assert reached.wait(20), "the watermark was not reached"
        assert ledger.versions == [1, 2]
        go_on.set()
        until(lambda: ledger.versions == [1, 2, 3], what="it goes on")
