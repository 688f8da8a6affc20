"""Collections ``bases``, ``fusao`` (``sealed``: personal data) and ``held`` (certificates as heard)."""

import dataclasses
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from contract.housekeeping import SubjectKind
from contract.words import CertificateStatus
from runtime import mongo, record
from runtime.config import Config
from runtime.mongo import Document, Store
from runtime.outbox import Outbox
from runtime.pages import Page, given, in_region, walk
from runtime.vault import Vault
from services.housekeeping.registry.domain import Base, Fusao, not_found
from services.housekeeping.store import housekeeping

_KEPT_FOR_STORE = {"sealed": 0}


class Registry:
    def __init__(self, store: Store, vault: Vault, outbox: Outbox) -> None:
        self._vault = vault
        self._outbox = outbox
        self._bases = store["bases"]
        self._fusao = store["fusao"]
        self._held = store["held"]

    def ensure_indexes(self) -> None:
        self._bases.create_index("credit_code", name="credit_code", unique=True)
        for collection in (self._bases, self._fusao):
            collection.create_index([("region", ASCENDING), ("_id", ASCENDING)], name="region")
            collection.create_index([("organisation", ASCENDING), ("_id", ASCENDING)], name="organisation")
        waits = {"proposed": {"$exists": True}}
        self._bases.create_index([("proposed.at", ASCENDING)], name="proposed", partialFilterExpression=waits)
        self._fusao.create_index("employer", name="employer")
        self._held.create_index("person_key", name="person_key")

    def person_key(self, document_type: str, number: str) -> str:
        return self._vault.person_key(document_type, number)

    def add_base(self, session: ClientSession, base: Base, person: Mapping[str, Any]) -> None:
        document = record.document(base) | {"_id": base.base_id, "sealed": self._vault.seal(dict(person))}
        self._bases.insert_one(document, session=session)
        self._outbox.note(session, "bases", _unsealed(document))

    def replace_base(
        self, session: ClientSession, before: Base, after: Base, person: Mapping[str, Any] | None = None
    ) -> None:
        changes = record.document(after)
        if person is not None:
            changes["sealed"] = self._vault.seal(dict(person))
        gone = {each.name: "" for each in dataclasses.fields(after) if each.name not in changes}
        written = self._bases.update_one(
            {"_id": before.base_id, "version": before.version}, {"$set": changes, "$unset": gone}, session=session
        )
        _written(written.modified_count)
        self._note(session, self._bases, before.base_id)

    def lock(self, session: ClientSession, *subjects: Base | Fusao) -> None:
        """For whoever decides on them: a move, a merger or a correction at the same time comes before or after."""
        for one in subjects:
            if isinstance(one, Base):
                mongo.lock(session, self._bases, one.base_id)
            else:
                mongo.lock(session, self._fusao, one.person_key)

    def base(self, base_id: str, session: ClientSession | None = None) -> Base:
        """Raises SubjectNotFound."""
        return record.of(Base, _found(self._bases.find_one({"_id": base_id}, _KEPT_FOR_STORE, session=session)))

    def base_with_code(self, credit_code: str, session: ClientSession | None = None) -> Base | None:
        found = self._bases.find_one({"credit_code": credit_code}, _KEPT_FOR_STORE, session=session)
        return None if found is None else record.of(Base, found)

    def bases(
        self, *, within: str, organisation: str | None, proposed: bool = False, after: str | None, limit: int
    ) -> Page[Base]:
        """``proposed``: only those of which a move is, also from elsewhere to within."""
        query = in_region(within)
        if proposed:
            receiving = {f"proposed.{name}": value for name, value in query.items()}
            query = {"$or": [query, receiving], "proposed": {"$exists": True}}
        query |= given(organisation=organisation)
        return walk(self._bases, query, after=after, limit=limit).of(partial(record.of, Base))

    def add_fusao(self, session: ClientSession, fusao: Fusao, person: Mapping[str, Any]) -> None:
        document = record.document(fusao) | {"_id": fusao.person_key, "sealed": self._vault.seal(dict(person))}
        self._fusao.insert_one(document, session=session)
        self._outbox.note(session, "fusao", _unsealed(document))

    def replace_fusao(self, session: ClientSession, before: Fusao, after: Fusao) -> None:
        written = self._fusao.update_one(
            {"_id": before.person_key, "version": before.version}, {"$set": record.document(after)}, session=session
        )
        _written(written.modified_count)
        self._note(session, self._fusao, before.person_key)

    def _note(self, session: ClientSession, rows: Collection[Document], key: str) -> None:
        """As it was written: what a change leaves out stays."""
        self._outbox.note(session, rows.name, _found(rows.find_one({"_id": key}, _KEPT_FOR_STORE, session=session)))

    def fusao(self, person_key: str, session: ClientSession | None = None) -> Fusao:
        """Raises SubjectNotFound."""
        return record.of(Fusao, _found(self._fusao.find_one({"_id": person_key}, _KEPT_FOR_STORE, session=session)))

    def known_fusao(self, person_key: str, session: ClientSession | None = None) -> bool:
        return self._fusao.find_one({"_id": person_key}, {"_id": 1}, session=session) is not None

    def employed_by(self, base_id: str, session: ClientSession | None = None) -> list[Fusao]:
        rows = self._fusao.find({"employer": base_id}, _KEPT_FOR_STORE, session=session).sort("_id", 1)
        return [record.of(Fusao, row) for row in rows]

    def fusao_list(self, *, within: str, organisation: str | None, after: str | None, limit: int) -> list[Fusao]:
        beyond = {"_id": {"$gt": after}} if after else {}  # by a hash, which has no time: it is walked, not followed
        query = in_region(within) | given(organisation=organisation) | beyond
        rows = self._fusao.find(query, _KEPT_FOR_STORE).sort("_id", 1).limit(limit)
        return [record.of(Fusao, row) for row in rows]

    def keys_of(self, organisation: str) -> list[str]:
        """Keys of every subject of this organisation."""
        own = {"organisation": organisation}
        return [row["_id"] for of in (self._bases, self._fusao) for row in of.find(own, {"_id": 1})]

    def subject(self, kind: SubjectKind, key: str, session: ClientSession | None = None) -> Base | Fusao:
        """Raises SubjectNotFound."""
        return self.base(key, session) if kind is SubjectKind.BASE else self.fusao(key, session)

    def person(self, kind: SubjectKind, key: str) -> Document:
        """The personal data, opened: a base's legal representative, or the 福嫂. Raises SubjectNotFound."""
        of = self._bases if kind is SubjectKind.BASE else self._fusao
        return self._vault.open(_found(of.find_one({"_id": key}, {"sealed": 1}))["sealed"])

    def hear(self, certificate: Mapping[str, Any]) -> None:
        """What the newest event says of a certificate stands; an older one changes nothing."""
        heard = {
            "_id": certificate["certificate_id"],
            "version": certificate["version"],
            "person_key": certificate["person_key"],
            "occupation": certificate["occupation"],
            "level": certificate["level"],
            "issued_on": certificate["issued_on"].isoformat(),
            "status": certificate["status"],
        }
        mongo.put_newest(self._held, heard)

    def held_by(self, person_key: str, session: ClientSession | None = None) -> list[Document]:
        return list(self._held.find({"person_key": person_key}, session=session).sort("_id", 1))

    def valid_held_by(self, person_key: str, session: ClientSession | None = None) -> int:
        valid = {"person_key": person_key, "status": CertificateStatus.VALID.value}
        return self._held.count_documents(valid, session=session)


def _unsealed(row: Document) -> Document:
    return {name: value for name, value in row.items() if name != "sealed"}


def _found(row: Document | None) -> Document:
    if row is None:
        raise not_found()
    return row


def _written(count: int) -> None:
    if count != 1:
        raise RuntimeError("a registration changed inside its own transaction")


@lru_cache(maxsize=8)
def registry_of(config: Config) -> Registry:
    """The process's own, with its indexes in place."""
    kept = housekeeping(config)
    found = Registry(kept.store, kept.vault, kept.outbox)
    found.ensure_indexes()
    return found
