"""Leadership for a while: one holder at a time, by MongoDB's own clock, with a token that fences off the one before."""

import os
import secrets
import socket

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from runtime.mongo import Store


class Lease:
    """``hold()`` again and again while working; each call extends. The token grows with each change of holder: whoever
    writes under a lease puts the token in the write's filter, so that a holder who slept through its end writes nothing.
    """

    def __init__(self, store: Store, name: str, *, seconds: float = 10.0) -> None:
        self._leases = store["leases"]
        self._name = name
        self._milliseconds = int(seconds * 1000)
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def hold(self) -> int | None:
        """The fencing token, or None while somebody else holds the lease."""
        mine = {"$eq": ["$holder", self.holder]}
        try:
            lease = self._leases.find_one_and_update(
                {"_id": self._name, "$expr": {"$or": [mine, {"$lte": ["$until", "$$NOW"]}]}},
                [
                    {
                        "$set": {
                            "token": {"$cond": [mine, "$token", {"$add": [{"$ifNull": ["$token", 0]}, 1]}]},
                            "holder": self.holder,
                            "until": {"$add": ["$$NOW", self._milliseconds]},
                        }
                    }
                ],
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:  # the upsert met the other holder's row
            return None
        return int(lease["token"])

    def release(self) -> None:
        """Let go at once, so that the next one need not wait for the end."""
        self._leases.update_one(
            {"_id": self._name, "holder": self.holder}, [{"$set": {"until": "$$NOW", "holder": None}}]
        )
