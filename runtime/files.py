"""Uploaded and produced files, encrypted: the gateway leaves one here and hands on its id, a service fetches it.

A file is cut into blocks of 256 KiB, each sealed with AES-256-GCM under a key derived from MASTER_KEY. The block's
place and whether it is the last are authenticated with it, so that blocks can be neither moved, nor dropped, nor mixed.

What somebody uploads expires unless a record names it: ``bind`` takes the expiry away in the transaction that writes
the record, and ``sweep`` deletes what has expired. A file of before 0.3 has no expiry and is never swept.
"""

import datetime as dt
import hashlib
import os
import struct
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Protocol

from bson.binary import Binary
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from contract.errors import Invalid
from runtime import mongo
from runtime.config import Config

_BLOCK = 256 * 1024
_NONCE = 12
_UNFINISHED = dt.timedelta(hours=48)  # after which whoever wrote it is taken for dead


class TooLarge(Invalid):
    """The upload is larger than its limit. ``facts["limit"]`` is in bytes."""


class FileMissing(Exception):
    """No such file: never finished, or deleted."""


class FileDamaged(Exception):
    """What is stored is not what was written, or was written under another MASTER_KEY."""


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Stored:
    """``sha256`` and ``size`` are of the plain bytes."""

    file_id: str
    filename: str
    sha256: str
    size: int


