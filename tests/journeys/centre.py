"""A training centre as a test plays it: hands in rosters and looks at what became of them, through RPC as the gateway
does."""

import datetime as dt
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from runtime.files import Files
from runtime.rpc import Rpc
from tests import builders
from tests.programme import Programme, until

ACTOR = {
    "client_id": "centre-1",
    "role": "training_centre",
    "region": "130000",
    "organisation": "centre-1",
    "scopes": ["certificates:read", "certificates:write", "imports:write"],
}
BUREAU = {
    "client_id": "bureau",
    "role": "civil_affairs",
    "region": "130000",
    "organisation": "省民政厅",
    "scopes": [
        "certificates:read",
        "certificates:revoke",
        "certificates:verify",
        "certificates:correct",
        "imports:recall",
    ],
}
DISPATCHER = {
    "client_id": "dispatcher",
    "role": "dispatcher",
    "region": "130000",
    "organisation": "省发展改革委",
    "scopes": ["targets:read", "reports:read", "certificates:read", "stars:read"],
}


class Centre:
    def __init__(self, programme: Programme, folder: Path) -> None:
        self._programme = programme
        self._folder = folder
        self.rpc = Rpc(programme.config)

    def certification(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return self.rpc.call("certification", method, *args, timeout=30, **kwargs)

    def hand_in(self, certificates: Iterable[dict[str, Any]], *, name: str = "roster.csv", **command: Any) -> str:
        """The import's id."""
        file = builders.write_roster(self._folder / name, certificates)
        stored = Files(self._programme.config).write(
            io.BytesIO(file.read_bytes()), filename=file.name, limit=32 * 2**20
        )
        started = self.certification(
            "start_import",
            {
                "file_id": stored.file_id,
                "filename": stored.filename,
                "sha256": stored.sha256,
                "size": stored.size,
                **command,
            },
            ACTOR,
        )
        return str(started["import_id"])

    def job(self, import_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.certification("import_job", import_id, ACTOR)
        return found

    def finished(self, import_id: str, *, seconds: float = 120) -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            job = self.job(import_id)
            return job if job["state"] in ("done", "failed", "recalled") else None

        found: dict[str, Any] = until(ended, seconds=seconds, what=f"import {import_id} has ended")
        return found

    def value(self, region: str = "130000", **clocks: str) -> int:
        return int(self.rpc.call("targets", "target", "12.1", DISPATCHER, region=region, **clocks)["value"])


def newly_certified(certificates: Iterable[dict[str, Any]], year: int = 2023) -> dict[str, str]:
    """Document number -> region, counted plainly: whose first certificate is of the year."""
    first: dict[str, tuple[dt.date, str]] = {}
    for one in certificates:
        mine = (dt.date.fromisoformat(one["issued_on"]), one["region"])
        first[one["document_number"]] = min(mine, first.get(one["document_number"], mine))
    return {number: region for number, (day, region) in first.items() if day.year == year}


def a_real_roster(rows: int, seed: int) -> list[dict[str, Any]]:
    """Mostly one certificate a person; each tenth person has a second one, each twentieth one from the year before."""
    people = builders.a_roster(rows * 100 // 115 + 1, seed)
    found = list(people)
    for place, one in enumerate(people):
        extra = seed + len(people) + place
        who = builders.a_person(seed + place)
        if place % 10 == 0:
            found.append(
                builders.a_certificate(extra, person=who, issued_on="2023-12-30", level="3", region=one["region"])
            )
        if place % 20 == 1:
            found.append(builders.a_certificate(extra, person=who, issued_on="2022-06-01", region=one["region"]))
    return found[:rows]
