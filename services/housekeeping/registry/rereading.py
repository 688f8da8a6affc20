"""Bases and 福嫂 of before names were read in one way, read again, and the cases and awards that bear their names. What
they are known by, a credit code or a person's key, was always read so. For the process housekeeping.clock."""

from typing import Any

import structlog
from pymongo.client_session import ClientSession

from contract import identifying
from contract.housekeeping import SubjectKind
from runtime.mongo import Document
from runtime.rereading import Rereading
from runtime.vault import VaultLocked
from services.housekeeping.store import Housekeeping

log = structlog.get_logger()


def rereadings(root: Housekeeping, *, batch: int = 500) -> list[Rereading]:
    """In the order in which they are to be done."""
    fusao = root.store["fusao"]

    def person(row: Document, field: str) -> Document:
        try:
            opened: dict[str, Any] = root.vault.open(row["sealed"])
        except VaultLocked:  # damaged: the audit names it, and the others are not to wait for it
            log.error("rereading.locked", subject=row["_id"])
            return {}
        name = identifying.name(opened["name"]) or opened["name"]
        masked = identifying.masked(name)
        changes = {} if masked == row[field] else {field: masked}
        return changes if name == opened["name"] else changes | {"sealed": root.vault.seal(opened | {"name": name})}

    def base(row: Document, _: ClientSession) -> Document:
        name = identifying.body(row["name"]) or row["name"]
        return person(row, "legal_representative") | ({} if name == row["name"] else {"name": name})

    def bearer(row: Document, session: ClientSession) -> Document:
        """A case, an award or a recognition: a base's name, or a 福嫂's as it is masked now."""
        if row["subject_kind"] == SubjectKind.BASE.value:
            name = identifying.body(row["name"]) or row["name"]
        else:
            found = fusao.find_one({"_id": row["subject_key"]}, {"name": 1}, session=session)
            name = row["name"] if found is None else found["name"]
        unit = identifying.body(row.get("unit") or "")
        changes = {} if name == row["name"] else {"name": name}
        return changes | ({"unit": unit} if unit and unit != row["unit"] else {})

    return [
        Rereading(root.store, "bases", base, apart=("sealed",), batch=batch),
        Rereading(root.store, "fusao", lambda row, _: person(row, "name"), apart=("sealed",), batch=batch),
        Rereading(root.store, "cases", bearer, batch=batch),
        Rereading(root.store, "recognitions", bearer, batch=batch),
        Rereading(root.store, "awards", bearer, batch=batch),
    ]
