"""kill -9 in the middle of ten thousand rows, of each process in turn: the counters equal a recount."""

from collections.abc import Iterator
from functools import partial

import pytest

from tests.journeys.centre import Centre, a_real_roster, newly_certified
from tests.journeys.recount import killed_in_the_middle
from tests.programme import Programme, until

PROCESSES = ("certification.imports", "certification.relay", "targets.counting")


@pytest.fixture(scope="module")
def centre(programme: Programme, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    ours = Centre(programme, tmp_path_factory.mktemp("rosters"))
    yield ours
    ours.rpc.close()


def crash(programme: Programme, name: str) -> None:
    programme.kill(name)
    programme.start(name)


def test_each_process_killed_in_the_middle_of_ten_thousand_rows_the_counters_equal_a_plain_recount(
    programme: Programme, centre: Centre
) -> None:
    killed_in_the_middle(programme, centre, [partial(crash, programme, name) for name in PROCESSES])


def test_a_deploy_stops_every_process_in_the_normal_way_and_repeats_nothing(
    programme: Programme, centre: Centre
) -> None:
    before = centre.value()
    roster = a_real_roster(3000, seed=900_000)
    job = centre.hand_in(roster, name="deploy.csv")
    until(lambda: centre.job(job)["rows_done"] > 500, what="some rows are imported")
    for process in PROCESSES:
        assert programme.stop(process) == 0
        programme.start(process)
    centre.finished(job)
    programme.settle()
    assert centre.value() == before + len(newly_certified(roster))
