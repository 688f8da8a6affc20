"""Runs tests on a changed module, in a copy of the tree, so that every process that a test starts sees the change."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import psutil

_NO_TESTS_FAILED, _TESTS_FAILED, _INTERRUPTED = 0, 1, 2
_WITHOUT = ("-p", "no:xdist", "-p", "no:schemathesis", "-p", "no:cacheprovider")
_PYTEST = ("-q", "-x", *_WITHOUT, "--hypothesis-seed=0", "--tb=no")


@dataclass(frozen=True)
class Outcome:
    noticed: bool
    by: str  # the first test that failed; or how else it was noticed


class Tree:
    """A copy of the files that git knows or would take, with the checkout's own interpreter."""

    def __init__(self, root: Path, folder: Path, servers: Path) -> None:
        self.folder = folder
        listed = subprocess.run(
            ["git", "ls-files", "-coz", "--exclude-standard"], cwd=root, capture_output=True, check=True, text=True
        )
        for name in filter(None, listed.stdout.split("\0")):
            if (root / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / name, folder / name)
        # A changed module's bytes must never be taken from a cache, nor left in one.
        self._environ = os.environ | {"TEST_SERVERS": str(servers), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": "."}

    @contextmanager
    def changed(self, module: str, text: str) -> Iterator[None]:
        path = self.folder / module
        before, at = path.read_text(encoding="utf-8"), path.stat()
        try:
            path.write_text(text, encoding="utf-8")
            yield
        finally:
            path.write_text(before, encoding="utf-8")
            os.utime(path, ns=(at.st_atime_ns, at.st_mtime_ns))

    def warm(self) -> None:
        """Compiles all once: what isn't changed is read from the cache."""
        subprocess.run([sys.executable, "-m", "compileall", "-q", "."], cwd=self.folder, check=False)

    def durations(self, files: Sequence[str]) -> dict[str, float]:
        """Seconds of each file while nothing is changed. Raises Unfit when a test fails even so."""
        report = self.folder / "durations.xml"
        code, told = self._pytest([*files, f"--junitxml={report}", "-o", "junit_family=xunit1"], seconds=3600)
        if code != _NO_TESTS_FAILED:
            raise Unfit(f"tests fail though nothing was changed:\n{told[-3000:]}")
        found = dict.fromkeys(files, 1.0)
        for case in ElementTree.parse(report).iter("testcase"):
            found[case.attrib["file"]] = found.get(case.attrib["file"], 0) + float(case.attrib["time"])
        return found

    def try_out(self, files: Sequence[str], *, seconds: float) -> Outcome:
        code, told = self._pytest(files, seconds=seconds)
        if code is None:
            return Outcome(True, "it took too long")
        failed = re.search(r"^(?:FAILED|ERROR) (\S+)", told, re.MULTILINE)
        if code in (_TESTS_FAILED, _INTERRUPTED):
            return Outcome(True, failed[1] if failed else "a test failed")
        if code == _NO_TESTS_FAILED:
            return Outcome(False, "")
        return Outcome(True, f"pytest ended with {code}")

    def _pytest(self, arguments: Sequence[str], *, seconds: float) -> tuple[int | None, str]:
        """(its exit status, or None when it took too long; what it printed)"""
        command = [sys.executable, "-m", "pytest", *_PYTEST, *arguments]
        log = self.folder / "pytest.log"
        with log.open("w") as output:
            running = psutil.Popen(
                command, cwd=self.folder, env=self._environ, stdout=output, stderr=output, start_new_session=True
            )
            try:
                code = running.wait(timeout=seconds)
            except psutil.TimeoutExpired:
                _end(running)
                code = None
        return code, log.read_text(errors="replace")


class Unfit(Exception):
    """The tests can't tell anything: they fail before anything was changed."""


def _end(running: psutil.Process) -> None:
    """With all that it started: a session that is ended by force tidies nothing up."""
    for process in [*running.children(recursive=True), running]:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    running.wait()
