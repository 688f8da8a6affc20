"""Sends what is invented, each role at once and in an order of its own, and notes what no answer may be."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from tests.hostile.inventing import Inventor, Request
from tests.hostile.world import NOBODY, World

_PATIENCE = 30.0  # seconds for an answer
_SLOW = 5.0
_SHOWN = 40


@dataclass
class Outcome:
    """``faults``: what no answer may be, in words. ``taken``: changes that were made, by operation."""

    statuses: Counter[int] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    took: Counter[str] = field(default_factory=Counter)  # seconds, by operation
    met: Counter[str] = field(default_factory=Counter)  # "GET /v1/… 404"
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other: "Outcome") -> None:
        for name in ("statuses", "problems", "taken", "took", "met"):
            getattr(self, name).update(getattr(other, name))
        self.faults += other.faults


def attack(world: World, *, seed: int, requests: int, roles: tuple[str, ...]) -> Outcome:
    """``requests`` of each of the roles."""
    began, found = time.monotonic(), Outcome()
    ones = [_Role(world, role, random.Random(f"{seed} {role}")) for role in roles]
    threads = [threading.Thread(target=one.run, args=(requests,), name=one.role) for one in ones]
    for thread in threads:
        thread.start()
    for thread, one in zip(threads, ones, strict=True):
        thread.join()
        found.add(one.outcome)
    found.seconds = time.monotonic() - began
    return found


class _Role:
    def __init__(self, world: World, role: str, rng: random.Random) -> None:
        self.role = role
        self.outcome = Outcome()
        self._accounts = world.accounts[role]
        self._rng = rng
        self._inventor = Inventor(world.description, world.operations, world.pool.copy(), rng, world.scopes[role])
        self._documented = {operation: set(operation.described["responses"]) for operation in world.operations}
        self._connection = http.client.HTTPConnection("127.0.0.1", world.settings.port, timeout=_PATIENCE)

    def run(self, requests: int) -> None:
        for _ in range(requests):
            self._one(self._inventor.request())
        self._connection.close()

    def _one(self, made: Request) -> None:
        headers = made.headers | self._rng.choice(self._accounts)
        if self.role == NOBODY:  # nobody's many addresses, as our own proxy would name them
            headers["X-Forwarded-For"] = f"198.18.{self._rng.randrange(256)}.{self._rng.randrange(256)}"
        address = quote(made.path, safe="/") + (f"?{urlencode(made.query)}" if made.query else "")
        began = time.monotonic()
        try:
            status, kind, body = self._send(made.operation.method, address, made.content, headers)
        except (http.client.HTTPException, OSError) as error:
            self._connection.close()
            self._fault(made, f"no answer: {type(error).__name__}")
            return
        self._judge(made, status, kind, body, time.monotonic() - began)

    def _judge(self, made: Request, status: int, kind: str, body: bytes, seconds: float) -> None:
        outcome, name = self.outcome, f"{made.operation.method} {made.operation.path}"
        outcome.statuses[status] += 1
        outcome.met[f"{name} {status}"] += 1
        outcome.took[name] += seconds  # type: ignore[assignment]
        if seconds > _SLOW:
            self._fault(made, f"{status} after {seconds:.1f} s")
        if status >= 400:
            if kind != "application/problem+json" and made.operation.path != "/readyz":
                self._fault(made, f"{status} as {kind}")
                return
            code = json.loads(body).get("code", "(none)")
            outcome.problems[code] += 1
            if status == 500:
                self._fault(made, f"500 {json.loads(body).get('correlation_id')}")
            if str(status) not in self._documented[made.operation] and code not in _ANYWHERE:
                self._fault(made, f"{status} {code} is not documented")
        elif made.operation.method != "GET" and status < 300:
            outcome.taken[name] += 1
            if made.marked:
                self._fault(made, f"{status}: took somebody's number in a free text")
        if status < 300 and kind == "application/json":
            self._inventor.pool.harvest(json.loads(body))

    def _send(
        self, method: str, address: str, content: bytes | None, headers: dict[str, str]
    ) -> tuple[int, str, bytes]:
        for again in (True, False):
            try:
                self._connection.request(method, address, content, headers)
                answer = self._connection.getresponse()
                return answer.status, answer.headers.get_content_type(), answer.read()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self._connection.close()  # kept alive for too long, or shut after a refusal
                if not again:
                    raise
        raise AssertionError

    def _fault(self, made: Request, what: str) -> None:
        if len(self.outcome.faults) < _SHOWN:
            body = (made.content or b"")[:600].decode("utf-8", "replace")
            self.outcome.faults.append(
                f"{self.role}: {made.operation.method} {made.path[:200]} {made.query or ''} {body}\n    -> {what}"
            )


_ANYWHERE = {"method_not_allowed", "address_too_long"}  # before any operation
