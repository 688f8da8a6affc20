"""Who asks. The gateway makes it from the token and hands it to a service beside each command and query; it is never
read from a body."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from marshmallow import ValidationError

from contract import fields, personal
from contract.message import Message
from contract.shortcut import Take, Unsure
from contract.words import Role

_CLIENT_ID = re.compile(r"(?!.*\d{11})[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")


def is_client_id(text: str) -> bool:
    """1 to 64 small letters, digits and hyphens within, and nobody's number: whoever sees what its client did sees it,
    for ever."""
    return _CLIENT_ID.fullmatch(text) is not None and not personal.has_number(text)


class ClientId(fields.Pattern):
    """Where somebody is named by the id that they sign in with. It becomes a record's id and stands in the log."""

    pattern = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")
    means = (
        "client_id",
        "应用标识应为1至64个小写字母、数字或连字符，首尾不用连字符，且不含个人信息",
        "a client's id is 1 to 64 small letters, digits and hyphens, with no hyphen at its ends and no personal number",
    )

    def shortcut(self) -> Take:
        pattern = super().shortcut()

        def take(value: Any) -> str:
            if is_client_id(pattern(value)):
                return value
            raise Unsure

        return take

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not is_client_id(text):
            raise ValidationError("|".join(self.means))
        return text


class _Told(Message):
    client_id = fields.Text(required=True)
    role = fields.Choice(Role, required=True)
    region = fields.RegionCode(required=True)
    organisation = fields.Text(required=True)
    scopes = fields.Many(fields.Text(), required=True)


@dataclass(frozen=True, slots=True)
class Actor:
    """``role``: None is nobody's, a clock's or the public's. ``region``: sees and acts within this subtree.
    ``organisation``: a training centre sees only what it reported itself, a department only its own indicators. What an
    actor may do in a service is said there."""

    client_id: str
    role: Role | None
    region: str
    organisation: str
    scopes: frozenset[str]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """As it was told. Raises Invalid."""
        read = _Told.read(told)
        return cls(
            client_id=read["client_id"],
            role=Role(read["role"]),
            region=read["region"],
            organisation=read["organisation"],
            scopes=frozenset(read["scopes"]),
        )

    def has(self, *scopes: str) -> bool:
        """Whether one of them is the actor's."""
        return not self.scopes.isdisjoint(scopes)
