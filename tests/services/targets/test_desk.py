"""The desk as a process, killed in the middle of its work: what it was at is done once, by the next one."""

from pathlib import Path

import pytest

from deploy import fonts
from runtime import config, mongo
from runtime.config import Config
from services.targets.service import Targets
from tests.programme import Programme, until
from tests.services.targets.bulletins.test_bulletins import CITY, DISPATCHER
from tests.services.targets.year import Year


@pytest.fixture
def settings(space: dict[str, str]) -> Config:
    fonts.ensure()
    return config.read(space)


def test_a_desk_that_is_killed_leaves_one_snapshot_and_consecutive_bulletins(
    space: dict[str, str], settings: Config, tmp_path: Path
) -> None:
    year, service, programme = Year(settings), Targets(), Programme(space, tmp_path)
    service.settings = settings  # type: ignore[assignment]
    year.report("2.1", "130102", 7)
    round_id = year.close()
    year.caught_up()
    try:
        programme.start("targets.desk")
        until(lambda: year.snapshots.of_round(round_id), what="the round is locked")
        programme.kill("targets.desk")
        waiting = [service.issue_bulletin({"round_id": round_id}, DISPATCHER)["bulletin_id"] for _ in range(3)]
        programme.start("targets.desk")
        until(lambda: service.bulletin(waiting[0], CITY)["percent"] >= 20, what="the first is begun")
        programme.kill("targets.desk")
        programme.start("targets.desk")
        until(lambda: service.bulletin(waiting[2], CITY)["state"] == "done", seconds=90, what="all are issued")
    finally:
        programme.stop_all()
    assert sorted(service.bulletin(one, CITY)["number"] for one in waiting) == [1, 2, 3]
    assert year.store["snapshots"].count_documents({}) == 1
    assert year.store["outbox"].count_documents({"event.type": "targets.snapshot_locked"}) == 1
    complete = mongo.database(settings, "files")["files"].count_documents({"blocks": {"$exists": True}})
    assert complete == 6, "a killed attempt's files are gone"
