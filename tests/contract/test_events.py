import datetime as dt
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import certification as certified
from contract.message import SHARDS, Event, Unreadable, routing_key, shard_of
from contract.subscriptions import SUBSCRIPTIONS
from tests.contract import snapshots
from tests.services.targets.builders import an_envelope

EVENTS = [event for event in Event.known() if event.__module__.startswith("contract.")]
FULL = {"previous_person_key": "0" * 32, "fields_changed": ["region"], "import_id": "0" * 24}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type())
def test_an_event_only_ever_grows_by_optional_fields(event: type[Event]) -> None:
    file = snapshots.path(event)
    assert file.exists(), f"{event.type()} is new: python -m tests.contract.snapshots, and commit {file.name}"
    kept, now = json.loads(file.read_text()), snapshots.shape(event)
    for name, field in kept.items():
        assert now.get(name) == field, (
            f"{event.type()}.{name} was {field} and is {now.get(name)}: events in the log could no longer be read. "
            "Leave the field as it was and say a new event beside this one"
        )
    for name in now.keys() - kept.keys():
        assert not now[name]["required"], f"{event.type()}.{name} is new, so it must be optional: older events lack it"
        pytest.fail(f"{event.type()}.{name} has no snapshot: python -m tests.contract.snapshots, and commit it")


def test_no_event_of_a_snapshot_has_vanished() -> None:
    kept = {file.stem for file in snapshots.FOLDER.glob("*.json")}
    assert kept <= {event.type() for event in EVENTS}, "an event was removed; the log still holds it"


@pytest.mark.parametrize("event", certified.EVENTS, ids=lambda event: event.name())
def test_what_is_said_is_what_is_heard(event: type[certified.CertificateEvent]) -> None:
    fields = event().fields
    extra = {name: value for name, value in FULL.items() if name in fields}
    heard = Event.heard(json.loads(json.dumps(an_envelope(event, seq=7, **extra))))
    assert heard.event is event
    assert heard.seq == 7
    assert heard.data.keys() == fields.keys()
    assert heard.data["issued_on"] == dt.date(2023, 5, 1)


@pytest.mark.parametrize("event", certified.EVENTS, ids=lambda event: event.name())
def test_no_event_has_a_place_for_a_name_a_number_or_a_phone(event: type[certified.CertificateEvent]) -> None:
    personal = {"holder_name", "name", "document_number", "phone", "certificate_number", "remarks", "reason"}
    assert not personal & event().fields.keys()


def test_a_field_that_is_not_declared_is_a_bug_at_the_writer() -> None:
    with pytest.raises(ValueError, match="does not declare"):
        an_envelope(holder_name="某人")


def test_a_value_that_nobody_could_read_is_a_bug_at_the_writer() -> None:
    with pytest.raises(ValueError, match="cannot be read back"):
        an_envelope(status="perhaps")


def test_every_event_has_exactly_one_queue_of_each_hearer_for_every_person() -> None:
    for hearer in {subscription.hearer for subscription in SUBSCRIPTIONS}:
        for event in {event for s in SUBSCRIPTIONS if s.hearer == hearer for event in s.events}:
            shards = [shard for s in SUBSCRIPTIONS if s.hearer == hearer and event in s.events for shard in s.shards]
            assert sorted(shards) == list(range(SHARDS)), f"{hearer} would miss or double {event.type()}"


@pytest.mark.parametrize(
    ("about", "first_octet"),
    [("2.1/130102", 0x34), ("0123456789abcdef0123456789abcdef", 0x3E), ("河北", 0x67)],
)
def test_a_partition_key_goes_the_way_it_always_went(about: str, first_octet: int) -> None:
    """Octets of `printf %s ... | sha256sum`: what lies in the queues of a running programme was shared out by them."""
    assert shard_of(about) == first_octet % 16
    envelope = {"type": "certification.certificate_issued", "partitionkey": about}
    assert routing_key(envelope) == f"certificate_issued.{first_octet % 16:x}"


@given(st.text(min_size=1))
def test_every_partition_key_has_a_shard(about: str) -> None:
    assert shard_of(about) in range(SHARDS)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(json_values)
def test_whatever_arrives_is_read_or_unreadable_and_nothing_else(arrived: object) -> None:
    with pytest.raises(Unreadable):
        Event.heard(arrived)


@given(st.sampled_from(sorted(an_envelope(seq=1))), json_values)
def test_an_envelope_with_one_member_broken_is_read_or_unreadable(member: str, value: object) -> None:
    with suppress(Unreadable):
        Event.heard({**an_envelope(seq=1), member: value})
