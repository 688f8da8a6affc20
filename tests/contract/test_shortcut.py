import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, post_load, validate

from contract import certification as certified
from contract import fields, shortcut
from contract.message import Envelope
from contract.words import CertificateStatus
from tests.services.targets.builders import an_envelope


class Everything(Schema):
    text = fields.Text(at_most=5)
    id = fields.Id()
    region = fields.RegionCode()
    person = fields.PersonKey(allow_none=True)
    choice = fields.Choice(CertificateStatus)
    whole = fields.Whole(at_least=-3, at_most=3)
    yes = fields.Yes()
    number = fields.Number()
    day = fields.Day()
    instant = fields.Instant(required=True)
    many = fields.Many(fields.Text())
    facts = fields.Facts()


TELLING = [
    "", " ", "a", " a", "a ", "abcde", "abcdef", "a\x00b", "a" * 24, "A" * 24, "a" * 24 + "\n", "f" * 32,
    "１" * 6, "130102", "13010２", "valid", "valid ", "VALID", "3", "true", b"abc", None, True, False,
    0, 3, 4, -3, -4, 2**60, 1.0, 1.5, float("nan"), [], ["a"], [1], {}, {"a": 1}, {1: 2},
    "2023-02-28", "2023-02-29", "2023-2-28", "２０２３-01-01", "20230101", "2023-W01-1", "2023-01-01\n", "2023-01-01Z",
    "2023-01-01T00:00:00Z", "2023-01-01T00:00:00.123Z", "2023-01-01T00:00:00+08:00", "2023-01-01T00:00:00", "Z",
    "2023-01-01T24:00:00Z", "2023-W01-1T00:00:00Z", "2023-01-01T00:00:00z", "0001-01-01T00:00:00+23:59",
]  # fmt: skip

anything = st.sampled_from(TELLING) | st.text(max_size=8) | st.integers() | st.dates().map(str)


def agree(schema: Schema, data: Any) -> bool:
    """Whether the shortcut vouched for ``data``. Fails when ``load`` says something else."""
    try:
        found = shortcut.of(schema)(data)
    except shortcut.Unsure:
        return False
    try:
        loaded = schema.load(data)
    except ValidationError as error:
        raise AssertionError(f"the shortcut takes what load refuses: {data} ({error.messages})") from None
    assert found == loaded, "the shortcut gives something else than load"
    assert list(map(type, found.values())) == list(map(type, loaded.values()))
    return True


@pytest.mark.parametrize("unknown", [RAISE, EXCLUDE])
@given(data=st.dictionaries(st.sampled_from([*Everything().fields, "other"]), anything))
def test_the_shortcut_never_says_anything_else_than_the_schema(unknown: Any, data: dict[str, Any]) -> None:
    agree(Everything(unknown=unknown), data | {"instant": "2023-06-01T00:00:00.000Z"})


@pytest.mark.parametrize("name", list(Everything().fields))
@pytest.mark.parametrize("value", TELLING, ids=ascii)
def test_the_shortcut_agrees_on_each_telling_value(name: str, value: Any) -> None:
    agree(Everything(), {"instant": "2023-06-01T00:00:00.000Z", name: value})


@given(name=st.sampled_from([*Envelope().fields]), value=anything)
def test_an_envelope_with_one_odd_field_is_read_as_the_schema_reads_it(name: str, value: Any) -> None:
    agree(Envelope(unknown=EXCLUDE), an_envelope(seq=1) | {name: value})


@pytest.mark.parametrize("event", certified.EVENTS, ids=lambda event: event.__name__)
def test_every_event_takes_the_shortcut(event: type[certified.CertificateEvent]) -> None:
    said = an_envelope(event, seq=1)
    assert agree(Envelope(unknown=EXCLUDE), said), "the envelope is read the long way: what did it get?"
    assert agree(event(unknown=EXCLUDE), said["data"]), "read the long way: give its new field a shortcut"


@pytest.mark.parametrize("data", [None, [], "text", 1, {"instant": None}, {}])
def test_what_is_no_object_or_lacks_something_is_left_to_the_schema(data: Any) -> None:
    assert not agree(Everything(), data)


def test_a_field_with_a_rule_of_its_own_keeps_it() -> None:
    class Even(fields.Whole):
        def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> int:
            return super()._deserialize(value, *args, **kwargs) * 2

    class Odd(Schema):
        ruled = fields.Text(validate=validate.Equal("a"))
        changed = Even()

    assert agree(Odd(), {"ruled": "a", "changed": 2})
    assert not agree(Odd(), {"ruled": "b"})


def test_a_schema_that_does_more_than_its_fields_has_no_shortcut() -> None:
    class Hooked(Schema):
        text = fields.Text()

        @post_load
        def upper(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
            return {name: value.upper() for name, value in data.items()}

    class Renamed(Schema):
        text = fields.Text(data_key="Text")

    class Defaulted(Schema):
        text = fields.Text(load_default="a")

    for schema, data in ((Hooked(), {"text": "a"}), (Renamed(), {"Text": "a"}), (Defaulted(), {})):
        assert not agree(schema, data)


WRITTEN = {
    "text": st.text(max_size=5) | st.none(),
    "choice": st.sampled_from(CertificateStatus) | st.sampled_from([one.value for one in CertificateStatus]),
    "whole": st.integers(),
    "yes": st.booleans(),
    "number": st.decimals(allow_nan=False, allow_infinity=False, places=3) | st.integers(),
    "day": st.dates(),
    "instant": st.datetimes(timezones=st.just(dt.UTC)),
    "many": st.lists(st.text(max_size=3), max_size=3),
    "facts": st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3), max_size=3),
}


@given(data=st.fixed_dictionaries({}, optional=WRITTEN))
def test_what_is_written_short_is_what_the_schema_writes(data: dict[str, Any]) -> None:
    schema = Everything()
    assert shortcut.writing(schema) != schema.dump
    assert shortcut.writing(schema)(data) == schema.dump(data)


def test_a_schema_that_writes_in_its_own_way_is_left_to_it() -> None:
    class Renamed(Schema):
        text = fields.Text(data_key="other")

    class Filled(Schema):
        text = fields.Text(dump_default="x")

    class Kept(Schema):
        text = fields.Text(load_only=True)

    for kind in (Renamed, Filled, Kept):
        schema = kind()
        for data in ({"text": "a"}, {}):
            assert shortcut.writing(schema)(data) == schema.dump(data), kind
