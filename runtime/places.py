"""Places: how far a hearer has taken each of its queues, and how it finds out that something is missing.

An event is published together with the one before it in each queue that it goes to. A hearer moves its place in a queue
from one event to the next and never over a gap, in its own database and not before the effect. Watermarks say what
was published last to the queue: where the place is another one, the hearer asks the service's relay, which publishes
again what comes after the place, or says that the place is in no log of its service. So a broker that lost messages,
and a database that was set back, are noticed by whoever has more than they.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pymongo.client_session import ClientSession

from contract.message import Said
from runtime.mongo import Document, Store

_DIGITS = 12  # of a row's hash: they tell a log from one that went another way


@dataclass(frozen=True, slots=True)
class Place:
    """The last event of a queue that was taken, or published. ``hash`` is empty where only its number is known."""

    seq: int
    hash: str

    def is_at(self, other: "Place") -> bool:
        return self.seq == other.seq and (self.hash == other.hash or not self.hash or not other.hash)


START = Place(0, "0" * _DIGITS)


def place_of(envelope: Document) -> Place:
    """Of what is in a log, with its ``seq`` and ``hash``."""
    return Place(envelope["seq"], envelope["hash"][:_DIGITS])


def previous_to(places: Iterable[tuple[str, Place]]) -> str:
    """The header that tells each queue which event it got before this one."""
    return "".join([f" {queue}={place.seq}:{place.hash}" for queue, place in places])


def previous_in(queue: str, header: str) -> Place | None:
    name = f" {queue}="
    begins = header.find(name)
    if begins < 0:
        return None
    seq, _, digits = header[begins + len(name) :].partition(" ")[0].partition(":")
    return Place(int(seq), digits)


@dataclass(frozen=True, slots=True)
class Passed:
    """Where an event that could not be handled stands in its log; ``previous`` as in ``Said``."""

    seq: int
    hash: str
    previous: str


Word = Literal["upto", "rejoin", "restart", "forked"]


@dataclass(frozen=True)
class Mark:
    """A watermark: the queue has brought everything of ``service`` up to ``seq``, recorded before ``at``, if it has
    brought ``last``, the last event that was published to it. ``relay`` and ``number`` name the watermark, ``broker``
    the broker, which has another name after it came back empty.

    Its other words answer a hearer that asked. ``rejoin``: nothing lies between ``last`` and the place ``of`` that it
    asked from, what comes after follows. ``restart``: everything follows. ``forked``: the place ``of`` is in no log.
    """

    service: str
    seq: int
    at: dt.datetime
    last: Place | None = None
    relay: str = ""
    number: int = 0
    broker: str = ""
    word: Word = "upto"
    of: Place | None = None

    def body(self) -> dict[str, Any]:
        told = vars(self) | {"at": self.at.isoformat()}
        for name in ("last", "of"):
            place = getattr(self, name)
            told[name] = None if place is None else [place.seq, place.hash]
        return told

    @classmethod
    def read(cls, body: Any) -> "Mark":
        """Raises ValueError, KeyError or TypeError for what is none."""
        told = {name: body[name] for name in ("service", "seq")} | {"at": dt.datetime.fromisoformat(body["at"])}
        told |= {name: body[name] for name in ("relay", "number", "broker", "word") if name in body}
        told |= {name: Place(*body[name]) for name in ("last", "of") if body.get(name)}
        return cls(**told)


@dataclass
class Steps:
    """Where a queue's place is after what was heard. ``reached``: the last watermark that fits it. ``mark``: the last
    one, when it does not. ``void``: nothing that was said of the queue before holds any longer."""

    place: Place
    reached: Mark | None = None
    mark: Mark | None = None
    void: bool = False
    repeated: list[int] = field(default_factory=list)

    def take(self, queue: str, heard: Said | Mark | Passed) -> None:
        if isinstance(heard, Mark):
            self._take_mark(heard)
        elif heard.seq <= self.place.seq:
            if isinstance(heard, Said):
                self.repeated.append(heard.seq)
        elif (before := previous_in(queue, heard.previous)) is not None and before.is_at(self.place):
            self.place = Place(heard.seq, heard.hash[:_DIGITS])

    def _take_mark(self, mark: Mark) -> None:
        match mark.word:
            case "restart":
                self.place, self.reached, self.mark, self.void = START, None, None, True
            case "rejoin":
                if mark.of is not None and mark.last is not None and mark.of.is_at(self.place):
                    self.place, self.mark = mark.last, None
            case "forked":
                if mark.of is not None and mark.of.is_at(self.place):
                    self.reached, self.mark, self.void = None, None, True
            case _ if mark.last is None:
                pass  # of a release that did not know what it had published to which queue
            case _ if mark.last.is_at(self.place):
                self.place, self.reached, self.mark = mark.last, mark, None
            case _:
                self.mark = mark


@dataclass(frozen=True)
class Ask:
    """Asks a service's relay for what comes after ``place`` in ``queue``, and for the events ``again``. ``relay`` and
    ``number`` name the watermark that did not fit, so that one that was sent before an answer asks for nothing."""

    service: str
    queue: str
    place: Place
    relay: str
    number: int
    again: Sequence[int] = ()

    def body(self) -> dict[str, Any]:
        return {
            "queue": self.queue,
            "place": [self.place.seq, self.place.hash],
            "relay": self.relay,
            "number": self.number,
            "again": list(self.again),
        }


class Places:
    """In the hearer's own database. ``inbox``: the place of each of its queues. ``inbox_aside``: what of a queue was
    put aside, to be tried again or looked at, and lies in the broker alone."""

    def __init__(self, store: Store) -> None:
        self._places = store["inbox"]
        self._aside = store["inbox_aside"]

    def ensure_indexes(self) -> None:
        self._aside.create_index("queue", name="queue")

    def take(
        self,
        queue: str,
        heard: Iterable[Said | Mark | Passed],
        session: ClientSession | None = None,
        *,
        begin: Callable[[], Place] = lambda: START,
    ) -> tuple[Steps, Ask | None]:
        """Move the queue's place over what was heard and settled, in the transaction that settled it or afterwards;
        with it what is to be asked of the relay. ``begin``: where a queue is that has no place yet."""
        row = self._places.find_one({"_id": queue}, session=session)
        before = begin() if row is None else Place(row["seq"], row["hash"])
        broker = None if row is None else row.get("broker")
        steps = Steps(before)
        for one in heard:
            steps.take(queue, one)
        if steps.repeated:
            ids = [f"{queue}:{seq}" for seq in steps.repeated]
            self._aside.delete_many({"_id": {"$in": ids}}, session=session)
        ask = self._ask(queue, steps, session)
        at = steps.mark or steps.reached
        now = broker if at is None else at.broker
        if row is None or steps.place != before or now != broker:
            place = {"seq": steps.place.seq, "hash": steps.place.hash, "broker": now}
            self._places.update_one({"_id": queue}, {"$set": place}, upsert=True, session=session)
        return steps, ask

    def _ask(self, queue: str, steps: Steps, session: ClientSession | None) -> Ask | None:
        mark = steps.mark or steps.reached
        if mark is None:
            return None
        lost = {"queue": queue, "broker": {"$ne": mark.broker}}
        again = [row["seq"] for row in self._aside.find(lost, {"seq": 1}, session=session).limit(1000)]
        if steps.mark is None and not again:
            return None
        return Ask(mark.service, queue, steps.place, mark.relay, mark.number, again)

    def pass_over(self, queue: str, passed: Passed) -> None:
        """An event was put aside: the place moves over it."""
        self.lay_aside(queue, passed)
        self.take(queue, [passed])

    def lay_aside(self, queue: str, passed: Passed) -> None:
        """An event, to be tried again or parked, lies in the broker alone."""
        row = self._places.find_one({"_id": queue}, {"broker": 1}) or {}
        lies = {"queue": queue, "seq": passed.seq, "broker": row.get("broker")}
        self._aside.replace_one({"_id": f"{queue}:{passed.seq}"}, lies, upsert=True)

    def discard(self, queue: str, seq: int) -> None:
        """A person has decided that the event is not to come again."""
        self._aside.delete_one({"_id": f"{queue}:{seq}"})
