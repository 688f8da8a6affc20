"""Secrets that are not those of the data are noticed before anything is written under them."""

import base64
import os
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
from pymongo import MongoClient

from runtime import canary, config, mongo
from runtime.canary import SecretChanged
from runtime.vault import Vault

NAMES = ("MASTER_KEY", "PERSON_KEY_SECRET")
NUMBER = "130100196801010028"


def another(space: dict[str, str], name: str) -> dict[str, str]:
    return space | {name: base64.b64encode(os.urandom(96)).decode()}


def of_an_earlier_version(space: dict[str, str], service: str, collection: str, key: str) -> None:
    """A person as certification and housekeeping have them, and no canary."""
    settings = config.read(space)
    store = mongo.database(settings, service)
    vault = Vault(settings, store)
    sealed = vault.seal({"name": "欧阳一苇", "document_number": NUMBER})
    store[collection].insert_one({key: vault.person_key("居民身份证", NUMBER), "sealed": sealed})


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_secret_is_refused_in_one_line_that_names_it(space: dict[str, str], name: str) -> None:
    canary.check(config.read(space))
    canary.check(config.read(space))
    with pytest.raises(SecretChanged, match=f"^{name} .*earlier value") as refusal:
        canary.check(config.read(another(space, name)))
    assert "\n" not in str(refusal.value)
    canary.check(config.read(space))


def test_token_secret_may_be_changed(space: dict[str, str]) -> None:
    canary.check(config.read(space))
    canary.check(config.read(another(space, "TOKEN_SECRET")))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "where", [("certification", "certificates", "person_key"), ("housekeeping", "fusao", "_id")], ids=lambda one: one[0]
)
def test_data_of_before_canaries_is_tried_with_the_secret_and_then_has_one(
    space: dict[str, str], name: str, where: tuple[str, str, str]
) -> None:
    of_an_earlier_version(space, *where)
    with pytest.raises(SecretChanged, match=f"^{name} "):
        canary.check(config.read(another(space, name)))
    canary.check(config.read(space))
    with MongoClient(space["MONGO_URI"]) as client:
        for service in ("certification", "housekeeping"):
            client.drop_database(f"{space['MONGO_PREFIX']}_{service}")
    with pytest.raises(SecretChanged, match=f"^{name} "):
        canary.check(config.read(another(space, name)))


def test_a_canary_tells_nothing_of_its_secret(space: dict[str, str]) -> None:
    settings = config.read(space)
    canary.check(settings)
    rows = list(mongo.database(settings, "canaries")["secrets"].find())
    assert sorted(row["_id"] for row in rows) == sorted(NAMES)
    for row in rows:
        assert len(row["digest"]) == 32
        assert row["digest"] not in settings.master_key + settings.person_key_secret


def test_of_two_that_write_the_first_canary_at_once_with_different_secrets_one_is_refused(
    space: dict[str, str],
) -> None:
    barrier, outcomes = threading.Barrier(6), []

    def start(environ: dict[str, str]) -> None:
        settings = config.read(environ)
        barrier.wait()
        try:
            canary.check(settings)
            outcomes.append(environ["PERSON_KEY_SECRET"])
        except SecretChanged:
            pass

    secrets = [space, another(space, "PERSON_KEY_SECRET")] * 3
    threads = [threading.Thread(target=start, args=(environ,)) for environ in secrets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 3, "those with one of the two secrets"
    assert len(set(outcomes)) == 1


@pytest.mark.parametrize(
    "start",
    [
        lambda: [sys.executable, "-m", "runtime.launch", "training"],
        lambda: [sys.executable, "-m", "runtime.launch", "certification.relay"],
        lambda: [sys.executable, "-m", "gunicorn", "--config", "python:gateway.server", "gateway.app:create()"],
    ],
    ids=["service", "worker", "gateway"],
)
def test_whatever_is_started_refuses(space: dict[str, str], start: Callable[[], list[str]]) -> None:
    canary.check(config.read(space))
    environ = os.environ | another(space, "PERSON_KEY_SECRET")
    done = subprocess.run(start(), env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "PERSON_KEY_SECRET is not the one" in done.stderr.splitlines()[-1]
