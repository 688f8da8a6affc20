"""Which queues an event goes to, and what went last to each of them, as the log says it."""

from typing import Any

import pytest

from contract.message import routing_key
from contract.subscriptions import SUBSCRIPTIONS
from runtime import config, mongo
from runtime.outbox import Outbox
from runtime.places import START, Place, place_of, previous_in
from runtime.routes import Routes
from tests.services.targets.builders import an_envelope


@pytest.fixture
def outbox(space: dict[str, str]) -> Outbox:
    store = mongo.database(config.read(space), "certification")
    box = Outbox(store)
    box.ensure_indexes()
    envelopes = [an_envelope(person=str(number), certificate=str(number)) for number in range(12)]
    mongo.transact(store, lambda session: box.add(session, envelopes))
    box.order(token=1)
    return box


@pytest.fixture
def routes(outbox: Outbox) -> Routes:
    return Routes("certification", outbox)


def test_an_event_goes_to_every_queue_of_its_kind_and_its_shard(routes: Routes) -> None:
    assert routes.subscriptions.keys() == {one.queue for one in SUBSCRIPTIONS if one.service == "certification"}
    for name, shard in (("certificate_issued", 0), ("certificate_issued", 15), ("anomaly_noticed", 10)):
        assert routes.of(f"{name}.{shard:x}") == tuple(
            one.queue
            for one in SUBSCRIPTIONS
            if one.service == "certification" and shard in one.shards and name in {event.name() for event in one.events}
        )
    assert routes.of("certificate_issued.0") != routes.of("certificate_issued.f")
    assert routes.of("nothing_known.0") == ()


def test_the_last_of_a_queue_is_the_newest_up_to_a_place_that_goes_to_it(routes: Routes, outbox: Outbox) -> None:
    log = outbox.page(0, 100)
    for queue in routes.subscriptions:
        ours = [event for event in log if queue in routes.of(routing_key(event))]
        for upto in range(len(log) + 1):
            before = [place_of(event) for event in ours if event["seq"] <= upto]
            assert routes.last(queue, upto=upto) == (before[-1] if before else START)


def test_what_was_noted_is_taken_and_of_a_new_queue_the_log_is_asked(routes: Routes, outbox: Outbox) -> None:
    noted, *others = routes.subscriptions
    outbox.published(12, token=1, lasts=[(noted, 3, "abc")])
    assert routes.lasts(12) == {noted: Place(3, "abc")} | {queue: routes.last(queue, upto=12) for queue in others}


def test_each_event_names_what_went_before_it_to_each_queue_that_is_followed(routes: Routes, outbox: Outbox) -> None:
    lasts: dict[str, Place] = dict.fromkeys(routes.subscriptions, START)
    left_out = routes.of(routing_key(outbox.page(0, 1)[0]))[0]
    del lasts[left_out]
    before: dict[str, Any] = {}
    for event in outbox.page(0, 100):
        key = routing_key(event)
        header = routes.follow(key, event, lasts)
        assert previous_in(left_out, header) is None
        for queue in set(routes.of(key)) - {left_out}:
            assert previous_in(queue, header) == before.get(queue, START)
            before[queue] = lasts[queue] = place_of(event)
    assert {queue: place for queue, place in lasts.items() if place != START} == before
