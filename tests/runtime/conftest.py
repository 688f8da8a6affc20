from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Servers, _space


@pytest.fixture(scope="session")
def breakable_servers(session_folder: Path) -> Iterator[Servers]:
    """Like private_servers, but for all tests of this folder, one after the other: each may kill them. They outlive the
    folder, for a worker may come back to it."""
    ours = Servers.under(session_folder / "breakable")
    try:
        yield ours.start()
    finally:
        ours.discard()


@pytest.fixture
def breakable(breakable_servers: Servers) -> Servers:
    """Both servers, running, whatever the test before did to them."""
    return breakable_servers.start()


@pytest.fixture
def breakable_space(breakable: Servers, session_folder: Path) -> Iterator[dict[str, str]]:
    with _space(breakable, session_folder, tidy=False) as environ:
        yield environ
