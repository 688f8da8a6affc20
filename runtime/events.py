"""Events for nameko services: read, handled, and only then acknowledged; waiting or parked when they fail.

    class Example:
        name = "example"

        @listen(CertificateIssued)
        def on_certificate_issued(self, said: Said) -> None: ...

The queue is the one that ``contract.subscriptions`` gives to (example, CertificateIssued), whatever the method is
called. nameko would acknowledge what failed, lose the acknowledgement at SIGTERM, die with the broker, and hang where
a queue has another shape: tests/runtime/test_traps.py shows each beside its mend.
"""

import threading
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any

import structlog
from kombu.connection import Connection
from kombu.entity import Queue
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import Entrypoint, SharedExtension
from pymongo.errors import PyMongoError

from contract import subscriptions
from contract.message import Event, Said, Unreadable
from contract.subscriptions import Subscription
from runtime import clock, mongo, rabbit
from runtime.batches import passed_of, read
from runtime.consumer import BROKEN, QueueConsumer
from runtime.failures import Miswired, describe, frames, passing
from runtime.metrics import HANDLED, PARKED, RETRIED
from runtime.mongo import database
from runtime.places import Ask, Mark, Passed, Places
from runtime.sequence import Sequence

log = structlog.get_logger()


ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class Aside(SharedExtension):
    """Sends what failed to wait or to be parked, on a connection of its own, and waits for the broker's word."""

    def setup(self) -> None:
        self._lock = threading.Lock()
        self._broker: Connection | None = None
        self._publisher: rabbit.Publisher | None = None

    def stop(self) -> None:
        self._hang_up()

    def send(self, way: Callable[..., str], **message: Any) -> str:
        """The queue that took it. Raises NotConfirmed or the connection's errors when none did."""
        with self._lock:
            try:
                return way(self._sender(), **message)
            except BROKEN:
                self._hang_up()  # it may only have lain idle for too long
            try:
                return way(self._sender(), **message)
            except Exception:
                self._hang_up()
                raise

    def _sender(self) -> rabbit.Publisher:
        if self._publisher is None:
            self._broker = rabbit.connection(self.container.config["settings"], heartbeat=0)
            self._broker.ensure_connection(max_retries=1, interval_start=0)
            self._publisher = rabbit.Publisher(self._broker)
        return self._publisher

    def _hang_up(self) -> None:
        if self._broker is not None:
            self._broker.collect()
        self._broker = self._publisher = None


class Listener(Entrypoint):
    """Calls a method with each event that is said; see ``listen``."""

    queue_consumer = QueueConsumer()
    aside = Aside()
    of_events = True

    def __init__(self, *events: type[Event], **options: Any) -> None:
        super().__init__(**options)
        self.events = events

    def setup(self) -> None:
        service = self.container.service_name
        self.subscriptions = subscriptions_of(service, self.events)
        self._places = Places(database(self.container.config["settings"], service))
        self.queue_consumer.register_provider(self)

    def stop(self) -> None:
        self.queue_consumer.unregister_provider(self)

    def declare(self, channel: Any) -> list[Queue]:
        self._sequences = {one.queue: Sequence(one.queue, self._places) for one in self.subscriptions}
        return [rabbit.queue(subscription)(channel) for subscription in self.subscriptions]  # declared with the rest

    def arrived(self, queue: str, message: Any) -> None:
        """In the order of the queue."""
        self._sequences[queue].arrived(message)

    def take(self, queue: str, message: Any) -> None:
        try:
            said = read(message)
            if isinstance(said, Mark):
                self._acknowledge(queue, message, said)
                return
            if said.event not in self.events:
                raise Unreadable(f"{said.event.type()} is not listened to by {self.method_name}")
        except (Unreadable, RecursionError) as error:
            self._put_aside(queue, message, error)
            return
        self._spawn(queue, message, said)

    def _spawn(self, queue: str, message: Any, said: Said) -> None:
        context = {"traceparent": said.traceparent} if said.traceparent else {}
        try:
            self.container.spawn_worker(
                self, (said,), {}, context_data=context, handle_result=partial(self._settle, queue, message, said)
            )
        except ContainerBeingKilled:
            self._sequences[queue].left(message)
            self.queue_consumer.requeue_message(message)
        except Exception as error:  # noqa: BLE001  the service's own constructor
            self._put_aside(queue, message, error)

    def _settle(
        self, queue: str, message: Any, said: Said, _worker: Any, result: Any, exc_info: ExcInfo | None
    ) -> tuple[Any, Any]:
        if exc_info is None:
            self._acknowledge(queue, message, said)
            HANDLED.labels(queue).inc()
        else:
            self._put_aside(queue, message, exc_info[1])
        return result, exc_info

    def _put_aside(self, queue: str, message: Any, error: BaseException) -> None:
        """Retry what may pass, park the rest; acknowledge only when the broker has taken it there. However long the
        database is away, that is no attempt."""
        way = rabbit.retry_or_park if passing(error) else rabbit.park
        if mongo.transient(error) and mongo.fault(self.container.config["settings"]) is not None:
            way = rabbit.wait
        try:
            to = self.aside.send(
                way,
                hearer=self.container.service_name,
                queue=queue,
                body=message.body,
                headers=message.headers or {},
                reason=describe(error),
                at=clock.now().isoformat(),
            )
        except (*BROKEN, rabbit.NotConfirmed) as failure:
            log.error("events.not_put_aside", queue=queue, reason=describe(error), error=describe(failure))
            self._sequences[queue].left(message)
            self.queue_consumer.give_back(message)
            return
        # While the database is away nothing is noted in it: the place stays before the event, which is asked for again.
        passed = None if way is rabbit.wait else passed_of(message)
        log.warning("events.put_aside", queue=queue, to=to, reason=describe(error), trace=frames(error))
        (PARKED if to.endswith(".parked") else RETRIED).labels(queue).inc()
        self._acknowledge(queue, message, passed if passed is not None and self._laid_aside(queue, passed) else None)

    def _laid_aside(self, queue: str, passed: Passed) -> bool:
        try:
            self._places.lay_aside(queue, passed)
            return True
        except PyMongoError as error:
            log.warning("events.not_laid_aside", queue=queue, error=describe(error))
            return False

    def _acknowledge(self, queue: str, message: Any, heard: Said | Mark | Passed | None) -> None:
        """Then move the place; what it lacks is asked of the relay, and at the next watermark again."""
        sequence = self._sequences[queue]
        self.queue_consumer.ack_message(message)
        for ask in sequence.settled(message, heard):
            try:
                self.aside.send(_ask, ask=ask)
            except (*BROKEN, rabbit.NotConfirmed) as failure:
                log.warning("events.not_asked", queue=queue, error=describe(failure))


def _ask(publisher: rabbit.Publisher, *, ask: Ask) -> str:
    name = rabbit.resend_queue(ask.service).name
    publisher.publish_all([rabbit.Outgoing("", name, ask.body())])
    return name


listen = Listener.decorator


def subscriptions_of(service: str, events: tuple[type[Event], ...]) -> list[Subscription]:
    """The queues in which ``service`` hears exactly ``events``. Raises Miswired."""
    found = [s for s in subscriptions.SUBSCRIPTIONS if s.hearer == service and set(s.events) == set(events)]
    if not found:
        names = ", ".join(event.__name__ for event in events)
        raise Miswired(f"contract.subscriptions has no queue in which {service} hears {names}: add it there")
    return found
