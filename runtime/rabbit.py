"""RabbitMQ: what is declared, and publishing that is known to have arrived.

<service>.events   topic exchange, routing key <event>.<shard>
resend.<service>   what hearers ask of the service's relay
<subscription>     quorum queue of one hearer, bound by (event, shard); its delivery limit leads to <hearer>.parked
retry.<n>s         quorum queue with a TTL; the routing key is the queue to come back to
<hearer>.parked    quorum queue of what could not be handled, each with its reason
"""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
from amqp import exceptions as amqp_errors
from amqp.basic_message import Message as AmqpMessage
from kombu.connection import Connection
from kombu.entity import Exchange, Queue

from contract.message import SHARDS, Event
from contract.subscriptions import SUBSCRIPTIONS, Subscription
from runtime import wire
from runtime.config import Config

CONTENT_TYPE = "application/cloudevents+json"
WATERMARK = "watermark"  # the routing key by which 0.2 sent them to all; now the value of KIND
KIND, PREVIOUS = "x-kind", "x-previous"
DELIVERY_LIMIT = 50
_WITHOUT_LIMIT = 2_000_000_000  # RabbitMQ 4 has a limit unless told otherwise, and 3.10 does not know -1
RETRY_DELAYS = (1, 10, 60, 600)  # seconds; after the last one a message is parked
_WHILE = RETRY_DELAYS[1]  # until a message comes again for which the database was away
ATTEMPT, REASON, ORIGIN, PARKED_AT = "x-attempt", "x-reason", "x-origin-queue", "x-parked-at"
_CONFIRM_SECONDS = 30  # without a word
_LOOK_UP = 0.5


class TopologyMismatch(Exception):
    """The broker holds a queue or exchange with other arguments than this code declares."""


class NotConfirmed(Exception):
    """The broker did not take responsibility for a message: nothing may be marked as sent."""


class Unroutable(NotConfirmed):
    """No queue is bound for a message: the broker would have dropped it."""


@dataclass(frozen=True)
class Outgoing:
    """``body`` is JSON-able, or the bytes of a message that is passed on untouched."""

    exchange: str
    routing_key: str
    body: dict[str, Any] | bytes
    headers: dict[str, Any] = field(default_factory=dict)


def connection(config: Config, *, heartbeat: int = 20, connect_timeout: float = 5) -> Connection:
    """``heartbeat`` in seconds; 0 where nobody would send it while the connection lies idle."""
    # No transport_options: kombu keeps them in one dict for the whole process, so a confirm setting would leak.
    transport = None if config.amqp_uri.startswith("amqps:") else wire.Transport
    return Connection(config.amqp_uri, transport=transport, heartbeat=heartbeat, connect_timeout=connect_timeout)


def is_blocked(broker: Connection) -> bool:
    """Whether the broker's alarm holds up what is published on this connection, as far as it has told us."""
    return broker.connected and bool(getattr(broker.connection, "blocked", False))


def blocked(broker: Connection, *, seconds: float) -> str | None:
    """Why the broker takes no messages on this connection, in a line, or None. It says so only to who publishes: one
    message that no queue is bound for."""
    said: list[str] = []
    taken: list[int] = []
    channel = broker.connection.channel()
    broker.connection.on_blocked = lambda reason: said.append(f"blocked: {reason}")
    channel.events["basic_ack"].add(lambda tag, _multiple: taken.append(tag))
    channel.confirm_select()
    channel.basic_publish(AmqpMessage(b""), exchange="", routing_key="probe")
    until = time.monotonic() + seconds
    while not said and not taken:
        try:
            broker.drain_events(timeout=max(until - time.monotonic(), 0.001))
        except TimeoutError:
            return f"took no message within {seconds:g} s"
    return said[0] if said else None


def exchange(service: str) -> Exchange:
    return Exchange(f"{service}.events", type="topic", durable=True)


def queue(subscription: Subscription) -> Queue:
    """One consumer at a time has it, so that what comes through it is a sequence in which a gap is seen. What kills its
    reader again and again is parked by the broker. All of that is the queue's own arguments: with policies, a broker
    that lacks them and is a RabbitMQ 4 drops a message at its twenty-first delivery."""
    arguments: dict[str, Any] = {
        "x-queue-type": "quorum",
        "x-single-active-consumer": True,
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": f"{subscription.hearer}.parked",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",  # which that strategy needs
    }
    return Queue(subscription.queue, durable=True, queue_arguments=arguments)


