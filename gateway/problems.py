"""Every way in which the gateway says no: RFC 9457 problem details from a closed catalogue.

A problem is a ``Refused``, the gateway's own or a service's; its class name in snake_case is the stable ``code`` and
the end of its ``type``. Nothing outside the catalogue is ever answered: what is not foreseen is ``internal_error``.
"""

import json
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import structlog
from flask import Flask, current_app, g, request
from marshmallow import INCLUDE
from pymongo.errors import PyMongoError
from werkzeug import Response
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import RequestRedirect

import contract
from contract.errors import Conflict, Forbidden, NotFound, Refused, Stale
from contract.fields import Many, Nested, Text, Whole
from contract.message import Message
from runtime import mongo, trace
from runtime.rpc import NotDone, ServiceUnavailable

log = structlog.get_logger("gateway")

MEDIA_TYPE = "application/problem+json"
TYPES = "/problems/"


class Problem(Refused):
    """A refusal of the gateway's own. ``headers`` go out with the answer."""

    def __init__(
        self,
        zh: str,
        en: str,
        errors: list[dict[str, str]] | None = None,
        facts: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(zh, en, errors, facts)
        self.headers = dict(headers or {})


class MalformedRequest(Problem):
    status = 400
    title = "请求格式有误"


class MalformedJson(MalformedRequest):
    """The body is not one JSON text in UTF-8, or says the same member twice."""

    title = "请求体不是有效的JSON"


class MalformedMultipart(MalformedRequest):
    title = "表单数据有误"


class TokenRequestInvalid(MalformedRequest):
    """RFC 6749 §5.2; the member ``error`` says which of its errors."""

    title = "令牌请求有误"


class Unauthenticated(Problem):
    """There is no token, and this is not public."""

    status = 401
    title = "未登录"
    transient = True


class TokenInvalid(Unauthenticated):
    """Expired, forged, or not a token."""

    title = "令牌无效或已过期"


class ClientInvalid(Unauthenticated):
    """RFC 6749 §5.2 ``invalid_client``."""

    title = "应用标识或密钥有误"


class ScopeMissing(Problem):
    """The token bears none of the scopes of which this needs one."""

    status = 403
    title = "没有权限"
    transient = True


class PathNotFound(Problem):
    status = 404
    title = "没有这个地址"


class MethodNotAllowed(Problem):
    status = 405
    title = "此地址不支持该方法"


class NotAcceptable(Problem):
    status = 406
    title = "无法提供所要求的格式"


class PreconditionFailed(Problem):
    """If-Match names what no record of ours was ever called."""

    status = 412
    title = "前置条件不成立"


class RequestInProgress(Problem):
    """The first request with this Idempotency-Key has not been answered yet."""

    status = 409
    title = "同一请求正在处理"
    transient = True


class BodyTooLarge(Problem):
    status = 413
    title = "内容过大"


class AddressTooLong(Problem):
    """The server's limit is 4,094 bytes for method, address and version."""

    status = 414
    title = "地址过长"


class MediaTypeUnsupported(Problem):
    status = 415
    title = "不支持的内容类型"


class IdempotencyKeyReused(Problem):
    """The Idempotency-Key came before, with another body."""

    status = 422
    title = "幂等键已用于其他内容"


class HeadersTooLarge(Problem):
    """The server's limits are 60 headers of 8 KiB."""

    status = 431
    title = "请求头过大"


class TooManyRequests(Problem):
    status = 429
    title = "请求过于频繁"
    transient = True


class UploadQuotaReached(Problem):
    """Of the address, of all that have no token, or of the organisation; for today."""

    status = 429
    title = "上传数量已达上限"
    transient = True


class StorageFull(Problem):
    """Files are taken again when there is more free disk; all else goes on."""

    status = 507
    title = "存储空间不足"
    transient = True
    retry_after = 600


class InternalError(Problem):
    status = 500
    title = "系统内部错误"
    transient = True


class TemporarilyUnavailable(Problem):
    """Nothing was done: the same request may be sent again."""

    status = 503
    title = "服务暂不可用"
    transient = True
    retry_after = 5


class OutcomeUnknown(Problem):
    """The request was handed to a service that did not answer: it may be done or not. Send it again with the same
    Idempotency-Key, and it is done once."""

    status = 504
    title = "尚不清楚是否已办理"
    transient = True
    retry_after = 5


class FieldFault(Message):
    """``pointer``: a JSON pointer into the body, or ``/query/<name>``, ``/header/<name>``, ``/form/<name>``."""

    pointer = Text(required=True)
    code = Text(required=True)
    detail = Text(required=True, at_most=1000)
    detail_en = Text(required=True, at_most=1000)


class ProblemDetails(Message):
    """RFC 9457. ``correlation_id`` finds the request in the logs; some problems have further members."""

    class Meta:
        unknown = INCLUDE

    type = Text(required=True)
    title = Text(required=True)
    title_en = Text(required=True)
    status = Whole(required=True, at_least=400, at_most=599)
    detail = Text(required=True, at_most=2000)
    detail_en = Text(required=True, at_most=2000)
    code = Text(required=True)
    instance = Text(required=True, at_most=8000)
    correlation_id = Text(required=True)
    errors = Many(Nested(FieldFault))


# All are imported here, for the catalogue to be whole whoever asks for it.
_CONTRACTS = {import_module(f"contract.{found.name}").__name__ for found in iter_modules(contract.__path__)}
_ABSTRACT = (Refused, Problem, NotFound, Conflict, Forbidden, Stale)  # only their subclasses are ever answered


def catalogue() -> dict[str, type[Refused]]:
    """Every problem type by its code, in the order of status and code."""
    own = (refusal for refusal in _below(Refused) if refusal.__module__ in _CONTRACTS | {__name__})
    listed = sorted({*own}.difference(_ABSTRACT), key=lambda refusal: (refusal.status, code_of(refusal)))
    return {code_of(refusal): refusal for refusal in listed}


def _below(refusal: type[Refused]) -> list[type[Refused]]:
    return [refusal, *(found for child in refusal.__subclasses__() for found in _below(child))]


def code_of(refusal: type[Refused]) -> str:
    return refusal("", "").code


def answer(refusal: Refused) -> Response:
    """The problem as a response. A refusal that the catalogue lacks is a bug and answered as one."""
    if refusal.code not in current_app.extensions["problems"]:
        log.error("refusal outside the catalogue", code=refusal.code)
        refusal = internal_error()
    errors = [_in_query(error) for error in refusal.errors] if request.method == "GET" else refusal.errors
    body = document(refusal, instance=request.path, errors=errors)
    response = Response(body, refusal.status, content_type=MEDIA_TYPE)
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    for name, value in getattr(refusal, "headers", {}).items():
        response.headers[name] = value
    response.headers["Cache-Control"] = "no-store"
    if refusal.status == 401:
        response.headers.setdefault("WWW-Authenticate", 'Bearer realm="yanzhao"')
    g.problem = refusal.code
    return response


def document(refusal: Refused, *, instance: str, errors: list[dict[str, str]] | None = None) -> bytes:
    """The problem details as JSON. ``errors``: the refusal's own unless they are given."""
    errors = refusal.errors if errors is None else errors
    details: dict[str, Any] = {
        "type": TYPES + refusal.code,
        "title": refusal.title,
        "title_en": refusal.code.replace("_", " "),
        "status": refusal.status,
        "detail": refusal.zh,
        "detail_en": refusal.en,
        "code": refusal.code,
        "instance": instance,
        "correlation_id": trace.trace_id(),
    }
    if errors or refusal.status == 422:
        details["errors"] = errors
    for name, fact in refusal.facts.items():
        details.setdefault(name, fact)
    return json.dumps(details, ensure_ascii=False).encode()


def _in_query(error: dict[str, str]) -> dict[str, str]:
    """A service calls a parameter by its name alone: it does not know what was a body and what a query."""
    if error["pointer"].startswith(("/query/", "/header/")):
        return error
    return error | {"pointer": f"/query{error['pointer']}"}


def internal_error() -> InternalError:
    return InternalError(
        "系统内部错误，请稍后重试；如仍出现，请将 correlation_id 告知管理员",
        "something went wrong on our side; try again later, and give the correlation_id to the administrator",
    )


def unavailable() -> TemporarilyUnavailable:
    return TemporarilyUnavailable(
        "服务暂不可用，本次请求没有办理，请稍后重试",
        "a service that this needs is away; nothing was done: try again shortly",
    )


def no_such_path() -> PathNotFound:
    return PathNotFound("没有这个地址，可用的地址见 /docs", "there is nothing here; /docs lists what there is")


def outcome_unknown() -> OutcomeUnknown:
    if "Idempotency-Key" in request.headers:
        return OutcomeUnknown(
            "尚不清楚是否已办理，请稍后用同一幂等键重新提交：不会重复办理",
            "it is not known whether it was done: send it again with the same Idempotency-Key, and it is done once",
        )
    return OutcomeUnknown(
        "尚不清楚是否已办理，请先查询结果再决定是否重新提交；提交时带幂等键（Idempotency-Key）即可放心重试",
        "it is not known whether it was done: look before you send it again; with an Idempotency-Key you need not",
    )


def from_http(error: HTTPException) -> Refused:
    """What Flask, werkzeug and webargs raise, in our words."""
    if isinstance(error, RequestEntityTooLarge):
        return too_large(request.max_content_length or 0)
    if error.code == 404:
        return no_such_path()
    if error.code == 405:
        allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        return MethodNotAllowed(
            f"此地址只支持：{allowed}", f"this address takes: {allowed}", headers={"Allow": allowed}
        )
    if error.code is not None and error.code < 500:
        return MalformedRequest("请求格式有误，无法读取", "the request is malformed and cannot be read")
    return internal_error()


def too_large(limit: int) -> BodyTooLarge:
    shown = f"{limit // 2**20} MiB" if limit >= 2**20 else f"{limit // 2**10} KiB"
    return BodyTooLarge(f"内容超过上限 {shown}", f"the content is larger than {shown}", facts={"limit_bytes": limit})


def register(app: Flask) -> None:
    app.extensions["problems"] = catalogue()

    @app.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        return answer(error)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        if isinstance(error, RequestRedirect):
            return error.get_response()
        return answer(from_http(error))

    @app.errorhandler(ServiceUnavailable)
    def away(error: ServiceUnavailable) -> Response:
        log.warning("service unavailable", reason=str(error), kind=type(error).__name__)
        changes = request.method not in ("GET", "HEAD")
        return answer(outcome_unknown() if changes and not isinstance(error, NotDone) else unavailable())

    @app.errorhandler(PyMongoError)
    def database(error: PyMongoError) -> Response:
        if mongo.transient(error):
            log.warning("database unavailable", error=type(error).__name__)
            return answer(unavailable())
        log.exception("database refused")
        return answer(internal_error())

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Response:
        # The message may quote what was sent, which may be personal data: the type and the place are enough.
        log.error("unforeseen", error=type(error).__name__, where=_where(error))
        return answer(internal_error())


def _where(error: BaseException) -> list[str]:
    places = []
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{step.tb_lineno} {code.co_name}")
        step = step.tb_next
    return places[-12:]
