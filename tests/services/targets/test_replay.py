"""A replay that is doubled, interrupted or late leaves the live count right, and says in one line why it ended."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from runtime import config, mongo
from runtime.batches import NotYet
from services.targets import replay as replays
from services.targets.replay import NotComparable
from services.targets.store import LISTENED_TO
from tests.programme import until
from tests.services.targets.builders import an_envelope
from tests.services.targets.replays import Field, Queues


@pytest.fixture
def field(space: dict[str, str]) -> Field:
    return Field(config.read(space))


def never(done: int, total: int) -> None:
    """No progress is shown."""


def test_of_two_replays_at_once_one_is_refused(field: Field, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    field.count(field.persons(12))
    arrived, go_on = threading.Event(), threading.Event()

    def wait(done: int, total: int) -> None:
        arrived.set()
        assert go_on.wait(60)

    found: list[Any] = []
    first = threading.Thread(target=lambda: found.append(field.replay().run(accept=False, progress=wait)))
    with Queues(field):
        first.start()
        assert arrived.wait(60)
        monkeypatch.setattr(sys, "argv", ["replay"])
        assert replays.main() == 2
        go_on.set()
        first.join()
    lines = [line for line in capsys.readouterr().err.splitlines() if "另一个重放正在进行" in line]
    assert len(lines) == 1
    assert [bool(difference) for difference in found] == [False]
    assert field.value() == 12


def test_a_standing_that_is_not_what_the_log_says_is_named_though_its_entries_are(field: Field) -> None:
    field.count(field.persons(3))
    moved = field.counts.standings.find_one_and_update({}, {"$set": {"counted.0.region": "130104"}})
    assert moved is not None
    difference = field.run()
    assert [(one.id, one.missing) for one in difference.persons] == [(moved["_id"], {})]
    assert "130104" in difference.persons[0].what
    assert difference.rollups == []


@pytest.mark.parametrize("lost", [1, 3, 5])
def test_a_log_in_which_a_place_is_missing_replaces_no_figures(field: Field, lost: int) -> None:
    field.count(field.persons(5))
    mongo.database(field.config, "certification")["outbox"].delete_one({"seq": lost})
    with pytest.raises(NotComparable, match=f"nothing at seq {lost}:"):
        field.run(accept=True)
    assert (field.value(), field.entered()) == (5, 5)


def test_a_replay_whose_barrier_ran_out_before_the_swap_swaps_nothing(field: Field, monkeypatch) -> None:
    field.count(field.persons(5))

    def meanwhile(*args: Any) -> Any:
        """Everything was compared; then the database was away for long, and counting went on."""
        compared = replays_persons(*args)
        field.store["control"].update_one({"_id": "hold"}, {"$set": {"until": field.store["control"].find_one()["at"]}})
        until(lambda: field.hold.lift() or not field.store["control"].find_one({"_id": "hold"}), what="it ran out")
        field.count(field.persons(3, first=5))
        return compared

    replays_persons = replays.persons
    monkeypatch.setattr(replays, "persons", meanwhile)
    with pytest.raises(NotComparable, match="the barrier was lost"):
        field.run()
    assert (field.value(), field.entered()) == (8, 8)


def test_what_was_ordered_before_the_barrier_and_counted_after_it_counts_once(field: Field) -> None:
    """The log is ahead of the queues: the first pass has read what they have not brought yet."""
    envelopes = field.persons(5)
    field.count(envelopes[:3])
    stands: list[int] = []

    def behind() -> int:
        if stands:  # asked again: they have gone on meanwhile
            field.count(envelopes[3:])
        stands.append(3 if not stands else 5)
        return stands[-1]

    with Queues(field, at=behind):
        assert not field.replay().run(accept=False, progress=never)
    field.count(envelopes[3:])
    assert (stands, field.value()) == ([3, 5], 5)


def test_counting_that_never_catches_up_is_said(field: Field, monkeypatch) -> None:
    field.persons(5)
    monkeypatch.setattr(replays, "_PATIENCE", 1.0)
    with Queues(field, at=lambda: 3), pytest.raises(NotComparable, match="counting is behind the log"):
        field.replay().run(accept=False, progress=never)


def test_a_new_consumer_of_a_queue_that_stands_counts_nothing_until_it_may_go_on(field: Field) -> None:
    (envelope,) = field.persons(1)
    field.hold.ask(token=1, now=replays.clock.now())
    barrier = field.store["control"].find_one({"_id": "hold"})
    for queue in (queue for queues in LISTENED_TO.values() for queue in queues):
        field.hold.held(queue, 0, barrier["at"])
    with pytest.raises(NotYet):
        field.count([envelope])
    assert field.entered() == 0
    field.hold.release(1)
    field.count([envelope])
    assert field.entered() == 1


def test_a_barrier_that_a_killed_replay_left_is_lifted_by_whoever_waits_for_it(field: Field) -> None:
    (envelope,) = field.persons(1)
    field.hold.ask(token=1, now=replays.clock.now())
    barrier = field.store["control"].find_one({"_id": "hold"})
    for queue in (queue for queues in LISTENED_TO.values() for queue in queues):
        field.hold.held(queue, 0, barrier["at"])
    field.store["control"].update_one({"_id": "hold"}, {"$set": {"until": barrier["at"].replace(year=2020)}})
    with pytest.raises(NotYet):
        field.count([envelope])
    field.count([envelope])
    assert field.entered() == 1


def test_a_queue_that_stood_for_an_earlier_barrier_does_not_stand_for_the_next(field: Field) -> None:
    """A replay asks again; a consumer that had seen the barrier before writes its place only now."""
    field.hold.ask(token=1, now=replays.clock.now())
    before = field.store["control"].find_one({"_id": "hold"})
    field.hold.held("targets.awards", 3, before["at"])
    field.hold.ask(token=1, now=replays.clock.now())
    field.hold.held("targets.reports", 3, before["at"])
    assert field.hold.places() == {}


def test_a_replay_that_slept_neither_takes_nor_lifts_the_barrier_of_the_next(field: Field) -> None:
    field.hold.ask(token=2, now=replays.clock.now())
    with pytest.raises(replays.BarrierLost):
        field.hold.ask(token=1, now=replays.clock.now())
    field.hold.release(1)
    assert field.store["control"].find_one({"_id": "hold"})["token"] == 2


def test_an_event_of_an_unknown_region_is_named_and_left_out_as_the_live_count_does(
    field: Field, capsys: pytest.CaptureFixture[str], monkeypatch
) -> None:
    good = field.persons(5)
    bad = field.log(an_envelope(person="甲", certificate="nowhere", region="999999"))
    good += field.persons(2, first=5)
    field.count(good)
    difference = field.run()
    assert [(one.service, one.seq, one.event_id) for one in difference.left_out] == [("certification", 6, bad[0]["id"])]
    assert (difference.rollups, difference.persons) == ([], [])
    assert field.value() == 7
    monkeypatch.setattr(sys, "argv", ["replay"])
    with Queues(field):
        assert replays.main() == 1
    told = capsys.readouterr().out
    assert "certification 第6条" in told
    assert "RegionUnknown" in told


def test_figures_that_contain_what_this_version_cannot_read_are_not_replaced(field: Field) -> None:
    field.count(field.persons(5))
    (bad,) = field.log(an_envelope(person="甲", certificate="nowhere", region="999999"))
    known = bad | {"data": bad["data"] | {"region": "130102"}}  # as the version counted it that knew the region
    field.count([known])
    with pytest.raises(NotComparable, match="this version cannot read"):
        field.run(accept=True)
    assert (field.value(), field.entered()) == (6, 6)


@pytest.mark.parametrize("persons", [4, 40])
def test_what_is_accepted_is_settled_without_looking_through_the_entries_for_each_person(
    field: Field, persons: int
) -> None:
    field.persons(persons)  # none of them was ever counted
    field.store.command({"profile": 2})
    difference = field.run(accept=True)
    field.store.command({"profile": 0})
    assert len(difference.persons) == persons
    assert (field.value(), field.entered()) == (persons, persons)
    reads = {"$or": [{"command.aggregate": "entries"}, {"command.find": "entries"}, {"command.distinct": "entries"}]}
    assert field.store["system.profile"].count_documents(reads) == 1


def local_ports(pid: int) -> set[int]:
    """Of the process's connections."""
    folder, found = f"/proc/{pid}/fd", set()
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        with suppress(FileNotFoundError):
            found.add(os.readlink(f"{folder}/{name}"))
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(line[1].partition(":")[2], 16) for line in lines if f"socket:[{line[9]}]" in found}


