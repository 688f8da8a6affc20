"""The applications that may ask for a token: a store of hashed secrets, and the commands that keep it.

python -m gateway.clients                         the demo clients as JSON; dev and test only
python -m gateway.clients add ID --role … --region … --organisation …     prints the new secret, once
python -m gateway.clients token ID                a demo client's token, for an hour; dev and test only
python -m gateway.clients amend ID --organisation … [--region …]          mends what it acts for; its secret stays
python -m gateway.clients check                   names the clients that get no token, and why; 1 when there are any
python -m gateway.clients disable ID              tokens already given out end with it, within seconds

Which organisation acts in which role and region is the plan's to say (PLAN_FILE).
"""

import argparse
import base64
import datetime as dt
import hashlib
import hmac
import json
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from authlib.oauth2.rfc6749 import ClientMixin
from pymongo.errors import DuplicateKeyError, PyMongoError

import plan
from contract import regions
from contract.actor import ClientId, is_client_id
from contract.errors import Invalid
from contract.words import Role
from gateway import demo_clients, scopes
from plan.organisations import OrganisationUnknown
from runtime import clock, config, mongo
from runtime.config import Config

# Secrets are 256 random bits, so the hash need not be slow; these are OWASP's least costs for argon2id.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_DEMO_PER_MINUTE = 120_000  # the benchmarks post through one demo client

ID_FORM = ClientId.means[1:]  # in Chinese and English


class ClientRefused(Exception):
    """``zh`` and ``en`` say what is wrong with it, and how to mend it."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.zh = zh
        self.en = en


@dataclass(frozen=True)
class Client(ClientMixin):
    """``region``: the subtree that it sees. ``organisation``: whose certificates a training centre's are."""

    client_id: str
    secret_hash: str
    role: Role
    region: str
    organisation: str
    scopes: tuple[str, ...]
    per_minute: int

    def check_client_secret(self, client_secret: str) -> bool:
        try:
            return _hasher.verify(self.secret_hash, client_secret)
        except VerifyMismatchError:
            return False

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint == "token" and method in ("client_secret_basic", "client_secret_post")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"

    def get_client_id(self) -> str:
        return self.client_id

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """All of its scopes when none are named; None, which is refused, when one is named that it has not."""
        if not scope:
            return " ".join(self.scopes)
        asked = scope.split()
        return " ".join(asked) if set(asked) <= set(self.scopes) else None


@lru_cache(maxsize=1)
def nobody() -> Client:
    """Stands in for a client that does not exist, so that finding out takes as long as a wrong secret does."""
    return Client("", _hasher.hash(secrets.token_hex()), Role.PARTNER, regions.PROVINCE, "", (), 0)


class Clients:
    """Collection ``clients`` of the gateway's database; ``_id`` is the client id."""

    def __init__(self, settings: Config) -> None:
        self._clients = mongo.database(settings, "gateway")["clients"]
        self._organisations = plan.read(settings.plan_file).organisations

    def get(self, client_id: str) -> Client | None:
        row = self._clients.find_one({"_id": client_id, "disabled_at": None})
        return None if row is None else _client(row)

    def add(self, client: Client) -> None:
        """Raises ClientRefused, OrganisationUnknown; DuplicateKeyError when the id is taken."""
        self._clients.insert_one(_row(self.checked(client)))

    def amend(self, client: Client) -> None:
        """Its organisation and region. Raises ClientRefused, OrganisationUnknown."""
        client = self.checked(client)
        changed = {"organisation": client.organisation, "region": client.region}
        self._clients.update_one({"_id": client.client_id, "disabled_at": None}, {"$set": changed})

    def checked(self, client: Client) -> Client:
        """With its organisation's name as it is written throughout. Raises ClientRefused, OrganisationUnknown."""
        if not is_client_id(client.client_id):
            raise ClientRefused(*ID_FORM)
        organisation = self._organisations.checked(
            role=client.role, organisation=client.organisation, region=client.region
        )
        return replace(client, organisation=organisation)

    def faulty(self) -> Iterator[tuple[str, str, str]]:
        """Id and reason, in both languages, of each that gets no token, or has another name than the plan's lists give
        its organisation."""
        for row in self._clients.find({"disabled_at": None}).sort("_id", 1):
            client = _client(row)
            try:
                name = self.checked(client).organisation
            except (ClientRefused, OrganisationUnknown) as error:
                yield client.client_id, error.zh, error.en
            else:
                if name != client.organisation:
                    yield client.client_id, f"单位应写作“{name}”", f"its organisation is written {name!r}"

    def put(self, client: Client) -> None:
        self._clients.replace_one({"_id": client.client_id}, _row(client), upsert=True)

    def disable(self, client_id: str) -> bool:
        done = self._clients.update_one({"_id": client_id, "disabled_at": None}, {"$set": {"disabled_at": clock.now()}})
        return done.modified_count == 1


