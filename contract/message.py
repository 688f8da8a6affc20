"""Message: anything that crosses a process boundary. Event: a fact in a CloudEvents 1.0 envelope.

Writing is strict, reading is lenient only where time may have passed: a command with an unknown field is refused, an
event with one is read and the field ignored, because its writer may be newer than its reader.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError

from contract import fields, shortcut
from contract.errors import Invalid, field_error

SHARDS = 16  # the work of one exchange can be split between at most this many queues


class Message(Schema):
    """A command or an answer. The class's attributes are its fields; unknown ones are refused."""

    class Meta:
        unknown = RAISE
        ordered = True

    error_messages = {  # noqa: RUF012 - marshmallow declares it as a member of the instance
        "unknown": "unknown|没有这个字段|is not a known field",
        "type": "type|应为JSON对象|must be a JSON object",
    }

    @classmethod
    def read(cls, data: Any) -> dict[str, Any]:
        """The loaded fields. Raises Invalid with one entry for each field at fault."""
        try:
            return _load(cls, RAISE, data)
        except ValidationError as error:
            raise invalid(error) from None

    @classmethod
    def write(cls, **data: Any) -> dict[str, Any]:
        """The JSON form. An undeclared or unreadable field is a bug of the writer, found here: ValueError."""
        undeclared = data.keys() - _instance(cls).fields.keys()
        if undeclared:
            raise ValueError(f"{cls.__name__} does not declare {sorted(undeclared)}: add the field to the contract")
        dumped = _writing(cls)(data)
        try:
            _load(cls, RAISE, dumped)  # dump() does not validate
        except ValidationError as error:
            raise ValueError(f"{cls.__name__} cannot be read back: {error.messages}") from None
        return dumped


Unknown = Literal["exclude", "raise"]


@cache
def _instance(cls: type[Schema], unknown: Unknown = RAISE) -> Any:
    return cls(unknown=unknown)  # costs a hundred times what a load does


@cache
def _shortcut(cls: type[Schema], unknown: Unknown) -> Any:
    return shortcut.of(_instance(cls, unknown))


@cache
def _writing(cls: type[Schema]) -> Any:
    return shortcut.writing(_instance(cls))


def _load(cls: type[Schema], unknown: Unknown, data: Any) -> Any:
    """Raises ValidationError."""
    try:
        return _shortcut(cls, unknown)(data)
    except shortcut.Unsure:
        return _instance(cls, unknown).load(data)


def invalid(error: ValidationError) -> Invalid:
    """Turn marshmallow's nested messages into a flat list with JSON pointers."""
    errors: list[dict[str, str]] = []

    def walk(messages: Any, pointer: str) -> None:
        if isinstance(messages, dict):
            for key, below in messages.items():
                walk(below, pointer if key == "_schema" else f"{pointer}/{key}")
            return
        for message in messages if isinstance(messages, list) else [messages]:
            code, zh, en = (
                ([*str(message).split("|", 2), "", ""])[:3]
                if "|" in str(message)
                else ("invalid", "有误", str(message))
            )
            errors.append(field_error(pointer or "/", code, zh, en))

    walk(error.messages, "")
    return Invalid(
        "内容有误，请按所列字段更正后重新提交",
        "the content has errors; correct the listed fields and send it again",
        errors,
    )


_INSTANT = fields.Instant()


class Envelope(Schema):
    """CloudEvents 1.0, structured JSON; extensions: `traceparent`, `partitionkey`, our log's `seq` and `hash`, and what
    only the log is read for: `imprints`, `logonly`."""

    specversion = fields.Text(required=True)
    id = fields.Id(required=True)
    source = fields.Text(required=True)
    type = fields.Text(required=True)
    subject = fields.Text(required=True)
    partitionkey = fields.Text(required=True)
    time = fields.Instant(required=True)
    datacontenttype = fields.Text(required=True)
    traceparent = fields.Text()
    seq = fields.Whole()
    hash = fields.Text(at_most=64)
    data = fields.Facts(required=True)


