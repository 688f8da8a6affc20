"""The relay: takes what the outbox holds to the broker, one leader for each service."""

import datetime as dt
import threading
import time
from contextlib import suppress
from typing import Any

import structlog
from amqp.exceptions import AMQPError
from kombu.exceptions import OperationalError
from pymongo.errors import PyMongoError

from contract.message import routing_key
from contract.subscriptions import SUBSCRIPTIONS
from runtime import clock, rabbit
from runtime.config import Config
from runtime.lease import Lease
from runtime.mongo import database
from runtime.outbox import LeadershipLost, Outbox, watermark

log = structlog.get_logger()

_BATCH = 1000
_WATERMARK_EVERY = 0.5  # seconds
_LOOK_AGAIN = (0.02, 0.2)  # seconds, doubling while there is nothing; decision 18 says why nothing rings instead


class Relay:
    """Runs until ``stop`` is set. Any number may run; one holds the lease and works, the others wait to take over."""

    def __init__(self, config: Config, service: str) -> None:
        self._config = config
        self._service = service
        self._store = database(config, service)
        self._outbox = Outbox(self._store)
        self._lease = Lease(self._store, "relay")
        self._publisher: rabbit.Publisher | None = None
        self._broker: Any = None
        self._watermark_due = 0.0
        self._counted = any(one.counted and one.service == service for one in SUBSCRIPTIONS)
        self._leading = False
        self._stop = threading.Event()

    def ready(self) -> dict[str, bool | str | int]:
        return {"leading": self._leading, "waiting": self._outbox.waiting(), "broker_takes": not self._blocked()}

    def run(self, stop: threading.Event) -> None:
        self._stop = stop
        delay = 0.1
        while not stop.is_set():
            try:
                self._outbox.ensure_indexes()
                self._lead(stop)
                delay = 0.1
            except (AMQPError, OperationalError, OSError, rabbit.NotConfirmed) as error:
                log.warning("relay.broker_away", error=type(error).__name__, detail=str(error), retry_in=delay)
            except LeadershipLost:
                log.warning("relay.leadership_lost")
            except PyMongoError as error:
                log.warning("relay.database_away", error=type(error).__name__, retry_in=delay)
            self.hang_up()
            stop.wait(delay)
            delay = min(delay * 2, 5.0)
        self._step_down()

    def _lead(self, stop: threading.Event) -> None:
        while not stop.is_set():
            token = self.lead()
            if token is None:
                stop.wait(1.0)
                continue
            self._follow(stop, token)

    def lead(self) -> int | None:
        """The fencing token, once every relay before this one is fenced off; None while another one leads. Raises
        LeadershipLost when a later one has begun meanwhile."""
        token = self._lease.hold()
        if token is not None:
            self._outbox.claim(token)
        self._leading = token is not None
        return token

    def _follow(self, stop: threading.Event, token: int) -> None:
        """Order and publish what is new, as long as this relay leads."""
        renewed = time.monotonic()
        pause, longest = _LOOK_AGAIN
        while not stop.is_set():
            if time.monotonic() - renewed > 2.0:
                if self._lease.hold() != token:
                    raise LeadershipLost
                renewed = time.monotonic()
            if not self._blocked() and self.advance(token):
                pause = _LOOK_AGAIN[0]
            else:
                self._keep_alive()
                stop.wait(pause)
                pause = min(pause * 2, longest)

    def advance(self, token: int) -> bool:
        """Order what is new, publish the next of what the log holds and nobody confirmed, and say how far that was;
        whether there was anything. Raises LeadershipLost.

        What is published is read from the log, not taken from what was just ordered: a relay that died between the
        two, or before the broker went away, left rows that are in order and unpublished."""
        looked_at = clock.now()
        ordered = self._outbox.order(token=token, limit=_BATCH)
        published = int(self._outbox.head(token=token)["published"])
        envelopes = self._outbox.page(published, _BATCH)
        if envelopes:
            self._publish(envelopes, token)
            last = envelopes[-1]
            published, looked_at = last["seq"], dt.datetime.fromisoformat(last["time"])
        if self._owes_a_watermark():
            self._say_watermark(published, looked_at)
        return bool(ordered or envelopes)

    def _publish(self, envelopes: list[dict[str, Any]], token: int) -> None:
        exchange = f"{self._service}.events"
        self._sender().publish_all(rabbit.Outgoing(exchange, routing_key(said), said) for said in envelopes)
        self._outbox.published(envelopes[-1]["seq"], token=token)

    def _owes_a_watermark(self) -> bool:
        return self._counted and time.monotonic() >= self._watermark_due

    def _say_watermark(self, seq: int, at: dt.datetime) -> None:
        body = watermark(self._service, seq, at)
        self._sender().publish_all([rabbit.Outgoing(f"{self._service}.events", rabbit.WATERMARK, body)])
        self._watermark_due = time.monotonic() + _WATERMARK_EVERY

    def _sender(self) -> rabbit.Publisher:
        if self._publisher is None:
            rabbit.declare(self._config)
            self._broker = rabbit.connection(self._config)
            self._publisher = rabbit.Publisher(self._broker, give_up=self._stop.is_set)
        return self._publisher

    def _blocked(self) -> bool:
        broker = self._broker
        return broker is not None and rabbit.is_blocked(broker)

    def _keep_alive(self) -> None:
        if self._broker is not None:
            self._broker.heartbeat_check()
            with suppress(TimeoutError):  # hears of an alarm, and of its end
                self._broker.drain_events(timeout=0.001)

    def hang_up(self) -> None:
        """Without a goodbye: the broker may be the reason, and while its alarm lasts it does not listen."""
        if self._broker is not None:
            self._broker.collect()
        self._publisher = self._broker = None
        self._leading = False

    def _step_down(self) -> None:
        self.hang_up()
        try:
            self._lease.release()
        except PyMongoError:
            log.info("relay.lease_left_to_expire")
