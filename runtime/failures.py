"""What may be said about an exception. Its own text may quote what it was given, names and ID numbers included, so in
logs and in the reasons of parked messages only the kinds that never do are quoted."""

import traceback
from pathlib import PurePath

from amqp.exceptions import AMQPError, IrrecoverableChannelError, IrrecoverableConnectionError
from kombu.exceptions import OperationalError
from pymongo.errors import ConnectionFailure, PyMongoError

from contract.errors import Refused
from contract.message import Unreadable
from runtime import rabbit
from runtime.mongo import transient
from runtime.rpc import InternalError, ServiceUnavailable


class Miswired(Exception):
    """The code does not fit what it is hosted by; the text says what to change."""


_NETWORK = (AMQPError, OperationalError, ConnectionError, TimeoutError, ConnectionFailure)
_OURS = (Refused, Unreadable, ServiceUnavailable, InternalError, rabbit.NotConfirmed, rabbit.TopologyMismatch, Miswired)
_FRAMES = 8


def passing(error: BaseException) -> bool:
    """Whether the same thing may succeed later: the database, the broker or a service is away."""
    if isinstance(error, IrrecoverableChannelError | IrrecoverableConnectionError):
        return False
    waits = (AMQPError, OperationalError, ConnectionError, TimeoutError, rabbit.NotConfirmed, ServiceUnavailable)
    return transient(error) or isinstance(error, waits)


def describe(error: BaseException) -> str:
    """One line for a log or a reason: what failed and where, without anything that was handed in."""
    kind = type(error).__name__
    if isinstance(error, _NETWORK + _OURS):
        return f"{kind}: {error}"[:500]
    if isinstance(error, PyMongoError) and (code := getattr(error, "code", None)) is not None:
        kind = f"{kind} {code}"
    where = frames(error)
    return f"{kind} at {where[-1]}" if where else kind


def frames(error: BaseException) -> list[str]:
    """The innermost calls, outermost first, as ``package/module.py:line function``."""
    found = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return [f"{'/'.join(PurePath(at.filename).parts[-2:])}:{at.lineno} {at.name}" for at in found]
