"""What services answer alike is decided once."""

import pytest

from contract.errors import Forbidden
from runtime import config
from runtime.calls import TimeCalls
from runtime.config import Config
from runtime.timepiece import Timepiece


class NotNow(Forbidden):
    pass


class Example(TimeCalls):
    name = "example"
    time_refused = NotNow

    def __init__(self, settings: Config) -> None:
        self.settings = settings


def test_time_goes_on_from_where_it_was_set_and_is_put_right_again(space: dict[str, str]) -> None:
    settings = config.read(space)
    example = Example(settings)
    assert example.set_time("2023-10-31T04:00:00+00:00")["now"].startswith("2023-10-31T04:00:")
    assert Timepiece("example").today(settings).isoformat() == "2023-10-31"
    assert not example.set_time(None)["now"].startswith("2023-")


def test_in_production_nobody_sets_the_time(space: dict[str, str]) -> None:
    with pytest.raises(NotNow):
        Example(config.read(space | {"APP_ENV": "production"})).set_time("2023-10-31T04:00:00+00:00")
