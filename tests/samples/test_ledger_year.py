"""The sample ledger played through the API by the processes that count it: what comes of it is what must come of it."""

import io
from collections.abc import Iterator
from pathlib import Path
from threading import Lock, local
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

import plan as plans
from contract.words import ReportStatus
from gateway import clients, tokens
from gateway.app import create
from runtime import config
from runtime.config import Config
from samples import ledger_year
from samples.ledger import LATE, RETURNED, Sample
from samples.ledger_expected import differences, expected
from samples.ledger_year import DISPATCHER, Told
from tests.plans import some_items
from tests.programme import Programme

PROCESSES = (
    "reports+targets",
    "certification.relay+housekeeping.relay+inspections.relay",  # their watermarks: else nothing is settled
    "reports.relay+targets.relay+targets.counting+targets.desk",
)


class Offices:
    """samples.ledger_year.Offices, through the application itself."""

    def __init__(self, app: Flask, settings: Config) -> None:
        self._app = app
        self._settings = settings
        kept = clients.Clients(settings)
        self._clients = {one["client_id"]: kept.get(one["client_id"]) for one in clients.demo(settings)}
        self._here = local()
        self._lock = Lock()
        self.steps = 0
        self.times: dict[str, str | None] = {}

    def get(self, client: str, path: str, **query: Any) -> dict[str, Any]:
        return dict(self._ask(client, "GET", path, query_string=query).get_json())

    def post(self, client: str, path: str, said: dict[str, Any]) -> dict[str, Any]:
        return dict(self._ask(client, "POST", path, json=said).get_json())

    def upload(self, client: str, path: str, filename: str, content: bytes) -> dict[str, Any]:
        return dict(self._ask(client, "POST", path, data={"file": (io.BytesIO(content), filename)}).get_json())

    def download(self, client: str, path: str, **query: Any) -> bytes:
        return self._ask(client, "GET", path, query_string=query).data

    def set_time(self, service: str, instant: str | None) -> None:
        self.times[service] = instant
        self._app.extensions["rpc"].call(service, "set_time", instant)

    def done(self, steps: int) -> None:
        with self._lock:
            self.steps += steps

    def _ask(self, client: str, method: str, path: str, **more: Any) -> TestResponse:
        of = self._clients[client]
        assert of is not None
        token = tokens.sign(self._settings, of, " ".join(of.scopes))
        if not hasattr(self._here, "browser"):
            self._here.browser = self._app.test_client()
        answer: TestResponse = self._here.browser.open(
            path, method=method, headers={"Authorization": f"Bearer {token}"}, **more
        )
        assert answer.status_code in (200, 201, 202), f"{client} {method} {path}: {answer.text}"
        return answer


@pytest.fixture(scope="module")
def plan_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return some_items(tmp_path_factory.mktemp("plan"))


@pytest.fixture(scope="module")
def programme(
    module_space: dict[str, str], plan_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Programme]:
    found = Programme(module_space | {"PLAN_FILE": str(plan_file)}, tmp_path_factory.mktemp("ledger"))
    try:
        found.start(*PROCESSES)
        yield found
    finally:
        found.stop_all()


@pytest.fixture(scope="module")
def sample(plan_file: Path) -> Sample:
    return Sample(plans.read(plan_file))


@pytest.fixture(scope="module")
def offices(programme: Programme, module_space: dict[str, str], plan_file: Path) -> Iterator[Offices]:
    settings = config.read(module_space | {"PLAN_FILE": str(plan_file)})
    app = create(settings)
    try:
        yield Offices(app, settings)
    finally:
        app.extensions["rpc"].close()


@pytest.fixture(scope="module")
def told(offices: Offices, programme: Programme, sample: Sample) -> Told:
    found = ledger_year.play(offices, sample)
    assert found is not None
    programme.settle()
    return found


def test_what_is_shown_is_what_must_come_of_the_sample(told: Told, offices: Offices, sample: Sample) -> None:
    asked = {"by": "region", "as_of": "2023-10-31", "period": "2023-10"}
    rows = offices.get(DISPATCHER, "/v1/ledger", **asked)["items"]
    wanted = expected(sample)
    assert differences(wanted, rows=rows, round=told.round, bulletin=told.bulletin) == []
    assert wanted.late[LATE] > 0

    rows[0]["value"] = "1"
    unlike = differences(wanted, rows=rows, round=told.round, bulletin=told.bulletin)
    assert len(unlike) == 1, "a figure that is otherwise is named"


def test_every_line_is_accepted_by_a_second_person(told: Told, offices: Offices, sample: Sample) -> None:
    assert offices.steps == ledger_year.steps(sample)
    waiting = offices.get(DISPATCHER, "/v1/reports", status=ReportStatus.FILED.value)["items"]
    assert waiting == []
    assert told.round["tally"]["accepted"] == told.round["tally"]["filed"]


def test_the_part_above_its_whole_is_refused_and_the_wrong_figure_returned(
    told: Told, offices: Offices, sample: Sample
) -> None:
    assert [row["code"] for row in told.refused] == ["part_above_whole"]
    wrong = sample.mistaken
    asked = {"target_id": wrong.target_id, "region": wrong.region, "period": wrong.period}
    (line,) = offices.get(f"report-reviewer-{RETURNED[1]}", "/v1/reports", **asked)["items"]
    history = offices.get(f"report-reviewer-{RETURNED[1]}", f"/v1/reports/{line['report_id']}")["history"]
    assert [step["event"] for step in history] == ["filed", "returned", "filed", "accepted"]


def test_time_is_put_right_and_nothing_is_played_twice(told: Told, offices: Offices, sample: Sample) -> None:
    assert offices.times == dict.fromkeys(ledger_year.SERVICES)
    before = offices.steps
    assert ledger_year.play(offices, sample) is None
    assert offices.steps == before
