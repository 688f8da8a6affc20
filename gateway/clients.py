"""The applications that may ask for a token: a store of hashed secrets, and the commands that keep it.

python -m gateway.clients                         the demo clients as JSON; dev and test only
python -m gateway.clients add ID --role … --region … --organisation …     prints the new secret, once
python -m gateway.clients token ID                a demo client's token, for an hour; dev and test only
python -m gateway.clients disable ID              tokens already given out end with it, within seconds
"""

import argparse
import base64
import datetime as dt
import hashlib
import hmac
import json
import secrets
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from authlib.oauth2.rfc6749 import ClientMixin
from pymongo.errors import DuplicateKeyError, PyMongoError

from contract import regions
from contract.errors import Invalid
from contract.words import Role
from gateway import scopes
from runtime import clock, config, mongo
from runtime.config import Config

# Secrets are 256 random bits, so the hash need not be slow; these are OWASP's least costs for argon2id.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_DEMO_PER_MINUTE = 120_000  # the benchmarks post through one demo client


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

    def get(self, client_id: str) -> Client | None:
        row = self._clients.find_one({"_id": client_id, "disabled_at": None})
        if row is None:
            return None
        return Client(
            client_id=row["_id"],
            secret_hash=row["secret_hash"],
            role=Role(row["role"]),
            region=row["region"],
            organisation=row["organisation"],
            scopes=tuple(row["scopes"]),
            per_minute=row["per_minute"],
        )

    def add(self, client: Client) -> None:
        """Raises DuplicateKeyError when the id is taken."""
        self._clients.insert_one(_row(client))

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
    wanted = _demo_wanted()
    store = Clients(settings)
    listed = []
    for client_id, role, region, organisation in wanted:
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


def _demo_wanted() -> list[tuple[str, Role, str, str]]:
    """Id, role, region, organisation."""
    province, everywhere = regions.PROVINCE, regions.units()
    return [
        *((f"centre-{unit.code}", Role.TRAINING_CENTRE, unit.code, f"centre-{unit.code}") for unit in everywhere),
        ("civil-affairs-130000", Role.CIVIL_AFFAIRS, province, "省民政厅"),
        ("civil-affairs-130100", Role.CIVIL_AFFAIRS, "130100", "石家庄市民政局"),
        ("dispatcher", Role.DISPATCHER, province, "省发展改革委"),
        ("inspector", Role.INSPECTOR, province, "省政府督查室"),
        ("inspector-2", Role.INSPECTOR, province, "省政府督查室"),  # who reported a mending does not re-check it
        ("partner", Role.PARTNER, province, "partner"),
        ("fulian-130000", Role.FEDERATION, province, "省妇联"),
        ("fulian-130000-2", Role.FEDERATION, province, "省妇联"),  # an appeal is for another clerk to decide
        ("fulian-130100", Role.FEDERATION, "130100", "石家庄市妇联"),
        ("fulian-130102", Role.FEDERATION, "130102", "石家庄市长安区妇联"),
        ("base-1", Role.APPLICANT, province, "base-1"),
        ("reviewer-1", Role.REVIEWER, province, "reviewer-1"),
        ("reporter-130102", Role.REPORTER, "130102", "石家庄市长安区人民政府"),
        *((f"reporter-{unit.code}", Role.REPORTER, unit.code, _office(unit, "办公室")) for unit in everywhere),
        *((f"report-reviewer-{unit.code}", Role.REPORT_REVIEWER, unit.code, _office(unit, "")) for unit in everywhere),
        ("reporter-130000", Role.REPORTER, province, "省政务服务管理办公室"),
        ("report-reviewer-130000", Role.REPORT_REVIEWER, province, "省政务服务管理办公室"),
        ("housing-reporter", Role.REPORTER, province, "省住房城乡建设厅"),
        ("housing-reviewer", Role.REPORT_REVIEWER, province, "省住房城乡建设厅"),
    ]


def _office(unit: regions.Region, of: str) -> str:
    return f"{unit.name}{'管委会' if unit.name.endswith('新区') else '人民政府'}{of}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m gateway.clients", description="应用（客户端）管理")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    adding = commands.add_parser("add", help="add a client and print its secret, once")
    adding.add_argument("client_id")
    adding.add_argument("--role", required=True, choices=[role.value for role in Role])
    adding.add_argument("--region", required=True, help="six-digit code of the subtree that it sees")
    adding.add_argument("--organisation", required=True, help="who it acts for")
    adding.add_argument("--per-minute", type=int, help="requests a minute; the role's default when absent")
    disabling = commands.add_parser("disable", help="give this client no more tokens, and believe none that it has")
    disabling.add_argument("client_id")
    giving = commands.add_parser("token", help="a demo client's token, for an hour")
    giving.add_argument("client_id")
    options = parser.parse_args(arguments)
    try:
        settings = config.read()
        if options.command == "add":
            return _add(settings, options)
        if options.command == "disable":
            return _disable(settings, options.client_id)
        if settings.app_env == "production":
            return _fail(
                "demo clients are made only when APP_ENV is dev; to add a real one: python -m gateway.clients add"
            )
        if options.command == "token":
            return _token(settings, options.client_id)
        print(json.dumps(demo(settings), ensure_ascii=False, indent=2))
    except config.ConfigurationMissing as error:
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
    except Invalid as error:
        return _fail(error.en)
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


def _disable(settings: Config, client_id: str) -> int:
    if not Clients(settings).disable(client_id):
        return _fail(f"there is no active client {client_id}")
    return 0


def _fail(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
