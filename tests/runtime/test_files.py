import base64
import datetime as dt
import hashlib
import io
import os
import stat
import threading

import pytest
from bson import encode
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from runtime import config, mongo
from runtime.files import FileDamaged, FileMissing, Files, TooLarge
from tests.runtime.running import until

BLOCK = 256 * 1024
LIMIT = 8 << 20


@pytest.fixture
def store(space):
    return mongo.database(config.read(space), "files")


@pytest.fixture
def files(space):
    return Files(config.read(space))


NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
EXPIRES = NOW + dt.timedelta(hours=1)


def upload(files, content):
    return files.write(io.BytesIO(content), filename="a", limit=LIMIT, expires_at=EXPIRES)


def bind(files, store, stored):
    mongo.transact(store, lambda session: files.bind(session, {stored.file_id: stored.sha256}, "records/1"))


def files_there(store, stored):
    return store["files"].count_documents({"_id": stored.file_id})


def write(files, content, limit=LIMIT):
    return files.write(io.BytesIO(content), filename="名册.xlsx", limit=limit)


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 7])
def test_a_file_comes_back_as_it_was_written(files, size):
    content = os.urandom(size)
    stored = write(files, content)
    assert (stored.size, stored.sha256) == (size, hashlib.sha256(content).hexdigest())
    assert files.describe(stored.file_id) == stored
    assert b"".join(files.read(stored.file_id)) == content


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(pieces=st.lists(st.integers(1, BLOCK), max_size=6))
def test_a_stream_that_gives_little_at_a_time_makes_the_same_file(files, pieces):
    class Trickle(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, pieces.pop()) if pieces else size)

    content = os.urandom(BLOCK + 1000)
    stored = files.write(Trickle(content), filename="a", limit=LIMIT)
    assert b"".join(files.read(stored.file_id)) == content


def test_nothing_of_the_content_can_be_read_in_the_database(files, store):
    write(files, "欧阳一苇,130100196801010028\n".encode() * 20_000)
    for collection in store.list_collection_names():
        for document in store[collection].find():
            assert b"130100196801010028" not in encode(document)
            assert "欧阳一苇".encode() not in encode(document)


def test_a_file_over_the_limit_is_refused_and_leaves_nothing(files, store):
    with pytest.raises(TooLarge) as refused:
        write(files, bytes(BLOCK * 3), limit=BLOCK * 2)
    assert refused.value.facts == {"limit": BLOCK * 2}
    assert write(files, bytes(BLOCK * 2), limit=BLOCK * 2).size == BLOCK * 2
    assert store["files"].count_documents({}) == 1
    assert store["blocks"].count_documents({}) == 2


def test_a_stream_that_breaks_off_leaves_nothing(files, store):
    class Breaks(io.BytesIO):
        def read(self, size=-1):
            if self.tell() > BLOCK:
                raise ConnectionResetError
            return super().read(size)

    with pytest.raises(ConnectionResetError):
        files.write(Breaks(bytes(BLOCK * 4)), filename="a", limit=LIMIT)
    assert store["files"].count_documents({}) == 0
    assert store["blocks"].count_documents({}) == 0


def test_what_a_killed_process_left_is_invisible_and_swept(files, store):
    stored = write(files, bytes(10))
    store["files"].update_one({"_id": stored.file_id}, {"$unset": {"blocks": ""}})  # as if it had not got further
    with pytest.raises(FileMissing):
        files.read(stored.file_id)
    files.ensure_indexes()
    assert files.sweep(now=NOW) == 0, "it may still be under way"
    assert files.sweep(now=NOW + dt.timedelta(days=3)) == 1
    assert store["blocks"].count_documents({}) == 0


def test_what_no_record_names_goes_when_its_time_has_come(files, store):
    files.ensure_indexes()
    kept, named, unnamed = write(files, b"result"), upload(files, b"named"), upload(files, b"unnamed")
    bind(files, store, named)
    assert files.sweep(now=EXPIRES - dt.timedelta(seconds=1)) == 0
    assert files.sweep(now=EXPIRES) == 1
    with pytest.raises(FileMissing):
        files.describe(unnamed.file_id)
    assert b"".join(files.read(named.file_id)) == b"named"
    assert b"".join(files.read(kept.file_id)) == b"result"
    assert store["blocks"].count_documents({}) == 2


def test_a_file_of_before_0_3_is_never_swept(files, store):
    files.ensure_indexes()
    stored = write(files, b"old")
    store["files"].replace_one(
        {"_id": stored.file_id},
        {"_id": stored.file_id, "filename": "a", "began_at": NOW, "sha256": stored.sha256, "size": 3, "blocks": 1},
    )
    files.ensure_indexes()
    assert files.sweep(now=NOW + dt.timedelta(days=9999)) == 0
    assert b"".join(files.read(stored.file_id)) == b"old"


