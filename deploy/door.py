"""The API as a client uses it, over HTTP: nothing here knows more than what /docs says."""

import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from deploy.ending import Ending

_PATIENCE = 90.0  # seconds for one request, its repetitions included: a process may be starting again
_WAIT = 0.5
_PASSING = (429, 502, 503, 504)


class Refused(Exception):
    """What the problem document says, in one line."""


class Unreachable(Exception):
    """The gateway did not answer in PATIENCE seconds, or not any more because we were told to end."""


class Door:
    """``token`` is None for what is public. Repeats what failed for a passing reason until ``stop`` is set."""

    def __init__(self, address: str, stop: Ending) -> None:
        # trust_env: the loopback is never behind a proxy.
        self._http = httpx.Client(base_url=address, timeout=30, trust_env=False)
        self._stop = stop

    def close(self) -> None:
        self._http.close()

    def token(self, client: dict[str, str]) -> str:
        form = {"grant_type": "client_credentials"}
        credentials = (client["client_id"], client["client_secret"])
        return str(self._ask("POST", "/oauth/token", data=form, auth=credentials)["access_token"])

    def get(self, path: str, token: str | None = None, **query: Any) -> dict[str, Any]:
        return self._ask("GET", path, headers=_bearer(token), params=query)

    def upload(self, roster: Path, token: str) -> dict[str, Any]:
        """The job. Repeated with the same Idempotency-Key, so that a lost answer does no harm."""
        headers = _bearer(token) | {"Idempotency-Key": f"make-run-{uuid4()}"}
        files = {"file": (roster.name, roster.read_bytes())}
        return self._ask("POST", "/v1/certificate-imports", headers=headers, files=files)

    def post(self, path: str, token: str, said: dict[str, Any]) -> dict[str, Any]:
        """As ``upload``: an answer that is lost does no harm."""
        headers = _bearer(token) | {"Idempotency-Key": f"make-run-{uuid4()}"}
        return self._ask("POST", path, headers=headers, json=said)

    def hand_in(self, path: str, token: str, filename: str, content: bytes) -> dict[str, Any]:
        """A file that is at hand already."""
        headers = _bearer(token) | {"Idempotency-Key": f"make-run-{uuid4()}"}
        return self._ask("POST", path, headers=headers, files={"file": (filename, content)})

    def download(self, path: str, token: str, **query: Any) -> bytes:
        return self._answered("GET", path, headers=_bearer(token), params=query).content

    def readiness(self) -> dict[str, Any] | None:
        """What /readyz says, asked once; None when nobody answers."""
        try:
            answer = self._http.get("/readyz")
        except httpx.TransportError:
            return None
        return {"code": answer.status_code} | answer.json()

    def _ask(self, method: str, path: str, **how: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._answered(method, path, **how).json()
        return found

    def _answered(self, method: str, path: str, **how: Any) -> httpx.Response:
        deadline = time.monotonic() + _PATIENCE
        while True:
            wait = _WAIT
            try:
                answer = self._http.request(method, path, **how)
            except httpx.TransportError as error:
                said = type(error).__name__
            else:
                if answer.is_success:
                    return answer
                said = _said(answer)
                if not _passing(answer):
                    raise Refused(f"{method} {path}: {said}")
                after = answer.headers.get("Retry-After", "")
                wait = max(_WAIT, float(after)) if after.isdigit() else _WAIT
            if time.monotonic() + wait > deadline or self._stop.wait(wait):
                raise Unreachable(f"{method} {path}: {said}")


def _passing(answer: httpx.Response) -> bool:
    return answer.status_code in _PASSING or (answer.status_code == 409 and "Retry-After" in answer.headers)


def _said(answer: httpx.Response) -> str:
    """A problem's code and words."""
    if answer.headers.get("Content-Type", "").startswith("application/problem+json"):
        problem = answer.json()
        return f"{answer.status_code} {problem.get('code')} {problem.get('detail')}"
    return f"{answer.status_code} {answer.reason_phrase}"


def _bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}
