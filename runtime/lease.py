"""Leadership for a while: one holder at a time, by MongoDB's own clock, with a token that fences off the one before."""

import datetime as dt
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import structlog
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError, PyMongoError

from runtime.mongo import Store

log = structlog.get_logger()

_LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class LeaseLost(Exception):
    """Another holder has taken over: nothing of this work may be written."""


class Lease:
    """``hold()`` again and again while working; each call extends. The token grows with each change of holder: whoever
    writes under a lease puts it in the write's filter, so that a holder who slept through its end writes nothing.
    """

    def __init__(self, store: Store, name: str, *, seconds: float = 10.0) -> None:
        self._leases = store["leases"]
        self._name = name
        self._milliseconds = int(seconds * 1000)
        self._known = False
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def hold(self) -> int | None:
        """The fencing token, or None while somebody else holds the lease."""
        mine = {"$eq": ["$holder", self.holder]}
        if not self._known:  # an upsert with $expr is not allowed, so the row is there before anyone asks for it
            with suppress(DuplicateKeyError):
                self._leases.insert_one({"_id": self._name, "token": 0, "holder": None, "until": _LONG_AGO})
            self._known = True
        lease = self._leases.find_one_and_update(
            {"_id": self._name, "$expr": {"$or": [mine, {"$lte": ["$until", "$$NOW"]}]}},
            [
                {
                    "$set": {
                        "token": {"$cond": [mine, "$token", {"$add": ["$token", 1]}]},
                        "holder": self.holder,
                        "until": {"$add": ["$$NOW", self._milliseconds]},
                    }
                }
            ],
            return_document=ReturnDocument.AFTER,
        )
        return None if lease is None else int(lease["token"])

    @contextmanager
    def renewed(self, token: int, *also: Callable[[], None]) -> Iterator[None]:
        """Extended beside the work, for a piece of it that may take longer than the lease; ``also`` is done as often.
        Who loses it nevertheless is stopped by the token, at the next write."""
        done = threading.Event()

        def renew() -> None:
            while not done.wait(self._milliseconds / 5000):
                try:
                    if self.hold() != token:
                        return
                    for each in also:
                        each()
                except PyMongoError as error:
                    log.warning("lease.not_renewed", lease=self._name, error=type(error).__name__)

        thread = threading.Thread(target=renew, name=f"lease-{self._name}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def fence(self, session: ClientSession, token: int) -> None:
        """Raises LeaseLost unless the token is still the holder's. Written, not only read: whoever takes over meanwhile
        meets this transaction."""
        mine = {"_id": self._name, "holder": self.holder, "token": token}
        if not self._leases.update_one(mine, {"$inc": {"fenced": 1}}, session=session).matched_count:
            raise LeaseLost

    def release(self) -> None:
        """Let go at once, so that the next one need not wait for the end."""
        self._leases.update_one(
            {"_id": self._name, "holder": self.holder}, [{"$set": {"until": "$$NOW", "holder": None}}]
        )
