"""Reading what was sent: JSON more strictly than Flask does, and queries in which nothing is unknown."""

import json
from typing import Any

from flask import request
from marshmallow import Schema, ValidationError

from contract.errors import Invalid, field_error
from contract.message import invalid
from gateway import problems

JSON_LIMIT = 64 * 2**10


def read_json() -> Any:
    """The request's body. Raises MediaTypeUnsupported, BodyTooLarge, MalformedJson."""
    if request.mimetype != "application/json":
        raise problems.MediaTypeUnsupported(
            "请求体须为 application/json", "the body must be application/json", headers={"Accept": "application/json"}
        )
    request.max_content_length = JSON_LIMIT
    return strict_json(request.get_data())


def strict_json(body: bytes) -> Any:
    """JSON as RFC 8259 means it to be exchanged: UTF-8, no member twice, no NaN. Raises MalformedJson."""
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_members, parse_constant=_no_constant)
        canonical(value)  # a lone surrogate can be written in JSON but in nothing else
    except (ValueError, RecursionError):
        raise problems.MalformedJson(
            "请求体不是有效的JSON（须为UTF-8编码，成员不得重复）",
            "the body is not valid JSON (UTF-8, no member twice)",
        ) from None
    return value


def canonical(value: Any) -> bytes:
    """The same bytes for the same content, however it was written."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def load(schema: Schema, value: Any) -> dict[str, Any]:
    """The JSON form of what ``schema`` reads: blanks stripped, defaults filled in. Raises Invalid."""
    try:
        loaded = schema.load(value)
    except ValidationError as error:
        raise invalid(error) from None
    return schema.dump(loaded)


def readable(schema: Schema, value: Any) -> dict[str, Any]:
    """Of a body that ``schema`` cannot read, the fields that it can, as they were sent."""
    if not isinstance(value, dict):
        return {}
    try:
        schema.load(value)
    except ValidationError as error:
        known = error.valid_data if isinstance(error.valid_data, dict) else {}
        return {name: value[name] for name in known if name in value}
    return value


def joined(refused: Invalid, more: list[dict[str, str]]) -> Invalid:
    """The faults of a body's form and those of its content, in one answer."""
    known = {error["pointer"] for error in refused.errors}
    return Invalid(refused.zh, refused.en, [*refused.errors, *(e for e in more if e["pointer"] not in known)])


def read_query(schema: Schema | None) -> dict[str, Any]:
    """The query's parameters; without a schema there must be none. Raises Invalid."""
    twice = [name for name, values in request.args.lists() if len(values) > 1]
    if twice:
        raise _faults(twice, "twice", "重复出现", "is there more than once")
    if schema is None:
        if request.args:
            raise _faults(list(request.args), "unknown", "没有这个参数", "is not a known parameter")
        return {}
    try:
        return load(schema, request.args.to_dict())
    except Invalid as refused:
        errors = [{**error, "pointer": f"/query{error['pointer']}"[:200]} for error in refused.errors]
        raise Invalid("查询参数有误", "the query has errors", errors[:20]) from None


def _faults(names: list[str], code: str, zh: str, en: str) -> Invalid:
    errors = [field_error(f"/query/{name}"[:200], code, zh, en) for name in names[:20]]
    return Invalid("查询参数有误", "the query has errors", errors)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is there twice")
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
