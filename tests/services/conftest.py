"""A service's methods on the real database. None of them speaks to the broker, so none is made room for in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Servers, _space


@pytest.fixture
def space(servers: Servers, session_folder: Path) -> Iterator[dict[str, str]]:
    with _space(servers, session_folder, broker=False) as environ:
        yield environ
