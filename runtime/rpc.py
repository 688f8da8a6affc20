"""Calls to services from plain threads: nameko's wire protocol on py-amqp, without nameko's standalone proxy.

The proxy (nameko 2.14.1) is left out because each call that times out leaves a channel open, of which a connection has
2,047, and its late answer in memory for ever; because its timeout starts anew with every frame that arrives; and
because it takes two round trips where one will do (a third of the calls/s). tests/runtime/test_rpc.py shows the first.

The protocol: publish ``{"args", "kwargs"}`` to exchange ``nameko-rpc`` with routing key ``<service>.<method>``,
``reply_to`` and ``correlation_id``; the answer ``{"result", "error"}`` comes through the same exchange. Ours adds the
header ``nameko.deadline``: a service drops a call that it takes up later than that.
"""

import datetime as dt
import json
import threading
import time
import uuid
from typing import Any

import structlog
from amqp.basic_message import Message
from amqp.exceptions import AMQPError
from kombu.exceptions import OperationalError

from contract.errors import Refused
from runtime import clock, rabbit, trace
from runtime.config import Config
from runtime.metrics import CALL_SECONDS

log = structlog.get_logger()

EXCHANGE = "nameko-rpc"
TRACEPARENT = "traceparent"  # a key of nameko's context data, which travels in headers
DEADLINE = "deadline"  # another: an RFC 3339 instant
CONTEXT_PREFIX = "nameko."

_BLOCKED_SECONDS = 1.0  # that a call waits once the broker says that it takes nothing
_SPARED_SECONDS = 2.0  # after which the next call tries such a broker again

_BROKEN = (AMQPError, OperationalError, OSError)


class ServiceUnavailable(Exception):
    """The service did not answer in time, something it needs is away, or the way to it is cut."""


class NotDone(ServiceUnavailable):
    """Nothing was done, and nothing will be: the call never left, or it came too late for the service to begin."""


class OutcomeUnknown(ServiceUnavailable):
    """The call was handed over and no answer came. It may have been carried out, or still be until its deadline: call
    again with the same command_id, and it is carried out once."""


class InternalError(Exception):
    """The service failed in a way that nobody foresaw, or was called wrongly. Its log has the reason under the
    same trace id; the text here holds only the service, the method and the kind of failure."""


