"""Personal data: sealed at rest by MongoDB's explicit client-side encryption, matched by a keyed hash.

The data key lies in ``keys`` of the service's own database, wrapped by MASTER_KEY. Without MASTER_KEY nothing can be
opened; without PERSON_KEY_SECRET nobody can tell which person a key stands for, or try numbers against it.
"""

import hmac
import threading
from typing import Any

from bson.binary import Binary
from bson.codec_options import CodecOptions
from pymongo.encryption import ClientEncryption
from pymongo.errors import DuplicateKeyError, EncryptionError, PyMongoError

from runtime.config import Config
from runtime.mongo import Store

_KEYS = "keys"
_NAME = "people"
_RANDOM = "AEAD_AES_256_CBC_HMAC_SHA_512-Random"
_MASTER_KEY_BYTES = 96  # what the local KMS takes


class VaultLocked(Exception):
    """The sealed data was not written under this MASTER_KEY, or was changed since."""


class Vault:
    """Usable from many threads. Makes no connection before the first ``seal`` or ``open``."""

    def __init__(self, config: Config, store: Store) -> None:
        self._secret = config.person_key_secret
        self._keys = store[_KEYS]
        self._encryption: ClientEncryption[dict[str, Any]] = ClientEncryption(
            {"local": {"key": config.master_key[:_MASTER_KEY_BYTES]}},
            f"{store.name}.{_KEYS}",
            store.client,
            CodecOptions(tz_aware=True),
        )
        self._key_id: Binary | None = None
        self._lock = threading.Lock()

    def seal(self, document: dict[str, Any]) -> Binary:
        """All of one person's data in one go; the same data gives another ciphertext each time."""
        return self._encryption.encrypt(document, _RANDOM, key_id=self._key_id or self._key())

    def open(self, sealed: Binary) -> dict[str, Any]:
        """Raises VaultLocked."""
        try:
            return dict(self._encryption.decrypt(sealed))
        except EncryptionError as error:
            _raise_if_away(error)
            raise VaultLocked("personal data cannot be opened: is this the MASTER_KEY it was sealed with?") from error

    def fits(self) -> bool:
        """Whether MASTER_KEY opens the data key, if there is one."""
        try:
            if (key := self._existing()) is not None:
                self._encryption.encrypt({}, _RANDOM, key_id=key)
        except EncryptionError as error:
            _raise_if_away(error)
            return False
        return True

    def person_key(self, document_type: str, number: str) -> str:
        """32 hexadecimal digits that stand for the holder of a document: the same for ever, in every process."""
        return self.hash("person", document_type, number)

    def hash(self, purpose: str, *parts: str) -> str:
        """Keyed hash of low-entropy personal data, for comparing it without opening it."""
        return hmac.digest(self._secret, "\x1f".join((purpose, *parts)).encode(), "sha256")[:16].hex()

    def _key(self) -> Binary:
        with self._lock:
            if self._key_id is None:
                self._keys.create_index(
                    "keyAltNames",
                    unique=True,
                    name="keyAltNames",
                    partialFilterExpression={"keyAltNames": {"$exists": True}},
                )
                self._key_id = self._existing() or self._made()
            return self._key_id

    def _existing(self) -> Binary | None:
        found = self._encryption.get_key_by_alt_name(_NAME)
        return None if found is None else found["_id"]

    def _made(self) -> Binary:
        try:
            return self._encryption.create_data_key("local", key_alt_names=[_NAME])
        except EncryptionError as error:
            if not isinstance(error.cause, DuplicateKeyError):
                raise
            existing = self._existing()  # another process was faster
            assert existing is not None
            return existing


def _raise_if_away(error: EncryptionError) -> None:
    """The driver wraps what befell it while it read the data key: that is not to be taken for a wrong key."""
    if isinstance(error.cause, PyMongoError):
        raise error.cause
