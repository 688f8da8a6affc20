"""Collection ``reveals``: who saw whose personal data in full, when and why."""

import datetime as dt
from functools import lru_cache

from pymongo import ASCENDING

from runtime import mongo, trace
from runtime.config import Config
from runtime.mongo import Store
from services.certification.access import Actor
from services.certification.domain import Certificate


class Reveals:
    def __init__(self, store: Store) -> None:
        self._reveals = store["reveals"]

    def ensure_indexes(self) -> None:
        self._reveals.create_index([("certificate_id", ASCENDING), ("at", ASCENDING)], name="certificate_id")

    def add(
        self, certificate: Certificate, *, actor: Actor, reason: str, at: dt.datetime, command_id: str | None
    ) -> None:
        """Once for a command_id of a client: the broker may deliver the call twice."""
        self._reveals.update_one(
            {"_id": f"{actor.client_id}:{command_id}" if command_id else mongo.new_id()},
            {
                "$setOnInsert": {
                    "certificate_id": certificate.certificate_id,
                    "version": certificate.version,
                    "client_id": actor.client_id,
                    "role": str(actor.role),
                    "organisation": actor.organisation,
                    "reason": reason,
                    "at": at,
                    "traceparent": trace.current(),
                }
            },
            upsert=True,
        )


@lru_cache(maxsize=8)
def reveals(config: Config) -> Reveals:
    """The process's own, with its indexes in place."""
    found = Reveals(mongo.database(config, "certification"))
    found.ensure_indexes()
    return found