class Files:
    """Usable from many threads. ``filename`` is only kept to be shown; nothing is named after it."""

    def __init__(self, config: Config) -> None:
        store = mongo.database(config, "files")
        self._files = store["files"]
        self._blocks = store["blocks"]
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"yanzhao files v1").derive(config.master_key)
        self._cipher = AESGCM(key)

    def ensure_indexes(self) -> None:
        self._files.create_index([("expires_at", ASCENDING)], name="expires_at", sparse=True)
        unfinished = {"blocks": {"$exists": False}, "expires_at": {"$exists": False}}  # by a process of before 0.3
        self._files.update_many(unfinished, {"$set": {"expires_at": dt.datetime.now(dt.UTC) + _UNFINISHED}})

    def write(self, stream: Readable, *, filename: str, limit: int, expires_at: dt.datetime | None = None) -> Stored:
        """Takes ``stream`` to its end, holding two blocks at a time. ``expires_at``: when it goes unless a record names
        it by then; never when None. Raises TooLarge past ``limit`` bytes; whatever is raised, nothing is left behind
        (by a killed process: until ``sweep``)."""
        file_id, now = mongo.new_id(), dt.datetime.now(dt.UTC)
        self._files.insert_one({"_id": file_id, "filename": filename, "began_at": now, "expires_at": now + _UNFINISHED})
        digest, size = hashlib.sha256(), 0
        try:
            for place, (block, last) in enumerate(_blocks_of(stream)):
                size += len(block)
                if size > limit:
                    raise TooLarge(
                        f"文件超过{limit // 2**20}MB上限", f"the file exceeds {limit} bytes", facts={"limit": limit}
                    )
                digest.update(block)
                nonce = os.urandom(_NONCE)
                sealed = self._cipher.encrypt(nonce, block, _bound(file_id, place, last))
                self._blocks.insert_one({"_id": {"f": file_id, "n": place}, "data": Binary(nonce + sealed)})
            stored = Stored(file_id=file_id, filename=filename, sha256=digest.hexdigest(), size=size)
            whole: mongo.Document = {"sha256": stored.sha256, "size": size, "blocks": place + 1}
            lives: mongo.Document = {"$set": whole | {"expires_at": expires_at}}
            if expires_at is None:
                lives = {"$set": whole, "$unset": {"expires_at": ""}}
            if not self._files.update_one({"_id": file_id}, lives).matched_count:
                raise FileMissing(file_id)
        except BaseException:
            self.delete(file_id)
            raise
        return stored

    def bind(self, session: ClientSession, named: Mapping[str, str], record: str) -> None:
        """``record`` names these files, id -> sha256, from the commit of the caller's transaction on: they no longer
        expire. Raises FileMissing for one that is gone or is another than its digest says: the record cannot be."""
        if not session.in_transaction:
            raise RuntimeError("Files.bind belongs into the transaction that writes the record")
        for file_id, sha256 in named.items():
            there = {"_id": file_id, "sha256": sha256, "blocks": {"$exists": True}}
            change = {"$addToSet": {"bound": record}, "$unset": {"expires_at": ""}}
            if not self._files.update_one(there, change, session=session).matched_count:
                raise FileMissing(file_id)

    def describe(self, file_id: str) -> Stored:
        """Raises FileMissing."""
        found = self._files.find_one({"_id": file_id, "blocks": {"$exists": True}})
        if found is None:
            raise FileMissing(file_id)
        return Stored(file_id=file_id, filename=found["filename"], sha256=found["sha256"], size=found["size"])

    def read(self, file_id: str) -> Iterator[bytes]:
        """The plain bytes, a block at a time. Raises FileMissing at once, FileDamaged where it does not fit."""
        found = self._files.find_one({"_id": file_id, "blocks": {"$exists": True}})
        if found is None:
            raise FileMissing(file_id)
        return self._opened(file_id, found["blocks"])

    def spool(self, file_id: str) -> IO[bytes]:
        """The plain bytes as a seekable file without a name: gone when closed, whatever becomes of the process."""
        file = tempfile.TemporaryFile()  # noqa: SIM115  the caller closes it
        try:
            for block in self.read(file_id):
                file.write(block)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    def delete(self, file_id: str) -> None:
        """Deleting what is not there is no error."""
        now = dt.datetime.now(dt.UTC)  # from here on ``sweep`` would finish it
        self._files.update_one({"_id": file_id}, {"$unset": {"blocks": ""}, "$set": {"expires_at": now}})
        self._blocks.delete_many({"_id": {"$gte": {"f": file_id, "n": 0}, "$lte": {"f": file_id, "n": 2**31}}})
        self._files.delete_one({"_id": file_id})

    def sweep(self, *, now: dt.datetime) -> int:
        """Delete what has expired, finished or not; how many there were. Who binds a file at the same moment comes
        first, and it stays, or second, and is refused."""
        expired = {"expires_at": {"$lte": now}}
        swept = 0
        for row in self._files.find(expired, {"_id": 1}, hint="expires_at"):
            if self._files.update_one({"_id": row["_id"], **expired}, {"$unset": {"blocks": ""}}).matched_count:
                self.delete(row["_id"])
                swept += 1
        return swept

    def room(self) -> tuple[int, int]:
        """(bytes that the files take, bytes that are free where the database lies)."""
        store = self._files.database
        disk = store.client["admin"].command("dbStats")  # of a database without a document the disk is not known
        return int(store.command("dbStats")["storageSize"]), int(disk["fsTotalSize"] - disk["fsUsedSize"])

    def _opened(self, file_id: str, blocks: int) -> Iterator[bytes]:
        for place in range(blocks):
            found = self._blocks.find_one({"_id": {"f": file_id, "n": place}})
            if found is None:
                raise FileDamaged(f"file {file_id} lacks block {place}")
            nonce, sealed = found["data"][:_NONCE], found["data"][_NONCE:]
            try:
                yield self._cipher.decrypt(nonce, sealed, _bound(file_id, place, place == blocks - 1))
            except InvalidTag:
                raise FileDamaged(f"file {file_id} is damaged in block {place}") from None


def _bound(file_id: str, place: int, last: bool) -> bytes:
    return bytes.fromhex(file_id) + struct.pack(">I?", place, last)


def _blocks_of(stream: Readable) -> Iterable[tuple[bytes, bool]]:
    """Full blocks and a shorter last one, which may be empty; each with whether it is the last."""
    ahead = _full(stream)
    while len(ahead) == _BLOCK:
        block, ahead = ahead, _full(stream)
        yield block, not ahead
        if not ahead:
            return
    yield ahead, True


def _full(stream: Readable) -> bytes:
    """As many bytes as make a block: a socket gives fewer at a time."""
    parts: list[bytes] = []
    wanted = _BLOCK
    while wanted and (part := stream.read(wanted)):
        parts.append(part)
        wanted -= len(part)
    return b"".join(parts)
