"""Dataclasses as documents and back: the document is written down by hand, as a database of an older version has it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum

import pytest

from runtime import record


class Colour(Enum):
    RED = "红"
    GREEN = "绿"


@dataclass(frozen=True)
class Part:
    name: str
    amount: Decimal
    on: dt.date | None = None


@dataclass(frozen=True)
class Whole:
    id: str
    at: dt.datetime
    on: dt.date
    colour: Colour
    parts: tuple[Part, ...]
    labels: frozenset[str]
    by_name: Mapping[str, Part]
    counts: dict[str, int]
    reason: str | None
    last: Part | None = None
    tries: int = 3
    notes: tuple[str, ...] = field(default_factory=tuple)


AT = dt.datetime(2023, 6, 1, 8, tzinfo=dt.UTC)
WHOLE = Whole(
    id="a",
    at=AT,
    on=dt.date(2023, 6, 1),
    colour=Colour.GREEN,
    parts=(Part("one", Decimal("1.50"), dt.date(2023, 1, 2)), Part("two", Decimal("0.1"))),
    labels=frozenset({"y", "x"}),
    by_name={"one": Part("one", Decimal("3"))},
    counts={"n": 2},
    reason=None,
    last=Part("last", Decimal("2")),
    tries=0,
    notes=("看过",),
)
DOCUMENT = {
    "id": "a",
    "at": AT,
    "on": "2023-06-01",
    "colour": "绿",
    "parts": [{"name": "one", "amount": "1.50", "on": "2023-01-02"}, {"name": "two", "amount": "0.1"}],
    "labels": ["x", "y"],
    "by_name": {"one": {"name": "one", "amount": "3"}},
    "counts": {"n": 2},
    "last": {"name": "last", "amount": "2"},
    "tries": 0,
    "notes": ["看过"],
}


def test_a_record_is_written_as_it_always_was() -> None:
    assert record.document(WHOLE) == DOCUMENT


def test_a_record_comes_back_as_it_was_written() -> None:
    found = record.of(Whole, DOCUMENT | {"_id": "the store's own"})
    assert found == WHOLE
    assert str(found.parts[0].amount) == "1.50", "not 1.5: how many places were given is kept"


@pytest.mark.parametrize(("name", "absent"), [("tries", 3), ("notes", ()), ("last", None), ("reason", None)])
def test_what_an_older_version_did_not_write_is_the_default(name: str, absent: object) -> None:
    older = {key: value for key, value in DOCUMENT.items() if key != name}
    assert record.of(Whole, older) == replace(WHOLE, **{name: absent})


def test_only_what_is_none_is_left_out() -> None:
    empty = replace(WHOLE, tries=0, notes=(), counts={}, labels=frozenset())
    kept = record.document(empty)
    assert (kept["tries"], kept["notes"], kept["counts"], kept["labels"]) == (0, [], {}, [])
    assert record.of(Whole, kept) == empty


def test_a_class_is_no_record() -> None:
    assert record.document(Whole) is Whole


def test_no_record_has_an_id_with_blanks() -> None:
    """The log names several with blanks between them: one such id, and no audit could read the log again."""
    for id in ("a b", "a\nb", "a\u3000b"):
        with pytest.raises(ValueError, match="blanks"):
            record.imprint("things", {"_id": id})
