"""PyMongo gave up eventlet's support at 4.16. The version that is pinned works; the next one has to pass here first."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Servers
from tests.runtime.running import ROOT, until

Space = dict[str, str]


def green(space: Space, journal: Path, case: str) -> subprocess.Popen[str]:
    journal.touch()
    return subprocess.Popen(
        [sys.executable, "-m", "tests.runtime.hosted.greenmongo", case],
        env=os.environ | space | {"JOURNAL": str(journal)},
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("case", ["transactions", "streams", "encryption"])
def test_pymongo_works_monkey_patched(space: Space, tmp_path: Path, case: str) -> None:
    process = green(space, tmp_path / "journal", case)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 0, said


def test_pymongo_works_monkey_patched_when_mongod_is_killed(
    breakable: Servers, breakable_space: Space, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    process = green(breakable_space, journal, "losses")
    try:
        until(lambda: "kill it now" in journal.read_text() or process.poll() is not None, what="it writes")
        breakable.mongo.kill()
        until(lambda: "away" in journal.read_text() or process.poll() is not None, what="it notices")
        breakable.mongo.start()
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 0, said
    finally:
        process.kill()
        process.communicate()
