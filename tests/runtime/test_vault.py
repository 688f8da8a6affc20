import base64
import os
import threading
from dataclasses import replace

import pytest
from bson import encode

from runtime import config, mongo
from runtime.vault import Vault, VaultLocked

PERSON = {"name": "欧阳一苇", "document_number": "130100196801010028", "phone": "15400000001"}


@pytest.fixture
def settings(space):
    return config.read(space)


@pytest.fixture
def store(settings):
    return mongo.database(settings, "certification")


def test_what_is_sealed_can_be_opened_by_another_process_with_the_same_master_key(settings, store):
    sealed = Vault(settings, store).seal(PERSON)
    assert Vault(settings, store).open(sealed) == PERSON


def test_nothing_personal_can_be_read_in_what_is_sealed_or_in_the_key_collection(settings, store):
    sealed = Vault(settings, store).seal(PERSON)
    stored = bytes(sealed) + b"".join(encode(key) for key in store["keys"].find())
    for value in PERSON.values():
        assert value.encode() not in stored
    assert settings.master_key not in stored


def test_the_same_person_is_sealed_differently_each_time(settings, store):
    vault = Vault(settings, store)
    assert vault.seal(PERSON) != vault.seal(PERSON)


def test_another_master_key_opens_nothing(space, settings, store):
    sealed = Vault(settings, store).seal(PERSON)
    other = config.read(space | {"MASTER_KEY": base64.b64encode(os.urandom(96)).decode()})
    with pytest.raises(VaultLocked, match="MASTER_KEY"):
        Vault(other, store).open(sealed)


def test_a_changed_byte_is_noticed(settings, store):
    vault = Vault(settings, store)
    sealed = vault.seal(PERSON)
    spoiled = type(sealed)(bytes(sealed[:-1]) + bytes([sealed[-1] ^ 1]), sealed.subtype)
    with pytest.raises(VaultLocked):
        vault.open(spoiled)


def test_processes_that_start_together_make_one_data_key(settings, store):
    vaults = [Vault(settings, store) for _ in range(6)]
    sealed, barrier = [], threading.Barrier(len(vaults))

    def seal(vault):
        barrier.wait()
        sealed.append(vault.seal(PERSON))

    threads = [threading.Thread(target=seal, args=(vault,)) for vault in vaults]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sealed) == len(vaults)
    assert store["keys"].count_documents({}) == 1
    assert all(Vault(settings, store).open(one) == PERSON for one in sealed)


def test_a_person_key_is_the_same_everywhere_and_tells_nothing(space, settings, store):
    number = PERSON["document_number"]
    key = Vault(settings, store).person_key("居民身份证", number)
    assert key == Vault(settings, mongo.database(settings, "other")).person_key("居民身份证", number)
    assert len(key) == 32
    assert int(key, 16) >= 0
    assert key != Vault(settings, store).person_key("护照", number)
    other = config.read(space | {"PERSON_KEY_SECRET": base64.b64encode(os.urandom(32)).decode()})
    assert key != Vault(other, store).person_key("居民身份证", number)


def test_a_person_has_the_key_that_they_always_had(settings, store):
    """Worked out with `openssl dgst -sha256 -mac HMAC`: with another key they would be counted a second time."""
    secret = b"a secret of thirty-two octets, no more"
    vault = Vault(replace(settings, person_key_secret=secret), store)
    assert vault.person_key("resident_id", "13010019900101001X") == "94af0d1c1d9f84c2e360c954f2d28f23"


def test_parts_of_a_hash_cannot_be_shifted_into_one_another(settings, store):
    vault = Vault(settings, store)
    assert vault.hash("holder", "ab", "c") != vault.hash("holder", "a", "bc")
