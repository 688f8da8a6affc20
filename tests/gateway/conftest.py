"""The gateway in this process, on real servers; and, where a test needs them, the real services beside it."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher
from flask import Flask

from gateway import clients
from gateway.app import create
from runtime import config
from runtime.config import Config
from tests.gateway.callers import CENTRE, CITY, OTHER_CENTRE, PROVINCE, Caller
from tests.programme import Programme


@pytest.fixture(scope="session", autouse=True)
def _cheap_hashes() -> Iterator[None]:
    """Each module makes sixty demo clients; how dear a secret's hash is, is nothing that they ask after."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clients, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="module")
def settings(module_space: dict[str, str]) -> Config:
    return config.read(module_space)


@pytest.fixture(scope="module")
def app(settings: Config) -> Iterator[Flask]:
    clients.demo(settings)
    app = create(settings)
    yield app
    app.extensions["rpc"].close()


@pytest.fixture(scope="module")
def services(module_space: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programme]:
    """The nameko services, answering. Tests of a module that need counting start the rest."""
    programme = Programme(module_space, tmp_path_factory.mktemp("services"))
    try:
        # targets by itself, because some tests stop it; the others share one interpreter's start.
        programme.start("certification+housekeeping+training+reports+inspections", "targets")
        yield programme
    finally:
        programme.stop_all()


@pytest.fixture
def centre(app: Flask, settings: Config) -> Caller:
    return Caller(app, settings, CENTRE)


@pytest.fixture
def other_centre(app: Flask, settings: Config) -> Caller:
    return Caller(app, settings, OTHER_CENTRE)


@pytest.fixture
def province(app: Flask, settings: Config) -> Caller:
    return Caller(app, settings, PROVINCE)


@pytest.fixture
def city(app: Flask, settings: Config) -> Caller:
    return Caller(app, settings, CITY)


@pytest.fixture
def partner(app: Flask, settings: Config) -> Caller:
    return Caller(app, settings, "partner")


@pytest.fixture
def inspector(app: Flask, settings: Config) -> Caller:
    return Caller(app, settings, "inspector")


@pytest.fixture
def anybody(app: Flask, settings: Config) -> Caller:
    return Caller(app, settings, None)