class Rpc:
    """Calls from any number of threads; each call has a connection to itself, and connections are kept for the next.

    There are as many connections as calls were ever under way at once.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._idle: list[_Line] = []  # the last one used is the first one taken
        self._lock = threading.Lock()
        self._blocked_until = 0.0

    def call(self, service: str, method: str, *args: Any, timeout: float = 10.0, **kwargs: Any) -> Any:
        """What the method returns. Raises the Refused that the method raised, NotDone, OutcomeUnknown, or
        InternalError.

        ``timeout`` is in seconds, for the whole call. A request that has not been taken up by then is dropped: by the
        broker, which counts from when it took the message, and by the service, which counts from now. Only the latter
        holds when the broker's alarm leaves messages in the sockets' buffers for as long as it lasts.
        """
        deadline = time.monotonic() + timeout
        body = json.dumps({"args": args, "kwargs": kwargs}, ensure_ascii=False, separators=(",", ":")).encode()
        began, outcome = time.perf_counter(), "unavailable"
        try:
            answer = self._ask(f"{service}.{method}", body, deadline)
            outcome = "refused" if answer.get("error") else "answered"
        finally:
            CALL_SECONDS.labels(service, method, outcome).observe(time.perf_counter() - began)
        if answer.get("error"):
            raise _raised(answer["error"], service, method)
        return answer["result"]

    def close(self) -> None:
        with self._lock:
            lines, self._idle = self._idle, []
        for line in lines:
            line.close()

    def _ask(self, key: str, body: bytes, deadline: float) -> dict[str, Any]:
        if time.monotonic() < self._blocked_until:
            raise NotDone(f"{key}: the broker takes nothing at present")
        line = self._sent(key, body, deadline)
        try:
            answer = line.wait(key, deadline)
        except BaseException as error:
            line.close()  # an answer may still be on its way
            if line.blocked:
                self._blocked_until = time.monotonic() + _SPARED_SECONDS
            if isinstance(error, _BROKEN):
                raise OutcomeUnknown(f"{key}: the broker went away ({type(error).__name__})") from None
            raise
        self._give_back(line)
        return answer

    def _sent(self, key: str, body: bytes, deadline: float) -> "_Line":
        """A line that the call was handed to, wholly. A part of a message is none to the broker."""
        line: _Line | None = None
        try:
            line, used = self._take(deadline)
            try:
                line.send(key, body, deadline)
            except _BROKEN:
                if not used:
                    raise
                line.close()  # it died while it lay idle
                line = _Line(self._config, deadline)
                line.send(key, body, deadline)
        except BaseException as error:
            if line is not None:
                line.close()
            if isinstance(error, _BROKEN):
                raise NotDone(f"{key}: the broker is away ({type(error).__name__})") from None
            raise
        return line

    def _take(self, deadline: float) -> "tuple[_Line, bool]":
        """A line, and whether it was used before."""
        with self._lock:
            if self._idle:
                return self._idle.pop(), True
        return _Line(self._config, deadline), False

    def _give_back(self, line: "_Line") -> None:
        with self._lock:
            self._idle.append(line)


class _Line:
    """One connection with a reply queue of its own, for one call at a time. Raises what connecting raises, and
    TimeoutError when a broker that does not answer would take it beyond the deadline."""

    def __init__(self, config: Config, deadline: float) -> None:
        left = max(deadline - time.monotonic(), 0.01)
        # No heartbeat: nobody would send it while the line lies idle, and the broker would hang up.
        self._broker = rabbit.connection(config, heartbeat=0, connect_timeout=min(left / 2, 5))  # tried twice
        self._reply_to = uuid.uuid4().hex
        self._number: str | None = None
        self._answer: dict[str, Any] | None = None
        self._returned = False
        self._blocked_at: float | None = None
        try:
            self._connect(deadline)
        except BaseException:
            self.close()
            raise

    def send(self, key: str, body: bytes, deadline: float) -> None:
        """Raises the connection's errors also when it was lost while it lay idle: py-amqp looks before it publishes."""
        self._number, self._answer, self._returned = uuid.uuid4().hex, None, False
        if (left := deadline - time.monotonic()) <= 0:
            raise NotDone(f"{key}: no time was left to send it")
        headers = {CONTEXT_PREFIX + DEADLINE: (clock.now() + dt.timedelta(seconds=left)).isoformat()}
        if (traceparent := trace.current()) is not None:
            headers[CONTEXT_PREFIX + TRACEPARENT] = traceparent
        self._channel.basic_publish(
            Message(
                body,
                content_type="application/json",
                content_encoding="utf-8",
                delivery_mode=1,
                reply_to=self._reply_to,
                correlation_id=self._number,
                expiration=str(max(int(left * 1000), 1)),
                application_headers=headers,
            ),
            exchange=EXCHANGE,
            routing_key=key,
            mandatory=True,
            timeout=left,
        )

    def wait(self, key: str, deadline: float) -> dict[str, Any]:
        while self._answer is None:
            if self._returned:
                raise NotDone(f"{key}: no such service is known to the broker")
            until = deadline if self._blocked_at is None else min(deadline, self._blocked_at + _BLOCKED_SECONDS)
            if (left := until - time.monotonic()) <= 0:
                why = "no answer in time" if self._blocked_at is None else "the broker takes nothing at present"
                raise OutcomeUnknown(f"{key}: {why}")
            try:
                self._broker.drain_events(timeout=left)
            except TimeoutError:
                continue
        return self._answer

    @property
    def blocked(self) -> bool:
        return self._blocked_at is not None

    def close(self) -> None:
        self._broker.collect()  # without a farewell, for which a broker that is away would let us wait

    def _connect(self, deadline: float) -> None:
        self._broker.ensure_connection(max_retries=1, interval_start=0)
        with self._broker.connection.transport.having_timeout(max(deadline - time.monotonic(), 0.01)):
            self._channel = channel = self._broker.channel()
            channel.exchange_declare(EXCHANGE, type="topic", durable=True, auto_delete=False)
            queue = f"rpc.reply-{self._reply_to}"
            channel.queue_declare(queue, exclusive=True, auto_delete=True)
            channel.queue_bind(queue, EXCHANGE, self._reply_to)
            channel.basic_consume(queue, no_ack=True, callback=self._on_answer)
        channel.events["basic_return"].add(self._on_return)
        channel.connection.on_blocked = self._on_blocked
        channel.connection.on_unblocked = self._on_unblocked

    def _on_answer(self, message: Any) -> None:
        if message.properties.get("correlation_id") == self._number:
            self._answer = json.loads(message.body)

    def _on_return(self, _error: Exception, _exchange: str, _routing_key: str, message: Any) -> None:
        if message.properties.get("correlation_id") == self._number:
            self._returned = True

    def _on_blocked(self, _reason: str) -> None:
        self._blocked_at = time.monotonic()

    def _on_unblocked(self) -> None:
        self._blocked_at = None


def _raised(error: dict[str, Any], service: str, method: str) -> Exception:
    """The exception that stands for nameko's ``error`` member."""
    path = error.get("exc_path", "")
    refusals = _refusals()
    for known in (path, *error.get("exc_bases", ())):  # a refusal that is newer than we are is what it specialises
        if known in refusals:
            return refusals[known](*error.get("exc_args", ()))
    if path == path_of(NotDone):
        return NotDone(f"{service}.{method}: it came too late")
    if path in (path_of(ServiceUnavailable), path_of(OutcomeUnknown)):
        return OutcomeUnknown(f"{service}.{method}: something it needs is away")
    return InternalError(f"{service}.{method}: {error.get('exc_type', 'unknown')}")


def path_of(kind: type) -> str:
    """How an exception class is named on the wire."""
    return f"{kind.__module__}.{kind.__name__}"


def _refusals() -> dict[str, type[Refused]]:
    found, todo = {}, [Refused]
    while todo:
        kind = todo.pop()
        found[path_of(kind)] = kind
        todo += kind.__subclasses__()
    return found
