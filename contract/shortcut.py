"""Shortcut: reading what is plainly right at a tenth of the cost of ``Schema.load``, which events by the million need.

The schema stays the only definition. A shortcut is put together from its fields, gives exactly what ``load`` would
give, and raises Unsure for everything it cannot vouch for: what is wrong, and what is right in an unusual way (blanks
to strip). Then ``load`` decides, and words the refusal.
"""

from collections.abc import Callable
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, missing

Take = Callable[[Any], Any]


class Unsure(Exception):
    """Ask ``Schema.load``."""


def of(schema: Schema) -> Callable[[Any], dict[str, Any]]:
    """For a schema instance, with its way of treating unknown fields."""
    if any(schema._hooks.values()) or not all(map(_plain, schema.fields.values())):
        return _unsure
    steps = [(name, field.required, field.allow_none, _take(field)) for name, field in schema.fields.items()]
    strict = schema.unknown == RAISE

    def read(data: Any) -> dict[str, Any]:
        if type(data) is not dict:
            raise Unsure
        found: dict[str, Any] = {}
        for name, required, nullable, take in steps:
            value = data.get(name, missing)
            if value is missing:
                if required:
                    raise Unsure
            elif value is None:
                if not nullable:
                    raise Unsure
                found[name] = None
            else:
                found[name] = take(value)
        if strict and len(found) != len(data):
            raise Unsure
        return found

    return read


def writing(schema: Schema) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """``schema.dump`` for a dict of what its fields are named."""
    if any(schema._hooks.values()) or not all(map(_written_plainly, schema.fields.values())):
        return schema.dump
    steps = [(name, field._serialize) for name, field in schema.fields.items()]

    def write(data: dict[str, Any]) -> dict[str, Any]:
        return {name: serialize(data[name], name, data) for name, serialize in steps if name in data}

    return write


def _written_plainly(field: fields.Field) -> bool:
    """Whether the field is written under its own name, from what is given."""
    given = field.data_key is None and field.attribute is None and field.dump_default is missing
    return given and not field.load_only and field._CHECK_ATTRIBUTE


def _unsure(data: Any) -> dict[str, Any]:
    raise Unsure


def _plain(field: fields.Field) -> bool:
    """Whether the field is read under its own name, from what is there."""
    return field.data_key is None and field.attribute is None and field.load_default is missing and not field.dump_only


def _take(field: fields.Field) -> Take:
    own = type(field).__mro__
    for kind in own:
        # Whoever changes how a value is read says how to shorten that, or has no shortcut.
        if "shortcut" in vars(kind) and field.validate is None:
            return field.shortcut()  # type: ignore[attr-defined]
        if "_deserialize" in vars(kind):
            break

    def load(value: Any) -> Any:
        try:
            return field.deserialize(value)
        except ValidationError:
            raise Unsure from None

    return load
