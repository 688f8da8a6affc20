from collections.abc import Callable
from typing import Any

import pytest

from contract.message import Event, Said
from runtime import config
from runtime.config import Config
from services.reports import store
from services.reports.service import Reports
from tests.services.reports.builders import REPORTER, REVIEWER, a_report, hand_in

TODAY = "2023-07-10T02:00:00+00:00"


@pytest.fixture
def settings(space: dict[str, str]) -> Config:
    return config.read(space)


@pytest.fixture
def kept(settings: Config) -> store.Reports:
    return store.reports(settings)


@pytest.fixture
def service(settings: Config) -> Reports:
    """The service's methods on the real database, on 10 July 2023; the broker is for tests/journeys."""
    found = Reports()
    found.settings = settings  # type: ignore[assignment]
    found.set_time(TODAY)
    return found


@pytest.fixture
def said(kept: store.Reports) -> Callable[[], list[Said]]:
    """What was said so far, oldest first, as its hearers will get it."""
    return lambda: [Event.heard(row["event"]) for row in kept.store["outbox"].find().sort("_id", 1)]


@pytest.fixture
def proof(settings: Config) -> list[dict[str, str]]:
    return [hand_in(settings)]


class Desk:
    """Files and accepts as two people do."""

    def __init__(self, service: Reports, proof: list[dict[str, str]]) -> None:
        self.service = service
        self.proof = proof

    def file(self, actor: dict[str, Any] = REPORTER, **changes: Any) -> dict[str, Any]:
        return self.service.file_report(a_report(self.proof, **changes), actor)

    def decide(
        self, report: dict[str, Any], decision: str = "accept", actor: dict[str, Any] = REVIEWER, **more: Any
    ) -> dict[str, Any]:
        command = {"report_id": report["report_id"], "decision": decision, **more}
        return self.service.decide_report(command, actor)

    def accepted(
        self, actor: dict[str, Any] = REPORTER, by: dict[str, Any] = REVIEWER, **changes: Any
    ) -> dict[str, Any]:
        return self.decide(self.file(actor, **changes), actor=by)


@pytest.fixture
def desk(service: Reports, proof: list[dict[str, str]]) -> Desk:
    return Desk(service, proof)
