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
from runtime import clock, rabbit
from runtime.config import Config
from runtime.lease import Lease
from runtime.mongo import database, new_id
from runtime.outbox import LeadershipLost, Outbox
from runtime.places import Place
from runtime.resending import Resending
from runtime.routes import Routes
from runtime.watermarks import Watermarks

log = structlog.get_logger()

_BATCH = 1000
_LOOK_AGAIN = (0.02, 0.2)  # seconds, doubling while there is nothing; decision 18 says why nothing rings instead


class Relay:
    """Runs until ``stop`` is set. Any number may run; one holds the lease and works, the others wait to take over."""

    def __init__(self, config: Config, service: str) -> None:
        self._config = config
        self._service = service
        self._store = database(config, service)
        self._outbox = Outbox(self._store)
        self._lease = Lease(self._store, "relay")
        self._routes = Routes(service, self._outbox)
        self._lasts: dict[str, Place] = {}
        self._lasts_at: int | None = None  # the `published` that they are of
        self._broker: Any = None
        self._publisher: rabbit.Publisher | None = None
        self._watermarks: Watermarks | None = None
        self._resending: Resending | None = None
        self._leading = False
        self._stop = threading.Event()

    def ready(self) -> dict[str, bool | str | int]:
        resending = self._resending
        return {
            "leading": self._leading,
            "waiting": self._outbox.waiting(),
            "broker_takes": not self._blocked(),
            "log_is_the_one_that_was_heard": resending is None or not resending.forked,
        }

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
        at = clock.now()
        ordered = self._outbox.order(token=token, limit=_BATCH)
        published = int(self._outbox.head(token=token)["published"])
        if self._lasts_at != published:  # at the beginning, and when the database was set back
            self._lasts, self._lasts_at = self._routes.lasts(published), published
        envelopes = self._outbox.page(published, _BATCH)
        publisher, watermarks, resending = self._connect(token)
        if envelopes:
            self._publish(publisher, envelopes, token)
            published, at = envelopes[-1]["seq"], dt.datetime.fromisoformat(envelopes[-1]["time"])
        if watermarks.are_due:
            watermarks.say(published, at, self._lasts)
            resending.listen(published, at)
        resent = resending.advance(published, at)
        return bool(ordered or envelopes or resent)

    def _publish(self, publisher: rabbit.Publisher, envelopes: list[dict[str, Any]], token: int) -> None:
        exchange, lasts = f"{self._service}.events", dict(self._lasts)
        publisher.publish_all(
            rabbit.Outgoing(exchange, key, each, {rabbit.PREVIOUS: self._routes.follow(key, each, lasts)})
            for key, each in ((routing_key(each), each) for each in envelopes if not each.get("logonly"))
        )
        seq = envelopes[-1]["seq"]
        noted = [(queue, place.seq, place.hash) for queue, place in lasts.items()]
        self._outbox.published(seq, token=token, lasts=noted)
        self._lasts, self._lasts_at = lasts, seq

    def _connect(self, token: int) -> tuple[rabbit.Publisher, Watermarks, Resending]:
        if self._publisher is None or self._watermarks is None or self._resending is None:
            rabbit.declare(self._config)
            known = self._outbox.broker()
            name = rabbit.name_of(self._config, self._service, known, new_id())
            if name != known:
                self._outbox.name_broker(name, token=token)
            self._broker = rabbit.connection(self._config)
            self._publisher = rabbit.Publisher(self._broker, give_up=self._stop.is_set)
            self._watermarks = Watermarks(self._service, self._routes, self._publisher, name)
            self._resending = Resending(self._service, self._outbox, self._routes, self._publisher, self._watermarks)
        return self._publisher, self._watermarks, self._resending

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
        self._broker = self._publisher = self._watermarks = self._resending = None
        self._leading = False

    def _step_down(self) -> None:
        self.hang_up()
        try:
            self._lease.release()
        except PyMongoError:
            log.info("relay.lease_left_to_expire")