def end_transactions(field: Field, ports: set[int]) -> None:
    """MongoDB itself ends a dead client's after a minute; meanwhile what they have written waits."""
    admin = field.store.client.admin
    for op in admin.aggregate([{"$currentOp": {"allUsers": True, "idleSessions": True}}]):
        if "transaction" in op and int(op.get("client", ":0").rpartition(":")[2]) in ports:
            admin.command("killSessions", [{"id": op["lsid"]["id"]}])


def killed_when(field: Field, happens: Callable[[], Any], *arguments: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "services.targets.replay", *arguments],
        env=os.environ.copy(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: happens() or process.poll() is not None, what="the moment has come")
    finally:
        ports = local_ports(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
    end_transactions(field, ports)
    past = dict.fromkeys(["until"], replays.clock.now().replace(year=2020))
    field.store["leases"].update_one({"_id": "replay"}, {"$set": past})  # instead of waiting for its end
    field.store["control"].update_one({"_id": "hold"}, {"$set": past})


def test_a_replay_killed_at_any_moment_leaves_the_figures_right_and_the_next_one_works(field: Field) -> None:
    envelopes = field.persons(2000)
    field.count(envelopes[:500])  # the rest was lost
    moments: dict[str, Callable[[], Any]] = {
        "it builds": lambda: any(name.startswith("entries_replay") for name in field.store.list_collection_names()),
        "counting stands": lambda: (field.store["control"].find_one({"_id": "hold"}) or {}).get("held"),
        "it has swapped": lambda: field.value() == 2000,
        "it settles persons": lambda: field.store["outbox"].find_one({}),
    }
    with Queues(field):
        for moment, happens in moments.items():
            killed_when(field, happens, "--accept")
            assert field.value() in (500, 2000), moment
            assert not field.hold.asked(replays.clock.now().replace(year=2999)), f"counting goes on after {moment}"
            assert field.entered() in range(500, 2001, 500), moment
    difference = field.run(accept=True)
    assert field.value() == field.entered() == 2000
    assert difference.rollups == [], "they were swapped before"
    assert not field.run()
    assert [name for name in field.store.list_collection_names() if "_replay" in name] == []
