"""What is sealed, opened with MASTER_KEY and held to the keyed hashes beside it. Nothing of it is printed."""

from collections.abc import Iterator
from typing import Any

from audit.books import Books
from runtime.mongo import Document
from runtime.vault import Vault, VaultLocked

_OPENED = {"certification": ("certificates",), "housekeeping": ("bases", "fusao", "objections")}


def faults(books: Books) -> Iterator[str]:
    """Ciphertexts that cannot be opened, and those of another person than the record is of. A base's legal
    representative and who objects have no hash beside them: that theirs can be opened is all that is proved."""
    for service, collections in _OPENED.items():
        vault = Vault(books.config, books.store(service))
        for collection in collections:
            for row in books.rows(service, collection):
                name = f"{service}.{collection} {row['_id']}"
                try:
                    person = vault.open(row["sealed"])
                except VaultLocked:
                    yield f"{name}：加密内容无法解开，已被改动或密钥不符"
                    continue
                if not _is_theirs(vault, row, person):
                    yield f"{name}：加密内容与标识不符，不是同一人"


def _is_theirs(vault: Vault, row: Document, person: dict[str, Any]) -> bool:
    if "holder_key" in row:
        kind, number = row["holder"]["document_type"], person["document_number"]
        keys = vault.person_key(kind, number), vault.hash("holder", kind, number, person["name"])
        return keys == (row["person_key"], row["holder_key"])
    if "person_key" in row:
        return vault.person_key(person["document_type"], person["document_number"]) == row["person_key"]
    return True
