import datetime as dt
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest
from kombu import Connection

from runtime import config, mongo, rabbit
from runtime import watermarks as watermarks_of
from runtime.outbox import LeadershipLost, Outbox
from runtime.relay import Relay
from tests.conftest import Servers
from tests.programme import until
from tests.runtime.running import alarm
from tests.services.targets.builders import an_envelope


@pytest.fixture
def store(space: dict[str, str]) -> mongo.Store:
    return mongo.database(config.read(space), "certification")


@pytest.fixture
def outbox(store: mongo.Store) -> Outbox:
    box = Outbox(store)
    box.ensure_indexes()
    return box


def say(store: mongo.Store, outbox: Outbox, count: int, *, first: int = 1) -> None:
    said = [an_envelope(person=str(n), certificate=str(n)) for n in range(first, first + count)]
    mongo.transact(store, lambda session: outbox.add(session, said))


@contextmanager
def running(space: dict[str, str], relays: int = 1) -> Iterator[list[Relay]]:
    stop = threading.Event()
    made = [Relay(config.read(space), "certification") for _ in range(relays)]
    threads = [threading.Thread(target=relay.run, args=[stop]) for relay in made]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
        assert not any(thread.is_alive() for thread in threads), "a relay did not stop when asked"


def delivered(space: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """(queue, body) of all that lies in the counting queues, in their order."""
    found: list[tuple[str, dict[str, Any]]] = []
    with Connection(space["AMQP_URI"]) as broker:
        channel = broker.channel()
        for number in range(4):
            queue = f"targets.counting.{number}"
            channel.basic_consume(queue, callback=lambda m, queue=queue: found.append((queue, json.loads(m.body))))
        with suppress(TimeoutError):
            while True:
                broker.drain_events(timeout=0.5)
    return found


def test_what_is_said_reaches_exactly_one_queue_in_the_order_of_the_log(space, store, outbox) -> None:
    with running(space):
        say(store, outbox, 40)
        until(lambda: outbox.waiting() == 0, what="the relay has published everything")
    events = [(queue, body) for queue, body in delivered(space) if "seq" in body and "type" in body]
    assert sorted(body["seq"] for _, body in events) == list(range(1, 41))
    for number in range(4):
        seqs = [body["seq"] for queue, body in events if queue == f"targets.counting.{number}"]
        assert seqs == sorted(seqs)
        assert seqs, "the work is not split: every queue gets some of forty persons"


def test_what_only_the_log_is_read_for_is_not_published_and_holds_nothing_up(space, store, outbox) -> None:
    say(store, outbox, 1)
    mongo.transact(store, lambda session: outbox.note(session, "certificates", {"_id": "1"}))
    say(store, outbox, 1, first=2)
    with running(space):
        until(lambda: outbox.waiting() == 0, what="the relay has come past it")
    assert sorted(body["seq"] for _, body in delivered(space) if "type" in body) == [1, 3]
    assert outbox.verify()[0] == 3


def test_a_watermark_follows_what_it_speaks_of_in_every_queue(space, store, outbox) -> None:
    with hearing(space) as heard, running(space):
        say(store, outbox, 20)
        until(lambda: len([1 for _, body in heard if body["seq"] == 20 and "type" not in body]) >= 4, what="all know")
    for number in range(4):
        told = [body for queue, body in heard if queue == f"targets.counting.{number}"]
        marks = [place for place, body in enumerate(told) if "type" not in body and body["seq"] == 20]
        events = [place for place, body in enumerate(told) if "type" in body]
        assert marks, f"queue {number} got no watermark"
        assert not events or marks[0] > events[-1]


def test_of_two_relays_one_leads_and_the_other_takes_over(space, store, outbox) -> None:
    with running(space) as [first]:
        until(lambda: first.ready()["leading"], what="the first relay leads")
        with running(space) as [second]:
            say(store, outbox, 5)
            until(lambda: outbox.waiting() == 0, what="the first has published")
            assert not second.ready()["leading"]
    with running(space) as [third]:
        say(store, outbox, 5, first=6)
        until(lambda: outbox.waiting() == 0, what="the next relay goes on where the first stopped")
        assert third.ready()["leading"]
    assert sorted(body["seq"] for _, body in delivered(space) if "type" in body) == list(range(1, 11))


def test_what_was_ordered_but_never_confirmed_is_said_again(space, store, outbox) -> None:
    say(store, outbox, 3)
    outbox.order(token=1)  # a relay that died right here
    with running(space):
        until(lambda: outbox.waiting() == 0, what="the next relay has said it")
    assert sorted(body["seq"] for _, body in delivered(space) if "type" in body) == [1, 2, 3]


@pytest.fixture
def relays(space: dict[str, str]) -> Iterator[tuple[Relay, Relay]]:
    """Two that a test takes forward step by step."""
    made = Relay(config.read(space), "certification"), Relay(config.read(space), "certification")
    yield made
    for relay in made:
        relay.hang_up()


@contextmanager
def hearing(space: dict[str, str]) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Takes what comes through the counting queues: only then is there anybody to whom watermarks are sent."""
    found: list[tuple[str, dict[str, Any]]] = []
    settings, stop = config.read(space), threading.Event()
    rabbit.declare(settings)
    with Connection(space["AMQP_URI"]) as broker:
        channel = broker.channel()
        for number in range(4):
            queue = f"targets.counting.{number}"
            take = partial(lambda queue, message: found.append((queue, json.loads(message.body))), queue)
            channel.basic_consume(queue, callback=take, no_ack=True)

        def drain() -> None:
            while not stop.is_set():
                with suppress(TimeoutError):
                    broker.drain_events(timeout=0.1)

        thread = threading.Thread(target=drain)
        thread.start()
        try:
            yield found
        finally:
            stop.set()
            thread.join(20)


def watermarks(heard: list[tuple[str, dict[str, Any]]]) -> set[int]:
    return {body["seq"] for _, body in heard if "type" not in body}


def expire(store: mongo.Store) -> None:
    """The leader sleeps until its lease has ended."""
    store["leases"].update_one({"_id": "relay"}, {"$set": {"until": dt.datetime(2000, 1, 1, tzinfo=dt.UTC)}})


def test_a_sleeper_that_wakes_orders_nothing_although_its_successor_had_nothing_to_publish(
    space, store, outbox, relays
) -> None:
    sleeper, successor = relays
    first = sleeper.lead()
    assert first is not None
    assert not sleeper.advance(first)
    expire(store)
    second = successor.lead()
    assert second is not None
    say(store, outbox, 3)
    with pytest.raises(LeadershipLost):
        sleeper.advance(first)
    with pytest.raises(LeadershipLost):
        outbox.order(token=first)
    assert outbox.head()["seq"] == 0
    while successor.advance(second):
        continue
    assert sorted(body["seq"] for _, body in delivered(space) if "type" in body) == [1, 2, 3]


def test_what_anybody_put_into_the_log_is_published_before_published_moves_past_it(
    space, store, outbox, relays
) -> None:
    relay, _ = relays
    token = relay.lead()
    assert token is not None
    assert not relay.advance(token)
    say(store, outbox, 3)
    outbox.order(token=token)  # the place where a leader dies: in order, and published by nobody
    say(store, outbox, 2, first=4)
    while relay.advance(token):
        continue
    assert outbox.head()["published"] == 5
    assert sorted(body["seq"] for _, body in delivered(space) if "type" in body) == [1, 2, 3, 4, 5]


def test_a_watermark_names_only_what_was_published_and_comes_only_from_who_leads(space, store, outbox, relays) -> None:
    sleeper, successor = relays
    with hearing(space) as heard:
        first = sleeper.lead()
        assert first is not None
        sleeper.advance(first)
        expire(store)
        second = successor.lead()
        assert second is not None
        say(store, outbox, 5)
        outbox.order(token=second)  # in the log, and in no queue
        assert sleeper._watermarks is not None
        sleeper._watermarks._due = [0.0] * 9
        with pytest.raises(LeadershipLost):
            sleeper.advance(first)
        while successor.advance(second):
            continue
        until(lambda: 5 in watermarks(heard), what="the successor says so")
    assert watermarks(heard) == {0, 5}


def test_a_relay_says_that_the_broker_takes_nothing_and_ends_when_asked_although_the_alarm_lasts(
    breakable: Servers, breakable_space: dict[str, str]
) -> None:
    store = mongo.database(config.read(breakable_space), "certification")
    outbox = Outbox(store)
    outbox.ensure_indexes()
    relay, stop = Relay(config.read(breakable_space), "certification"), threading.Event()
    thread = threading.Thread(target=relay.run, args=[stop])
    thread.start()
    say(store, outbox, 3)
    until(lambda: outbox.waiting() == 0, what="the relay works")
    with alarm(breakable.rabbit):
        say(store, outbox, 3000, first=4)
        until(lambda: not relay.ready()["broker_takes"], what="the relay knows of the alarm")
        began = time.monotonic()
        stop.set()
        thread.join(60)
        assert time.monotonic() - began < 5
    assert outbox.head()["published"] == 3, "what the broker did not confirm is not published"
    with running(breakable_space) as [successor]:
        until(lambda: outbox.waiting() == 0, what="the next relay publishes it when the alarm is over")
        assert successor.ready()["broker_takes"]


def test_watermarks_do_not_pile_up_where_nobody_takes_them(space, store, outbox, relays, monkeypatch) -> None:
    monkeypatch.setattr(watermarks_of, "COUNTED_EVERY", 0.0)
    relay, _ = relays
    token = relay.lead()
    assert token is not None
    say(store, outbox, 3)
    for _ in range(20):
        relay.advance(token)
    assert watermarks(delivered(space)) == set()
    with hearing(space) as heard:
        until(lambda: relay.advance(token) or watermarks(heard) == {3}, what="who takes them is told at once")


def test_an_event_that_no_queue_is_bound_for_is_not_marked_as_sent(space, store, outbox) -> None:
    settings = config.read(space)
    rabbit.declare(settings)
    with rabbit.connection(settings) as broker:
        publisher = rabbit.Publisher(broker)
        with pytest.raises(rabbit.Unroutable, match="no queue is bound"):
            publisher.publish_all([rabbit.Outgoing("certification.events", "nobody_hears_this.0", {"a": 1})])
        assert publisher.publish_all([rabbit.Outgoing("", "targets.parked", {"a": 1})]) == 1


def test_a_queue_of_another_shape_stops_the_start_with_its_name_and_the_mend(space) -> None:
    settings = config.read(space)
    with rabbit.connection(settings) as broker:
        broker.channel().queue_declare("targets.parked", durable=True, auto_delete=False)
    with pytest.raises(rabbit.TopologyMismatch, match=r"targets\.parked.*delete_queue"):
        rabbit.declare(settings)
