"""How much one caller may ask for in a minute, counted in MongoDB, so that all gateways count together. A request
counts as its cost: 1, or what its operation declares, about the processor time that it takes in twentieths of a second.

The windows stand still (each starts on a full minute), so that one round trip tells both how many requests are left and
until when; the strategies of ``limits`` and Flask-Limiter take three. Headers as
draft-ietf-httpapi-ratelimit-headers-10 has them.
"""

import datetime as dt
import ipaddress
import math
import threading
from collections import Counter

from flask import g
from pymongo import ReturnDocument
from pymongo.write_concern import WriteConcern

from gateway import problems
from runtime import clock, mongo
from runtime.config import Config

WINDOW = 60  # seconds
ANONYMOUS = 600
TOKENS = 300  # each costs an argon2 check
PAGES = 300  # of what is made once and needs no service


class Limits:
    """Collection ``request_counts`` of the gateway's database. A few counts lost with a primary are of no account, so
    it does not wait for the majority."""

    def __init__(self, settings: Config, *, now: clock.Clock = clock.now) -> None:
        self._now = now
        self._counts = mongo.database(settings, "gateway").get_collection(
            "request_counts", write_concern=WriteConcern(w=1)
        )

    def ensure_indexes(self) -> None:
        self._counts.create_index("expires_at", expireAfterSeconds=0)

    def take(self, who: str, per_minute: int, policy: str = "client", *, cost: int = 1) -> None:
        """Count one request of ``who``. Raises TooManyRequests; either way the answer's headers say how much is
        left."""
        now = self._now()
        window, reset = _window(now)
        row = self._counts.find_one_and_update(
            {"_id": f"{policy} {who} {window}"},
            {"$inc": {"used": cost}, "$setOnInsert": {"expires_at": now + dt.timedelta(seconds=2 * WINDOW)}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        _judge(row["used"] if row else cost, per_minute, policy, reset)


class Pages:
    """As Limits, of one process and in its memory: for what must be answered while the database is away. A window's
    addresses are forgotten with it."""

    def __init__(self, *, now: clock.Clock = clock.now) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._window = 0
        self._used: Counter[str] = Counter()

    def take(self, who: str, *, cost: int = 1) -> None:
        """Raises TooManyRequests."""
        window, reset = _window(self._now())
        with self._lock:
            if window != self._window:
                self._window, self._used = window, Counter()
            self._used[who] += cost
            used = self._used[who]
        _judge(used, PAGES, "page", reset)


def address(remote: str | None) -> str:
    """Whom an address counts for: an IPv6 host has a whole /64 to itself."""
    try:
        found = ipaddress.ip_address(remote or "")
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)


def _window(now: dt.datetime) -> tuple[int, int]:
    """Its number, and the seconds that are left of it."""
    window = int(now.timestamp()) // WINDOW
    return window, max(1, math.ceil((window + 1) * WINDOW - now.timestamp()))


def _judge(used: int, per_minute: int, policy: str, reset: int) -> None:
    g.limit = {
        "RateLimit-Policy": f'"{policy}";q={per_minute};w={WINDOW}',
        "RateLimit": f'"{policy}";r={max(0, per_minute - used)};t={reset}',
    }
    if used > per_minute:
        raise problems.TooManyRequests(
            f"每分钟最多{per_minute}次请求（较费时的查询按多次计），请在{reset}秒后重试",
            f"at most {per_minute} requests a minute, of which a dear one counts as several; "
            f"try again in {reset} seconds",
            headers={"Retry-After": str(reset)},
        )
