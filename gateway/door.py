"""One operation of the API, from the request's head to the call of a service, in this order and no other:

token -> rate -> scope -> Accept -> query -> body -> Idempotency-Key -> the view, which makes one call -> the answer
"""

import functools
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app, g, request
from flask_smorest import Blueprint
from marshmallow import Schema
from werkzeug import Response

from contract import sight
from contract.errors import Invalid, Refused, field_error
from gateway import bodies, idempotency, limits, openapi, problems, tokens

_JSON = "application/json"
_STRONG = re.compile(r'"([\x21\x23-\x7e]*)"')


@dataclass(frozen=True)
class Asked:
    """What a view gets. ``body`` and ``query`` are in JSON form, as their schemas read them."""

    caller: tokens.Caller | None
    query: dict[str, Any]
    body: dict[str, Any]
    expected_version: int | None = None
    command_id: str | None = None

    @property
    def actor(self) -> dict[str, Any]:
        if self.caller is None:
            raise TypeError("a public operation has no actor")
        return self.caller.actor

    def command(self, **more: Any) -> dict[str, Any]:
        """The body as a command, with what the headers and the path say."""
        extra = {"command_id": self.command_id, "expected_version": self.expected_version, **more}
        return self.body | {name: value for name, value in extra.items() if value is not None}


View = Callable[..., Response]


def operation(
    blueprint: Blueprint,
    method: str,
    path: str,
    *,
    answers: openapi.Answer,
    scopes: Iterable[str] = (),
    public: bool = False,
    query: Schema | None = None,
    body: Schema | None = None,
    examined: Callable[[dict[str, Any]], list[dict[str, str]]] | None = None,
    form: dict[str, Any] | None = None,
    example: dict[str, Any] | None = None,
    once: bool = False,
    edits: bool = False,
    takes: float = 10.0,
    cost: int = 1,
    dearer: Mapping[str, int] | None = None,
    refusals: Iterable[type[Refused]] = (),
) -> Callable[[View], View]:
    """Register a view. ``scopes``: one of them is needed. ``public``: a token is not needed. ``examined``: when some
    fields of a body cannot be read, what is wrong with the others. ``form``: the JSON Schema of a multipart body, which
    the view reads, and answers once, by itself. ``once``: takes an Idempotency-Key. ``edits``: takes If-Match.
    ``takes``: seconds that its call may take. ``cost``: what it counts for of the caller's limit, ``dearer`` when such
    a parameter is given. ``example``: a body. ``refusals``: what the service may answer, for the documentation.
    """
    needed = tuple(scopes)

    def register(view: View) -> View:
        @functools.wraps(view)
        def enter(**where: str) -> Response:
            g.takes = takes
            given = [more for name, more in (dearer or {}).items() if name in request.args]
            caller = admit(needed, public=public, cost=max((cost, *given)))
            accept(answers.media_type)
            asked_query = bodies.read_query(query)
            asked_body = _body(body, examined) if body is not None else {}
            version = expected_version() if edits else None
            asked = Asked(caller, asked_query, asked_body, version, _fresh() if body is not None else None)
            if not once or form is not None:
                return view(asked, **where)
            everything = {"where": where, "body": asked_body, "version": version}
            return answer_once(
                asked, bodies.canonical(everything), lambda command_id: view(_with(asked, command_id), **where)
            )

        documented = openapi.describe(
            blueprint,
            path=path,
            answers=answers,
            scopes=needed,
            public=public,
            query=query,
            body=body,
            form=form,
            example=example,
            once=once,
            edits=edits,
            cost=cost,
            dearer=dearer or {},
            refusals=tuple(refusals),
        )(enter)
        blueprint.route(path, methods=[method])(documented)
        return view

    return register


def _body(schema: Schema, examined: Callable[[dict[str, Any]], list[dict[str, str]]] | None) -> dict[str, Any]:
    """Raises Invalid with all that is wrong at once, also what only the service knows of."""
    sent = bodies.read_json()
    try:
        return bodies.load(schema, sent)
    except Invalid as refused:
        if examined is None:
            raise
        raise bodies.joined(refused, examined(bodies.readable(schema, sent))) from None


