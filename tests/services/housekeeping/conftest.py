from collections.abc import Callable
from typing import Any

import pytest

from contract.message import Event, Said
from runtime import config
from runtime.config import Config
from runtime.files import Files
from samples.stars import Trade, into
from services.housekeeping import clock, store
from services.housekeeping.service import Housekeeping
from tests.services.housekeeping.builders import DAY
from tests.services.housekeeping.callers import AFTER_NOTICE, PROVINCE


@pytest.fixture
def settings(space: dict[str, str]) -> Config:
    return config.read(space)


@pytest.fixture
def kept(settings: Config) -> store.Housekeeping:
    return store.housekeeping(settings)


@pytest.fixture
def service(settings: Config) -> Housekeeping:
    """The service's methods on the real database, without the broker: that is tests/runtime's."""
    found = Housekeeping()
    found.settings = settings  # type: ignore[assignment]
    return found


@pytest.fixture
def trade(service: Housekeeping, settings: Config) -> Trade:
    def call(method: str, *args: Any, **kwargs: Any) -> Any:
        return getattr(service, method)(*args, **kwargs)

    found = Trade(call, into(Files(settings)))
    found.register_reviewers(8)
    return found


@pytest.fixture
def look(settings: Config) -> Callable[[], int]:
    """The clock's worker, for one look."""
    return clock.worker(settings).look


@pytest.fixture
def said(kept: store.Housekeeping) -> Callable[[], list[Said]]:
    """What was said so far, oldest first, as its hearers will get it."""
    heard = {"event.logonly": {"$exists": False}}
    return lambda: [Event.heard(row["event"]) for row in kept.store["outbox"].find(heard).sort("_id", 1)]


@pytest.fixture
def awarded(trade: Trade, look: Callable[[], int]) -> dict[str, Any]:
    """A base of five stars, awarded on 11 March 2023."""
    trade.set_time(DAY)
    application = trade.to_notice(trade.base(1), 95, 93)
    trade.set_time(AFTER_NOTICE)
    look()
    return trade.call("award", trade.award(application)["award_id"], PROVINCE)
