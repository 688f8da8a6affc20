"""What a load balancer and a person on call ask: alive, ready, and the numbers."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import current_app, request
from flask_smorest import Blueprint
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess
from werkzeug import Response

from contract.errors import Refused
from gateway import door, limits, openapi, problems
from runtime import mongo
from runtime.config import Config
from runtime.metrics import broker_fault
from runtime.rpc import InternalError, ServiceUnavailable

blueprint = Blueprint("health", __name__, description="运行状态 · health")

_PATIENCE = 2.0  # seconds for each service
LOOKED_SECONDS = 1.0  # for which what was found is answered
_METRICS_COST = 5  # 10 ms
_LAG_SECONDS = 60  # a count further behind than this is worth a look
_SERVICES = ("training", "certification", "housekeeping", "inspections", "reports", "targets")

_OBJECT = {"application/json": {"schema": {"type": "object"}}}


@blueprint.route("/healthz")
@blueprint.doc(security=[{}], responses={"200": {"description": "进程存活 · alive", "content": _OBJECT}})
def alive() -> Response:
    """存活 · Alive"""
    return door.answer({"status": "alive"})


@blueprint.route("/readyz")
@blueprint.doc(
    security=[{}],
    responses={
        "200": {"description": "可用；degraded 表示计数落后 · ready, or behind with counting", "content": _OBJECT},
        "503": {
            "description": "消息、数据库或某服务不可用 · broker, database or a service is away",
            "content": _OBJECT,
        },
        **openapi.refused([problems.TooManyRequests]),
    },
)
def ready() -> Response:
    """就绪 · Ready

    A count that lags makes it `degraded` and not unready: taking the gateways away would not make it faster.
    What was found is answered for a second; `age_seconds` says how old it is.
    """
    current_app.extensions["pages"].take(_source())
    found, age = current_app.extensions["readiness"].get("readiness", _look)
    state = "unavailable" if not found["ready"] else "degraded" if _behind(found["checks"]) else "ready"
    answer = {"status": state, "age_seconds": round(age, 3), "checks": found["checks"]}
    return door.answer(answer, 200 if found["ready"] else 503)


def _look() -> dict[str, Any]:
    """All at once: it takes as long as the slowest."""
    settings: Config = current_app.extensions["settings"]
    call = current_app.extensions["rpc"].call
    with ThreadPoolExecutor(len(_SERVICES) + 2) as at_once:
        faults = {"database": at_once.submit(mongo.fault, settings), "broker": at_once.submit(broker_fault, settings)}
        statuses = {service: at_once.submit(_status, call, service) for service in _SERVICES}
    checks: dict[str, Any] = {
        name: {"ready": True} if (fault := found.result()) is None else {"ready": False, "fault": fault}
        for name, found in faults.items()
    }
    checks |= {service: found.result() for service, found in statuses.items()}
    return {"ready": all(check["ready"] for check in checks.values()), "checks": checks}


def _status(call: Callable[..., Any], service: str) -> dict[str, Any]:
    try:
        return {"ready": True, **call(service, "status", timeout=_PATIENCE)}
    except (ServiceUnavailable, InternalError, Refused):
        return {"ready": False}


def _source() -> str:
    return limits.address(request.remote_addr)


def _behind(checks: dict[str, Any]) -> bool:
    lags = [source.get("lag_seconds") for source in checks["targets"].get("sources", [])]
    return any(lag is not None and float(lag) > _LAG_SECONDS for lag in lags)


@blueprint.route("/metrics")
@blueprint.doc(
    security=[{}],
    responses={
        "200": {"description": "Prometheus", "content": {"text/plain": {"schema": {"type": "string"}}}},
        **openapi.refused([problems.PathNotFound, problems.TooManyRequests]),
    },
)
def metrics() -> Response:
    """指标 · Metrics

    Only for the networks of METRICS_NETWORKS; for others there is nothing here.
    """
    settings: Config = current_app.extensions["settings"]
    if not settings.shows_metrics_to(request.remote_addr):
        raise problems.no_such_path()
    current_app.extensions["pages"].take(_source(), cost=_METRICS_COST)
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # several workers: see server.py
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
