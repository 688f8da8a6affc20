"""nameko, as services are hosted here: calls, settings, traces, and nothing personal in a log.

    from runtime.hosting import Settings, rpc

    class Example:
        name = "example"
        settings = Settings()          # runtime.config.Config

        @rpc
        def greet(self, name: str) -> dict[str, str]: ...

A Refused that a method raises is raised again at the caller. Anything else reaches the caller as InternalError without
its text, or as OutcomeUnknown when the database or the broker is away.
"""

import datetime as dt
import inspect
import json
import sys
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pymongo
import structlog
from amqp.basic_message import Message as AmqpMessage
from greenlet import GreenletExit
from kombu.connection import Connection
from kombu.entity import Queue
from nameko import containers, messaging
from nameko import rpc as nameko_rpc
from nameko.exceptions import BadRequest, MalformedRequest, serialize
from nameko.extensions import DependencyProvider, SharedExtension

import plan as plans
from contract.errors import Refused
from runtime import clock, rabbit, trace
from runtime.config import Config
from runtime.consumer import BROKEN, QueueConsumer
from runtime.events import ExcInfo, Listener
from runtime.failures import Miswired, describe, frames, passing
from runtime.metrics import IN_FLIGHT, RPC_SECONDS
from runtime.rpc import DEADLINE, EXCHANGE, TRACEPARENT, NotDone, ServiceUnavailable, path_of

log = structlog.get_logger()

MAX_WORKERS = 16
_ACTING = ("role", "organisation", "region")
_ANSWER_SECONDS = 5  # to hand one to the broker


class Settings(DependencyProvider):
    """The process's Config."""

    def get_dependency(self, worker_ctx: Any) -> Config:
        return self.container.config["settings"]


class Answers(SharedExtension):
    """Sends answers, one at a time and on a connection of their own. py-amqp reads from a connection before it
    publishes on it: on the one that calls come by it would take what the consuming thread waits for (the broker's word
    that it consumes, or that it no longer does), and that thread would wait for ever. And an alarm, under which the
    broker reads nothing from who publishes, does not hold up acknowledgements."""

    def setup(self) -> None:
        self._lock = threading.Lock()
        self._broker: Connection | None = None
        self._channel: Any = None

    def stop(self) -> None:
        self._hang_up()

    def send(self, answer: AmqpMessage, reply_to: str) -> None:
        """Raises the connection's errors; whoever called does not wait for ever."""
        with self._lock:
            try:
                self._publish(answer, reply_to)
            except BROKEN:
                blocked = self._broker is not None and rabbit.is_blocked(self._broker)
                self._hang_up()
                if blocked:
                    raise
                self._publish(answer, reply_to)  # it may only have lain idle for too long

    def _publish(self, answer: AmqpMessage, reply_to: str) -> None:
        if self._channel is None:  # and not the connection, which may have been begun while the broker was away
            self._hang_up()
            self._broker = rabbit.connection(self.container.config["settings"], heartbeat=0)
            self._broker.ensure_connection(max_retries=1, interval_start=0)
            self._channel = self._broker.channel()
        self._channel.basic_publish(answer, exchange=EXCHANGE, routing_key=reply_to, timeout=_ANSWER_SECONDS)

    def _hang_up(self) -> None:
        if self._broker is not None:
            self._broker.collect()
        self._broker = self._channel = None


