"""The API's description, OpenAPI 3.1, made from the contract's schemas and the operations' own declarations."""

import http
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from flask_smorest import Api, Blueprint
from marshmallow import Schema

from contract import fields
from contract.errors import Invalid, Refused
from gateway import glossary, problems, scopes

VERSION = "1.0.0"
_JSON = "application/json"

_ABOUT = """河北省2023年20项民生工程进度平台的接口。每个公布的数字都可以追溯到逐条事实。

The API of Hebei's 2023 livelihood programme: every published number is the provable consequence of single facts.

- 错误 · Errors: RFC 9457 `application/problem+json`, a closed catalogue (`/docs#problems`).
- 认证 · Authentication: OAuth2 `client_credentials` at `POST /oauth/token`; a token sees one region and below.
- 幂等 · `Idempotency-Key` on every POST that changes something: the same again gets the first answer.
- 并发 · `ETag` on a certificate, `If-Match` on its changes: 412 when somebody else was faster.
- 分页 · Lists go on with `after=` the `next` of the page before.
- 限流 · `RateLimit` tells how many requests are left; a dear one counts as several, as its `x-cost` says."""


@dataclass(frozen=True)
class Answer:
    """What success looks like."""

    status: int
    schema: type[Schema] | None
    description: str
    media_type: str = _JSON
    headers: tuple[str, ...] = ()
    cached: bool = False  # carries an ETag and answers If-None-Match with 304


_HEADERS = {
    "ETag": ("版本标识 · the version, for If-Match and If-None-Match", {"type": "string"}),
    "Location": ("新资源的地址 · where the new resource is", {"type": "string"}),
    "Content-Location": ("资源现在的地址 · where the resource is now", {"type": "string"}),
    "Content-Disposition": ("附件文件名 · the attachment's file name", {"type": "string"}),
    "Retry-After": ("几秒后重试 · seconds to wait", {"type": "integer", "minimum": 1}),
    "WWW-Authenticate": ("RFC 6750", {"type": "string"}),
}

_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "客户端生成的唯一键，24小时内重复提交得到首次的结果 · "
    "made by the client; within a day the same again gets the first answer with `Idempotent-Replayed: true`",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": '先前读到的 ETag，例如 `"3"`；已变更则412 · the ETag that was read; 412 when it is no longer so',
    "schema": {"type": "string", "pattern": r'^("[1-9][0-9]{0,8}"|\*)$'},
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "先前得到的 ETag；未变则304 · the ETag one has; 304 when it is still so",
    "schema": {"type": "string"},
}


