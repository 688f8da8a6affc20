"""Frozen dataclasses as documents and back, by their own annotations: days as ISO text, decimals as text, enums as
their values, tuples as lists. None is left out. And what a document's imprint in the log is."""

import datetime as dt
import hashlib
import json
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import lru_cache, partial
from typing import Any, TypeVar, Union

from bson import Decimal128, ObjectId

Kept = TypeVar("Kept")

_AS_THEY_ARE = frozenset([type(None), bool, int, float, str])  # most of what there is


def document(value: Any) -> Any:
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, Decimal):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        found = ((name, getattr(value, name)) for name in _names(type(value)))
        return {name: document(kept) for name, kept in found if kept is not None}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [document(item) for item in value]
    if isinstance(value, frozenset):
        return sorted(document(item) for item in value)
    if isinstance(value, Mapping):
        return {name: document(item) for name, item in value.items()}
    return value


def of(kind: type[Kept], kept: Mapping[str, Any]) -> Kept:
    """Fields that the dataclass does not have are left alone: they are the store's own."""
    readers = _readers(kind)  # type: ignore[arg-type]
    found = {name: read(kept[name]) if name in kept else _absent(kind, name) for name, read in readers.items()}
    return kind(**{name: value for name, value in found.items() if value is not _DEFAULT})


def imprint(collection: str, row: Mapping[str, Any]) -> str:
    """``collection/id:sha256`` of a document as it is written, over its canonical JSON. Its locks (runtime.mongo) say
    nothing of it."""
    if re.search(r"\s", str(row["_id"])):  # the log names several with blanks between them
        raise ValueError(f"{collection}: an id with blanks in it cannot be a record's")
    row = {name: value for name, value in row.items() if name != "locks"}
    canonical = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_canonical)
    return f"{collection}/{row['_id']}:{hashlib.sha256(canonical.encode()).hexdigest()}"


def imprints(records: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """Of several, given as (collection, document)."""
    return " ".join(imprint(collection, row) for collection, row in records)


def _canonical(value: Any) -> Any:
    """What JSON has no form for: instants in milliseconds, which is what MongoDB keeps, and octets as hexadecimals."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="milliseconds")
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal128 | ObjectId):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


_DEFAULT = object()


def _absent(kind: type, name: str) -> Any:
    """None was left out; where the field has a default it is that."""
    field = kind.__dataclass_fields__[name]  # type: ignore[attr-defined]
    return None if field.default is MISSING and field.default_factory is MISSING else _DEFAULT


@lru_cache(maxsize=256)
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@lru_cache(maxsize=256)
def _readers(kind: type) -> dict[str, Callable[[Any], Any]]:
    """How each field is read, found out once: a snapshot has thousands of rows of one kind."""
    hints = typing.get_type_hints(kind)
    return {name: _reader(hints[name]) for name in _names(kind)}


@lru_cache(maxsize=1024)
def _reader(hint: Any) -> Callable[[Any], Any]:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        read = _reader(next(arg for arg in args if arg is not type(None)))
        return lambda value: None if value is None else read(value)
    if origin in (tuple, frozenset):
        read = _reader(args[0])
        return lambda value: origin(map(read, value))
    if origin is Mapping or origin is dict:
        read = _reader(args[1])
        return lambda value: {name: read(item) for name, item in value.items()}
    if isinstance(hint, type):
        if is_dataclass(hint):
            return partial(of, hint)
        if issubclass(hint, Decimal | Enum):
            return hint
        if issubclass(hint, dt.date) and not issubclass(hint, dt.datetime):
            return dt.date.fromisoformat
    return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value
