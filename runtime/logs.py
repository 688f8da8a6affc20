"""Structured logs, one JSON object a line on stderr, each with the trace id of what it belongs to."""

import logging
import sys
from typing import Any

import structlog

from runtime import trace


def _trace(logger: Any, method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    if (trace_id := trace.trace_id()) is not None:
        event.setdefault("trace_id", trace_id)
    return event


def configure(process: str, level: str = "INFO") -> None:
    """``process`` is the name from the process list, on every line."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _trace,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                lambda _logger, _method, event: {"process": process, **event},
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("amqp", "kombu", "pymongo", "nameko.messaging"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))