def resend_queue(service: str) -> Queue:
    """What is lost of it is asked again."""
    return Queue(f"resend.{service}", durable=True, queue_arguments={"x-max-length": 1000})


def parked_queue(hearer: str) -> Queue:
    """A look at what is parked is a delivery, too."""
    return Queue(
        f"{hearer}.parked",
        durable=True,
        queue_arguments={"x-queue-type": "quorum", "x-delivery-limit": _WITHOUT_LIMIT},
    )


def retry_queue(seconds: int) -> Queue:
    name = f"retry.{seconds}s"
    return Queue(
        name,
        exchange=Exchange(name, type="fanout", durable=True),
        durable=True,
        queue_arguments={
            "x-queue-type": "quorum",
            "x-message-ttl": seconds * 1000,
            "x-dead-letter-exchange": "",  # the default exchange: back to the queue that the routing key names
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )


def binding_keys(subscription: Subscription) -> Iterable[tuple[str, str]]:
    """(exchange, routing key) pairs."""
    exchange_name = f"{subscription.service}.events"
    every = len(subscription.shards) == SHARDS
    shards = ["*"] if every else [f"{shard:x}" for shard in subscription.shards]
    for event in subscription.events:
        for shard in shards:
            yield exchange_name, f"{event.name()}.{shard}"


def queues(subscriptions: Sequence[Subscription] = SUBSCRIPTIONS) -> list[Queue]:
    """Those of subscriptions come last: what they hold may be parked."""
    hearers = sorted({subscription.hearer for subscription in subscriptions})
    return [
        *map(retry_queue, RETRY_DELAYS),
        *map(parked_queue, hearers),
        *map(queue, subscriptions),
    ]


def declare(config: Config, subscriptions: Sequence[Subscription] = SUBSCRIPTIONS) -> None:
    """Declare all there is to declare. Does nothing when it is there already; raises TopologyMismatch when the broker
    holds another shape under the same name (runtime.renewal)."""
    with connection(config) as broker:
        channel = broker.channel()
        try:
            for service in sorted({event.service for s in subscriptions for event in s.events} | _services()):
                exchange(service)(channel).declare()
                resend_queue(service)(channel).declare()
            for each in queues(subscriptions):
                each(channel).declare()
            for subscription in subscriptions:
                bound = queue(subscription)(channel)
                for source, key in binding_keys(subscription):
                    bound.bind_to(source, key)
        except amqp_errors.PreconditionFailed as error:
            raise TopologyMismatch(
                f"{error.reply_text}. Drain that queue, delete it (rabbitmqctl delete_queue), and start again."
            ) from error


def name_of(config: Config, service: str, known: str | None, anew: str) -> str:
    """The name of the broker as ``service`` knows it: ``known``, or ``anew`` when it has forgotten that one, which it
    does with all its queues and messages."""
    with connection(config) as broker:
        if known is not None:
            try:
                broker.channel().exchange_declare(f"{service}.broker.{known}", "fanout", passive=True)
                return known
            except amqp_errors.NotFound:
                pass
        broker.channel().exchange_declare(f"{service}.broker.{anew}", "fanout", durable=True, auto_delete=False)
        return anew


def _services() -> set[str]:
    return {event.service for event in Event.known()}


class Publisher:
    """Publishes with ``mandatory`` and pipelined confirms, on a channel of its own. Not for several threads."""

    def __init__(self, broker: Connection, *, give_up: Callable[[], bool] = lambda: False) -> None:
        """``give_up`` is asked twice a second while the broker's word is waited for."""
        self._broker = broker
        self._give_up = give_up
        self._channel = broker.channel()
        self._channel.confirm_select()
        self._published = 0
        self._oldest = 1  # all before it are settled
        self._open: set[int] = set()
        self._refused: list[str] = []
        self._channel.events["basic_ack"].add(self._on_ack)
        self._channel.events["basic_nack"].add(self._on_nack)
        self._channel.events["basic_return"].add(self._on_return)

    def publish_all(self, messages: Iterable[Outgoing]) -> int:
        """Returns how many were taken, once the broker has taken all. Raises Unroutable or NotConfirmed, and
        the connection's own errors: then any of them may have been taken, and all are to be published again."""
        self._refused.clear()
        count = 0
        with wire.bundled(self._channel) as send:
            for message in messages:
                body = message.body if isinstance(message.body, bytes) else orjson.dumps(message.body)
                self._published += 1
                self._open.add(self._published)
                properties = {"application_headers": message.headers} if message.headers else {}
                send(
                    AmqpMessage(
                        body, content_type=CONTENT_TYPE, content_encoding="utf-8", delivery_mode=2, **properties
                    ),
                    message.exchange,
                    message.routing_key,
                )
                count += 1
        self._wait_for_confirms()
        if self._refused:
            first = self._refused[0]
            error = Unroutable if first.startswith("no queue") else NotConfirmed
            raise error(f"{len(self._refused)} of {count} messages were not taken: {first}")
        return count

    def depth(self, queue: str) -> tuple[int, int]:
        """How many messages wait in a queue, and how many consumers it has. Raises the connection's errors."""
        found = self._channel.queue_declare(queue, passive=True)
        return int(found.message_count), int(found.consumer_count)

    def get(self, queue: str) -> bytes | str | None:
        """Take the next message of a queue, for good; None when there is none."""
        message = self._channel.basic_get(queue, no_ack=True)
        return None if message is None else message.body

    def _wait_for_confirms(self) -> None:
        until = time.monotonic() + _CONFIRM_SECONDS
        while self._open:
            try:
                self._broker.drain_events(timeout=_LOOK_UP)
                until = time.monotonic() + _CONFIRM_SECONDS
            except TimeoutError:
                if is_blocked(self._broker):
                    until = time.monotonic() + _CONFIRM_SECONDS  # it confirms when its alarm is over
                if self._give_up() or time.monotonic() > until:
                    raise NotConfirmed(f"{len(self._open)} messages were not confirmed") from None
            self._broker.heartbeat_check()

    def close(self) -> None:
        with suppress(OSError, amqp_errors.AMQPError):  # the broker may be the reason why we close
            self._channel.close()

    def _on_ack(self, tag: int, multiple: bool) -> None:
        if not multiple:
            self._open.discard(tag)
            return
        while self._oldest <= tag:
            self._open.discard(self._oldest)
            self._oldest += 1

    def _on_nack(self, tag: int, multiple: bool) -> None:
        self._refused.append(f"the broker refused message {tag}")
        self._on_ack(tag, multiple)

    def _on_return(self, error: Exception, exchange: str, routing_key: str, message: Any) -> None:
        self._refused.append(f"no queue is bound to {exchange or 'the default exchange'} for {routing_key}")


def wait(publisher: Publisher, *, queue: str, body: bytes, headers: dict[str, Any], reason: str, **_: str) -> str:
    """Bring a message again in a while, as often as it takes: nothing is wrong with it."""
    name = f"retry.{_WHILE}s"
    publisher.publish_all([Outgoing(name, queue, body, _ours(headers) | {REASON: reason[:500]})])
    return name


def retry_or_park(
    publisher: Publisher, *, hearer: str, queue: str, body: bytes, headers: dict[str, Any], reason: str, at: str
) -> str:
    """Give a message that failed for a passing reason its next delay, or park it when it has had them all. The caller
    acknowledges the original afterwards: a crash between the two means handled twice, never lost."""
    attempt = int(headers.get(ATTEMPT, 0))
    if attempt >= len(RETRY_DELAYS):
        return park(
            publisher, hearer=hearer, queue=queue, body=body, headers=headers, reason=f"gave up: {reason}", at=at
        )
    name = f"retry.{RETRY_DELAYS[attempt]}s"
    publisher.publish_all([Outgoing(name, queue, body, _ours(headers) | {ATTEMPT: attempt + 1, REASON: reason[:500]})])
    return name


def park(
    publisher: Publisher, *, hearer: str, queue: str, body: bytes, headers: dict[str, Any], reason: str, at: str
) -> str:
    """Put a message aside with its reason, where `make parked` finds it. ``at`` is an RFC 3339 instant."""
    name = f"{hearer}.parked"
    marks = {REASON: reason[:500], ORIGIN: queue, PARKED_AT: at}
    publisher.publish_all([Outgoing("", name, body, _ours(headers) | marks)])
    return name


def _ours(headers: dict[str, Any]) -> dict[str, Any]:
    # The broker's own x-death would grow with each round.
    return {
        name: value
        for name, value in headers.items()
        if not name.startswith(("x-death", "x-first-death", "x-last-death"))
    }