class Disabled:
    """Who was disabled so lately that a token of theirs may not have expired yet. Read anew every ``AGE`` seconds, so
    that a request need not ask."""

    AGE = 5.0  # seconds

    def __init__(self, settings: Config, *, lifetime: int, now: clock.Clock = clock.now) -> None:
        """``lifetime``: of tokens, seconds."""
        self._clients = mongo.database(settings, "gateway")["clients"]
        self._lifetime = dt.timedelta(seconds=lifetime)
        self._now = now
        self._read: tuple[dt.datetime, frozenset[str]] | None = None

    def __contains__(self, client_id: str) -> bool:
        now = self._now()
        if self._read is None or now - self._read[0] >= dt.timedelta(seconds=self.AGE):
            since = now - self._lifetime - dt.timedelta(seconds=self.AGE)
            rows = self._clients.find({"disabled_at": {"$gte": since}}, {"_id": 1})
            self._read = (now, frozenset(row["_id"] for row in rows))
        return client_id in self._read[1]


def _client(row: dict[str, Any]) -> Client:
    return Client(
        client_id=row["_id"],
        secret_hash=row["secret_hash"],
        role=Role(row["role"]),
        region=row["region"],
        organisation=row["organisation"],
        scopes=tuple(row["scopes"]),
        per_minute=row["per_minute"],
    )


def _row(client: Client) -> dict[str, Any]:
    return {
        "_id": client.client_id,
        "secret_hash": client.secret_hash,
        "role": client.role.value,
        "region": client.region,
        "organisation": client.organisation,
        "scopes": list(client.scopes),
        "per_minute": client.per_minute,
        "added_at": clock.now(),
        "disabled_at": None,
    }


def made(
    client_id: str, secret: str, *, role: Role, region: str, organisation: str, per_minute: int | None = None
) -> Client:
    """A client with its role's scopes. Raises RegionUnknown."""
    return Client(
        client_id=client_id,
        secret_hash=_hasher.hash(secret),
        role=role,
        region=regions.get(region).code,
        organisation=organisation,
        scopes=scopes.OF_ROLE[role],
        per_minute=per_minute or scopes.PER_MINUTE[role],
    )


