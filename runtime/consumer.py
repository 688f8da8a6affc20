"""The consumer under all entrypoints of a nameko service: nothing is lost when it stops, and it outlives the broker.

nameko's own loses acknowledgements at SIGTERM, ends the process when an acknowledgement meets a dead connection, hangs
where a queue has another shape, and logs and acknowledges what it cannot decode.
"""

from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from typing import Any

import eventlet
import structlog
from amqp.exceptions import AMQPError, PreconditionFailed
from eventlet.event import Event as Signal
from kombu.connection import Connection
from kombu.entity import Queue
from kombu.exceptions import OperationalError
from kombu.messaging import Consumer
from nameko import messaging
from nameko.extensions import ProviderCollector

from contract import subscriptions
from runtime import rabbit
from runtime.failures import describe

log = structlog.get_logger()

BROKEN = (AMQPError, OperationalError, OSError)
_PAUSE = 2.0  # seconds before a message that could be neither handled nor put aside is given back


class QueueConsumer(messaging.QueueConsumer):
    """One connection for all that a service hears. Its providers say whether they are ``of_events``, ``declare`` their
    queues on a channel, and ``take`` raw messages from the queue of a name."""

    def __init__(self) -> None:
        super().__init__()
        self._starting = False
        self._in_flight: set[int] = set()
        self.connected = False
        self._broker: Any = None

    @property
    def connection(self) -> Connection:
        return rabbit.connection(self.container.config["settings"])

    def start(self) -> None:
        """Returns when messages can arrive. Raises TopologyMismatch."""
        if not self._starting:
            self._starting = True
            self._gt = self.container.spawn_managed_thread(partial(self.run, safety_interval=0.2))
            self._gt.link(self._handle_thread_exited)
        self._consumers_ready.wait()

    def stop(self) -> None:
        """Returns when every message in flight is settled, or the broker is away and has them back anyway."""
        self.wait_for_providers()
        while self._gt is not None and not self._gt.dead:
            if not self.connected:
                self._gt.kill()
            eventlet.sleep(0.02)

    def kill(self) -> None:
        self.should_stop = True  # the container kills the thread itself, which may be the one that is killing

    def _handle_thread_exited(self, gt: Any) -> None:
        try:
            gt.wait()
        except BaseException as error:  # noqa: BLE001  told to whoever waits for the start
            if not self._consumers_ready.ready():
                self._consumers_ready.send_exception(error)

    def unregister_provider(self, provider: Any) -> None:
        cancelled = Signal()
        self._pending_remove_providers[provider] = cancelled  # only the consuming thread can cancel
        while self.connected and not cancelled.ready():
            eventlet.sleep(0.02)
        ProviderCollector.unregister_provider(self, provider)

    def get_consumers(self, consumer_cls: Any, channel: Any) -> list[Any]:
        """At each connection all is declared anew: the broker may have come back empty."""
        settings = self.container.config["settings"]
        rabbit.declare(settings, subscriptions.SUBSCRIPTIONS)
        self._consumers = {}
        for provider in self._providers:
            own = channel.connection.channel()  # so that each provider has its own prefetch
            own.auto_decode = False
            try:
                queues = provider.declare(own)
            except PreconditionFailed as error:
                raise rabbit.TopologyMismatch(
                    f"{error.reply_text}. Drain that queue, delete it (rabbitmqctl delete_queue), and start again."
                ) from error
            self._consumers[provider] = [self._consumer(own, provider, queue) for queue in queues]
        return [consumer for consumers in self._consumers.values() for consumer in consumers]

    def _consumer(self, channel: Any, provider: Any, queue: Queue) -> Consumer:
        take = partial(self._arrived, provider, queue.name)
        return Consumer(
            channel,
            [queue],
            auto_declare=False,
            on_message=take,  # raw: kombu's own decoding logs what it cannot read, in full, and acknowledges it
            on_decode_error=lambda message, _error: take(message),
            prefetch_count=self._share(provider),
        )

    def _share(self, provider: Any) -> int:
        """How many messages a provider has at once. Together they fill the worker pool, and events at most half of it
        where there are calls to answer as well."""
        listeners = [other for other in self._providers if other.of_events]
        others = len(self._providers) - len(listeners)
        for_events = self.container.max_workers // 2 if others else self.container.max_workers
        if provider.of_events:
            return max(1, for_events // len(listeners))
        return max(1, self.container.max_workers - (for_events if listeners else 0))

    @contextmanager
    def establish_connection(self) -> Any:
        with self.create_connection() as broker:
            # kombu's own intervals grow to half a minute.
            broker.ensure_connection(self.on_connection_error, interval_start=0.5, interval_step=0.5, interval_max=3)
            yield broker

    @contextmanager
    def extra_context(self, connection: Any, channel: Any) -> Any:
        self.connected = True
        self._broker = connection
        try:
            yield
        finally:
            self.connected = False

    def on_iteration(self) -> None:
        if not self._broker.connected:
            # An acknowledgement found the connection dead; kombu would replace it here by one without consumers.
            raise ConnectionResetError("the connection was lost")
        for provider, cancelled in list(self._pending_remove_providers.items()):
            for consumer in self._consumers.pop(provider, ()):
                consumer.cancel()
            del self._pending_remove_providers[provider]
            cancelled.send()
        if not self._consumers and not self._in_flight:
            self.should_stop = True

    def on_connection_error(self, exc: Exception, interval: float) -> None:
        log.warning("events.broker_away", service=self.container.service_name, error=describe(exc), retry_in=interval)

    def _arrived(self, provider: Any, queue: str, message: Any) -> None:
        self._in_flight.add(id(message))
        if provider.of_events:
            provider.arrived(queue, message)
        self.container.spawn_managed_thread(partial(self._hand_on, provider, queue, message), identifier="message")

    def _hand_on(self, provider: Any, queue: str, message: Any) -> None:
        try:
            provider.take(queue, message)
        except Exception as error:  # noqa: BLE001  a managed thread's exception ends the process
            log.error("events.not_taken", service=self.container.service_name, error=describe(error))
            self.give_back(message)

    def ack_message(self, message: Any) -> None:
        self._settle(message, message.ack)

    def requeue_message(self, message: Any) -> None:
        self._settle(message, partial(message.reject, requeue=True))

    def give_back(self, message: Any) -> None:
        """Requeue, but not at once: what cannot even be put aside would come round thousands of times a second."""
        waited = 0.0
        while waited < _PAUSE and self._consumers and self.connected:
            eventlet.sleep(0.1)
            waited += 0.1
        self.requeue_message(message)

    def _settle(self, message: Any, how: Callable[[], None]) -> None:
        try:
            if message.channel.connection:
                how()
        except BROKEN as error:
            # The broker has the message back as soon as it sees the connection gone, and brings it again.
            log.warning("events.not_settled", service=self.container.service_name, error=describe(error))
        finally:
            self._in_flight.discard(id(message))
