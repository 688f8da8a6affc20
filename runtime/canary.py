"""Whether the secrets are still those that the data was written under: a keyed digest of each lies in the database.

Under another PERSON_KEY_SECRET the same person would get another key and be counted twice, with every proof in order;
under another MASTER_KEY nothing that is sealed could be opened. TOKEN_SECRET has none: nothing stored depends on it,
and changing it only ends the tokens that are about.
"""

import hmac
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pymongo import MongoClient
from pymongo.errors import DuplicateKeyError

from contract.words import DocumentType
from runtime import mongo
from runtime.config import Config
from runtime.mongo import Store
from runtime.vault import Vault, VaultLocked

_PURPOSE = b"yanzhao canary v1\0"
_VAULTS = ("certification", "housekeeping", "targets")
# Whoever is sealed together with a document number, and where the key that stands for the person is.
_PEOPLE = (("certification", "certificates", "person_key"), ("housekeeping", "fusao", "_id"))
_SAMPLE = 20


class SecretChanged(Exception):
    """One line: which variable, and what to do."""


def check(config: Config, *, by: MongoClient[dict[str, Any]] | None = None) -> None:
    """At the start of whatever uses the secrets. Raises SecretChanged. Data of before there were canaries is tried with
    the secrets that are given, and gets its canaries. ``by``: as in mongo.database."""
    stores = {name: mongo.database(config, name, by=by) for name in _VAULTS}
    canaries = mongo.database(config, "canaries", by=by)["secrets"]
    for name, secret, fits in (
        ("MASTER_KEY", config.master_key, _opens),
        ("PERSON_KEY_SECRET", config.person_key_secret, _knows_people),
    ):
        digest = hmac.digest(secret, _PURPOSE + name.encode(), "sha256")
        found = canaries.find_one({"_id": name})
        if found is None:
            if not fits(config, stores):
                raise _changed(name)
            try:
                canaries.insert_one(found := {"_id": name, "digest": digest})
            except DuplicateKeyError:  # another process is starting too
                found = canaries.find_one({"_id": name})
        if found is None or not hmac.compare_digest(found["digest"], digest):
            raise _changed(name)


def _opens(config: Config, stores: dict[str, Store]) -> bool:
    return all(Vault(config, stores[name]).fits() for name in _VAULTS)


def _knows_people(config: Config, stores: dict[str, Store]) -> bool:
    """Whether any of a few gets the key that it has: one that is odd in itself is not to stop everything."""
    tried = list(islice(_people(config, stores), _SAMPLE))
    return not tried or any(tried)


def _people(config: Config, stores: dict[str, Store]) -> Iterator[bool]:
    for service, collection, key in _PEOPLE:
        vault = Vault(config, stores[service])
        for row in (
            stores[service][collection].find({"sealed": {"$exists": True}}, {key: 1, "sealed": 1}).limit(_SAMPLE)
        ):
            try:
                number = vault.open(row["sealed"]).get("document_number", "")
            except VaultLocked:
                continue
            yield any(vault.person_key(kind.value, number) == row[key] for kind in DocumentType)


def _changed(name: str) -> SecretChanged:
    return SecretChanged(
        f"{name} 不是写入这些数据时的密钥：请恢复原值（make run 存于 secrets.env），或用 MONGO_PREFIX 另建一套数据 / "
        f"{name} is not the one that the data was written under: give its earlier value again (make run keeps it in "
        "secrets.env), or begin other data with MONGO_PREFIX"
    )
