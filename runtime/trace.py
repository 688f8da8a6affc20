"""W3C trace context: one id from the HTTP request to the counter, and on every log line between."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)
_SHAPE = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def current() -> str | None:
    return _traceparent.get()


def trace_id() -> str | None:
    traceparent = current()
    return traceparent.split("-")[1] if traceparent else None


@contextmanager
def span(traceparent: str | None = None) -> Iterator[str]:
    """Go on with the given trace, or begin one when it is absent or malformed; each span has its own id."""
    trace = traceparent.split("-")[1] if traceparent and _SHAPE.fullmatch(traceparent) else secrets.token_hex(16)
    token = _traceparent.set(f"00-{trace}-{secrets.token_hex(8)}-01")
    try:
        yield _traceparent.get() or ""
    finally:
        _traceparent.reset(token)
