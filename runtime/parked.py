"""What could not be handled, put aside with its reason: ``python -m runtime.parked list|show|replay|discard``.

Looking takes messages without acknowledging them, so a look that is killed loses nothing: the broker puts them back.
While somebody looks, nobody else sees the same messages. An ID is a digest of the message, so it stays the same from
one look to the next, and also names what cannot be read and has no id of its own.
"""

import argparse
import base64
import getpass
import hashlib
import itertools
import json
import socket
import sys
import unicodedata
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pymongo
from amqp.exceptions import AMQPError, NotFound
from kombu.exceptions import OperationalError
from pymongo.errors import PyMongoError

from contract import subscriptions
from runtime import clock, config, mongo, rabbit
from runtime.config import Config
from runtime.rabbit import ATTEMPT, ORIGIN, PARKED_AT, REASON

_BATCH = 500
_SILENCE = 2.0  # seconds without a message, after which nothing more is expected
_PATIENCE = 10  # seconds that a discard waits for the database
_COLUMNS = ("编号", "队列", "事件", "对象", "重试", "停放时间", "原因")


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
        return str(self.headers.get(ORIGIN, ""))

    @property
    def reason(self) -> str:
        return str(self.headers.get(REASON, ""))

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
            "parked_at": self.headers.get(PARKED_AT),
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


def hearers() -> list[str]:
    return sorted({subscription.hearer for subscription in subscriptions.SUBSCRIPTIONS})


def _read(hearer: str, message: Any) -> Parked:
    headers = dict(message.properties.get("application_headers") or {})
    body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
    mark = f"{hearer}|{headers.get(ORIGIN)}|{headers.get(PARKED_AT)}|".encode()
    return Parked(hashlib.sha256(mark + body).hexdigest()[:12], hearer, body, headers, message.delivery_tag)


def _fresh(headers: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in headers.items() if not name.startswith("x-")}


def _base64(body: bytes) -> str:
    return base64.b64encode(body).decode()


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        settings = config.read()
        with shelf(settings, [arguments.hearer] if arguments.hearer else hearers()) as look:
            return int(arguments.run(look, arguments))
    except (NotThere, config.ConfigurationMissing) as error:
        print(error, file=sys.stderr)
    except rabbit.NotConfirmed as error:
        print(f"未能重放，消息仍停放 / not replayed, still parked: {error}", file=sys.stderr)
    except (AMQPError, OperationalError, OSError) as error:
        print(f"消息代理不可用 / the broker is away (AMQP_URI): {error}", file=sys.stderr)
    except PyMongoError as error:
        print(
            f"数据库不可用，未丢弃 / the database is away, nothing discarded: {type(error).__name__}", file=sys.stderr
        )
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m runtime.parked", description="停放的消息 / parked messages")
    parser.add_argument("--hearer", choices=hearers(), help="只看这个服务的 / only this service's")
    commands = parser.add_subparsers(required=True, metavar="list|show|replay|discard")
    listing = commands.add_parser("list", help="列出 / list them")
    listing.add_argument("--json", action="store_true")
    listing.add_argument("--limit", type=int, default=200, help="最多列出多少条 / how many at most (200)")
    listing.set_defaults(run=_list)
    showing = commands.add_parser("show", help="显示全文（JSON） / one of them, whole, as JSON")
    showing.add_argument("id")
    showing.set_defaults(run=_show)
    replaying = commands.add_parser("replay", help="送回原队列重新处理 / send back to the queue it came from")
    which = replaying.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?")
    which.add_argument("--all", action="store_true")
    replaying.set_defaults(run=_replay)
    discarding = commands.add_parser("discard", help="记录后丢弃 / record it and let it go")
    discarding.add_argument("id")
    discarding.add_argument("--reason", required=True, type=_reason, help="为什么丢弃 / why")
    discarding.add_argument("--by", default=f"{getpass.getuser()}@{socket.gethostname()}", help="谁 / who")
    discarding.set_defaults(run=_discard)
    for command in (listing, showing, replaying, discarding):
        command.add_argument("--hearer", choices=hearers(), default=argparse.SUPPRESS)
    return parser


def _list(look: Shelf, arguments: argparse.Namespace) -> int:
    total = look.count()
    found = [parked.summary() for parked in itertools.islice(look.messages(arguments.limit), arguments.limit)]
    found.sort(key=lambda one: (str(one["parked_at"]), str(one["event_id"]), one["id"]))
    more = total - len(found)
    if arguments.json:
        print(json.dumps({"items": found, "more": more}, ensure_ascii=False, indent=2))
        return 0
    if not total:
        print("没有停放的消息 / nothing is parked")
        return 0
    rows = [_COLUMNS, *([str(one[name] if one[name] is not None else "-") for name in _ROW] for one in found)]
    widths = [max(_width(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    for row in rows:
        print("  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(f"共 {total} 条" + (f"，其中 {more} 条未列出（--limit）" if more else ""))
    return 0


_ROW = ("id", "queue", "type", "subject", "attempts", "parked_at", "reason")


def _show(look: Shelf, arguments: argparse.Namespace) -> int:
    print(json.dumps(look.find(arguments.id).whole(), ensure_ascii=False, indent=2, default=str))
    return 0


def _replay(look: Shelf, arguments: argparse.Namespace) -> int:
    if arguments.all:
        count = look.replay_all()
    else:
        look.replay(look.find(arguments.id))
        count = 1
    print(f"已重放 {count} 条 / replayed {count}")
    return 0


def _discard(look: Shelf, arguments: argparse.Namespace) -> int:
    parked = look.find(arguments.id)
    look.discard(parked, reason=arguments.reason, by=arguments.by)
    print(f"已丢弃并记录 {parked.id} / discarded, recorded in operations.discarded")
    return 0


def _reason(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("须说明原因 / say why")
    return text.strip()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


if __name__ == "__main__":
    sys.exit(main())
