"""Who calls the API in tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
from flask import Flask
from werkzeug.test import TestResponse

from gateway import clients, tokens
from runtime.config import Config
from tests import forked

COUNTING = ("certification.relay+housekeeping.relay+reports.relay+targets.counting",)  # what moves a count

CENTRE = "centre-130100"
OTHER_CENTRE = "centre-130200"
PROVINCE = "civil-affairs-130000"
CITY = "civil-affairs-130100"


class Caller:
    """One client of the API, with a token unless it is nobody."""

    def __init__(self, app: Flask, settings: Config, client_id: str | None) -> None:
        self._browser = app.test_client()
        self.headers: dict[str, str] = {}
        if client_id is not None:
            found = clients.Clients(settings).get(client_id)
            assert found is not None, f"{client_id} is not among the demo clients"
            token = tokens.sign(settings, found, " ".join(found.scopes))
            self.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> TestResponse:
        return self._browser.open(path, method=method, headers={**self.headers, **(headers or {})}, **more)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self("GET", path, **more)

    def post(self, path: str, **more: Any) -> TestResponse:
        return self("POST", path, **more)


@contextmanager
def hanging(name: str) -> Iterator[None]:
    """The process that hosts the service, started by this test run, holds its breath."""
    (process,) = [psutil.Process(one.pid) for one in forked.alive() if name in one.arguments]
    process.suspend()
    try:
        yield
    finally:
        process.resume()
