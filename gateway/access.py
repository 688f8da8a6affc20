"""What every request gets, whoever it is for: a trace, a correlation id, one log line, and its place in the metrics.

The log line names the route and never the path or the query, which can hold what somebody typed; and where the request
came from, by our own proxies' word where there are any.
"""

import time
from contextlib import ExitStack

import structlog
from flask import Flask, g, request
from prometheus_client import Counter, Gauge, Histogram
from werkzeug import Response

from runtime import trace

log = structlog.get_logger("gateway.access")

REQUESTS = Counter("gateway_requests_total", "Requests answered", ("method", "route", "status"))
SECONDS = Histogram(
    "gateway_request_seconds",
    "Time from the request's head to the answer's",
    ("method", "route"),
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)
OPEN = Gauge("gateway_requests_open", "Requests being answered", multiprocess_mode="livesum")

_QUIET = ("/healthz", "/readyz", "/metrics")  # asked every few seconds by machines
_TRANSPORT = "max-age=31536000"  # a year; what else stands under the name is not ours to decide
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


def register(app: Flask) -> None:
    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        g.stack = ExitStack()
        g.stack.enter_context(trace.span(request.headers.get("traceparent")))
        g.stack.enter_context(OPEN.track_inprogress())

    secure = app.extensions["settings"].public_address.startswith("https:")

    @app.after_request
    def end(response: Response) -> Response:
        seconds = time.perf_counter() - g.began
        route = request.url_rule.rule if request.url_rule else "(none)"
        method = request.method if request.method in _METHODS else "(other)"
        REQUESTS.labels(method, route, response.status_code).inc()
        SECONDS.labels(method, route).observe(seconds)
        response.headers["X-Request-Id"] = trace.trace_id()
        response.headers["traceparent"] = trace.current()
        response.headers["X-Content-Type-Options"] = "nosniff"
        if secure:
            response.headers["Strict-Transport-Security"] = _TRANSPORT
        response.headers.setdefault("Cache-Control", "no-store")
        if route not in _QUIET or response.status_code >= 400:
            caller = g.get("caller")
            log.info(
                "request",
                method=method,
                route=route,
                status=response.status_code,
                milliseconds=round(seconds * 1000, 1),
                source=request.remote_addr,
                client_id=caller.client_id if caller else None,
                problem=g.get("problem"),
            )
        return response

    @app.teardown_request
    def close(_error: BaseException | None) -> None:
        if (stack := g.pop("stack", None)) is not None:
            stack.close()