class RpcConsumer(nameko_rpc.RpcConsumer):
    """Takes calls, and acknowledges each once it is answered: a call whose answer is lost with the broker is brought
    again until its deadline."""

    queue_consumer = QueueConsumer()
    answers = Answers()
    of_events = False

    def declare(self, channel: Any) -> list[Queue]:
        queue = self.queue(channel)
        queue.declare()
        return [queue]

    def take(self, _queue: str, message: Any) -> None:
        try:
            body = json.loads(message.body)
            if not isinstance(body, dict):
                raise MalformedRequest("the body is not a JSON object")
        except (ValueError, RecursionError):
            self.handle_result(message, None, _exc_info(MalformedRequest("the body is not JSON")))
        except MalformedRequest:
            self.handle_result(message, None, sys.exc_info())
        else:
            self.handle_message(body, message)

    def handle_result(self, message: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        error = None if exc_info is None else told(exc_info[1])
        try:
            answer = json.dumps({"result": result, "error": error}, ensure_ascii=False, separators=(",", ":"))
        except (TypeError, ValueError) as unserialisable:
            log.error("rpc.answer_not_json", call=message.delivery_info["routing_key"], error=describe(unserialisable))
            answer = json.dumps({"result": None, "error": told(unserialisable)})
        if "reply_to" in message.properties:
            self._answer(message, answer)
        self.queue_consumer.ack_message(message)
        return result, exc_info

    def _answer(self, message: Any, answer: str) -> None:
        reply = AmqpMessage(
            answer.encode(),
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=1,
            correlation_id=message.properties.get("correlation_id"),
        )
        try:
            self.answers.send(reply, message.properties["reply_to"])
        except BROKEN as error:
            log.warning("rpc.not_answered", call=message.delivery_info["routing_key"], error=describe(error))


class Rpc(nameko_rpc.Rpc):
    """Answers calls of a method; see ``rpc``. An ``actor`` whose organisation does not act in its role and region has
    no scopes here, whatever the caller gives it."""

    rpc_consumer = RpcConsumer()

    def setup(self) -> None:
        super().setup()
        self._organisations = plans.read(self.container.config["settings"].plan_file).organisations
        taken = [*inspect.signature(getattr(self.container.service_cls, self.method_name)).parameters]
        self._actor_at = taken.index("actor") - 1 if "actor" in taken else None

    def handle_message(self, body: dict[str, Any], message: Any) -> None:
        if self._actor_at is not None:
            listed, named = body.get("args"), body.get("kwargs")
            if isinstance(listed, list) and len(listed) > self._actor_at:
                listed[self._actor_at] = self._within_the_plan(listed[self._actor_at])
            elif isinstance(named, dict) and "actor" in named:
                named["actor"] = self._within_the_plan(named["actor"])
        super().handle_message(body, message)

    def _within_the_plan(self, actor: Any) -> Any:
        """What is no actor at all is for the service to refuse."""
        if not isinstance(actor, dict) or not all(isinstance(actor.get(name), str) for name in _ACTING):
            return actor
        known = self._organisations.acts(**{name: actor[name] for name in _ACTING})
        return actor if known else actor | {"scopes": []}


rpc = Rpc.decorator


def told(error: BaseException) -> dict[str, Any]:
    """nameko's form of an exception, with no more in it than the caller may know."""
    kind: type[BaseException] = type(error)
    if isinstance(error, BadRequest):
        return serialize(error)
    if not isinstance(error, Refused):
        if passing(error) and not isinstance(error, NotDone):
            kind = ServiceUnavailable
        return _named(kind, [])
    # nameko would turn the numbers among a refusal's facts into strings.
    bases = [path_of(base) for base in kind.__mro__[1:] if issubclass(base, Refused)]
    return _named(kind, list(error.args)) | {"exc_bases": bases}


def _named(kind: type[BaseException], args: list[Any]) -> dict[str, Any]:
    return {"exc_type": kind.__name__, "exc_path": path_of(kind), "exc_args": args, "value": kind.__name__}


class Container(containers.ServiceContainer):
    """Runs workers within their trace, and takes a dependency that fails at set-up for a failure of the one call or
    event, not of the process."""

    def __init__(self, service_cls: type, settings: Config, max_workers: int = MAX_WORKERS) -> None:
        super().__init__(
            service_cls,
            {
                "settings": settings,
                "AMQP_URI": settings.amqp_uri,
                "max_workers": max_workers,
                "parent_calls_tracked": 0,
                "serializer": "json",
            },
        )
        self._unmended()

    def ready(self) -> dict[str, bool | str | int]:
        consumers = [extension for extension in self.extensions if isinstance(extension, QueueConsumer)]
        return {"consuming": all(consumer.connected for consumer in consumers)}

    def _unmended(self) -> None:
        for entrypoint in self.entrypoints:
            if isinstance(entrypoint, nameko_rpc.Rpc | messaging.Consumer) and not isinstance(entrypoint, Rpc):
                raise Miswired(
                    f"{self.service_cls.__name__}.{entrypoint.method_name} has an entrypoint of nameko's own, which "
                    "loses messages: use runtime.hosting.rpc or runtime.events.listen"
                )

    def _handle_thread_exited(self, gt: Any) -> None:
        """As nameko's: any thread that ends with an exception ends the container. Without the exception's text."""
        try:
            gt.wait()
        except GreenletExit:
            log.debug("service.thread_killed", service=self.service_name)
        except Exception as error:  # noqa: BLE001  told to whoever waits for the container
            log.critical("service.broken", service=self.service_name, error=describe(error), at=frames(error))
            self.kill(sys.exc_info())

    def _run_worker(self, worker_ctx: Any, handle_result: Any) -> None:
        entrypoint = worker_ctx.entrypoint
        kind = "event" if isinstance(entrypoint, Listener) else "rpc"
        began = time.perf_counter()
        with (
            trace.span(worker_ctx.data.get(TRACEPARENT)),
            IN_FLIGHT.labels(self.service_name, kind).track_inprogress(),
        ):
            result, exc_info = self._outcome(worker_ctx)
            outcome = _outcome_of(exc_info)
            if kind == "rpc":
                seconds = time.perf_counter() - began
                RPC_SECONDS.labels(self.service_name, entrypoint.method_name, outcome).observe(seconds)
            self._note(worker_ctx, outcome, exc_info)
            if handle_result is not None:
                result, exc_info = handle_result(worker_ctx, result, exc_info)
            try:
                self._worker_result(worker_ctx, result, exc_info)
                self._worker_teardown(worker_ctx)
            except Exception as error:  # noqa: BLE001  the answer is given; a dependency's exception ends the process
                log.error("service.teardown_failed", service=self.service_name, error=describe(error))

    def _outcome(self, worker_ctx: Any) -> tuple[Any, ExcInfo | None]:
        try:
            with _time_left(worker_ctx.data.get(DEADLINE)):
                self._inject_dependencies(worker_ctx)
                self._worker_setup(worker_ctx)
                method = getattr(worker_ctx.service, worker_ctx.entrypoint.method_name)
                return method(*worker_ctx.args, **worker_ctx.kwargs), None
        except Exception:  # noqa: BLE001  all of it goes to handle_result, which answers or parks
            return None, sys.exc_info()  # type: ignore[return-value]

    def _note(self, worker_ctx: Any, outcome: str, exc_info: ExcInfo | None) -> None:
        call = f"{self.service_name}.{worker_ctx.entrypoint.method_name}"
        if exc_info is None:
            log.debug("service.done", call=call)
        elif isinstance(exc_info[1], Refused):
            log.info("service.refused", call=call, code=exc_info[1].code)
        else:
            log.error("service.failed", call=call, outcome=outcome, error=describe(exc_info[1]), at=frames(exc_info[1]))


def _time_left(deadline: str | None) -> AbstractContextManager[Any]:
    """Of a call: after it MongoDB does no more for it. Raises NotDone when it is over already: whoever called was
    answered by then that nobody knows, and calls again."""
    if deadline is None:
        return nullcontext()
    left = (dt.datetime.fromisoformat(deadline) - clock.now()).total_seconds()
    if left <= 0:
        raise NotDone(f"{-left:.1f} s late")
    return pymongo.timeout(left)


def _outcome_of(exc_info: ExcInfo | None) -> str:
    if exc_info is None:
        return "done"
    if isinstance(exc_info[1], Refused):
        return "refused"
    return "unavailable" if passing(exc_info[1]) else "failed"


def _exc_info(error: BaseException) -> ExcInfo:
    return type(error), error, error.__traceback__
