"""kill -9 in the middle of ten thousand rows, of the database and of the broker: the counters equal a recount."""

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Servers, _space
from tests.journeys.centre import Centre
from tests.journeys.recount import killed_in_the_middle
from tests.programme import Programme


@pytest.fixture(scope="module")
def own_servers(session_folder: Path) -> Iterator[Servers]:
    """They are killed."""
    ours = Servers.under(session_folder / "journeys")
    try:
        yield ours.start()
    finally:
        ours.discard()


@pytest.fixture(scope="module")
def module_space(own_servers: Servers, session_folder: Path) -> Iterator[dict[str, str]]:
    with _space(own_servers, session_folder, tidy=False) as environ:
        yield environ


@pytest.fixture(scope="module")
def centre(programme: Programme, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    ours = Centre(programme, tmp_path_factory.mktemp("rosters"))
    yield ours
    ours.rpc.close()


def test_each_server_killed_in_the_middle_of_ten_thousand_rows_the_counters_equal_a_plain_recount(
    programme: Programme, own_servers: Servers, centre: Centre
) -> None:
    def mongod() -> None:
        own_servers.mongo.kill()
        own_servers.mongo.start()

    def broker() -> None:
        own_servers.rabbit.kill()
        own_servers.rabbit.start()
        with warnings.catch_warnings():
            # py-amqp leaves the socket of a handshake that a dying broker cut short to the garbage collector.
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()

    killed_in_the_middle(programme, centre, [mongod, broker])
