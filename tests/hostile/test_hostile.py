"""What random hostile requests of every role come to; `make hostile` sends many more."""

from collections.abc import Iterator

import pytest

from audit.__main__ import audit
from benchmarks.ground import Crew, Watch
from tests.hostile import verdicts
from tests.hostile.attack import attack
from tests.hostile.programme import LIFTED
from tests.hostile.world import ROLES, furnish

PROCESSES = (
    "certification+housekeeping+training+reports+inspections",
    "targets",
    "certification.relay+housekeeping.relay+reports.relay+training.relay+inspections.relay+targets.relay",
    "targets.counting+targets.desk+certification.imports",
)
MOST_MB = 250.0


@pytest.fixture
def crew(space: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    crew = Crew(space | LIFTED, tmp_path_factory.mktemp("hostile"), {})
    try:
        crew.start(*PROCESSES)
        crew.gateway()
        yield crew
    finally:
        crew.stop_all()


def test_hostile_requests_move_no_count_that_is_not_proved_by_two_people(crew: Crew) -> None:
    world = furnish(crew.config)
    with Watch(crew.pids()) as watch:
        found = attack(world, seed=1, requests=40, roles=ROLES)
    crew.settle()
    assert not found.faults, "\n".join(found.faults)
    assert not verdicts.faults(crew.config)
    assert audit(crew.config) == 0
    assert max(watch.peak_mb.values()) < MOST_MB, watch.peak_mb
    assert found.taken, "nothing was taken: what was sent is of no use"
