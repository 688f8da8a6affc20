"""kill -9 in the middle of ten thousand rows, of each process and each server in turn: the counters equal a recount."""

import gc
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime import rabbit
from tests.conftest import Servers, _space
from tests.journeys.centre import Centre, a_real_roster, newly_certified
from tests.programme import Programme, until

ROWS = 10_000
_handed_in: list[dict[str, Any]] = []


@pytest.fixture(scope="module")
def own_servers(session_folder: Path) -> Iterator[Servers]:
    """They are killed too."""
    ours = Servers.under(session_folder / "journeys")
    try:
        yield ours.start()
    finally:
        ours.discard()


@pytest.fixture(scope="module")
def module_space(own_servers: Servers, session_folder: Path) -> Iterator[dict[str, str]]:
    with _space(own_servers, session_folder, tidy=False) as environ:
        yield environ


@pytest.fixture(scope="module")
def centre(programme: Programme, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    ours = Centre(programme, tmp_path_factory.mktemp("rosters"))
    yield ours
    ours.rpc.close()


def crash(victim: str, programme: Programme, servers: Servers) -> None:
    match victim:
        case "broker":
            servers.rabbit.kill()
            servers.rabbit.start()
            with warnings.catch_warnings():
                # py-amqp leaves the socket of a handshake that a dying broker cut short to the garbage collector.
                warnings.simplefilter("ignore", ResourceWarning)
                gc.collect()
        case "mongod":
            servers.mongo.kill()
            servers.mongo.start()
        case process:
            programme.kill(process)
            programme.start(process)


@pytest.mark.parametrize(
    "victim", ["certification.imports", "certification.relay", "targets.counting", "broker", "mongod"]
)
def test_killed_in_the_middle_of_ten_thousand_rows_the_counters_equal_a_plain_recount(
    victim: str, programme: Programme, own_servers: Servers, centre: Centre
) -> None:
    roster = a_real_roster(ROWS, seed=20_000 * (len(_handed_in) // ROWS + 1))
    _handed_in.extend(roster)
    before = centre.value()
    job = centre.hand_in(roster, name=f"{victim}.csv")
    if victim in ("certification.relay", "targets.counting"):
        until(lambda: centre.value() > before + 500, what="some rows are counted")
    else:
        until(lambda: centre.job(job)["rows_done"] > 2000, what="some rows are imported")
    assert centre.job(job)["state"] == "running", "too fast for this test: nothing was in the middle of its work"
    crash(victim, programme, own_servers)

    ended = centre.finished(job)
    assert (ended["state"], ended["created"]) == ("done", ROWS)
    programme.settle()
    expected = newly_certified(_handed_in)
    assert centre.value() == len(expected)
    for unit in ("130100", "133100", "130682"):
        answer = centre.rpc.call("targets", "target", "12.1", region=unit, by="region")
        for county in answer["children"]:
            assert int(county["value"]) == list(expected.values()).count(county["region"])
    audit = subprocess.run([sys.executable, "-m", "audit"], capture_output=True, text=True, check=False)
    assert audit.returncode == 0, audit.stdout + audit.stderr


def test_after_all_of_this_nothing_was_parked(programme: Programme) -> None:
    with rabbit.connection(programme.config) as broker:
        assert broker.channel().queue_declare("targets.parked", passive=True).message_count == 0


def test_a_deploy_stops_every_process_in_the_normal_way_and_repeats_nothing(
    programme: Programme, centre: Centre, tmp_path: Path
) -> None:
    roster = a_real_roster(3000, seed=900_000)
    _handed_in.extend(roster)
    job = centre.hand_in(roster, name="deploy.csv")
    until(lambda: centre.job(job)["rows_done"] > 500, what="some rows are imported")
    for process in ("certification.imports", "certification.relay", "targets.counting"):
        assert programme.stop(process) == 0
        programme.start(process)
    centre.finished(job)
    programme.settle()
    assert centre.value() == len(newly_certified(_handed_in))
