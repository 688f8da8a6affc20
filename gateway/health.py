"""What a load balancer and a person on call ask: alive, ready, and the numbers."""

import os
from typing import Any

from flask import current_app
from flask_smorest import Blueprint
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess
from werkzeug import Response

from contract.errors import Refused
from gateway import door
from runtime import mongo
from runtime.config import Config
from runtime.metrics import broker_fault
from runtime.rpc import InternalError, ServiceUnavailable

blueprint = Blueprint("health", __name__, description="运行状态 · health")

_PATIENCE = 2.0  # seconds for each service
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
    },
)
def ready() -> Response:
    """就绪 · Ready

    A count that lags makes it `degraded` and not unready: taking the gateways away would not make it faster.
    """
    settings: Config = current_app.extensions["settings"]
    faults = {"database": mongo.fault(settings), "broker": broker_fault(settings)}
    checks: dict[str, Any] = {
        name: {"ready": True} if fault is None else {"ready": False, "fault": fault} for name, fault in faults.items()
    }
    for service in _SERVICES:
        checks[service] = {"ready": False} if faults["broker"] else _status(service)
    if not all(check["ready"] for check in checks.values()):
        state, code = "unavailable", 503
    else:
        state, code = ("degraded" if _behind(checks) else "ready"), 200
    return door.answer({"status": state, "checks": checks}, code)


def _status(service: str) -> dict[str, Any]:
    try:
        return {"ready": True, **current_app.extensions["rpc"].call(service, "status", timeout=_PATIENCE)}
    except (ServiceUnavailable, InternalError, Refused):
        return {"ready": False}


def _behind(checks: dict[str, Any]) -> bool:
    lags = [source.get("lag_seconds") for source in checks["targets"].get("sources", [])]
    return any(lag is not None and float(lag) > _LAG_SECONDS for lag in lags)


@blueprint.route("/metrics")
@blueprint.doc(
    security=[{}],
    responses={"200": {"description": "Prometheus", "content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics() -> Response:
    """指标 · Metrics"""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # several workers: see server.py
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
