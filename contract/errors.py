"""Refusals: what the system says when it will not do what was asked.

    Refused
    ├── Invalid      422  what was given cannot be read, or contradicts itself
    ├── NotFound     404  there is no such thing, or the caller may not see it
    ├── Conflict     409  it contradicts what is already recorded
    │   ├── CommandReused 409  its command_id came before, with other content
    │   └── Stale    412  it was decided on a state that has since changed
    └── Forbidden    403  the caller may see it but may not do this to it

A service subclasses these in its contract module; the class's name in snake_case is the stable ``code``.

A refusal is transient when its truth may change though the request stays as it is and nobody decides anything: with
time, with work that is being done, with an event that is on its way from another service. A transient refusal is never
stored under an Idempotency-Key. Every class is one or the other (tests/contract/test_errors.py lists the final ones).
"""

import re
from typing import Any


class Refused(Exception):
    """A refusal with a reason for people in Chinese and English.

    ``errors`` is a list of ``{"pointer", "code", "detail", "detail_en"}``, one for each field at fault. ``facts`` are
    further members for the answer (strings and numbers, never personal data). Everything is held in ``args``, so that
    a refusal survives the way through RPC.
    """

    status = 400
    title = "请求被拒绝"
    transient = False
    retry_after: int | None = None  # seconds, where waiting alone helps

    def __init__(
        self,
        zh: str,
        en: str,
        errors: list[dict[str, str]] | None = None,
        facts: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(zh, en, list(errors or []), dict(facts or {}))

    @property
    def zh(self) -> str:
        return str(self.args[0])

    @property
    def en(self) -> str:
        return str(self.args[1])

    @property
    def errors(self) -> list[dict[str, str]]:
        return list(self.args[2])

    @property
    def facts(self) -> dict[str, Any]:
        return dict(self.args[3])

    @property
    def code(self) -> str:
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).lower()

    def __str__(self) -> str:
        fields = "; ".join(f"{error['pointer']}: {error['code']}" for error in self.errors)
        return f"{self.code}: {self.en}" + (f" ({fields})" if fields else "")


class Invalid(Refused):
    status = 422
    title = "内容有误"


class NotFound(Refused):
    status = 404
    title = "不存在"


class Conflict(Refused):
    status = 409
    title = "与已有记录冲突"


class Stale(Conflict):
    status = 412
    title = "记录已被他人更改"


class CommandReused(Conflict):
    """The command_id came before, with other content."""


class Forbidden(Refused):
    status = 403
    title = "没有权限"
    transient = True  # a role, a scope or a region is given to a client without any word to those who refuse


def field_error(pointer: str, code: str, zh: str, en: str) -> dict[str, str]:
    """One entry of ``Refused.errors``; ``pointer`` is a JSON pointer such as ``/level``."""
    return {"pointer": pointer, "code": code, "detail": zh, "detail_en": en}
