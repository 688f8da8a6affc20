"""Every way in which one stored document can be altered by hand: each field of each kind of it in turn, the document
gone, and a copy of it under another id."""

import copy
import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bson import Binary, Decimal128, ObjectId

from runtime.mongo import Document

Path = tuple[str | int, ...]
_KEYS = re.compile(r"^(\d{4}-\d\d(-\d\d)?|\d{6}|[0-9a-f]{24})$")  # of a map, and not the name of a field


@dataclass(frozen=True)
class Mutation:
    """``field``: where, with ``*`` for an element of a list or a map. ``rows``: the whole collection, altered."""

    field: str
    row: Any
    rows: Sequence[Document]


def mutations(rows: Sequence[Document]) -> Iterator[Mutation]:
    done: set[tuple[str, str]] = set()
    for place, row in enumerate(rows):
        kind = _kind(row)
        for path, value in _leaves(row):
            field = _name(path)
            if (kind, field) in done or field == "_id":
                continue
            done.add((kind, field))
            altered = copy.deepcopy(row)
            _put(altered, path, value + 1000 if path[0] == "_id" and isinstance(value, int) else _other(value))
            yield Mutation(field, row["_id"], [*rows[:place], altered, *rows[place + 1 :]])
        if (kind, "") not in done:
            done.add((kind, ""))
            yield Mutation("(deleted)", row["_id"], [*rows[:place], *rows[place + 1 :]])
            another = copy.deepcopy(row) | {"_id": _other_id(row["_id"])}
            yield Mutation("(copied)", another["_id"], [*rows, another])


def _kind(row: Document) -> str:
    """Events of one type are a kind, and states of a record are not."""
    return str(row["event"]["type"]) if "event" in row and isinstance(row["event"], dict) else ""


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    match value:
        case dict() if value:
            for name, below in value.items():
                yield from _leaves(below, (*path, name))
        case list() if value:
            yield (*path, "pop"), value
            for place, below in enumerate(value):
                yield from _leaves(below, (*path, place))
        case _:
            yield path, value


def _name(path: Path) -> str:
    return ".".join("*" if isinstance(part, int) or _KEYS.match(part) else part for part in path)


def _put(row: Any, path: Path, value: Any) -> None:
    *above, last = path
    for part in above:
        row = row[part]
    if last == "pop":
        row.pop()
    else:
        row[last] = value


def _other(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case dt.datetime():
            return value + dt.timedelta(days=1)
        case Decimal128():
            return Decimal128(value.to_decimal() + Decimal(1))
        case Binary() | bytes():
            return Binary(bytes(value)[:-1] + bytes([bytes(value)[-1] ^ 1]), 6)
        case ObjectId():
            return ObjectId()
        case str() if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return (dt.date.fromisoformat(value) + dt.timedelta(days=1)).isoformat()
        case str() if re.fullmatch(r"-?\d+(\.\d+)?", value):
            return str(Decimal(value) + 1)
        case str():
            return value + "x"
        case None:
            return "x"
        case list():
            return ["x"]
        case dict():
            return {"x": "x"}
    raise TypeError(f"nothing is known of {type(value).__name__}")


def _other_id(id: Any) -> Any:
    match id:
        case ObjectId():
            return ObjectId()
        case dict():
            return {**id, "of" if "of" in id else "f": str(ObjectId())}
        case str() if ObjectId.is_valid(id):
            return str(ObjectId())
    return f"{id}x"
