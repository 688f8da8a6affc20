from collections.abc import Iterator

import pytest

from tests.programme import Programme

COUNTING = (
    "certification+targets+housekeeping",  # which has a copy of every certificate, and the audit looks for it
    "certification.relay",
    "certification.imports",
    "housekeeping.relay+reports.relay+targets.relay",  # watermarks, else nothing is settled; and mends get their places
    "targets.counting",
)


@pytest.fixture(scope="module")
def programme(module_space: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programme]:
    """What issues, imports, says and counts certificates, each process that is killed by itself."""
    running = Programme(module_space, tmp_path_factory.mktemp("logs"))
    try:
        running.start(*COUNTING)
        yield running
    finally:
        running.stop_all()
