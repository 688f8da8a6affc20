"""Idempotency-Key: the same request again gets the first one's answer.

One document a key: who asked for what, the body's keyed hash, and either a lease (being worked on) or the sealed
answer. A transient refusal is not stored: the same request may succeed later. The documents live a day; what must be
true for ever is said by the services' own keys (the certificate's number, the file's hash), to which the key travels on
as ``command_id``. That is why this collection need not wait for a majority: a key lost with a primary costs a second
call, not a second certificate.
"""

import datetime as dt
import hashlib
import hmac
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from bson import ObjectId
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import json
from prometheus_client import Counter
from pymongo.errors import DuplicateKeyError, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern
from werkzeug import Response

from contract.errors import Refused, field_error
from gateway import problems
from runtime import clock, mongo
from runtime.config import Config

log = structlog.get_logger("gateway")

KEPT = dt.timedelta(hours=24)
LEASE = dt.timedelta(seconds=20)  # beyond the time of the call; after it, whoever held the key is taken for dead
REPLAYED = "Idempotent-Replayed"

KEYS = Counter("gateway_idempotency_keys_total", "What an Idempotency-Key met", ("outcome",))

_SHAPE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")
_HEADERS = ("Location", "Content-Location", "ETag")


@dataclass(frozen=True)
class Claim:
    """The right to work on a key until the lease ends. ``command_id`` goes to the service."""

    command_id: str
    held_by: ObjectId


class Idempotency:
    """Collection ``idempotency`` of the gateway's database."""

    def __init__(self, settings: Config, *, now: clock.Clock = clock.now) -> None:
        self._now = now
        # What is written without waiting for the majority must be read without waiting for it, too.
        self._keys = mongo.database(settings, "gateway").get_collection(
            "idempotency", write_concern=WriteConcern(w=1), read_concern=ReadConcern("local")
        )
        self._sealing = AESGCM(_derived(settings, b"gateway idempotency answers"))
        self._hashing = _derived(settings, b"gateway idempotency bodies")

    def ensure_indexes(self) -> None:
        self._keys.create_index("expires_at", expireAfterSeconds=0)

    def answer(
        self, *, caller: str, route: str, key: str, body: bytes, seconds: float, work: Callable[[str], Response]
    ) -> Response:
        """Do ``work(command_id)``, which calls for at most ``seconds``, once for the key. ``body`` is the canonical
        form of everything that was asked for.

        Raises IdempotencyKeyReused for another body, RequestInProgress while the first is being worked on.
        """
        command_id = hashlib.sha256("\0".join((caller, route, key)).encode()).hexdigest()
        fingerprint = hmac.digest(self._hashing, body, hashlib.sha256)  # keyed: an ID number can be guessed
        met = self._claim(command_id, fingerprint, LEASE + dt.timedelta(seconds=seconds))
        if isinstance(met, Response):
            KEYS.labels("replayed").inc()
            return met
        final = True
        try:
            response = work(command_id)
        except Refused as refused:
            response = problems.answer(refused)
            final = not refused.transient and response.status_code < 500
        except BaseException:
            self._leave(self._release, met)
            raise
        if final:
            self._leave(self._settle, met, response)
        else:
            self._leave(self._release, met)
        KEYS.labels("new").inc()
        return response

    def _claim(self, command_id: str, fingerprint: bytes, lease: dt.timedelta) -> Claim | Response:
        now = self._now()
        claim = Claim(command_id, ObjectId())
        row = {
            "_id": command_id,
            "body": fingerprint,
            "held_by": claim.held_by,
            "held_until": now + lease,
            "expires_at": now + KEPT,
        }
        try:
            self._keys.insert_one(row)
        except DuplicateKeyError:
            pass
        else:
            return claim
        known = self._keys.find_one({"_id": command_id})
        if known is None:  # the first one has just failed, and released it
            return self._claim(command_id, fingerprint, lease)
        if not hmac.compare_digest(known["body"], fingerprint):
            KEYS.labels("reused").inc()
            raise problems.IdempotencyKeyReused(
                "该幂等键已用于其他内容的请求，请更换新的键",
                "this Idempotency-Key was used with another body; use a new key",
                errors=[_fault("reused", "已用于其他内容", "was used with another body")],
            )
        if "answer" in known:
            return self._opened(command_id, known["answer"])
        if known["held_until"] <= now:  # whoever worked on it is dead; the service knows the command_id
            taken = self._keys.update_one(
                {"_id": command_id, "held_by": known["held_by"], "answer": {"$exists": False}},
                {"$set": {"held_by": claim.held_by, "held_until": now + lease}},
            )
            if taken.modified_count == 1:
                return claim
        wait = max(1, min(int((known["held_until"] - now).total_seconds()) + 1, 5))
        KEYS.labels("running").inc()
        raise problems.RequestInProgress(
            "使用同一幂等键的请求正在处理，请稍后重试",
            "the first request with this Idempotency-Key is still being worked on; try again shortly",
            headers={"Retry-After": str(wait)},
        )

    def _leave(self, how: Callable[..., None], claim: Claim, *more: Any) -> None:
        """What was done is answered as it was though the key cannot be written now: it is free when its lease ends,
        and the service knows the command_id."""
        try:
            how(claim, *more)
        except PyMongoError as error:
            KEYS.labels("abandoned").inc()
            log.warning("idempotency key abandoned", error=type(error).__name__)

    def _release(self, claim: Claim) -> None:
        self._keys.delete_one({"_id": claim.command_id, "held_by": claim.held_by})

    def _settle(self, claim: Claim, response: Response) -> None:
        # Only who still holds the key may settle it: a process that was taken for dead may come back.
        self._keys.update_one(
            {"_id": claim.command_id, "held_by": claim.held_by},
            {"$set": {"answer": self._sealed(claim.command_id, response)}},
        )

    def _sealed(self, command_id: str, response: Response) -> bytes:
        kept: dict[str, Any] = {
            "status": response.status_code,
            "type": response.content_type,
            "headers": {name: response.headers[name] for name in _HEADERS if name in response.headers},
            "body": response.get_data(as_text=True),
        }
        nonce = os.urandom(12)
        return nonce + self._sealing.encrypt(nonce, json.dumps(kept).encode(), command_id.encode())

    def _opened(self, command_id: str, sealed: bytes) -> Response:
        kept = json.loads(self._sealing.decrypt(sealed[:12], sealed[12:], command_id.encode()))
        headers = {**kept["headers"], REPLAYED: "true"}
        return Response(kept["body"], kept["status"], headers, content_type=kept["type"])


def key_of(header: str | None) -> str | None:
    """The Idempotency-Key header's value. Raises MalformedRequest for what can be no key."""
    if header is None:
        return None
    key = header.strip(" \t")  # and no other blank: a no-break space is one to Python
    if not _SHAPE.fullmatch(key):
        raise problems.MalformedRequest(
            "Idempotency-Key 须为1至255个可见ASCII字符",
            "Idempotency-Key must be 1-255 visible ASCII characters",
            errors=[_fault("key", "须为1至255个可见ASCII字符", "must be 1-255 visible ASCII characters")],
        )
    return key


def _fault(code: str, zh: str, en: str) -> dict[str, str]:
    return field_error("/header/Idempotency-Key", code, zh, en)


def _derived(settings: Config, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, None, purpose).derive(settings.master_key)