def describe(
    blueprint: Blueprint,
    *,
    path: str,
    answers: Answer,
    scopes: tuple[str, ...],
    public: bool,
    query: Schema | None,
    body: Schema | None,
    form: dict[str, Any] | None,
    example: dict[str, Any] | None,
    once: bool,
    edits: bool,
    cost: int,
    dearer: Mapping[str, int],
    refusals: tuple[type[Refused], ...],
) -> Callable[[Any], Any]:
    parameters: list[dict[str, Any]] = []
    if query is not None:
        parameters.append({"in": "query", "schema": query})
    parameters += [_IDEMPOTENCY_KEY] if once else []
    parameters += [_IF_MATCH] if edits else []
    parameters += [_IF_NONE_MATCH] if answers.cached else []
    met = [
        *refusals,
        problems.TokenInvalid,
        problems.NotAcceptable,
        Invalid,
        problems.TooManyRequests,
        problems.InternalError,
        problems.TemporarilyUnavailable,
    ]
    if "<" in path:
        met += [problems.PathNotFound]  # what stands there has not the form of such a name
    if "<" in path or query is not None:
        met += [problems.AddressTooLong]
    if once or edits or answers.cached:
        met += [problems.HeadersTooLarge]
    if not public:
        met += [problems.Unauthenticated]
    if scopes:
        met += [problems.ScopeMissing]
    if form is not None:
        met += [problems.MalformedMultipart, problems.MediaTypeUnsupported, problems.BodyTooLarge]
        met += [problems.UploadQuotaReached, problems.StorageFull]
    if body is not None:
        met += [problems.MalformedJson, problems.MediaTypeUnsupported, problems.BodyTooLarge]
    if body is not None or once:
        met += [problems.OutcomeUnknown]
    if once:
        met += [problems.MalformedRequest, problems.RequestInProgress, problems.IdempotencyKeyReused]
    if edits:
        met += [problems.MalformedRequest, problems.PreconditionFailed]
    responses: dict[str, Any] = {str(answers.status): _success(answers)}
    if answers.cached:
        responses["304"] = {"description": "未变 · not modified", "headers": _headers(("ETag",))}
    doc: dict[str, Any] = {
        "parameters": parameters,
        "responses": responses | refused(met),
        "security": _security(scopes, public=public),
    }
    if cost != 1 or dearer:
        doc["x-cost"] = {"request": cost, **dearer}
    if body is not None:
        content = {"schema": body} if example is None else {"schema": body, "example": example}
        doc["requestBody"] = {"required": True, "content": {_JSON: content}}
    if form is not None:
        doc["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    return blueprint.doc(**doc)


def refused(met: Iterable[type[Refused]]) -> dict[str, Any]:
    """The problem responses, one a status, each naming its codes."""
    codes: dict[int, set[str]] = {}
    extra: dict[int, tuple[str, ...]] = {401: ("WWW-Authenticate",), 429: ("Retry-After",)}
    for refusal in met:
        codes.setdefault(refusal.status, set()).add(problems.code_of(refusal))
        if refusal.retry_after is not None:
            extra[refusal.status] = ("Retry-After",)
    return {
        str(status): {
            "description": f"{http.HTTPStatus(status).phrase}: {', '.join(f'`{code}`' for code in sorted(named))}",
            "headers": _headers(extra.get(status, ())),
            "content": {problems.MEDIA_TYPE: {"schema": problems.ProblemDetails}},
        }
        for status, named in sorted(codes.items())
    }


def _success(answers: Answer) -> dict[str, Any]:
    schema: Any = answers.schema or {"type": "string", "contentMediaType": answers.media_type}
    names = (*answers.headers, *(("ETag",) if answers.cached else ()))
    return {
        "description": answers.description,
        "headers": _headers(names),
        "content": {answers.media_type: {"schema": schema}},
    }


def _headers(names: tuple[str, ...]) -> dict[str, Any]:
    return {name: {"description": _HEADERS[name][0], "schema": _HEADERS[name][1]} for name in dict.fromkeys(names)}


def _security(needed: tuple[str, ...], *, public: bool) -> list[dict[str, Any]]:
    """In OpenAPI the entries are alternatives, and within one all scopes are needed."""
    if public:
        return [{}, {"oauth2": []}]
    return [{"oauth2": [scope]} for scope in needed] or [{"oauth2": []}]


class Description(Api):
    """flask-smorest's Api, whose own errors, pages and tags are left out: we have ours."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _nothing(self) -> None:
        pass

    _register_error_handlers = _register_responses = _register_etag_headers = _register_pagination_header = _nothing


def register(app: Flask) -> Description:
    app.config.update(
        API_TITLE="河北民生工程进度平台 · Livelihood programme API",
        API_VERSION=VERSION,
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={
            "info": {"description": _ABOUT},
            "servers": [{"url": "/"}],
            "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        },
    )
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    api = Description(app, spec_kwargs={"marshmallow_plugin": plugin})
    assert plugin.converter is not None  # made when the Api took the plugin
    plugin.converter.add_attribute_function(_shape)
    api.spec.components.security_scheme(
        "oauth2",
        {
            "type": "oauth2",
            "description": "应用凭证换取令牌 · client credentials for a token",
            "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": scopes.MEANS}},
        },
    )
    return api


def _name(schema: Any) -> str:
    return (schema if isinstance(schema, type) else type(schema)).__name__


def _shape(_converter: Any, of: Any, **_: Any) -> dict[str, Any]:
    """What apispec cannot see in our own fields."""
    shape: dict[str, Any] = {}
    if (means := glossary.meaning(of)) is not None:
        shape["description"] = means
    if isinstance(of, fields.Pattern):
        shape["pattern"] = f"^{of.pattern.pattern}$"
    if isinstance(of, fields.Number):
        kinds = ["string", "null"] if of.allow_none else "string"
        shape |= {"type": kinds, "pattern": r"^-?\d+(\.\d+)?$", "format": "decimal"}
    return shape
