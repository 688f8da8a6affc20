"""The batch consumer: a plain thread that takes events by the hundred and settles them in one transaction.

Nothing is acknowledged before it is settled: handled, retried later through a TTL queue, or parked with its reason.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import orjson
import pymongo
import structlog
from amqp.exceptions import AMQPError
from kombu.connection import Connection
from kombu.exceptions import OperationalError
from prometheus_client import Counter, Histogram
from pymongo.errors import PyMongoError

from contract.message import Event, Said, Unreadable
from contract.subscriptions import Subscription
from runtime import clock, mongo, rabbit
from runtime.config import Config
from runtime.mongo import transient
from runtime.places import Ask, Mark, Passed

log = structlog.get_logger()

HANDLED = Counter("events_handled_total", "Events settled", ["queue"])
PARKED = Counter("events_parked_total", "Events put aside with a reason", ["queue"])
BATCH_SECONDS = Histogram("batch_seconds", "Time to settle one batch", ["queue"])

_TRANSACTION = 10.0  # seconds that one may take, well below the heartbeat's
_GAP = 0.02  # seconds without a message that end a batch
_LONGEST = 0.5  # seconds that a batch waits while they keep coming


class NotYet(Exception):
    """Raised by a handler that may take nothing at the moment: the batch waits, and is handed to it again."""


class _DatabaseAway(Exception):
    """For so long that what was taken goes back."""


Heard = Said | Mark
Handle = Callable[[Sequence[Heard]], Ask | None]


class BatchConsumer:
    """One queue, one thread. ``handle`` gets what was heard in order, and writes all of it or raises; it gives what
    is to be asked of the service's relay.

    While the database is away nothing is taken. What is in hand waits for ``hold`` seconds, with heartbeats; then it is
    given back, in its order, and counts as delivered once more, however long it lasts: the queue's delivery limit is
    for events that kill their reader.

    ``stops_at`` gives the first of some watermarks at which nothing more is to be taken, if any: the batch ends there,
    and ``after_mark`` is called when it is settled and the queue has brought what that watermark speaks of. While that
    does not return, nothing more is taken. ``passed_over`` hears of each event that was parked.
    """

    def __init__(
        self,
        config: Config,
        subscription: Subscription,
        handle: Handle,
        *,
        limit: int = 1000,
        hold: float = 60.0,
        stops_at: Callable[[Sequence[Mark]], Mark | None] = lambda marks: None,
        after_mark: Callable[[Mark, Callable[[], object]], None] = lambda mark, keep_alive: None,
        passed_over: Callable[[Passed], None] = lambda passed: None,
    ) -> None:
        self._config = config
        self._subscription = subscription
        self._queue = subscription.queue
        self._handle = handle
        self._limit = limit
        self._hold = hold
        self._stops_at = stops_at
        self._after_mark = after_mark
        self._passed_over = passed_over
        self._asks: list[Ask] = []
        self._buffer: list[Any] = []
        self.consuming = False

    def run(self, stop: threading.Event) -> None:
        delay = 0.1
        while not stop.is_set():
            try:
                if not self._database_answers(stop):
                    return
                rabbit.declare(self._config, [self._subscription])
                with rabbit.connection(self._config) as broker:
                    delay = 0.1
                    self._consume(broker, stop)
            except (AMQPError, OperationalError, OSError, rabbit.NotConfirmed) as error:
                # What was not acknowledged comes again; the handler settles twice what it settled once.
                log.warning("batch.broker_away", queue=self._queue, error=type(error).__name__, detail=str(error))
            except _DatabaseAway:
                log.warning("batch.given_back", queue=self._queue)
            except Exception as error:
                # Nothing was acknowledged that was not settled: beginning anew is safe, and better than standing still.
                log.exception("batch.failed", queue=self._queue, transient=transient(error))
            finally:
                self.consuming = False
                self._buffer = []
            stop.wait(delay)
            delay = min(delay * 2, 5.0)

    def _database_answers(self, stop: threading.Event) -> bool:
        """Waits until it does. False when asked to end before."""
        while (fault := mongo.fault(self._config)) is not None:
            log.warning("batch.database_away", queue=self._queue, fault=fault)
            if stop.wait(1.0):
                return False
        return True

    def _consume(self, broker: Connection, stop: threading.Event) -> None:
        """What is in hand and not settled when this ends goes back with the connection, in its order. To cancel first
        would let the next consumer settle what comes after it, watermarks included, before it."""
        channel = broker.channel()
        channel.auto_decode = False  # what is JSON is read from its bytes
        publisher = rabbit.Publisher(broker)
        channel.basic_qos(0, 2 * self._limit, False)
        channel.basic_consume(self._queue, callback=self._buffer_one, no_ack=False)
        self.consuming = True
        while not stop.is_set():
            if self._fill(broker):
                self._settle_next(broker, channel, publisher, stop)

    def _buffer_one(self, message: Any) -> None:
        self._buffer.append(message)

    def _fill(self, broker: Connection) -> bool:
        """Whether there is something to settle. A batch costs as much as a hundred events more, so it waits while more
        are coming; asleep, because to be woken for each one costs more than to find them piled up."""
        waiting = self._drain(broker, 0.0 if self._buffer else 0.5)
        until = time.monotonic() + _LONGEST
        while 0 < waiting < self._limit and time.monotonic() < until:
            time.sleep(_GAP)
            before, waiting = waiting, self._drain(broker, 0.0)
            if waiting == before:
                break
        return waiting > 0

    def _drain(self, broker: Connection, seconds: float) -> int:
        """Take what has arrived, waiting so long for the first; how many wait now. Keeps the heartbeat going."""
        broker.heartbeat_check()
        try:
            broker.drain_events(timeout=max(seconds, 0.001))
            while len(self._buffer) < self._limit:
                broker.drain_events(timeout=0.0005)
        except TimeoutError:
            pass
        return len(self._buffer)

    def _settle_next(
        self, broker: Connection, channel: Any, publisher: rabbit.Publisher, stop: threading.Event
    ) -> bool:
        """Settle up to ``limit`` messages, or up to the watermark at which to stop. False when stopping left them
        unsettled."""
        messages = self._buffer[: self._limit]
        marks = {place: mark for place, message in enumerate(messages) if (mark := _mark(message)) is not None}
        stop_at = self._stops_at([*marks.values()]) if marks else None
        if stop_at is not None:
            messages = messages[: 1 + next(place for place, mark in marks.items() if mark is stop_at)]
        del self._buffer[: len(messages)]
        heard, unreadable = [], []
        for message in messages:
            try:
                heard.append((message, read(message)))
            except Unreadable as error:
                unreadable.append((message, str(error)))
        self._asks.clear()
        with BATCH_SECONDS.labels(self._queue).time():
            if not self._settle(broker, publisher, heard, stop):
                return False
        for message, reason in unreadable:
            self._put_aside(publisher, message, reason)
        # A channel of our own, and everything before this tag is settled: one acknowledgement for all.
        channel.basic_ack(messages[-1].delivery_tag, multiple=True)
        HANDLED.labels(self._queue).inc(len(heard))
        if self._asks:
            ask = self._asks[-1]
            publisher.publish_all([rabbit.Outgoing("", rabbit.resend_queue(ask.service).name, ask.body())])
        elif stop_at is not None:
            self._after_mark(stop_at, lambda: self._drain(broker, 0.0))
        return True

    def _settle(
        self, broker: Connection, publisher: rabbit.Publisher, heard: list[tuple[Any, Heard]], stop: threading.Event
    ) -> bool:
        """Hand on, waiting a while for a database that is away; on any other failure, and when the transaction takes
        too long, halve, until the culprit stands alone. Order is kept: nothing overtakes."""
        if not heard:
            return True
        delay, until = 0.1, time.monotonic() + self._hold
        while True:
            try:
                with pymongo.timeout(_TRANSACTION):
                    ask = self._handle([said for _, said in heard])
                self._asks += [] if ask is None else [ask]
                return True
            except Exception as error:
                if isinstance(error, NotYet) or (transient(error) and not self._too_slow(error, heard)):
                    if time.monotonic() > until and not isinstance(error, NotYet):
                        raise _DatabaseAway from error
                    log.warning("batch.waiting", queue=self._queue, error=type(error).__name__, retry_in=delay)
                    if stop.wait(delay):
                        return False
                    self._drain(broker, 0.0)  # whoever does not read takes the broker for dead
                    delay = min(delay * 2, 1.0)
                    continue
                if len(heard) == 1:
                    log.exception("batch.event_failed", queue=self._queue)
                    self._put_aside(publisher, heard[0][0], f"{type(error).__name__}: {error}")
                    return True
                middle = len(heard) // 2
                return self._settle(broker, publisher, heard[:middle], stop) and self._settle(
                    broker, publisher, heard[middle:], stop
                )

    def _too_slow(self, error: BaseException, heard: list[tuple[Any, Heard]]) -> bool:
        """Whether the database answers, only not to so much at once."""
        timed_out = isinstance(error, PyMongoError) and error.timeout
        return timed_out and len(heard) > 1 and mongo.fault(self._config) is None

    def _put_aside(self, publisher: rabbit.Publisher, message: Any, reason: str) -> None:
        log.error("batch.parked", queue=self._queue, reason=reason)
        rabbit.park(
            publisher,
            hearer=self._subscription.hearer,
            queue=self._queue,
            body=_bytes(message),
            headers=message.headers or {},
            reason=reason,
            at=clock.now().isoformat(),
        )
        if (passed := passed_of(message)) is not None:
            self._passed_over(passed)
        PARKED.labels(self._queue).inc()


def read(message: Any) -> Heard:
    """What a delivery says. Raises Unreadable."""
    if _is_mark(message):
        mark = _mark(message)
        if mark is None:
            raise Unreadable("not a watermark")
        return mark
    try:
        envelope = orjson.loads(message.body)
    except ValueError as error:
        raise Unreadable(f"not JSON: {error}") from None
    return Event.heard(envelope, (message.headers or {}).get(rabbit.PREVIOUS, ""))


def passed_of(message: Any) -> Passed | None:
    """Where a delivery stands in its log, whether or not it can be read; None when it comes from none."""
    with suppress(ValueError, KeyError, TypeError):
        envelope = orjson.loads(message.body)
        return Passed(int(envelope["seq"]), str(envelope["hash"]), (message.headers or {}).get(rabbit.PREVIOUS, ""))
    return None


def _is_mark(message: Any) -> bool:
    by_key = message.delivery_info["routing_key"] == rabbit.WATERMARK  # as 0.2 sent them
    return by_key or (message.headers or {}).get(rabbit.KIND) == rabbit.WATERMARK


def _mark(message: Any) -> Mark | None:
    if not _is_mark(message):
        return None
    with suppress(ValueError, KeyError, TypeError):
        return Mark.read(orjson.loads(message.body))
    return None


def _bytes(message: Any) -> bytes:
    return message.body if isinstance(message.body, bytes) else str(message.body).encode()
