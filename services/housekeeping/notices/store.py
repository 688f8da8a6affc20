"""Collection ``objections``: who objects and what they say, sealed."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pymongo.client_session import ClientSession

from runtime.config import Config
from runtime.mongo import Document, Store
from runtime.outbox import Outbox
from runtime.vault import Vault
from services.housekeeping.store import housekeeping


class Objections:
    def __init__(self, store: Store, vault: Vault, outbox: Outbox) -> None:
        self._vault = vault
        self._outbox = outbox
        self._objections = store["objections"]

    def ensure_indexes(self) -> None:
        self._objections.create_index("case_id", name="case_id")

    def seal(
        self, session: ClientSession, objection_id: str, case_id: str, said: Mapping[str, Any], evidence: list[Document]
    ) -> None:
        sealed = self._vault.seal(dict(said))
        row: Document = {"_id": objection_id, "case_id": case_id, "sealed": sealed, "evidence": evidence}
        self._objections.insert_one(row, session=session)
        self._outbox.note(session, "objections", row)

    def open(self, case_id: str, objection_id: str) -> Document | None:
        found = self._objections.find_one({"_id": objection_id, "case_id": case_id})
        return None if found is None else self._vault.open(found["sealed"]) | {"evidence": found["evidence"]}

    def files(self, case_id: str) -> dict[str | None, str]:
        """Digests of the files that objections to this case brought, by file id."""
        rows = self._objections.find({"case_id": case_id}, {"evidence": 1})
        return {item.get("file_id"): item["sha256"] for row in rows for item in row["evidence"]}


@lru_cache(maxsize=8)
def objections_of(config: Config) -> Objections:
    """The process's own, with its indexes in place."""
    kept = housekeeping(config)
    found = Objections(kept.store, kept.vault, kept.outbox)
    found.ensure_indexes()
    return found