def admit(needed: tuple[str, ...], *, public: bool = False, cost: int = 1) -> tokens.Caller | None:
    """Who asks, once found to be allowed to. Raises Unauthenticated, TokenInvalid, TooManyRequests, ScopeMissing."""
    extensions = current_app.extensions
    caller = tokens.caller(extensions["settings"], request.headers.get("Authorization"), extensions["disabled"])
    g.caller = caller
    if caller is None:
        if not public:
            raise problems.Unauthenticated(
                "请先获取访问令牌（POST /oauth/token）", "a token is needed: POST /oauth/token"
            )
        extensions["limits"].take(
            f"address:{limits.address(request.remote_addr)}", limits.ANONYMOUS, "anonymous", cost=cost
        )
        return None
    extensions["limits"].take(caller.client_id, caller.per_minute, cost=cost)
    if needed and not set(needed) & set(caller.scopes):
        names = " ".join(needed)
        raise problems.ScopeMissing(
            f"令牌缺少权限，需要其中之一：{names}",
            f"the token needs one of the scopes: {names}",
            facts={"scopes": list(needed)},
            headers={"WWW-Authenticate": f'Bearer realm="yanzhao", error="insufficient_scope", scope="{names}"'},
        )
    return caller


def accept(media_type: str) -> None:
    """Raises NotAcceptable when the answer would be of no use to the caller."""
    wanted = request.accept_mimetypes
    if wanted and wanted.best_match([media_type]) is None:
        raise problems.NotAcceptable(f"只能提供 {media_type}", f"only {media_type} is to be had here")


def expected_version() -> int | None:
    """The version that If-Match names. Raises MalformedRequest, PreconditionFailed."""
    header = request.headers.get("If-Match", "*").strip(" \t")
    if header == "*":
        return None
    if header.startswith("W/"):  # RFC 9110 §13.1.1: a weak tag never matches
        raise _no_version()
    tag = _STRONG.fullmatch(header)
    if tag is None:
        raise problems.MalformedRequest(
            'If-Match 须为一个ETag，例如 "3"',
            'If-Match must be one entity tag, such as "3"',
            [field_error("/header/If-Match", "etag", "须为一个ETag", "must be one entity tag")],
        )
    if not re.fullmatch(r"[1-9][0-9]{0,8}", tag[1]):
        raise _no_version()
    return int(tag[1])


def _no_version() -> problems.PreconditionFailed:
    return problems.PreconditionFailed(
        "If-Match 不是本系统给出的ETag，请重新读取记录后再提交",
        "If-Match is no entity tag of ours: read the record again, and send the ETag that it came with",
    )


def answer_once(asked: Asked, body: bytes, work: Callable[[str], Response]) -> Response:
    """``work`` with a command id, which its Idempotency-Key gives; the first answer when that key came before. Without
    a key the command id is new: the broker may deliver the call to the service twice."""
    key = idempotency.key_of(request.headers.get("Idempotency-Key"))
    if key is None or asked.caller is None:
        return work(_fresh())
    rule = request.url_rule
    keys: idempotency.Idempotency = current_app.extensions["idempotency"]
    return keys.answer(
        caller=asked.caller.client_id,
        route=f"{request.method} {rule.rule if rule else ''}",
        key=key,
        body=body,
        seconds=g.takes,
        work=work,
    )


def _fresh() -> str:
    return secrets.token_hex(32)


def _with(asked: Asked, command_id: str) -> Asked:
    return Asked(asked.caller, asked.query, asked.body, asked.expected_version, command_id)


def ask(service: str, method: str, *args: Any, **kwargs: Any) -> Any:
    """The one call that an operation makes, which may take as long as the operation declares: its key is held for
    longer."""
    with current_app.extensions["calls"].turn(g.takes) as left:
        return current_app.extensions["rpc"].call(service, method, *args, timeout=left, **kwargs)


def answer(value: Any, status: int = 200, **headers: str) -> Response:
    """``value`` as JSON, without the accounts that the caller is not shown; header names with underscores for
    hyphens."""
    caller: tokens.Caller | None = g.get("caller")
    if caller is not None and caller.role not in sight.ACCOUNTS:
        value = sight.without_accounts(value, caller.client_id)
    response = Response(current_app.json.dumps(value, separators=(",", ":")), status, content_type=_JSON)
    for name, content in headers.items():
        response.headers[name.replace("_", "-")] = content
    return response


def etag(found: dict[str, Any]) -> str:
    """The ETag of a record, which If-Match names: its version."""
    return f'"{found["version"]}"'


def polled(value: Any, *, etag: str, cache: str, weak: bool = False) -> Response:
    """``value`` as JSON, or 304 when the caller has it already."""
    response = answer(value, Cache_Control=cache, Vary="Authorization")  # the public may be shown less
    response.set_etag(etag, weak=weak)
    return response.make_conditional(request)
