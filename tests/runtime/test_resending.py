"""What a relay answers when a hearer, or a person, asks for events again."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from contract.message import routing_key
from runtime import config, mongo, rabbit
from runtime.outbox import Outbox
from runtime.places import START, Mark, Place, place_of
from runtime.resending import Resending
from runtime.routes import Routes
from runtime.watermarks import Watermarks
from tests.runtime.running import Broker
from tests.services.targets.builders import an_envelope

AT = dt.datetime(2023, 5, 1, tzinfo=dt.UTC)
EVENTS = 5


@dataclass
class Desk:
    """A relay's answers, its log, and the queue that all of the log goes to."""

    resending: Resending
    watermarks: Watermarks
    publisher: rabbit.Publisher
    log: list[dict[str, Any]]
    queue: str
    broker: Broker

    def asked(self, *requests: Any) -> list[Any]:
        """What comes through the queue when this was asked: events by their place in the log, and marks."""
        self.publisher.publish_all(
            rabbit.Outgoing("", "resend.certification", one if isinstance(one, bytes) else json.dumps(one).encode())
            for one in requests
        )
        self.resending.listen(EVENTS, AT)
        while self.resending.advance(EVENTS, AT):
            pass
        heard = [json.loads(body) for body, _ in self.broker.take(self.queue)]
        return [told["seq"] if "type" in told else Mark.read(told) for told in heard]

    def place(self, seq: int) -> Place:
        return place_of(self.log[seq - 1])

    def ask(self, place: Place, *, number: int, again: tuple[int, ...] = (), relay: str | None = None) -> Any:
        relay = self.watermarks.relay if relay is None else relay
        at = [place.seq, place.hash]
        return {"queue": self.queue, "place": at, "relay": relay, "number": number, "again": list(again)}


@pytest.fixture
def desk(space: dict[str, str]) -> Iterator[Desk]:
    settings = config.read(space)
    rabbit.declare(settings)
    store = mongo.database(settings, "certification")
    outbox = Outbox(store)
    outbox.ensure_indexes()
    envelopes = [an_envelope(version=version) for version in range(1, EVENTS + 1)]
    mongo.transact(store, lambda session: outbox.add(session, envelopes))
    outbox.order(token=1)
    routes, log = Routes("certification", outbox), outbox.page(0, 100)
    queue = next(one for one in routes.of(routing_key(log[0])) if one.startswith("targets.counting"))
    with rabbit.connection(settings) as broker:
        publisher = rabbit.Publisher(broker)
        marks = Watermarks("certification", routes, publisher, "broker")
        resending = Resending("certification", outbox, routes, publisher, marks)
        yield Desk(resending, marks, publisher, log, queue, Broker(space["AMQP_URI"]))


def test_a_stretch_that_a_person_asks_for_is_published_again_and_nothing_else(desk: Desk) -> None:
    assert desk.asked({"queue": desk.queue, "after": 1, "to": 3}) == [2, 3]
    [*events, mark] = desk.asked({"queue": desk.queue, "after": 3, "to": None})
    assert events == [4, 5]
    assert (mark.word, mark.seq, mark.last, mark.at) == ("upto", EVENTS, desk.place(5), AT)


def test_from_the_beginning_the_hearer_is_told_so_first(desk: Desk) -> None:
    [first, *events, last] = desk.asked({"queue": desk.queue, "restart": True})
    assert (first.word, first.seq, first.last, first.of) == ("restart", 0, START, START)
    assert events == [1, 2, 3, 4, 5]
    assert (last.word, last.seq, last.last) == ("upto", EVENTS, desk.place(5))


def test_who_names_its_place_is_told_where_it_goes_on_and_given_what_it_misses(desk: Desk) -> None:
    [*again, first, four, five, last] = desk.asked(desk.ask(desk.place(3), number=1, again=(1, 2)))
    assert (again, four, five) == ([1, 2], 4, 5)
    assert (first.word, first.last, first.of) == ("rejoin", desk.place(3), desk.place(3))
    assert last.number > first.number > 0
    assert desk.asked(desk.ask(desk.place(3), number=last.number)) == [], "that was asked before the answer had come"
    assert desk.asked(desk.ask(desk.place(3), number=99, relay="another")) == []
    assert len(desk.asked(desk.ask(desk.place(4), number=last.number + 1))) == 3


def test_who_has_nothing_yet_gets_all(desk: Desk) -> None:
    [first, *events, _] = desk.asked(desk.ask(START, number=1))
    assert (first.word, events) == ("rejoin", [1, 2, 3, 4, 5])


@pytest.mark.parametrize("seq", [3, EVENTS + 4])
def test_a_place_that_is_not_in_the_log_is_answered_with_that_alone(desk: Desk, seq: int) -> None:
    assert not desk.resending.forked
    place = Place(seq, "0" * len(desk.place(1).hash))
    [mark] = desk.asked(desk.ask(place, number=1))
    assert (mark.word, mark.of, mark.last, mark.seq) == ("forked", place, None, EVENTS)
    assert desk.resending.forked
    assert desk.asked(desk.ask(place, number=mark.number)) == []
    assert len(desk.asked(desk.ask(desk.place(EVENTS), number=mark.number + 1))) == 2
    assert not desk.resending.forked, "it has found back"


def test_what_is_no_request_holds_up_none_that_is(desk: Desk) -> None:
    other = {"queue": "certification.filings", "after": 0, "to": None}
    assert desk.asked(b"\xff", b"[]", {"queue": desk.queue}, other, {"queue": desk.queue, "after": 4, "to": 5}) == [5]
