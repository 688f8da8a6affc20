"""Certificates of before names, bodies and 工种 were read in one way, read again. None becomes another's: numbers and
documents were always read so, and what a certificate is known by stays as it is. For the process certification.imports.
"""

from typing import Any

import structlog
from bson.binary import Binary
from pymongo.client_session import ClientSession

from contract import identifying
from runtime.config import Config
from runtime.mongo import Document
from runtime.rereading import Rereading
from runtime.vault import Vault, VaultLocked
from services.certification.store import certificates

log = structlog.get_logger()

_APART = ("sealed", "commands", "supersedes")


def rereading(config: Config, *, batch: int = 500) -> Rereading:
    certified = certificates(config)
    vault = Vault(config, certified.store)

    def reread(row: Document, _: ClientSession) -> Document:
        try:
            return changed(row)
        except VaultLocked:  # damaged: the audit names it, and the others are not to wait for it
            log.error("rereading.locked", certificate=row["_id"])
            return {}

    def changed(row: Document) -> Document:
        changes = _read(vault, row) | {
            name: read
            for name, reading in (("work_type", identifying.work_type), ("assessor", identifying.body))
            if (read := reading(row[name])) and read != row[name]
        }
        before = [one | _read(vault, one) for one in row.get("supersedes", ())]
        return changes | ({"supersedes": before} if before != row.get("supersedes", []) else {})

    return Rereading(certified.store, "certificates", reread, apart=_APART, batch=batch)


def _read(vault: Vault, row: Document) -> Document:
    """What of the holder reads otherwise: name, key and mask. Her document's number, and so who she is, does not."""
    person: dict[str, Any] = vault.open(row["sealed"])
    name = identifying.name(person["name"]) or person["name"]
    holder = row["holder"] | {"name": identifying.masked(name)}
    if name == person["name"]:
        return {} if holder == row["holder"] else {"holder": holder}
    sealed: Binary = vault.seal(person | {"name": name})
    key = vault.hash("holder", holder["document_type"], person["document_number"], name)
    return {"holder": holder, "holder_key": key, "sealed": sealed}