def test_who_binds_while_it_is_swept_comes_first_or_is_refused(files, store):
    """Both orders, each at the moment when the other has begun."""
    files.ensure_indexes()
    swept_first, bound_first = upload(files, b"2"), upload(files, b"1")
    swept = []
    sweeping = threading.Thread(target=lambda: swept.append(files.sweep(now=EXPIRES)))

    def binds(session):
        files.bind(session, {bound_first.file_id: bound_first.sha256}, "records/1")
        if not sweeping.ident:
            sweeping.start()  # it waits at the file until the binding is committed
            until(lambda: not files_there(store, swept_first), what="the sweep has gone on to the other one")

    mongo.transact(store, binds)
    sweeping.join()
    assert swept == [1]
    assert b"".join(files.read(bound_first.file_id)) == b"1"
    with pytest.raises(FileMissing):
        bind(files, store, swept_first)


def test_a_record_that_is_not_written_binds_nothing(files, store):
    files.ensure_indexes()
    stored = upload(files, b"1")

    def fails(session):
        files.bind(session, {stored.file_id: stored.sha256}, "records/1")
        raise ValueError("the record is refused")

    with pytest.raises(ValueError, match="refused"):
        mongo.transact(store, fails)
    with pytest.raises(FileMissing):
        mongo.transact(store, lambda session: files.bind(session, {stored.file_id: "0" * 64}, "records/1"))
    assert files.sweep(now=EXPIRES) == 1


def test_a_deleted_file_is_gone_and_deleting_it_again_is_no_error(files, store):
    kept, stored = write(files, bytes(BLOCK + 1)), write(files, bytes(BLOCK + 1))
    files.delete(stored.file_id)
    files.delete(stored.file_id)
    with pytest.raises(FileMissing):
        files.describe(stored.file_id)
    assert b"".join(files.read(kept.file_id)) == bytes(BLOCK + 1)
    assert store["blocks"].count_documents({}) == 2


@pytest.mark.parametrize("damage", ["changed", "swapped", "dropped", "other file"])
def test_damage_is_noticed(files, store, damage):
    stored, other = write(files, os.urandom(BLOCK * 2 + 5)), write(files, os.urandom(BLOCK * 2 + 5))
    blocks = store["blocks"]
    first, second, last = blocks.find({"_id.f": stored.file_id}).sort("_id", 1)
    if damage == "changed":
        data = bytearray(first["data"])
        data[100] ^= 1
        blocks.update_one({"_id": first["_id"]}, {"$set": {"data": bytes(data)}})
    elif damage == "swapped":
        blocks.update_one({"_id": first["_id"]}, {"$set": {"data": second["data"]}})
    elif damage == "dropped":
        blocks.delete_one({"_id": last["_id"]})
        store["files"].update_one({"_id": stored.file_id}, {"$set": {"blocks": 2}})
    else:
        foreign = blocks.find_one({"_id": {"f": other.file_id, "n": 0}})
        blocks.update_one({"_id": first["_id"]}, {"$set": {"data": foreign["data"]}})
    with pytest.raises(FileDamaged):
        list(files.read(stored.file_id))


def test_a_spooled_file_has_no_name_and_can_be_read_by_its_owner_only(files):
    content = os.urandom(BLOCK + 9)
    with files.spool(write(files, content).file_id) as spool:
        about = os.fstat(spool.fileno())
        assert about.st_nlink == 0
        assert stat.S_IMODE(about.st_mode) == 0o600
        assert spool.seekable()
        assert spool.read() == content


def test_a_file_that_an_earlier_version_wrote_can_be_read(files, store, space):
    """Put together here by the format that the module describes: were it read otherwise, all files would be lost."""
    key = HKDF(SHA256(), 32, None, b"yanzhao files v1").derive(base64.b64decode(space["MASTER_KEY"]))
    file_id, nonces = "0123456789abcdef01234567", (b"\x01" * 12, b"\x02" * 12)
    parts = (b"a" * BLOCK, b"the rest")
    for place, (nonce, part) in enumerate(zip(nonces, parts, strict=True)):
        bound = bytes.fromhex(file_id) + place.to_bytes(4, "big") + (b"\x01" if place == 1 else b"\x00")
        sealed = nonce + AESGCM(key).encrypt(nonce, part, bound)
        store["blocks"].insert_one({"_id": {"f": file_id, "n": place}, "data": sealed})
    about = {"filename": "旧.xlsx", "sha256": hashlib.sha256(b"".join(parts)).hexdigest(), "size": BLOCK + 8}
    store["files"].insert_one({"_id": file_id, "blocks": 2, **about})
    assert list(files.read(file_id)) == list(parts)
    assert vars(files.describe(file_id)) == {"file_id": file_id, **about}
    with files.spool(file_id) as spool:
        assert spool.read() == b"".join(parts)
