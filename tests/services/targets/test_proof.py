"""Whoever follows the entries while they are written sees every one of them."""

import threading
from typing import Any

import pytest

import plan
from contract.errors import Invalid
from runtime import config, mongo
from services.targets.counting import Counting
from services.targets.progress import Progress
from services.targets.store import Counts
from tests.services.targets.builders import RULE, a_person, a_said

NAMES = {a_person(name): name for name in ("a", "b", "c", "d", "earlier", "first", "second")}


@pytest.fixture
def counts(space: dict[str, str]) -> Counts:
    found = Counts(mongo.database(config.read(space), "targets"))
    found.ensure_indexes()
    return found


class Follower:
    """Asks for what is new, again and again, from where the last answer ended."""

    def __init__(self, space: dict[str, str], counts: Counts, *, limit: int, after: str | None = None) -> None:
        self._progress = Progress(plan.read(config.read(space).plan_file), counts)
        self._limit = limit
        self._resume = after
        self.seen: list[str] = []

    def look(self) -> None:
        while True:
            asked: dict[str, Any] = {"target_id": "12.1", "limit": self._limit}
            page = self._progress.entries(asked | ({"after": self._resume} if self._resume else {}))
            self.seen += [NAMES[entry["subject"]] for entry in page["items"]]
            self._resume = page["resume"]
            if page["next"] is None:
                return


def counting(counts: Counts, queue: int) -> Counting:
    return Counting(counts, [RULE], f"targets.counting.{queue}")


def held(counts: Counts, queue: int, subject: str) -> tuple[threading.Event, threading.Thread]:
    """Settles one event, and commits it only when the event is set; by then its ids are long given."""
    written, commit = threading.Event(), threading.Event()
    ours = counting(counts, queue)

    class Slow(Counts):
        def write(self, changes: Any, session: Any) -> None:
            super().write(changes, session)
            written.set()
            assert commit.wait(30)

    ours._counts = Slow(counts.store)
    thread = threading.Thread(target=ours.handle, args=[[a_said(person=subject, certificate=subject)]])
    thread.start()
    assert written.wait(30)
    return commit, thread


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_a_follower_sees_what_is_committed_late_under_an_earlier_id(
    space: dict[str, str], counts: Counts, limit: int
) -> None:
    follower = Follower(space, counts, limit=limit)
    commit, thread = held(counts, 0, "earlier")
    counting(counts, 1).handle([a_said(person=name, certificate=name) for name in ("a", "b", "c")])
    follower.look()
    assert follower.seen == ["a", "b", "c"]
    commit.set()
    thread.join()
    counting(counts, 1).handle([a_said(person="d", certificate="d")])
    follower.look()
    assert sorted(follower.seen) == ["a", "b", "c", "d", "earlier"], "each once"


def test_within_a_queue_places_are_committed_in_their_order(space: dict[str, str], counts: Counts) -> None:
    follower = Follower(space, counts, limit=1)
    commit, first = held(counts, 0, "first")
    second = threading.Thread(target=counting(counts, 0).handle, args=[[a_said(person="second", certificate="2")]])
    second.start()
    follower.look()
    assert follower.seen == [], "the second overtook the first of its queue"
    commit.set()
    first.join()
    second.join()
    follower.look()
    assert follower.seen == ["first", "second"]


def test_entries_of_before_0_3_and_a_cursor_of_then_are_read_on(space: dict[str, str], counts: Counts) -> None:
    counting(counts, 0).handle([a_said(person=name, certificate=name) for name in ("a", "b", "c")])
    counts.entries.update_many({}, {"$unset": {"queue": "", "n": ""}})
    counts.places.drop()
    first = counts.entries.find_one({"subject": a_person("a")})
    assert first is not None
    counting(counts, 0).handle([a_said(person="d", certificate="d")])
    whole, rest = Follower(space, counts, limit=2), Follower(space, counts, limit=2, after=str(first["_id"]))
    whole.look()
    rest.look()
    assert whole.seen == ["a", "b", "c", "d"]
    assert rest.seen == ["b", "c", "d"]


@pytest.mark.parametrize("after", ["what", "targets.counting.0=x", "=12", ",,"])
def test_what_is_no_cursor_is_refused(space: dict[str, str], counts: Counts, after: str) -> None:
    with pytest.raises(Invalid):
        Follower(space, counts, limit=1, after=after).look()
