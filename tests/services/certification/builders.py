"""Roster imports as the gateway and the worker's process would do them."""

import io
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from runtime.config import Config
from runtime.files import Files
from services.certification.imports import Worker
from services.certification.service import Certification
from tests.services.certification.actors import CENTRE

_SETTLED = ("done", "failed", "recalled")


class Rosters:
    """``work`` runs a worker here; ``process`` starts one that can be killed."""

    def __init__(self, service: Certification, settings: Config) -> None:
        self._service = service
        self._settings = settings
        self.files = Files(settings)

    def start(self, path: Path, actor: dict[str, Any] = CENTRE, **more: Any) -> dict[str, Any]:
        with path.open("rb") as file:
            stored = self.files.write(file, filename=path.name, limit=1 << 30)
        command = {"file_id": stored.file_id, "filename": path.name, "sha256": stored.sha256, "size": stored.size}
        return self._service.start_import(command | more, actor)

    def work(
        self, job: dict[str, Any], *, actor: dict[str, Any] = CENTRE, rows: int = 500, seconds: float = 60
    ) -> dict[str, Any]:
        """Let one worker work until the job is settled; the job as it is then."""
        stop = threading.Event()
        thread = threading.Thread(target=Worker(self._settings, rows=rows).run, args=(stop,))
        thread.start()
        try:
            return self.settled(job, actor=actor, seconds=seconds)
        finally:
            stop.set()
            thread.join()

    def process(self, *, rows: int = 20, lease_seconds: float = 1.0) -> subprocess.Popen[bytes]:
        code = (
            "import threading; from runtime import config; from services.certification.imports import Worker; "
            f"Worker(config.read(), rows={rows}, lease_seconds={lease_seconds}).run(threading.Event())"
        )
        return subprocess.Popen([sys.executable, "-c", code], env=os.environ.copy(), stdout=None)

    def settled(self, job: dict[str, Any], *, actor: dict[str, Any] = CENTRE, seconds: float = 60) -> dict[str, Any]:
        return self.until(job, lambda found: found["state"] in _SETTLED, actor=actor, seconds=seconds)

    def until(
        self, job: dict[str, Any], reached: Any, *, actor: dict[str, Any] = CENTRE, seconds: float = 60
    ) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            found = self.job(job, actor)
            if reached(found):
                return found
            assert time.monotonic() < deadline, f"the import stands still: {found}"
            time.sleep(0.01)

    def job(self, job: dict[str, Any], actor: dict[str, Any] = CENTRE) -> dict[str, Any]:
        return self._service.import_job(job["import_id"], actor)

    def rows(self, job: dict[str, Any], outcome: str | None = None, actor: dict[str, Any] = CENTRE) -> list[Any]:
        """All rows, page by page."""
        rows, after = [], None
        while True:
            page = self._service.import_rows(job["import_id"], actor, outcome=outcome, after=after, limit=100)
            rows += page["items"]
            after = page["next"]
            if after is None:
                return rows

    def outcomes(self, job: dict[str, Any]) -> dict[str, int]:
        return dict(Counter(row["outcome"] for row in self.rows(job)))


def papers(service: Certification) -> list[dict[str, str]]:
    """What a bureau's decision rests on, handed in."""
    stored = Files(service.settings).write(io.BytesIO(b"%PDF-1.4"), filename="a.pdf", limit=1 << 20)
    return [{"file_id": stored.file_id, "sha256": stored.sha256, "title": "核查报告"}]