@dataclass(frozen=True)
class Said:
    """An event as its reader gets it. ``seq`` is its place in the log of ``service``, from 1, without gaps, and
    ``hash`` what chains it to the one before. ``previous`` is the header of its delivery that says what came before it
    in the same queue."""

    event: type["Event"]
    id: str
    service: str
    subject: str
    time: dt.datetime
    traceparent: str | None
    seq: int
    data: dict[str, Any]
    hash: str = ""
    previous: str = ""


class Event(Message):
    """A fact of one service. Fields are added, optional, and never removed or retyped; a break is a new event."""

    service: ClassVar[str]
    log_only: ClassVar[bool] = False  # nobody hears it: it stays in the log, where the audit reads it
    _known: ClassVar[dict[str, type["Event"]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if hasattr(cls, "service"):
            Event._known[cls.type()] = cls

    @staticmethod
    def known() -> tuple[type["Event"], ...]:
        """Every event of every contract module that is imported."""
        return tuple(Event._known.values())

    @classmethod
    @cache
    def name(cls) -> str:
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in cls.__name__).lstrip("_")

    @classmethod
    def type(cls) -> str:
        return f"{cls.service}.{cls.name()}"

    @classmethod
    def said(
        cls,
        *,
        id: str,
        subject: str,
        about: str,
        at: dt.datetime,
        traceparent: str | None = None,
        imprints: str = "",
        **data: Any,
    ) -> dict[str, Any]:
        """The envelope, as it is stored and sent. ``about`` is the partition key: facts about the same one keep
        their order. ``imprints``: hashes of the records that were written with it (runtime.record). Raises ValueError
        when ``data`` is not what the event declares."""
        envelope: dict[str, Any] = {
            "specversion": "1.0",
            "id": id,
            "source": f"/services/{cls.service}",
            "type": cls.type(),
            "subject": subject,
            "partitionkey": about,
            "time": _INSTANT._serialize(at, None, None),
            "datacontenttype": "application/json",
            "data": cls.write(**data),
        }
        if traceparent:
            envelope["traceparent"] = traceparent
        if imprints:
            envelope["imprints"] = imprints
        if cls.log_only:
            envelope["logonly"] = True
        return envelope

    @staticmethod
    def heard(envelope: Any, previous: str = "") -> Said:
        """Read an envelope. Raises Unreadable with the reason; fields that we do not know are ignored."""
        try:
            outer = _load(Envelope, EXCLUDE, envelope)
        except ValidationError as error:
            raise Unreadable(f"not a CloudEvents envelope: {_where(error)}") from None
        if outer["specversion"] != "1.0":
            raise Unreadable(f"CloudEvents {outer['specversion']} is not read here, only 1.0")
        event = Event._known.get(outer["type"])
        if event is None:
            raise Unreadable(f"no event of type {outer['type']} is known here: deploy the newer contract, then replay")
        try:
            data = _load(event, EXCLUDE, outer["data"])
        except ValidationError as error:
            raise Unreadable(f"{outer['type']}: {_where(error)}") from None
        return Said(
            event=event,
            id=outer["id"],
            service=event.service,
            subject=outer["subject"],
            time=outer["time"],
            traceparent=outer.get("traceparent"),
            seq=outer.get("seq", 0),
            data=data,
            hash=outer.get("hash", ""),
            previous=previous,
        )


def _where(error: ValidationError) -> str:
    return "; ".join(f"{found['pointer']} {found['detail_en']}" for found in invalid(error).errors)


class Unreadable(Exception):
    """A message that no waiting will make readable: it is parked with this reason."""


def shard_of(about: str) -> int:
    """Which of the SHARDS a partition key belongs to; the same in every process and for ever."""
    return hashlib.sha256(about.encode()).digest()[0] % SHARDS


def routing_key(envelope: dict[str, Any]) -> str:
    return f"{envelope['type'].partition('.')[2]}.{shard_of(envelope['partitionkey']):x}"


__all__ = ["SHARDS", "Event", "Message", "Said", "Unreadable", "invalid", "routing_key", "shard_of"]
