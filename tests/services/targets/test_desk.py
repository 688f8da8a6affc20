"""The desk as a process, killed in the middle of its work: what it was at is done once, by the next one; and what it
cannot do is set aside."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import fonts
from runtime import config, mongo
from runtime.config import Config
from services.targets.desk import Desk, worker
from services.targets.samples.store import Samples
from services.targets.service import Targets
from tests.conftest import Servers, _space
from tests.programme import Programme, until
from tests.services.targets.bulletins.office import CITY, DISPATCHER, sign
from tests.services.targets.year import CLOSED_AT, Year


@pytest.fixture
def space(servers: Servers, session_folder: Path) -> Iterator[dict[str, str]]:
    """With a place in the broker, which a process waits for."""
    with _space(servers, session_folder) as environ:
        yield environ


@pytest.fixture
def settings(space: dict[str, str]) -> Config:
    fonts.ensure()
    return config.read(space)


def kill(programme: Programme, year: Year) -> None:
    programme.kill("targets.desk")
    year.store["leases"].update_one({"_id": "desk"}, {"$set": {"until": CLOSED_AT}})  # instead of waiting for its end


def test_a_desk_that_is_killed_leaves_one_snapshot_a_round_and_consecutive_bulletins(
    space: dict[str, str], settings: Config, tmp_path: Path
) -> None:
    year, service, programme = Year(settings), Targets(), Programme(space, tmp_path)
    service.settings = settings  # type: ignore[assignment]
    year.report("2.1", "130102", 7)
    rounds = [year.close(f"{number}期", number=number) for number in (1, 2, 3)]
    year.caught_up()
    try:
        programme.start("targets.desk")
        until(lambda: year.snapshots.of_round(rounds[2]), what="the rounds are locked")
        kill(programme, year)
        waiting = [service.draft_bulletin({"round_id": one}, DISPATCHER)["bulletin_id"] for one in rounds]
        programme.start("targets.desk")
        until(lambda: service.bulletin(waiting[0], DISPATCHER)["percent"] >= 20, what="the first is begun")
        kill(programme, year)
        programme.start("targets.desk")
        drafted = lambda: service.bulletin(waiting[2], DISPATCHER)["state"] == "draft"  # noqa: E731
        until(drafted, seconds=90, what="all are drafted")
        for one in waiting:
            sign(service, one)
        until(lambda: service.bulletin(waiting[0], DISPATCHER)["percent"] >= 20, what="the first is being issued")
        kill(programme, year)
        programme.start("targets.desk")
        until(lambda: service.bulletin(waiting[2], DISPATCHER)["state"] == "done", seconds=90, what="all are issued")
    finally:
        programme.stop_all()
    assert sorted(service.bulletin(one, CITY)["number"] for one in waiting) == [1, 2, 3]
    assert year.store["snapshots"].count_documents({}) == 3
    assert year.store["outbox"].count_documents({"event.type": "targets.snapshot_locked"}) == 3
    complete = mongo.database(settings, "files")["files"].count_documents({"blocks": {"$exists": True}})
    assert complete == 6, "a killed attempt's files are gone"


def quarantined(year: Year) -> list[tuple[str, str]]:
    return sorted((row["kind"], row["record"]) for row in year.store["quarantine"].find({"worker": "desk"}))


def test_a_record_that_the_desk_cannot_process_is_set_aside_and_the_others_go_on(settings: Config) -> None:
    """A broken round, sample and look, each before a good one."""
    year, desk = Year(settings), worker(settings)
    year.report("2.1", "130102", 7)
    broken, good = year.close("九月", number=9), year.close("十月", number=10)
    year.store["rounds"].update_one({"_id": broken}, {"$unset": {"closed_at": ""}})
    year.caught_up()
    sample = {"region": "130102", "as_of": "2023-10-31", "size": 1, "seed": "1"}
    samples = Samples(year.store)
    samples.want({"inspection_id": "a" * 24, "target_id": "99.9", **sample})
    samples.want({"inspection_id": "b" * 24, "target_id": "2.1", **sample})
    looks = year.store["anomaly_looks"]
    looks.insert_many(
        [{"_id": one, "as_of": day, "asked_at": CLOSED_AT} for one, day in (("c", "?"), ("d", "2023-10-31"))]
    )
    desk.look()
    assert quarantined(year) == [("look", "c"), ("round", broken), ("sample", "a" * 24)]
    assert year.snapshots.of_round(good) is not None
    assert "frame_digest" in (samples.get("b" * 24) or {})
    assert "finished_at" in (looks.find_one({"_id": "d"}) or {})
    year.store["rounds"].update_one({"_id": broken}, {"$set": {"closed_at": CLOSED_AT}})
    year.store["quarantine"].update_many({}, {"$set": {"next_at": CLOSED_AT}})  # its time has come again
    desk.look()
    assert year.snapshots.of_round(broken) is not None
    assert quarantined(year) == [("look", "c"), ("sample", "a" * 24)]


def test_a_job_that_fails_as_a_whole_does_not_hold_up_the_others(settings: Config) -> None:
    class Broken:
        name = "broken"

        def work(self) -> int:
            raise ZeroDivisionError

    year = Year(settings)
    round_id = year.close()
    year.caught_up()
    desk = Desk(year.store, lambda lease: [Broken(), year.locking])
    with pytest.raises(ZeroDivisionError):
        desk.look()
    assert year.snapshots.of_round(round_id) is not None


def test_a_bulletin_that_the_database_refuses_waits_to_be_signed_again_and_the_next_is_made(
    settings: Config,
) -> None:
    """As one that is too large is: what is no fault of the connection ended the desk."""
    year, service, desk = Year(settings), Targets(), worker(settings)
    service.settings = settings  # type: ignore[assignment]
    rounds = [year.close("十月"), year.close("十一月", number=11)]
    year.caught_up()
    desk.look()
    titles = ("拒绝写入的通报", "照常印发的通报")
    asked = [{"round_id": one, "title": title} for one, title in zip(rounds, titles, strict=True)]
    first, second = (service.draft_bulletin(one, DISPATCHER)["bulletin_id"] for one in asked)
    year.store["bulletin_contents"].drop()
    year.store.create_collection("bulletin_contents", validator={"content.title": {"$not": {"$regex": "^拒绝"}}})
    desk.look()
    for one in (first, second):
        sign(service, one)
    desk.look()
    found = [service.bulletin(one, DISPATCHER) for one in (first, second)]
    assert [(one["state"], one["number"]) for one in found] == [("reviewed", None), ("done", 1)]
    assert found[0]["failure"]
