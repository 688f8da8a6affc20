from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Servers, _space
from tests.programme import PROCESSES, Programme


@pytest.fixture(scope="module")
def own_servers(session_folder: Path) -> Iterator[Servers]:
    """Servers for one module, which may kill them."""
    ours = Servers.under(session_folder / "journeys")
    try:
        yield ours.start()
    finally:
        ours.discard()


@pytest.fixture(scope="module")
def programme(
    own_servers: Servers, session_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Programme]:
    """Every process of the programme but the gateway, running on `own_servers`."""
    with _space(own_servers, session_folder, tidy=False) as environ:
        running = Programme(environ, tmp_path_factory.mktemp("logs"))
        try:
            running.start(*PROCESSES)
            yield running
        finally:
            running.stop_all()
