"""A roster that two centres share, and figures that are the same month after month, are each one case for an inspector,
and no number changes by it, whatever the case comes to."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.words import Role
from gateway import scopes
from runtime import mongo, rabbit
from runtime.files import Files
from runtime.rpc import Rpc
from tests.builders import a_roster, write_roster
from tests.conftest import Servers, _space
from tests.journeys.centre import ACTOR
from tests.programme import Programme, until
from tests.services.reports.builders import REPORTER, REVIEWER, a_report, hand_in

INSPECTOR = {
    "client_id": "inspector",
    "role": Role.INSPECTOR.value,
    "region": "130000",
    "organisation": "省督导组",
    "scopes": list(scopes.OF_ROLE[Role.INSPECTOR]),
}
OTHER_CENTRE = ACTOR | {"client_id": "centre-2", "organisation": "centre-2"}


class Scene:
    def __init__(self, programme: Programme, folder: Path) -> None:
        self.programme = programme
        self.folder = folder
        self.rpc = Rpc(programme.config)

    def ask(self, service: str, method: str, *args: Any, **kwargs: Any) -> Any:
        return self.rpc.call(service, method, *args, timeout=30, **kwargs)

    def upload(self, name: str, roster: list[dict[str, Any]], actor: dict[str, Any]) -> dict[str, Any]:
        file = write_roster(self.folder / name, roster)
        stored = Files(self.programme.config).write(io.BytesIO(file.read_bytes()), filename=name, limit=1 << 25)
        told = {"file_id": stored.file_id, "filename": name, "sha256": stored.sha256, "size": stored.size}
        job = self.ask("certification", "start_import", told, actor)

        def done() -> dict[str, Any] | None:
            found: dict[str, Any] = self.ask("certification", "import_job", job["import_id"], actor)
            return found if found["state"] == "done" else None

        found: dict[str, Any] = until(done, what=f"{name} is imported")
        imports = mongo.database(self.programme.config, "certification")["imports"]
        until(lambda: imports.find_one({"_id": job["import_id"], "compared": True}), what=f"{name} is compared")
        return found

    def report(self, period: str, cumulative: int) -> None:
        proof = [hand_in(self.programme.config)]
        body = a_report(proof, target_id="11.1", period=period, cumulative=str(cumulative))
        filed = self.ask("reports", "file_report", body, REPORTER)
        self.ask("reports", "decide_report", {"report_id": filed["report_id"], "decision": "accept"}, REVIEWER)

    def look(self) -> dict[str, Any]:
        look_id = self.ask("targets", "look_for_anomalies", {"as_of": "2023-12-31"}, INSPECTOR)["look_id"]

        def done() -> dict[str, Any] | None:
            found: dict[str, Any] = self.ask("targets", "anomaly_look", look_id, INSPECTOR)
            return found if found["finished_at"] else None

        found: dict[str, Any] = until(done, what="the look is taken")
        return found

    def hints(self, **asked: Any) -> list[dict[str, Any]]:
        return list(self.ask("inspections", "hints", INSPECTOR, **asked)["items"])

    def counted(self) -> list[Any]:
        """Every entry and every rollup, as they are."""
        self.programme.settle()
        store = mongo.database(self.programme.config, "targets")
        return [list(store[name].find().sort("_id", 1)) for name in ("entries", "rollups")]


_PROCESSES = (
    "certification+targets+inspections+reports",
    "certification.relay+housekeeping.relay+reports.relay+targets.relay",
    "certification.imports",
    "targets.counting+targets.desk",
)


@pytest.fixture(scope="module")
def scene(servers: Servers, session_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with _space(servers, session_folder) as environ:
        running = Programme(environ, tmp_path_factory.mktemp("logs"))
        try:
            running.start(*_PROCESSES)
            ours = Scene(running, tmp_path_factory.mktemp("rosters"))
            ours.ask("reports", "set_time", "2023-10-10T02:00:00+00:00")
            yield ours
            ours.rpc.close()
        finally:
            running.stop_all()


def test_a_shared_roster_is_one_case_and_its_people_count_once(scene: Scene) -> None:
    scene.upload("a.csv", a_roster(40), ACTOR)
    scene.upload("c.csv", a_roster(30, 5000), OTHER_CENTRE)
    before = scene.counted()
    assert len(before[0]) == 70
    shared = scene.upload("b.csv", a_roster(40)[5:], OTHER_CENTRE)
    assert shared["duplicate"] == 35
    (hint,) = until(lambda: scene.hints(kind="名册重合"), seconds=20, what="inspections has heard of it")
    assert (hint["target_id"], hint["measures"]["organisations"]) == ("12.1", ["centre-1", "centre-2"])
    assert (hint["measures"]["persons_in_common"], hint["measures"]["percent"]) == (35, "100.00")
    scene.upload("d.csv", a_roster(40)[:38], OTHER_CENTRE)
    assert scene.counted() == before


def test_figures_that_are_the_same_every_month_are_one_case(scene: Scene) -> None:
    for period, cumulative in (("2023-02", 41), ("2023-03", 91), ("2023-04", 141), ("2023-05", 191), ("2023-06", 248)):
        scene.report(period, cumulative)
    before = scene.counted()
    assert scene.look()["noticed"] == 1
    again = scene.look()
    assert (again["found"], again["noticed"]) == (1, 0)
    (hint,) = until(lambda: scene.hints(target_id="11.1"), seconds=20, what="inspections has heard of it")
    assert (hint["kind"], hint["region"]) == ("逐月雷同", "130102")
    assert hint["measures"] == {"from_month": "2023-03", "to_month": "2023-05", "months": 3, "each": "50"}
    assert scene.counted() == before


def test_whatever_a_case_comes_to_no_number_changes_by_it(scene: Scene) -> None:
    before = scene.counted()
    assert len(scene.hints()) == 2
    for hint, outcome in zip(scene.hints(), ("属实", "不属实"), strict=True):
        of = {"hint_id": hint["hint_id"]}
        scene.ask("inspections", "assign_hint", of | {"owner": "inspector"}, INSPECTOR)
        done = scene.ask("inspections", "conclude_hint", of | {"outcome": outcome, "text": "已核查"}, INSPECTOR)
        assert (done["state"], done["outcome"]) == ("已办结", outcome)
    assert scene.counted() == before
    assert len(scene.hints()) == 2


def test_after_all_of_this_nothing_was_parked(scene: Scene) -> None:
    with rabbit.connection(scene.programme.config) as broker:
        channel = broker.channel()
        for queue in ("inspections.parked", "targets.parked", "inspections.targets", "inspections.certification"):
            assert channel.queue_declare(queue, passive=True).message_count == 0, queue
