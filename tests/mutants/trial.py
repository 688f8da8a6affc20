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

import psutil

_NO_TESTS_FAILED, _NO_TESTS_FOUND = 0, 5
_LONGEST = 900.0  # seconds for all the tests of a module; a single one has its own limit
_UNFIT = 3  # so many that fail anyhow are passed over
_WITHOUT = ("-p", "no:xdist", "-p", "no:schemathesis", "-p", "no:cacheprovider")
_PYTEST = ("-q", "-x", *_WITHOUT, "--hypothesis-seed=0", "--timeout=120", "--tb=no")


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
        self._changes = 0
        self._sound: dict[str, bool] = {}
        self._environ = os.environ | {"TEST_SERVERS": str(servers), "PYTHONPATH": "."}

    @contextmanager
    def changed(self, module: str, text: str) -> Iterator[None]:
        """Each with a time of its own: by it and the size Python knows whether what it has compiled is of this text."""
        path = self.folder / module
        before, at = path.read_text(encoding="utf-8"), path.stat()
        self._changes += 1
        try:
            path.write_text(text, encoding="utf-8")
            os.utime(path, (self._changes, self._changes))
            yield
        finally:
            path.write_text(before, encoding="utf-8")
            os.utime(path, ns=(at.st_atime_ns, at.st_mtime_ns))

    def warm(self) -> None:
        """Compiles all once: what isn't changed is read from the cache."""
        subprocess.run([sys.executable, "-m", "compileall", "-q", "."], cwd=self.folder, check=False)

    def try_out(self, files: Sequence[str], module: str, text: str) -> Outcome:
        """Noticed is what makes a test fail that does not fail without it."""
        unfit: list[str] = []
        while True:
            with self.changed(module, text):
                code, told = self._pytest([*files, *(f"--deselect={test}" for test in unfit)], seconds=_LONGEST)
            if code is None:
                return Outcome(True, "it took too long")
            if code in (_NO_TESTS_FAILED, _NO_TESTS_FOUND):
                return Outcome(False, "")
            failed = re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", told, re.MULTILINE)
            if not failed:
                raise Unfit(f"pytest ended with {code}:\n{told[-3000:]}")
            if self._passes(failed[0]):
                return Outcome(True, failed[0])
            if failed[0] in unfit or len(unfit) == _UNFIT:
                raise Unfit(f"these tests fail though nothing is changed: {', '.join([*unfit, failed[0]])}")
            unfit.append(failed[0])

    def _passes(self, test: str) -> bool:
        """While nothing is changed; each is looked at once."""
        if test not in self._sound:
            code, _ = self._pytest([test], seconds=_LONGEST)
            self._sound[test] = code == _NO_TESTS_FAILED
        return self._sound[test]

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
    """The tests can't tell anything: they fail although nothing is changed, or pytest does."""


def _end(running: psutil.Process) -> None:
    """With all that it started: a session that is ended by force tidies nothing up."""
    for process in [*running.children(recursive=True), running]:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    running.wait()
