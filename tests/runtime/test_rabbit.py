"""Publishing is known to have arrived, or raises."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from kombu import Queue

from contract.subscriptions import SUBSCRIPTIONS
from runtime import config, rabbit
from runtime.rabbit import NotConfirmed, Outgoing, Publisher
from tests.programme import until

OURS = next(one for one in SUBSCRIPTIONS if one.queue == "targets.counting.0")


@pytest.fixture
def publisher(space: dict[str, str]) -> Iterator[Publisher]:
    with rabbit.connection(config.read(space)) as broker:
        arguments = {"x-max-length": 2, "x-overflow": "reject-publish"}
        Queue("narrow", queue_arguments=arguments)(broker.channel()).declare()
        Queue("wide")(broker.channel()).declare()
        yield Publisher(broker)


def messages(queue: str, count: int) -> list[Outgoing]:
    return [Outgoing("", queue, {"n": number}) for number in range(count)]


def test_what_the_broker_refuses_is_not_taken_for_sent(publisher: Publisher) -> None:
    with pytest.raises(NotConfirmed, match="3 of 5 messages were not taken: the broker refused"):
        publisher.publish_all(messages("narrow", 5))
    with pytest.raises(NotConfirmed, match="1 of 1"):
        publisher.publish_all(messages("narrow", 1))


def test_after_a_refusal_the_publisher_goes_on_as_if_nothing_had_been(publisher: Publisher) -> None:
    with pytest.raises(NotConfirmed):
        publisher.publish_all(messages("narrow", 3))
    assert publisher.publish_all(messages("wide", 100)) == 100


def test_queues_are_declared_as_a_running_broker_holds_them() -> None:
    """Another argument, and no service of a province that runs would start before its queues are renewed."""
    waiting = {
        f"retry.{seconds}s": {
            "x-queue-type": "quorum",
            "x-message-ttl": seconds * 1000,
            "x-dead-letter-exchange": "",
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }
        for seconds in (1, 10, 60, 600)
    }
    declared = [*rabbit.queues([OURS]), rabbit.resend_queue("targets")]
    assert all(queue.durable for queue in declared)
    assert {queue.name: queue.queue_arguments for queue in declared} == waiting | {
        "targets.parked": {"x-queue-type": "quorum", "x-delivery-limit": 2_000_000_000},
        "targets.counting.0": {
            "x-queue-type": "quorum",
            "x-single-active-consumer": True,
            "x-delivery-limit": 50,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": "targets.parked",
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
        "resend.targets": {"x-max-length": 1000},
    }


def test_a_queue_of_some_shards_is_bound_by_each_and_one_of_all_by_every() -> None:
    names = [event.name() for event in OURS.events]
    assert [*rabbit.binding_keys(OURS)] == [
        (f"{OURS.service}.events", f"{name}.{shard:x}") for name in names for shard in OURS.shards
    ]
    every = next(one for one in SUBSCRIPTIONS if len(one.shards) == rabbit.SHARDS)
    assert [*rabbit.binding_keys(every)] == [(f"{every.service}.events", f"{one.name()}.*") for one in every.events]


@pytest.fixture
def declared(space: dict[str, str]) -> Iterator[Publisher]:
    settings = config.read(space)
    rabbit.declare(settings, [OURS])
    with rabbit.connection(settings) as broker:
        Queue("wide")(broker.channel()).declare()
        yield Publisher(broker)


HEADERS = {"tracestate": "stays", "x-death": [{"count": 4}], "x-first-death-queue": "a", "x-last-death-queue": "b"}


def taken(publisher: Publisher, queue: str) -> tuple[Any, dict[str, Any]]:
    """The next message of a queue, once it is there, with its headers."""
    message = until(lambda: publisher._channel.basic_get(queue, no_ack=True), what=f"one is in {queue}")
    return message.body, {name: value for name, value in message.headers.items() if name != "x-delivery-count"}


@pytest.mark.parametrize(("attempt", "delay"), [(0, 1), (1, 10), (2, 60), (3, 600)])
def test_what_failed_for_a_passing_reason_waits_longer_each_time(declared: Publisher, attempt: int, delay: int) -> None:
    headers = HEADERS | ({"x-attempt": attempt} if attempt else {})
    told = {"hearer": "targets", "queue": "wide", "body": b"{}", "reason": "r" * 600, "at": "now"}
    assert rabbit.retry_or_park(declared, headers=headers, **told) == f"retry.{delay}s"
    lies = "wide" if delay == 1 else f"retry.{delay}s"  # it is there again before anybody can look
    _, found = taken(declared, lies)
    ours = {name: value for name, value in found.items() if "death" not in name}
    assert ours == {"tracestate": "stays", "x-attempt": attempt + 1, "x-reason": "r" * 500}
    if lies != "wide":
        assert found == ours


def test_what_failed_as_often_as_it_may_is_parked_with_where_it_came_from(declared: Publisher) -> None:
    told = {"hearer": "targets", "queue": "wide", "body": b"{}", "reason": "r" * 600, "at": "2023-05-01T00:00:00Z"}
    assert rabbit.retry_or_park(declared, headers=HEADERS | {"x-attempt": 4}, **told) == "targets.parked"
    assert taken(declared, "targets.parked")[1] == {
        "tracestate": "stays",
        "x-attempt": 4,
        "x-reason": f"gave up: {'r' * 491}",
        "x-origin-queue": "wide",
        "x-parked-at": "2023-05-01T00:00:00Z",
    }


def test_what_waits_for_the_database_has_as_many_attempts_as_before(declared: Publisher) -> None:
    told = {"queue": "wide", "body": b"{}", "reason": "r" * 600}
    assert rabbit.wait(declared, headers=HEADERS | {"x-attempt": 2}, **told) == "retry.10s"
    assert taken(declared, "retry.10s")[1] == {"tracestate": "stays", "x-attempt": 2, "x-reason": "r" * 500}


def test_who_looks_into_a_queue_sees_how_much_is_there_and_takes_it_in_its_order(publisher: Publisher) -> None:
    publisher.publish_all(messages("wide", 3))
    assert publisher.depth("wide") == (3, 0)
    publisher._channel.basic_consume("wide", callback=lambda message: None)
    assert publisher.depth("wide")[1] == 1


def test_what_is_taken_is_gone(publisher: Publisher) -> None:
    publisher.publish_all(messages("wide", 2))
    assert [json.loads(publisher.get("wide") or "") for _ in range(2)] == [{"n": 0}, {"n": 1}]
    assert publisher.get("wide") is None
    assert publisher.depth("wide") == (0, 0)


def test_a_broker_goes_by_its_name_until_it_has_forgotten_it(space: dict[str, str]) -> None:
    settings = config.read(space)
    assert rabbit.name_of(settings, "training", None, "first") == "first"
    assert rabbit.name_of(settings, "training", "first", "second") == "first"
    assert rabbit.name_of(settings, "certification", "first", "third") == "third", "each service has a name of its own"
    with rabbit.connection(settings) as broker:  # refused if it were held in another way, and lost at a restart
        broker.channel().exchange_declare("training.broker.first", "fanout", durable=True, auto_delete=False)
        broker.channel().exchange_delete("training.broker.first")
    assert rabbit.name_of(settings, "training", "first", "anew") == "anew"
