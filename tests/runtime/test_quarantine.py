"""What a worker cannot process, and what becomes of everything else."""

import datetime as dt
import json
import threading
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from runtime import chores, config, mongo, quarantine
from runtime.mongo import Store
from runtime.quarantine import Quarantine
from tests.runtime.running import at_work, until

NOON = dt.datetime(2023, 5, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def store(space: dict[str, str]) -> Store:
    return mongo.database(config.read(space), "housekeeping")


class Day:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> dt.datetime:
        return self.now


def broken() -> None:
    raise KeyError("张三")


def test_a_record_is_set_aside_tried_again_ever_later_and_released_when_it_can_be_processed(store: Store) -> None:
    day = Day()
    held = Quarantine(store, "clock", now=day)
    waits = []
    for _ in range(8):
        assert held.attempt("case", "1", broken) is None
        assert held.attempt("case", "1", lambda: 1 / 0) is None, "what is held is not tried before its time"
        row = store["quarantine"].find_one({})
        assert row is not None
        waits.append((row["next_at"] - day.now).total_seconds())
        day.now = row["next_at"]
    assert waits == [5, 20, 80, 320, 1280, 3600, 3600, 3600]
    assert held.attempt("case", "2", lambda: "done") == "done"
    assert row["reason"].startswith("KeyError at "), "an exception's own text may quote personal data"
    assert (row["attempts"], row["first_at"]) == (8, NOON)
    another = Quarantine(store, "clock", now=day)
    another.refresh()
    assert len(another) == 1
    assert another.attempt("case", "1", lambda: "mended") == "mended"
    assert (len(another), store["quarantine"].count_documents({})) == (0, 0)


def test_a_database_that_is_away_is_no_fault_of_the_record(store: Store) -> None:
    def away() -> None:
        raise AutoReconnect("no primary")

    held = Quarantine(store, "clock")
    with pytest.raises(AutoReconnect):
        held.attempt("case", "1", away)
    assert len(held) == 0


def test_a_document_that_has_grown_too_large_is_set_aside(store: Store) -> None:
    store["cases"].insert_one({"_id": "1", "objections": ["x" * (15 * 2**20)]})
    held = Quarantine(store, "clock")
    grow: dict[str, Any] = {"$push": {"objections": "x" * (2 * 2**20)}}
    assert held.attempt("case", "1", lambda: store["cases"].update_one({"_id": "1"}, grow)) is None
    assert held.held("case") == ["1"]


def test_what_is_set_aside_is_listed_for_people(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert quarantine.main([]) == 0
    assert "没有搁置的记录" in capsys.readouterr().out
    Quarantine(store, "clock").attempt("award", "655f", broken)
    assert quarantine.main([]) == 0
    assert "housekeeping.clock  award 655f  × 1" in capsys.readouterr().out
    assert quarantine.main(["--json"]) == 0
    assert '"record": "655f"' in capsys.readouterr().out


def test_each_worker_holds_its_own_and_each_kind_by_itself(store: Store) -> None:
    day = Day()
    clock, jobs = Quarantine(store, "clock", now=day), Quarantine(store, "jobs", now=day)
    clock.attempt("case", "1", broken)
    clock.attempt("award", "2", broken)
    jobs.attempt("case", "3", broken)
    for worker in (clock, jobs):
        worker.refresh()
    assert (clock.held("case"), clock.held("award"), jobs.held("case")) == (["1"], ["2"], ["3"])
    assert (len(clock), len(jobs)) == (2, 1)
    day.now += dt.timedelta(seconds=5)
    assert clock.held("case") == [], "its time has come"
    assert clock.attempt("award", "2", lambda: "mended") == "mended"
    assert {row["record"] for row in store["quarantine"].find()} == {"1", "3"}, "the others are still set aside"


def test_the_list_says_all_of_each_and_begins_with_what_is_held_longest(
    space: dict[str, str], store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    day = Day()
    other = mongo.database(config.read(space), "certification")
    Quarantine(store, "clock", now=day).attempt("award", "early", broken)
    day.now += dt.timedelta(minutes=1)
    Quarantine(other, "imports", now=day).attempt("import", "late", broken)
    assert quarantine.main(["--json"]) == 0
    told = capsys.readouterr().out
    first, second = json.loads(told[told.index("[\n") :])
    assert first.pop("reason").startswith("KeyError at ")
    assert first == {
        "service": "housekeeping",
        "worker": "clock",
        "kind": "award",
        "record": "early",
        "attempts": 1,
        "first_at": "2023-05-01T12:00:00+00:00",
        "next_at": "2023-05-01T12:00:05+00:00",
    }
    assert (second["service"], second["record"]) == ("certification", "late")


def test_a_clock_that_fails_as_a_whole_says_so_and_does_not_end(store: Store) -> None:
    class Faulty(chores.Clock):
        looks = 0
        mended = threading.Event()

        def look(self) -> int:
            self.looks += 1
            if not self.mended.is_set():
                raise KeyError("nobody foresaw it")
            return 0

    clock = Faulty(store, pause=0.01)
    with at_work(clock):
        until(lambda: clock.looks > 5, what="it went on five times")
        assert clock.ready()["working"] is False
        assert str(clock.ready()["failing"]).startswith("KeyError at ")
        clock.mended.set()
        until(lambda: clock.ready()["working"], what="it works again")
