import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from amqp.exceptions import NotFound
from pymongo.errors import AutoReconnect

from contract import certification as certified
from contract.message import routing_key
from contract.subscriptions import Subscription
from runtime import config, rabbit
from runtime.batches import BatchConsumer, Heard, Mark
from tests.programme import until
from tests.services.targets.builders import an_envelope

ALL = Subscription(hearer="targets", queue="targets.all", events=certified.EVENTS, counted=True)


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
def consuming(space: dict[str, str], ledger: Ledger, **kwargs: Any) -> Iterator[BatchConsumer]:
    stop = threading.Event()
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


def test_a_batch_ends_at_a_watermark_and_nothing_is_taken_while_it_is_looked_at(space, publish) -> None:
    ledger, reached, go_on = Ledger(), threading.Event(), threading.Event()

    def after_mark(mark: Mark, keep_alive: Any) -> None:
        if mark.seq == 2:
            reached.set()
            while not go_on.wait(0.05):
                keep_alive()

    publish(said(1), said(2))
    publish({"service": "certification", "seq": 2, "at": "2023-06-01T00:00:00+00:00"}, key=rabbit.WATERMARK)
    publish(said(3))
    with consuming(space, ledger, after_mark=after_mark):
        assert reached.wait(20), "the watermark was not reached"
        assert ledger.versions == [1, 2]
        go_on.set()
        until(lambda: ledger.versions == [1, 2, 3], what="it goes on")
