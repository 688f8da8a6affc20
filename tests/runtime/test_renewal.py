"""Queues of an earlier version, on the real broker."""

import json
import threading
from typing import Any

import pytest
from kombu import Connection, Queue

from contract.subscriptions import SUBSCRIPTIONS
from runtime import config, rabbit, renewal
from runtime.config import Config
from tests.runtime.running import Broker, until

COUNTED = next(each for each in SUBSCRIPTIONS if each.counted)
PARKED = f"{COUNTED.hearer}.parked"


@pytest.fixture
def settings(space: dict[str, str]) -> Config:
    return config.read(space)


@pytest.fixture
def broker(space: dict[str, str]) -> Broker:
    return Broker(space["AMQP_URI"])


def declare_as_0_2(settings: Config) -> None:
    with rabbit.connection(settings) as connection:
        channel = connection.channel()
        rabbit.exchange(COUNTED.service)(channel).declare()
        arguments = {"x-queue-type": "quorum", "x-single-active-consumer": True}
        counted = Queue(COUNTED.queue, durable=True, queue_arguments=arguments)(channel)
        counted.declare()
        for source, key in rabbit.binding_keys(COUNTED):
            counted.bind_to(source, key)
        counted.bind_to(f"{COUNTED.service}.events", rabbit.WATERMARK)  # as it had them by a binding
        Queue(PARKED, durable=True, queue_arguments={"x-queue-type": "quorum"})(channel).declare()


def publish(settings: Config, *messages: rabbit.Outgoing) -> None:
    with rabbit.connection(settings) as connection:
        rabbit.Publisher(connection).publish_all(messages)


def event(number: int) -> rabbit.Outgoing:
    key = next(key for _, key in rabbit.binding_keys(COUNTED)).replace("*", "0")
    return rabbit.Outgoing(f"{COUNTED.service}.events", key, {"number": number})


def watermark(number: int) -> rabbit.Outgoing:
    return rabbit.Outgoing(f"{COUNTED.service}.events", rabbit.WATERMARK, {"number": number})


def held(settings: Config, queue: str) -> list[tuple[int, str]]:
    """(number, routing key) of each message, in their order."""
    found: list[Any] = []
    with rabbit.connection(settings) as connection:
        channel = connection.channel()
        channel.auto_decode = False
        count = channel.queue_declare(queue, passive=True).message_count
        channel.basic_consume(queue, callback=found.append)
        while len(found) < count:
            connection.drain_events(timeout=5)
    return [(json.loads(each.body)["number"], each.delivery_info["routing_key"]) for each in found]


def test_what_queues_of_an_earlier_version_hold_is_kept_in_its_order(settings: Config, broker: Broker) -> None:
    declare_as_0_2(settings)
    sent = [watermark(number) if number % 400 == 0 else event(number) for number in range(1201)]
    publish(settings, *sent, rabbit.Outgoing("", PARKED, {"number": 7}, {rabbit.REASON: "unread"}))
    with pytest.raises(rabbit.TopologyMismatch):
        rabbit.declare(settings)
    starts = [threading.Thread(target=renewal.declare, args=[settings]) for _ in range(3)]
    for start in starts:
        start.start()
    for start in starts:
        start.join(60)
    rabbit.declare(settings)
    until(lambda: broker.depth(COUNTED.queue) == 1201, what="all is back")
    assert held(settings, COUNTED.queue) == [(number, each.routing_key) for number, each in enumerate(sent)]
    [(body, headers)] = broker.take(PARKED)
    assert (json.loads(body), headers[rabbit.REASON]) == ({"number": 7}, "unread")
    with broker.channel() as channel:
        for gone in (f"{COUNTED.queue}.moving", f"{PARKED}.moving"):
            assert broker.depth(gone) == 0
        channel.queue_declare("renewal.under-way", durable=True, auto_delete=False)  # was taken away
        assert channel.queue_declare("renewal.under-way", passive=True).message_count == 0


def test_a_renewal_that_was_killed_in_the_middle_is_finished_by_the_next_start(
    settings: Config, broker: Broker
) -> None:
    rabbit.declare(settings)
    publish(settings, *(event(number) for number in range(3)))
    with broker.channel() as channel:
        channel.queue_declare("renewal.under-way", durable=True, auto_delete=False)
        channel.queue_declare(
            f"{COUNTED.queue}.moving", durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"}
        )
    publish(settings, *(rabbit.Outgoing("", f"{COUNTED.queue}.moving", {"number": number}) for number in range(3, 6)))
    renewal.declare(settings)
    until(lambda: broker.depth(COUNTED.queue) == 6, what="the rest is back")
    assert [number for number, _ in held(settings, COUNTED.queue)] == list(range(6))


def test_a_queue_that_an_earlier_version_still_reads_is_not_touched(settings: Config) -> None:
    declare_as_0_2(settings)
    publish(settings, event(1))
    with Connection(settings.amqp_uri) as connection:
        connection.channel().basic_consume(COUNTED.queue, callback=lambda _message: None)
        with pytest.raises(rabbit.TopologyMismatch, match=rf"{COUNTED.queue} .*stop every process of the earlier"):
            renewal.declare(settings)
    until(lambda: held(settings, COUNTED.queue)[0][0] == 1, what="it is where it was")


def test_nothing_is_done_where_all_is_as_it_should_be(settings: Config, capsys: pytest.CaptureFixture[str]) -> None:
    renewal.declare(settings)
    renewal.declare(settings)
    assert "renewal" not in capsys.readouterr().out
