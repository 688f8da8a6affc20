"""/openapi.json, and /docs: the same made readable on the server. No script and no CDN, so it works anywhere."""

import gzip
import hashlib
from itertools import cycle
from typing import Any

from flask import Flask, redirect, render_template, request
from markupsafe import Markup, escape
from werkzeug import Response

from contract.errors import Refused
from gateway import bodies, door, limits, packing, problems, scopes
from gateway.openapi import Description

_METHODS = ("get", "post", "put", "patch", "delete")
_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_CACHE = "public, max-age=300"


def register(app: Flask, api: Description) -> None:
    """After all blueprints: the description is made once."""
    spec = api.spec.to_dict()
    app.jinja_env.filters["code"] = _code
    etag = hashlib.sha256(bodies.canonical(spec)).hexdigest()[:32]
    # Once: a megabyte of template took a third of a second, and anybody may ask for it.
    address = app.extensions["settings"].public_address
    with app.test_request_context():
        page = render_template("docs.html", spec=spec, address=address, **_shown(spec)).encode()

    description = app.json.dumps(spec, separators=(",", ":")).encode()
    packed = {content: gzip.compress(content, 9, mtime=0) for content in (description, page)}

    def made_once(content: bytes, content_type: str) -> Response:
        """A page that anybody may have, in whichever form they take."""
        app.extensions["pages"].take(limits.address(request.remote_addr))
        response = Response(packed[content] if packing.wanted() else content, content_type=content_type)
        if packing.wanted():
            response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
        response.headers["Cache-Control"] = _CACHE
        response.set_etag(etag, weak=True)
        return response.make_conditional(request)

    @app.get("/openapi.json")
    def openapi_json() -> Response:
        bodies.read_query(None)
        door.accept("application/json")
        return made_once(description, "application/json")

    @app.get("/docs")
    def docs() -> Response:
        door.accept("text/html")
        response = made_once(page, "text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = _POLICY
        return response

    @app.get("/")
    def front() -> Any:
        return redirect("/docs", 302)

    @app.get("/problems/<code>")
    def problem(code: str) -> Any:
        if code not in app.extensions["problems"]:
            raise problems.PathNotFound(
                "没有这种错误类型，目录见 /docs#problems", "no such problem type; see /docs#problems"
            )
        return redirect(f"/docs#problem-{code}", 302)


def _code(text: str) -> Markup:
    """What stands between backticks, as code; the rest escaped."""
    parts = str(escape(text)).split("`")
    return Markup("".join(f"<code>{part}</code>" if odd else part for part, odd in zip(parts, cycle((0, 1)))))


def _shown(spec: dict[str, Any]) -> dict[str, Any]:
    """What the page needs, laid out: operations by tag, schemas, the catalogue of problems, the scopes."""
    by_tag: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in spec["tags"]}
    for path, item in spec["paths"].items():
        for method in _METHODS:
            if method in item:
                operation = {"path": path, "method": method, **item[method]}
                operation["parameters"] = [*item.get("parameters", []), *item[method].get("parameters", [])]
                by_tag[item[method]["tags"][0]].append(operation)
    catalogue = [
        {"code": code, "status": kind.status, "title": kind.title, "means": _means(kind), "transient": kind.transient}
        for code, kind in problems.catalogue().items()
    ]
    return {"by_tag": by_tag, "catalogue": catalogue, "scopes": scopes.MEANS, "typed": typed}


def _means(kind: type[Refused]) -> str:
    own = kind.__dict__.get("__doc__") or ""
    return " ".join(own.split()).replace("``", "")


def typed(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema in one line: ``{"name", "link", "bounds"}``; ``link`` when it is one of the named schemas."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {"name": name, "link": name, "bounds": ""}
    if schema.get("type") == "array":
        of = typed(schema.get("items", {}))
        return {**of, "name": f"{of['name']}[]"}
    for key in ("anyOf", "allOf", "oneOf"):
        if key in schema:
            parts = [typed(part) for part in schema[key]]
            links = [part["link"] for part in parts if part["link"]]
            return {"name": " | ".join(p["name"] for p in parts), "link": (links or [None])[0], "bounds": ""}
    kind = schema.get("type", "any")
    name = " | ".join(kind) if isinstance(kind, list) else kind
    if "format" in schema:
        name += f" ({schema['format']})"
    bounds = []
    if "enum" in schema:
        bounds.append(" / ".join(str(value) for value in schema["enum"]))
    if "pattern" in schema:
        bounds.append(schema["pattern"])
    for low, high in (("minLength", "maxLength"), ("minimum", "maximum")):
        if (low in schema or high in schema) and not bounds:
            bounds.append(f"{schema.get(low, '')}…{schema.get(high, '')}")
    if schema.get("default") is not None:
        bounds.append(f"= {schema['default']}")
    return {"name": name, "link": None, "bounds": "  ".join(bounds)}
