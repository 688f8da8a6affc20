import pytest

from deploy import fonts
from runtime import config
from runtime.config import Config
from services.targets.bulletins.job import Issuing
from services.targets.service import Targets
from tests.services.targets.year import Year


@pytest.fixture(scope="session", autouse=True)
def chinese_font() -> None:
    fonts.ensure()


@pytest.fixture
def settings(space: dict[str, str]) -> Config:
    return config.read(space)


@pytest.fixture
def year(settings: Config) -> Year:
    return Year(settings)


@pytest.fixture
def desk(settings: Config, year: Year) -> Issuing:
    return Issuing(settings, year.plan)


@pytest.fixture
def service(settings: Config) -> Targets:
    found = Targets()
    found.settings = settings  # type: ignore[assignment]
    found.set_time("2023-11-09T09:00:00+08:00")
    return found
