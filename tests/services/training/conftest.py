from collections.abc import Callable

import pytest

from contract.message import Event, Said
from runtime import config
from runtime.config import Config
from services.training import store
from services.training.service import Training


@pytest.fixture
def settings(space: dict[str, str]) -> Config:
    return config.read(space)


@pytest.fixture
def kept(settings: Config) -> store.Training:
    return store.training(settings)


@pytest.fixture
def service(settings: Config) -> Training:
    """The service's methods on the real database, without the broker: that is tests/journeys'."""
    found = Training()
    found.settings = settings  # type: ignore[assignment]
    return found


@pytest.fixture
def said(kept: store.Training) -> Callable[[], list[Said]]:
    """What was said so far, oldest first, as its hearers will get it."""
    return lambda: [Event.heard(row["event"]) for row in kept.store["outbox"].find().sort("_id", 1)]
