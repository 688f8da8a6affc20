"""How often one caller may ask: a window of one minute, counted in MongoDB, so that all gateways count together.

The windows stand still (each starts on a full minute), so that one round trip tells both how many requests are left and
until when; the strategies of ``limits`` and Flask-Limiter take three. Headers as
draft-ietf-httpapi-ratelimit-headers-10 has them.
"""

import datetime as dt
import math

from flask import g
from pymongo import ReturnDocument
from pymongo.write_concern import WriteConcern

from gateway import problems
from runtime import clock, mongo
from runtime.config import Config

WINDOW = 60  # seconds
ANONYMOUS = 600
TOKENS = 300  # each costs an argon2 check


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

    def take(self, who: str, per_minute: int, policy: str = "client") -> None:
        """Count one request of ``who``. Raises TooManyRequests; either way the answer's headers say how many are
        left."""
        now = self._now()
        window = int(now.timestamp()) // WINDOW
        reset = max(1, math.ceil((window + 1) * WINDOW - now.timestamp()))
        row = self._counts.find_one_and_update(
            {"_id": f"{policy} {who} {window}"},
            {"$inc": {"used": 1}, "$setOnInsert": {"expires_at": now + dt.timedelta(seconds=2 * WINDOW)}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        used = row["used"] if row else 1
        g.limit = {
            "RateLimit-Policy": f'"{policy}";q={per_minute};w={WINDOW}',
            "RateLimit": f'"{policy}";r={max(0, per_minute - used)};t={reset}',
        }
        if used > per_minute:
            raise problems.TooManyRequests(
                f"每分钟最多{per_minute}次请求，请在{reset}秒后重试",
                f"at most {per_minute} requests a minute; try again in {reset} seconds",
                headers={"Retry-After": str(reset)},
            )
