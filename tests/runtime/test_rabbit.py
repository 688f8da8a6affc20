"""Publishing is known to have arrived, or raises."""

from collections.abc import Iterator

import pytest
from kombu import Queue

from runtime import config, rabbit
from runtime.rabbit import NotConfirmed, Outgoing, Publisher


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
