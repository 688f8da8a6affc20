"""Who may ask for a token, and what the demo clients are."""

import json
import os
import subprocess
import sys

import pymongo
import pytest
from flask import Flask
from pymongo.errors import DuplicateKeyError

from contract import regions
from contract.words import Role
from gateway import clients, scopes
from gateway.clients import Clients
from runtime import mongo
from runtime.config import Config


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway.clients", *arguments],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_prints_the_same_demo_clients_each_time(module_space: dict[str, str]) -> None:
    first, second = run(), run()
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    listed = json.loads(first.stdout)
    assert all(list(client) == ["client_id", "client_secret", "role", "region"] for client in listed)
    centres = [client["region"] for client in listed if client["role"] == "training_centre"]
    assert centres == [unit.code for unit in regions.units()], "one training centre a reporting unit"
    others = {(client["role"], client["region"]) for client in listed} - {("training_centre", code) for code in centres}
    assert others >= {
        ("civil_affairs", "130000"),
        ("civil_affairs", "130100"),
        ("dispatcher", "130000"),
        ("inspector", "130000"),
        ("partner", "130000"),
    }


def test_a_demo_clients_token_is_one_command(app: Flask, module_space: dict[str, str]) -> None:
    made = run("token", "centre-130600")
    assert made.returncode == 0, made.stderr
    headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
    assert app.test_client().get("/v1/regions", headers=headers).status_code == 200
    unknown = run("token", "nobody")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "make -s clients" in unknown.stderr


def test_production_has_no_demo_clients_and_says_so_in_one_line(module_space: dict[str, str], settings: Config) -> None:
    refused = run(APP_ENV="production", MONGO_PREFIX=f"{settings.mongo_prefix}_production")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.count("\n") == 1
    assert "APP_ENV" in refused.stderr
    assert f"{settings.mongo_prefix}_production_gateway" not in mongo.client(settings.mongo_uri).list_database_names()


def test_no_database_is_one_line_and_not_a_traceback(
    module_space: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MONGO_URI", "mongodb://127.0.0.1:1/")
    with pymongo.timeout(0.3):
        assert clients.main([]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert "MongoDB does not answer" in told.err


def test_a_real_client_is_added_once_and_its_secret_shown_once(module_space: dict[str, str], settings: Config) -> None:
    adding = ("add", "hz-jiaxiao", "--role", "training_centre", "--region", "130102", "--organisation", "家校合作社")
    added = run(*adding, APP_ENV="production")
    assert added.returncode == 0, added.stderr
    secret = json.loads(added.stdout)["client_secret"]
    client = Clients(settings).get("hz-jiaxiao")
    assert client is not None
    assert client.check_client_secret(secret)
    assert not client.check_client_secret(secret + "x")
    assert client.scopes == scopes.OF_ROLE[Role.TRAINING_CENTRE]
    again = run(*adding)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    unknown = run("add", "x", "--role", "partner", "--region", "999999", "--organisation", "x")
    assert unknown.returncode == 1
    assert "six-digit code" in unknown.stderr
    person = run("add", "li-13800000000", "--role", "partner", "--region", "130000", "--organisation", "x")
    assert (person.returncode, person.stderr.count("\n")) == (1, 1)

    assert run("disable", "hz-jiaxiao").returncode == 0
    assert Clients(settings).get("hz-jiaxiao") is None
    assert run("disable", "hz-jiaxiao").returncode == 1


def test_an_organisation_is_chosen_from_the_plans_list_and_a_near_one_is_named(
    module_space: dict[str, str], settings: Config
) -> None:
    adding = ("add", "zhujian", "--role", "reporter", "--region", "130000", "--organisation")
    refused = run(*adding, "省住建厅")
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
    assert "省住房城乡建设厅" in refused.stderr
    assert Clients(settings).get("zhujian") is None
    elsewhere = run("add", "changan", "--role", "reporter", "--region", "130200", "--organisation", "长安区财政局")
    assert "130102" in elsewhere.stderr
    added = run("add", "changan", "--role", "reporter", "--region", "130102", "--organisation", "长安区财政局")
    assert added.returncode == 0, added.stderr
    client = Clients(settings).get("changan")
    assert client is not None
    assert client.organisation == "石家庄市长安区财政局", "one office has one name"


def test_a_client_of_before_is_named_until_it_is_mended_and_keeps_its_secret(
    module_space: dict[str, str], settings: Config
) -> None:
    kept = Clients(settings)
    kept.put(clients.made("before", "s3cret", role=Role.REPORTER, region="130100", organisation="reporter-130100"))
    kept.put(clients.made("Before_2", "s3cret", role=Role.PARTNER, region="130000", organisation="o"))
    kept.put(clients.made("before-3", "s", role=Role.REPORTER, region="130102", organisation="长安区财政局"))
    checked = run("check")
    assert checked.returncode == 1
    assert [line.partition(":")[0] for line in checked.stdout.splitlines()] == ["Before_2", "before", "before-3"]

    refused = run("amend", "before", "--organisation", "石家庄市城建局")
    assert (refused.returncode, "石家庄市" in refused.stderr) == (1, True)
    assert run("amend", "before", "--organisation", "唐山市人民政府", "--region", "130200").returncode == 0
    mended = kept.get("before")
    assert mended is not None
    assert (mended.organisation, mended.region, mended.check_client_secret("s3cret")) == (
        "唐山市人民政府",
        "130200",
        True,
    )
    assert run("amend", "before-3").returncode == 0, "its name is written as everywhere"
    assert run("disable", "Before_2").returncode == 0
    assert run("check").returncode == 0
    assert run("amend", "nobody", "--organisation", "唐山市人民政府").returncode == 1


def test_no_secret_lies_in_the_database(settings: Config) -> None:
    secrets = [client["client_secret"] for client in clients.demo(settings)]
    stored = repr(list(mongo.database(settings, "gateway")["clients"].find()))
    assert not [secret for secret in secrets if secret in stored]
    assert stored.count("$argon2id$") >= len(secrets)


def test_a_demo_client_gets_what_its_role_has_gained_since(settings: Config) -> None:
    clients.demo(settings)
    collection = mongo.database(settings, "gateway")["clients"]
    collection.update_one({"_id": "partner"}, {"$set": {"scopes": []}})
    clients.demo(settings)
    assert collection.find_one({"_id": "partner"})["scopes"] == list(scopes.OF_ROLE[Role.PARTNER])


def test_two_clients_never_share_an_id(settings: Config) -> None:
    client = clients.made("twin", "secret", role=Role.PARTNER, region="130000", organisation="o")
    Clients(settings).add(client)
    with pytest.raises(DuplicateKeyError):
        Clients(settings).add(client)


def test_every_role_has_scopes_and_a_rate() -> None:
    assert set(scopes.OF_ROLE) == set(scopes.PER_MINUTE) == set(Role)
    granted = {scope for held in scopes.OF_ROLE.values() for scope in held}
    assert granted == set(scopes.MEANS), "a scope that nobody holds, or that nobody explained"
