"""Lists: one page after the other by an opaque cursor, stable while rows are inserted."""

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

from flask import current_app
from marshmallow import ValidationError

from contract import fields
from contract.errors import Invalid, field_error
from contract.message import Message

_TAG = 8  # bytes


class Count(fields.Whole):
    """A whole number in a query string, where everything is text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, str) or not value.isascii() or not value.isdigit() or len(value) > 9:
            raise ValidationError("type|应为整数|must be an integer")
        return super()._deserialize(int(value), attr, data, **kwargs)


class Page(Message):
    """``after``: the ``next`` of the page before."""

    after = fields.Text(at_most=2000, metadata={"description": "上一页的 next · the `next` of the page before"})
    limit = Count(at_least=1, at_most=500, load_default=50, metadata={"description": "每页条数 · items a page"})


def opened(list_name: str, query: dict[str, Any]) -> dict[str, Any]:
    """The query with the service's own cursor in ``after``. Raises Invalid for one that this list did not give out."""
    if "after" not in query:
        return query
    try:
        sealed = base64.urlsafe_b64decode(query["after"].encode("ascii") + b"==")
        tag, cursor = sealed[:_TAG], sealed[_TAG:]
        if not hmac.compare_digest(tag, _tag(list_name, cursor)):
            raise ValueError("not ours")
        return {**query, "after": json.loads(cursor)}
    except (ValueError, binascii.Error):
        raise Invalid(
            "查询参数有误",
            "the query has errors",
            [
                field_error(
                    "/query/after",
                    "cursor",
                    "不是此列表给出的 next，请从第一页重新开始",
                    "is not a `next` of this list; start again from the first page",
                )
            ],
        ) from None


def closed(list_name: str, page: dict[str, Any]) -> dict[str, Any]:
    """The service's page with its cursors made opaque."""
    cursors = {name: page[name] for name in ("next", "resume") if page.get(name) is not None}
    return page | {name: _sealed(list_name, json.dumps(cursor).encode()) for name, cursor in cursors.items()}


def _sealed(list_name: str, cursor: bytes) -> str:
    return base64.urlsafe_b64encode(_tag(list_name, cursor) + cursor).rstrip(b"=").decode()


def _tag(list_name: str, cursor: bytes) -> bytes:
    secret = current_app.extensions["settings"].token_secret
    return hmac.digest(secret, b"cursor\0" + list_name.encode() + b"\0" + cursor, hashlib.sha256)[:_TAG]