def demo_secret(settings: Config, client_id: str) -> str:
    """Derived, so that it can be printed again and lies nowhere in plain."""
    digest = hmac.digest(settings.token_secret, b"demo client\0" + client_id.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def demo(settings: Config) -> list[dict[str, str]]:
    """Make what is missing and list all. Not for production: its caller makes sure."""
    store = Clients(settings)
    listed = []
    for client_id, role, region, organisation in demo_clients.wanted():
        secret = demo_secret(settings, client_id)
        known = store.get(client_id)
        if (
            known is None
            or (known.scopes, known.organisation) != (scopes.OF_ROLE[role], organisation)
            or not known.check_client_secret(secret)
        ):
            store.put(
                made(
                    client_id,
                    secret,
                    role=role,
                    region=region,
                    organisation=organisation,
                    per_minute=_DEMO_PER_MINUTE,
                )
            )
        listed.append({"client_id": client_id, "client_secret": secret, "role": role.value, "region": region})
    return listed


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m gateway.clients", description="应用（客户端）管理")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    adding = commands.add_parser("add", help="add a client and print its secret, once")
    adding.add_argument("client_id")
    adding.add_argument("--role", required=True, choices=[role.value for role in Role])
    adding.add_argument("--region", required=True, help="six-digit code of the subtree that it sees")
    adding.add_argument("--organisation", required=True, help="who it acts for")
    adding.add_argument("--per-minute", type=int, help="requests a minute; the role's default when absent")
    amending = commands.add_parser("amend", help="mend the organisation or region that it acts for")
    amending.add_argument("client_id")
    amending.add_argument("--organisation")
    amending.add_argument("--region")
    commands.add_parser("check", help="name the clients that get no token, and why")
    disabling = commands.add_parser("disable", help="give this client no more tokens, and believe none that it has")
    disabling.add_argument("client_id")
    giving = commands.add_parser("token", help="a demo client's token, for an hour")
    giving.add_argument("client_id")
    options = parser.parse_args(arguments)
    try:
        settings = config.read()
        if options.command == "add":
            return _add(settings, options)
        if options.command == "amend":
            return _amend(settings, options)
        if options.command == "check":
            return _check(settings)
        if options.command == "disable":
            return _disable(settings, options.client_id)
        if settings.app_env == "production":
            return _fail(
                "demo clients are made only when APP_ENV is dev; to add a real one: python -m gateway.clients add"
            )
        if options.command == "token":
            return _token(settings, options.client_id)
        print(json.dumps(demo(settings), ensure_ascii=False, indent=2))
    except (config.ConfigurationMissing, plan.PlanUnreadable) as error:
        return _fail(str(error))
    except PyMongoError as error:
        return _fail(f"MongoDB does not answer ({type(error).__name__}): start it, or correct MONGO_URI")
    return 0


def _add(settings: Config, options: argparse.Namespace) -> int:
    secret = secrets.token_urlsafe(32)
    try:
        client = made(
            options.client_id,
            secret,
            role=Role(options.role),
            region=options.region,
            organisation=options.organisation,
            per_minute=options.per_minute,
        )
        Clients(settings).add(client)
    except (Invalid, ClientRefused, OrganisationUnknown) as error:
        return _fail(f"{error.zh} / {error.en}")
    except DuplicateKeyError:
        return _fail(f"{options.client_id} exists already: choose another id")
    shown = {"client_id": client.client_id, "client_secret": secret, "role": client.role.value, "region": client.region}
    print(json.dumps(shown, ensure_ascii=False))
    return 0


def _token(settings: Config, client_id: str) -> int:
    from gateway import tokens  # which imports this module

    if client_id not in {listed["client_id"] for listed in demo(settings)}:
        return _fail(f"there is no demo client {client_id!r}: `make -s clients` lists them")
    client = Clients(settings).get(client_id)
    if client is None:
        return _fail(f"{client_id} is disabled")
    print(tokens.sign(settings, client, " ".join(client.scopes)))
    return 0


def _amend(settings: Config, options: argparse.Namespace) -> int:
    kept = Clients(settings)
    known = kept.get(options.client_id)
    if known is None:
        return _no_client(options.client_id)
    try:
        region = regions.get(options.region or known.region).code
        kept.amend(replace(known, region=region, organisation=options.organisation or known.organisation))
    except (Invalid, ClientRefused, OrganisationUnknown) as error:
        return _fail(f"{error.zh} / {error.en}")
    return 0


def _check(settings: Config) -> int:
    found = list(Clients(settings).faulty())
    for client_id, zh, en in found:
        print(f"{client_id}: {zh} / {en}")
    if found:
        return _fail(
            f"{len(found)}个应用的单位或标识不合要求；单位可用 amend 更正，标识不合要求的请停用后另行登记 / "
            "mend an organisation with amend; disable a client whose id has no such form, and add another"
        )
    return 0


def _disable(settings: Config, client_id: str) -> int:
    if not Clients(settings).disable(client_id):
        return _no_client(client_id)
    return 0


def _no_client(client_id: str) -> int:
    return _fail(f"没有启用中的应用{client_id} / there is no active client {client_id}")


def _fail(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
