"""The API as a client uses it over one kept-alive connection, at little cost of its own."""

import base64
import http.client
import json
import secrets
from pathlib import Path
from typing import Any


class Unexpected(Exception):
    """The gateway answered something else than was measured."""


class Door:
    """One connection; ``another`` gives one more with the same token, for another thread."""

    def __init__(self, port: int, token: str = "") -> None:
        self._port = port
        self._token = token
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def another(self) -> "Door":
        return Door(self._port, self._token)

    def close(self) -> None:
        self._connection.close()

    def answers(self) -> bool:
        try:
            return self._ask("GET", "/healthz")[0] == 200
        except OSError:
            self._connection.close()
            return False

    def enter(self, client_id: str, secret: str) -> None:
        credentials = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        headers = {
            "Authorization": f"Basic {credentials}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self._token = self._expect(200, "POST", "/oauth/token", b"grant_type=client_credentials", headers)[
            "access_token"
        ]

    def get(self, path: str) -> dict[str, Any]:
        return self._expect(200, "GET", path, None, self._bearer())

    def read(self, path: str) -> bytes:
        """What is no JSON, or needs no token."""
        got, answer = self._ask("GET", path)
        if got != 200:
            raise Unexpected(f"GET {path}: {got}: {answer[:500].decode(errors='replace')}")
        return answer

    def post(self, path: str, body: dict[str, Any], *, status: int = 201) -> dict[str, Any]:
        headers = self._bearer() | {"Content-Type": "application/json", "Idempotency-Key": secrets.token_hex(16)}
        return self._expect(status, "POST", path, json.dumps(body).encode(), headers)

    def upload(self, path: str, file: Path) -> dict[str, Any]:
        boundary = secrets.token_hex(16)
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'
        body = head.encode() + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        headers = self._bearer() | {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self._expect(202, "POST", path, body, headers)

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def _expect(
        self, status: int, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> dict[str, Any]:
        got, answer = self._ask(method, path, body, headers)
        if got != status:
            raise Unexpected(f"{method} {path}: {got} instead of {status}: {answer[:500].decode(errors='replace')}")
        found: dict[str, Any] = json.loads(answer)
        return found

    def _ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        try:
            return self._once(method, path, body, headers)
        except (http.client.RemoteDisconnected, BrokenPipeError):  # idle for longer than the gateway keeps one open
            self._connection.close()
            return self._once(method, path, body, headers)

    def _once(self, method: str, path: str, body: bytes | None, headers: dict[str, str] | None) -> tuple[int, bytes]:
        self._connection.request(method, path, body, headers or {})
        response = self._connection.getresponse()
        return response.status, response.read()
