import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from contract.message import Event, Said
from runtime import config
from runtime.config import Config
from services.inspections import store
from services.inspections.service import Inspections
from tests.services.inspections.builders import INSPECTOR, TODAY, a_plan, a_sample, handed_in, noon, what_was_found


@pytest.fixture
def settings(space: dict[str, str]) -> Config:
    return config.read(space)


@pytest.fixture
def kept(settings: Config) -> store.Inspections:
    return store.inspections(settings)


@pytest.fixture
def service(settings: Config) -> Inspections:
    """The service's methods on the real database, on a day of the plan year, without the broker: that is
    tests/journeys'."""
    found = Inspections()
    found.settings = settings  # type: ignore[assignment]
    found.set_time(noon(TODAY).isoformat())
    return found


@pytest.fixture
def on_day(service: Inspections) -> Callable[[dt.date], None]:
    def set_to(day: dt.date) -> None:
        service.set_time(noon(day).isoformat())

    return set_to


@pytest.fixture
def said(kept: store.Inspections) -> Callable[[], list[Said]]:
    """What was said so far, oldest first, as its hearers will get it."""
    heard = {"event.logonly": {"$exists": False}}
    return lambda: [Event.heard(row["event"]) for row in kept.store["outbox"].find(heard).sort("_id", 1)]


@pytest.fixture
def proof(settings: Config) -> list[dict[str, str]]:
    return [handed_in(settings)]


@pytest.fixture
def sampled(service: Inspections) -> dict[str, Any]:
    """An inspection of 12.1 in 石家庄 with three units, drawn."""
    planned = service.plan_inspection(a_plan(), INSPECTOR)
    service.on_targets(a_sample(planned))
    return service.inspection(planned["inspection_id"], INSPECTOR)


@pytest.fixture
def found(service: Inspections, sampled: dict[str, Any], proof: list[dict[str, str]]) -> dict[str, Any]:
    return service.record_finding(what_was_found(sampled, proof), INSPECTOR)
