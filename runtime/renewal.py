"""Renewal: queues that an earlier version declared with other arguments are made anew, with what they hold.

RabbitMQ cannot change a queue's arguments. So what the old queue holds goes into ``<queue>.moving``, the queue is made
anew, and everything comes back, in its order, before any event that is published later: whoever starts waits until it
is done, and a start that was killed in the middle is finished by the next one.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
from amqp.exceptions import NotFound, PreconditionFailed, ResourceLocked
from kombu.connection import Connection
from kombu.entity import Exchange, Queue

from contract.subscriptions import SUBSCRIPTIONS, Subscription
from runtime import rabbit
from runtime.config import Config
from runtime.rabbit import Outgoing, Publisher, TopologyMismatch

log = structlog.get_logger()

_LOCK, _UNDER_WAY = "renewal.lock", "renewal.under-way"
_PATIENCE = 120.0  # seconds that a start waits for another one's renewal
_SILENCE = 30.0  # seconds without a message although some are left
_BATCH = 500


def declare(config: Config, subscriptions: Sequence[Subscription] = SUBSCRIPTIONS) -> None:
    """For the start of a process: as rabbit.declare, after renewing what is of an earlier version. Raises
    TopologyMismatch when a queue still has readers, or something else than a queue is of another shape."""
    with rabbit.connection(config) as broker:
        if _count(broker, _UNDER_WAY) is None:
            try:
                rabbit.declare(config, subscriptions)
            except TopologyMismatch:
                log.warning("renewal.needed")
            else:
                if _count(broker, _UNDER_WAY) is None:
                    return
        with _alone(broker):
            broker.channel().queue_declare(_UNDER_WAY, durable=True, auto_delete=False)
            for queue in rabbit.queues(subscriptions):
                _renew(broker, queue)
            rabbit.declare(config, subscriptions)
            broker.channel().queue_delete(_UNDER_WAY)


@contextmanager
def _alone(broker: Connection) -> Iterator[None]:
    """Holds a queue that only one connection can have."""
    until = time.monotonic() + _PATIENCE
    while True:
        channel = broker.channel()
        try:
            channel.queue_declare(_LOCK, exclusive=True, auto_delete=True)
            break
        except ResourceLocked:
            if time.monotonic() > until:
                raise TopologyMismatch(
                    "另一进程仍在更新队列，请稍后再启动 / another process is still renewing queues: start again later"
                ) from None
            time.sleep(0.2)
    try:
        yield
    finally:
        channel.queue_delete(_LOCK)


def _renew(broker: Connection, queue: Queue) -> None:
    moving = f"{queue.name}.moving"
    try:
        queue(broker.channel()).declare()
    except PreconditionFailed:
        channel = broker.channel()
        held = channel.queue_declare(queue.name, passive=True)
        if held.consumer_count:
            raise TopologyMismatch(
                f"队列 {queue.name} 由旧版本建立，仍有 {held.consumer_count} 个进程在读：请先停止旧版本的全部进程 / "
                f"queue {queue.name} is an earlier version's and {held.consumer_count} consumers still read it: "
                "stop every process of the earlier version, then start again"
            ) from None
        channel.queue_declare(moving, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
        moved = _move(broker, queue.name, moving)
        channel.queue_delete(queue.name)
        queue(channel).declare()
        log.warning("renewal.renewed", queue=queue.name, messages=moved)
    if _count(broker, moving) is not None:
        _move(broker, moving, queue.name)
        broker.channel().queue_delete(moving)


def _move(broker: Connection, source: str, to: str) -> int:
    """All messages, in their order and with their routing keys, each acknowledged once it is there."""
    channel, publisher, moved = broker.channel(), Publisher(broker), 0
    channel.auto_decode = False
    channel.basic_qos(0, _BATCH, False)
    way = Exchange(f"{to}.way", type="fanout", durable=False)(channel)
    way.declare()
    channel.queue_bind(to, way.name)
    arrived: list[Any] = []
    while left := _count(broker, source):
        tag = channel.basic_consume(source, callback=arrived.append)  # a single active consumer's queue knows no get
        while left > 0:
            while len(arrived) < min(left, _BATCH):
                broker.drain_events(timeout=_SILENCE)
            batch = arrived[:]
            del arrived[: len(batch)]
            publisher.publish_all(
                Outgoing(way.name, each.delivery_info["routing_key"], each.body, each.headers or {}) for each in batch
            )
            channel.basic_ack(batch[-1].delivery_tag, multiple=True)
            left -= len(batch)
            moved += len(batch)
        channel.basic_cancel(tag)
    way.delete()
    channel.close()
    publisher.close()
    return moved


def _count(broker: Connection, queue: str) -> int | None:
    """How many messages lie in a queue that nobody holds; None when there is no such queue."""
    channel = broker.channel()
    try:
        return int(channel.queue_declare(queue, passive=True).message_count)
    except NotFound:
        return None
    finally:
        if channel.connection is not None:
            channel.close()
