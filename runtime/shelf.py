"""What could not be handled and was put aside: looked at, replayed, discarded. `python -m runtime.parked` is its door.

Looking takes messages without acknowledging them, so a look that is killed loses nothing: the broker puts them back.
While somebody looks, nobody else sees the same messages. An ID is a digest of the message, so it stays the same from
one look to the next, and also names what cannot be read and has no id of its own.
"""

import base64
import datetime as dt
import hashlib
import itertools
import json
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pymongo
from amqp.exceptions import NotFound

from runtime import clock, mongo, rabbit
from runtime.config import Config
from runtime.places import Places
from runtime.rabbit import ATTEMPT, ORIGIN, PARKED_AT, REASON

_BATCH = 500
_SILENCE = 2.0  # seconds without a message, after which nothing more is expected
_PATIENCE = 10  # seconds that a discard waits for the database


class NotThere(Exception):
    """No parked message, or more than one, goes by that ID."""


@dataclass(frozen=True)
class Parked:
    """One parked message. ``tag`` is the broker's number for it, valid while the look lasts."""

    id: str
    hearer: str
    body: bytes
    headers: dict[str, Any]
    tag: int

    @property
    def queue(self) -> str:
        """Where it came from."""
        return str(self.headers.get(ORIGIN) or self._death.get("queue", ""))

    @property
    def reason(self) -> str:
        return str(self.headers.get(REASON) if ORIGIN in self.headers else f"the broker: {self._death.get('reason')}")

    @property
    def parked_at(self) -> str | None:
        at = self.headers.get(PARKED_AT) or self._death.get("time")
        return at.replace(tzinfo=dt.UTC).isoformat() if isinstance(at, dt.datetime) else at

    @property
    def _death(self) -> dict[str, Any]:
        # A policy's delivery limit parks without us: the broker's own note, the newest first, is all there is.
        deaths = self.headers.get("x-death") or [{}]
        return dict(deaths[0])

    @property
    def envelope(self) -> Any:
        """What was said, or None when it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def summary(self) -> dict[str, Any]:
        said = self.envelope if isinstance(self.envelope, dict) else {}
        return {
            "id": self.id,
            "hearer": self.hearer,
            "queue": self.queue,
            "type": said.get("type"),
            "subject": said.get("subject"),
            "event_id": said.get("id"),
            "attempts": self.headers.get(ATTEMPT, 0),
            "parked_at": self.parked_at,
            "reason": self.reason,
        }

    def whole(self) -> dict[str, Any]:
        """The summary with all that was said; base64 when it is not JSON."""
        said = {"envelope": self.envelope} if self.envelope is not None else {"body": _base64(self.body)}
        return self.summary() | {"headers": self.headers} | said


class Shelf:
    """A look at what is parked for ``hearers``, on one channel. Closing it puts back what was not settled."""

    def __init__(self, settings: Config, hearers: Sequence[str]) -> None:
        self._settings = settings
        self._hearers = hearers
        self._broker = rabbit.connection(settings)
        self._broker.ensure_connection(max_retries=1, interval_start=0)
        self._publisher = rabbit.Publisher(self._broker)
        self._channel = self._broker.channel()
        self._channel.auto_decode = False

    def close(self) -> None:
        self._broker.release()

    def messages(self, at_once: int = 2 * _BATCH) -> Iterator[Parked]:
        """What lay there when its queue's turn came; what is parked meanwhile is left for the next look. No more than
        ``at_once`` are taken beyond those that were settled; 0 for any number."""
        for hearer in self._hearers:
            expected = self._depth(hearer)
            if expected == 0:
                continue
            arrived: deque[Any] = deque()
            self._channel.basic_qos(0, at_once, False)
            tag = self._channel.basic_consume(f"{hearer}.parked", callback=arrived.append)
            for _ in range(expected):
                self._broker.heartbeat_check()
                with suppress(TimeoutError):  # somebody else took it
                    while not arrived:
                        self._broker.drain_events(timeout=_SILENCE)
                if not arrived:
                    break
                yield _read(hearer, arrived.popleft())
            self._channel.basic_cancel(tag)

    def count(self) -> int:
        """How many there are that nobody else is looking at."""
        return sum(self._depth(hearer) for hearer in self._hearers)

    def find(self, wanted: str) -> Parked:
        """The one whose ID begins with ``wanted``. Raises NotThere."""
        found = []
        for parked in self.messages(at_once=0):
            if parked.id == wanted:
                return parked
            if parked.id.startswith(wanted):
                found.append(parked)
        if len(found) != 1:
            raise NotThere(
                f"没有编号为 {wanted} 的停放消息 / nothing parked has the ID {wanted}"
                if not found
                else f"编号 {wanted} 不唯一，请多写几位 / several IDs begin with {wanted}: {[one.id for one in found]}"
            )
        return found[0]

    def replay(self, parked: Parked) -> None:
        """Send it to the queue that it came from, as if for the first time; it leaves the shelf when the broker has
        confirmed. Killed between the two, it is replayed and still parked. Raises rabbit.NotConfirmed."""
        self._publish([parked])
        self._channel.basic_ack(parked.tag)

    def replay_all(self) -> int:
        """How many went back. Raises rabbit.NotConfirmed, with the rest still parked."""
        count = 0
        messages = self.messages()
        while batch := list(itertools.islice(messages, _BATCH)):
            self._publish(batch)
            # One for all, of one consumer: of hundreds, RabbitMQ forgets some when the connection is closed at once.
            self._channel.basic_ack(batch[-1].tag, multiple=True)
            count += len(batch)
        return count

    def _publish(self, parked: Sequence[Parked]) -> None:
        self._publisher.publish_all(rabbit.Outgoing("", one.queue, one.body, _fresh(one.headers)) for one in parked)

    def discard(self, parked: Parked, *, reason: str, by: str) -> None:
        """Remember it in `<prefix>_operations.discarded`, then let it go."""
        record = {
            "_id": parked.id,
            "hearer": parked.hearer,
            "queue": parked.queue,
            "headers": {name: str(value) for name, value in parked.headers.items()},
            "envelope": parked.body.decode(errors="backslashreplace"),
            "body": parked.body,  # as it came, whatever it is
            "why": reason,
            "by": by,
            "at": clock.now(),
        }
        discarded = mongo.database(self._settings, "operations")["discarded"]
        with pymongo.timeout(_PATIENCE):
            discarded.replace_one({"_id": parked.id}, record, upsert=True)
            if isinstance(parked.envelope, dict) and "seq" in parked.envelope:  # it is not to be asked for again
                Places(mongo.database(self._settings, parked.hearer)).discard(parked.queue, parked.envelope["seq"])
        self._channel.basic_ack(parked.tag)

    def _depth(self, hearer: str) -> int:
        with self._broker.channel() as probe:
            try:
                return int(probe.queue_declare(f"{hearer}.parked", passive=True).message_count)
            except NotFound:
                return 0


@contextmanager
def shelf(settings: Config, hearers: Sequence[str]) -> Iterator[Shelf]:
    opened = Shelf(settings, hearers)
    try:
        yield opened
    finally:
        opened.close()


def _read(hearer: str, message: Any) -> Parked:
    headers = dict(message.properties.get("application_headers") or {})
    body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
    mark = f"{hearer}|{headers.get(ORIGIN)}|{headers.get(PARKED_AT)}|".encode()
    return Parked(hashlib.sha256(mark + body).hexdigest()[:12], hearer, body, headers, message.delivery_tag)


def _fresh(headers: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in headers.items() if not name.startswith("x-")}


def _base64(body: bytes) -> str:
    return base64.b64encode(body).decode()
