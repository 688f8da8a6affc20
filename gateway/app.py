"""The gateway as a WSGI application: ``gunicorn -c python:gateway.server 'gateway.app:create()'``."""

from flask import Flask, g
from flask.json.provider import DefaultJSONProvider
from werkzeug import Response
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

from gateway import (
    access,
    allocations,
    applications,
    awards,
    bases,
    bulletins,
    centres,
    certificates,
    docs,
    evidence,
    findings,
    fusao,
    greenways,
    health,
    hints,
    imports,
    inspections,
    ledger,
    matters,
    notices,
    oauth,
    openapi,
    packing,
    people,
    problems,
    recognitions,
    regions,
    reports,
    rounds,
    targets,
    threads,
    withdrawals,
)
from gateway.bodies import JSON_LIMIT
from gateway.clients import Disabled
from gateway.idempotency import Idempotency
from gateway.lanes import Lane
from gateway.lately import Lately
from gateway.limits import Limits, Pages
from gateway.quotas import Quotas
from gateway.tokens import LIFETIME, Tokens
from runtime import config
from runtime.config import Config
from runtime.files import Files
from runtime.rpc import Rpc


class CertificateNumber(BaseConverter):
    """Letters and digits: 22 characters, or an older form."""

    regex = "[0-9A-Za-z]{1,30}"


class CreditCode(BaseConverter):
    """统一社会信用代码"""

    regex = "[0-9A-Za-z]{18}"


class Id(BaseConverter):
    regex = "[0-9a-f]{24}"


class PersonKey(BaseConverter):
    regex = "[0-9a-f]{32}"


class TargetId(BaseConverter):
    """``12.1``: the plan's item and the indicator within it; ``16`` where the item has no number."""

    regex = r"[0-9]{1,3}(?:\.[0-9]{1,3})?"


_CONVERTERS: dict[str, type[BaseConverter]] = {
    "number": CertificateNumber,
    "credit_code": CreditCode,
    "id": Id,
    "person_key": PersonKey,
    "target_id": TargetId,
}


class _Json(DefaultJSONProvider):
    ensure_ascii = False
    sort_keys = False


def create(settings: Config | None = None) -> Flask:
    """Raises ConfigurationMissing."""
    settings = settings or config.read()
    app = Flask("gateway", static_folder="static", static_url_path="/static")
    app.json = _Json(app)
    app.config["MAX_CONTENT_LENGTH"] = JSON_LIMIT
    app.url_map.converters |= _CONVERTERS
    app.url_map.strict_slashes = False
    if proxies := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]

    keys, counted, files = Idempotency(settings), Limits(settings), Files(settings)
    quotas = Quotas(settings, files)
    quotas.ensure_indexes()
    keys.ensure_indexes()
    counted.ensure_indexes()
    app.extensions |= {
        "settings": settings,
        "rpc": Rpc(settings),
        "calls": Lane("calls", at_once=threads.CALLS, waiting=threads.CALLS_WAITING),
        "secrets": Lane("secrets", at_once=threads.SECRETS, waiting=threads.SECRETS_WAITING),
        "uploads": Lane("uploads", at_once=threads.UPLOADS),
        "files": files,
        "quotas": quotas,
        "tokens": Tokens(settings),
        "disabled": Disabled(settings, lifetime=LIFETIME),
        "limits": counted,
        "pages": Pages(),
        "public": Lately("public", targets.SHARED_SECONDS),
        "readiness": Lately("readiness", health.LOOKED_SECONDS),
        "idempotency": keys,
    }

    access.register(app)
    packing.register(app)
    problems.register(app)

    @app.after_request
    def limits_told(response: Response) -> Response:
        response.headers.extend(g.get("limit", {}))
        return response

    api = openapi.register(app)
    for converter in _CONVERTERS.values():
        api.register_converter(converter, lambda of: {"type": "string", "pattern": f"^{of.regex}$"})
    for blueprint in (
        *(oauth, certificates, imports, people, targets, allocations, centres),
        *(bases, fusao, applications, evidence, notices, awards, recognitions),
        *(reports, ledger, rounds, bulletins),
        *(inspections, findings, withdrawals, matters, greenways, hints),
        *(regions, health),
    ):
        api.register_blueprint(blueprint.blueprint)
    docs.register(app, api)
    return app
