"""What certification remembers of certificates. Of its further nouns each has a store.py of its own.

certificates  one document each, with the fields that its events carry under the same names. ``numbers`` holds the
              present number first, then those it had; ``sealed`` the personal data; ``supersedes`` what was corrected
outbox        what was said (runtime.outbox)
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from bson.binary import Binary
from pymongo import ASCENDING, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError, DuplicateKeyError

from contract import certification as public
from contract import regions
from contract.words import DocumentType
from runtime import mongo, trace
from runtime.commands import Commands
from runtime.config import Config
from runtime.files import Files
from runtime.mongo import Document, Store
from runtime.outbox import Outbox
from runtime.pages import Page, given, in_region, walk
from runtime.record import imprint
from runtime.vault import Vault
from services.certification import access, domain
from services.certification.content import Content
from services.certification.documents import certificate_of, document_of
from services.certification.domain import Certificate, Identity
from services.certification.holders import Holder

_EVENTS = {event.name(): event for event in public.EVENTS}
_DUPLICATE_KEY = 11000

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Told:
    """A command as it is remembered, so that telling it again changes nothing: its id, unique for the client, and a
    keyed hash of all it said."""

    command_id: str
    digest: str


class NumberTaken(Exception):
    """Somebody else wrote one of the numbers, or the same command, in between: look again, then decide again."""


class Certificates:
    def __init__(self, config: Config) -> None:
        self.store: Store = mongo.database(config, "certification")
        self.outbox = Outbox(self.store)
        self._vault = Vault(config, self.store)
        self.commands = Commands(self.store, files=Files(config))  # for the files that one names
        self._certificates = self.store["certificates"]

    def ensure_indexes(self) -> None:
        self.outbox.ensure_indexes()
        index = self._certificates.create_index
        index("numbers", name="numbers", unique=True)
        index("commands.id", name="commands", unique=True, partialFilterExpression={"commands.id": {"$exists": True}})
        for field in ("person_key", "region", "organisation"):
            index([(field, ASCENDING), ("_id", ASCENDING)], name=field)
        index(
            [("import_id", ASCENDING), ("_id", ASCENDING)],
            name="import_id",
            partialFilterExpression={"import_id": {"$exists": True}},
        )
        index(
            [("assessor", ASCENDING), ("_id", ASCENDING)],
            name="unfiled",
            partialFilterExpression={"unfiled": True},
        )

    def identity(self, holder: Holder) -> Identity:
        kind, number = holder.document_type.value, holder.document_number
        return Identity(
            person=self._vault.person_key(kind, number), holder=self._vault.hash("holder", kind, number, holder.name)
        )

    def told(self, client_id: str, command: Mapping[str, Any]) -> Told | None:
        """None when the command carries no id."""
        if "command_id" not in command:
            return None
        said = "\x1e".join(f"{name}={value}" for name, value in sorted(command.items()))
        return Told(f"{client_id}:{command['command_id']}", self._vault.hash("command", said))

    def transact(self, work: Callable[[ClientSession], Result]) -> Result:
        """One transaction. Raises NumberTaken instead of MongoDB's duplicate key."""
        try:
            return mongo.transact(self.store, work)
        except (DuplicateKeyError, BulkWriteError) as error:
            details = error.details or {}
            codes = {fault.get("code") for fault in details.get("writeErrors", [])} or {details.get("code")}
            if codes == {_DUPLICATE_KEY}:
                raise NumberTaken from None
            raise

    def add(
        self,
        session: ClientSession,
        issued: Sequence[tuple[Certificate, Content]],
        *,
        told: Told | None = None,
    ) -> None:
        """Write new certificates and what is to be said of them. Raises DuplicateKeyError or BulkWriteError when a
        number is, or ever was, another certificate's."""
        if not issued:
            return
        documents = []
        for certificate, content in issued:
            document = document_of(certificate) | {"sealed": self._sealed(content)}
            if told:
                document["commands"] = [_remembered(told, certificate)]
            documents.append(document)
        self._certificates.insert_many(documents, session=session, ordered=True)
        self.outbox.add(session, [_envelope(certificate) for certificate, _ in issued])

    def replace(
        self,
        session: ClientSession,
        changes: Sequence[tuple[Certificate, Certificate]],
        *,
        content: Content | None = None,
        told: Told | None = None,
    ) -> None:
        """Write (before, after) pairs, each one step of a certificate's life, and what is to be said of them.
        ``content`` comes with a correction, and the corrected state stays readable under ``supersedes``."""
        updates = []
        for before, after in changes:
            document = document_of(after)
            unset = {"$unset": {"unfiled": ""}} if after.filed and not before.filed else {}
            push: Document = {"history": document.pop("history")[-1]}
            if told:
                push["commands"] = _remembered(told, after)
            if content is not None:
                push["supersedes"] = self._superseded(before, session)
                document["sealed"] = self._sealed(content)
            updates.append(
                UpdateOne(
                    {"_id": document.pop("_id"), "version": before.version}, {"$set": document, "$push": push, **unset}
                )
            )
        if not updates:
            return
        written = self._certificates.bulk_write(updates, session=session, ordered=True)
        if written.modified_count != len(updates):
            raise RuntimeError("a certificate changed inside its own transaction")
        self.outbox.add(session, [_envelope(after) for _, after in changes])

    def get(self, number: str, session: ClientSession | None = None) -> Certificate:
        """By its present number or one that it had. Raises CertificateNotFound."""
        found = self._certificates.find_one({"numbers": number}, session=session)
        if found is None:
            raise access.not_found()
        return certificate_of(found)

    def with_id(self, certificate_id: str, session: ClientSession | None = None) -> Certificate | None:
        found = self._certificates.find_one({"_id": certificate_id}, session=session)
        return None if found is None else certificate_of(found)

    def numbered(self, numbers: Iterable[str], session: ClientSession | None = None) -> dict[str, Certificate]:
        """Those of the numbers that are taken, by every number that each certificate has or had."""
        wanted = list(numbers)
        rows = self._certificates.find({"numbers": {"$in": wanted}}, session=session, batch_size=max(len(wanted), 1))
        return {number: certificate_of(row) for row in rows for number in row["numbers"]}

    def after_command(self, told: Told, session: ClientSession | None = None) -> Certificate | None:
        """The certificate that this command was about, as it is now; None when it was never told. Raises
        CertificateConflict when the id was used for something else."""
        found = self._certificates.find_one({"commands.id": told.command_id}, session=session)
        if found is None:
            return None
        if not any(
            known == {"id": told.command_id, "digest": told.digest} for known in map(_unversioned, found["commands"])
        ):
            raise public.CertificateConflict(
                "同一命令编号已用于其他内容，请换一个编号",
                "this command_id was used for something else: choose another one",
            )
        return certificate_of(found)

    def content(self, certificate: Certificate, session: ClientSession | None = None) -> Content:
        """What it says, with the personal data opened."""
        found = self._certificates.find_one({"_id": certificate.certificate_id}, {"sealed": 1}, session=session)
        if found is None:
            raise access.not_found()
        person = self._vault.open(found["sealed"])
        return Content(
            holder=Holder(
                name=person["name"],
                document_type=DocumentType(certificate.masked.document_type),
                document_number=person["document_number"],
                phone=person.get("phone"),
            ),
            number=certificate.number,
            occupation=certificate.occupation,
            work_type=certificate.work_type,
            level=certificate.level,
            issued_on=certificate.issued_on,
            assessor=certificate.assessor,
            region=certificate.region,
            remarks=person.get("remarks"),
        )

    def page(
        self,
        *,
        organisation: str | None = None,
        within: str = regions.PROVINCE,
        person_key: str | None = None,
        status: str | None = None,
        import_id: str | None = None,
        after: str | None = None,
        limit: int,
    ) -> Page[Certificate]:
        """In the order of their ids, hence about of recording; ``within`` is a region whose subtree is meant."""
        exactly = given(organisation=organisation, person_key=person_key, status=status, import_id=import_id)
        return walk(self._certificates, exactly | in_region(within), after=after, limit=limit).of(certificate_of)

    def unfiled_bodies(self) -> dict[str, int]:
        """How many wait for each body that has not filed their numbers, by its name."""
        waiting: list[Document] = [
            {"$match": {"unfiled": True}},
            {"$group": {"_id": "$assessor", "number": {"$sum": 1}}},
        ]
        return {row["_id"]: row["number"] for row in self._certificates.aggregate(waiting)}

    def unfiled(self, assessor: str, session: ClientSession, *, after: str, limit: int) -> list[Certificate]:
        query = {"unfiled": True, "assessor": assessor, "_id": {"$gt": after}}
        rows = self._certificates.find(query, session=session, batch_size=limit).sort("_id", ASCENDING).limit(limit)
        return [certificate_of(row) for row in rows]

    def of_import(self, import_id: str, session: ClientSession, *, after: str | None, limit: int) -> list[Certificate]:
        """Of one that is finished: none is added any more."""
        query = {"import_id": import_id} | ({"_id": {"$gt": after}} if after else {})
        rows = self._certificates.find(query, session=session, batch_size=limit).sort("_id", ASCENDING).limit(limit)
        return [certificate_of(row) for row in rows]

    def _sealed(self, content: Content) -> Binary:
        holder = content.holder
        person = {"name": holder.name, "document_number": holder.document_number}
        if holder.phone:
            person["phone"] = holder.phone
        if content.remarks:
            person["remarks"] = content.remarks
        return self._vault.seal(person)

    def _superseded(self, before: Certificate, session: ClientSession) -> Document:
        found = self._certificates.find_one({"_id": before.certificate_id}, session=session)
        assert found is not None
        dropped = ("_id", "history", "supersedes", "commands", "numbers", "organisation", "import_id", "recorded_at")
        return {name: value for name, value in found.items() if name not in dropped} | {"number": before.number}


def _remembered(told: Told, certificate: Certificate) -> Document:
    return {"id": told.command_id, "digest": told.digest, "version": certificate.version}


def _unversioned(command: Document) -> Document:
    return {"id": command["id"], "digest": command["digest"]}


def _envelope(certificate: Certificate) -> Document:
    last = certificate.last
    return _EVENTS[last.event].said(
        id=mongo.new_id(),
        subject=certificate.certificate_id,
        about=certificate.identity.person,
        at=last.at,
        traceparent=trace.current(),
        imprints=imprint("certificates", document_of(certificate)),
        **domain.facts(certificate),
    )


@lru_cache(maxsize=8)
def certificates(config: Config) -> Certificates:
    """The process's own, with its indexes in place."""
    found = Certificates(config)
    found.ensure_indexes()
    return found
