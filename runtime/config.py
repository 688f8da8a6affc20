"""The environment, read once. A process refuses to start when something is missing, and says what."""

import base64
import binascii
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NAMES = (
    "AMQP_URI",
    "MONGO_URI",
    "MONGO_PREFIX",
    "APP_ENV",
    "MASTER_KEY",
    "PERSON_KEY_SECRET",
    "TOKEN_SECRET",
    "PORT",
    "PUBLIC_ADDRESS",
    "TRUSTED_PROXIES",
    "UNFILED_ASSESSORS",
    "METRICS_PORT",
    "METRICS_NETWORKS",
    "PLAN_FILE",
    "LOG_LEVEL",
    "ANONYMOUS_FILES_A_DAY",
    "ANONYMOUS_MEGABYTES_A_DAY",
    "ALL_ANONYMOUS_MEGABYTES_A_DAY",
    "ORGANISATION_FILES_A_DAY",
    "ORGANISATION_MEGABYTES_A_DAY",
    "ANONYMOUS_FILE_HOURS",
    "FILE_HOURS",
    "FREE_MEGABYTES",
)


Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PRIVATE = "127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 ::1/128 fc00::/7"
_ADDRESS = re.compile(r"https?://[0-9A-Za-z.:\[\]-]+")


class ConfigurationMissing(Exception):
    """What is missing or unreadable, one line each."""


@dataclass(frozen=True)
class Uploads:
    """What may be uploaded in a day, how long it lies there while no record names it, and below how much free disk
    nothing more is taken."""

    anonymous_files: int  # of one address
    anonymous_megabytes: int
    all_anonymous_megabytes: int  # of all addresses together
    organisation_files: int
    organisation_megabytes: int
    anonymous_hours: int
    hours: int  # what a form names is filled in over days
    free_megabytes: int


@dataclass(frozen=True)
class Config:
    amqp_uri: str
    mongo_uri: str
    mongo_prefix: str
    app_env: str  # dev, test or production
    master_key: bytes  # 96 bytes, the local KMS key that wraps the data keys of personal data
    person_key_secret: bytes  # keys the hash that stands for a person; changing it makes everybody a stranger
    token_secret: bytes
    port: int
    public_address: str  # where people and QR codes find the gateway, no slash at the end; the gateway needs it
    trusted_proxies: int  # how many of our own stand in front of the gateway: so far X-Forwarded-For is believed
    metrics_port: int | None
    metrics_networks: tuple[Network, ...]  # from where the gateway's metrics may be read
    plan_file: Path
    log_level: str
    uploads: Uploads
    unfiled_believed: bool  # whether certificates count whose body has filed no numbers: while filings are built up

    def shows_metrics_to(self, address: str | None) -> bool:
        try:
            found = ipaddress.ip_address(address or "")
        except ValueError:
            return False
        return any(found in network for network in self.metrics_networks)

    def __repr__(self) -> str:
        return f"Config(app_env={self.app_env!r}, mongo_prefix={self.mongo_prefix!r})"  # no secrets in a traceback


def read(environ: Mapping[str, str] | None = None) -> Config:
    """Raises ConfigurationMissing naming every variable at fault, not only the first."""
    env = os.environ if environ is None else environ
    faults: list[str] = []

    def text(name: str, default: str | None = None) -> str:
        value = env.get(name, "") or default
        if value is None:
            faults.append(f"{name} is not set")
            return ""
        return value

    def secret(name: str, length: int) -> bytes:
        try:
            value = base64.b64decode(text(name), validate=True)
        except binascii.Error:
            faults.append(f"{name} is not base64")
            return b""
        if env.get(name) and len(value) < length:
            faults.append(f"{name} must be at least {length} bytes in base64, it is {len(value)}")
        return value

    def number(name: str, default: str) -> int:
        value = text(name, default)
        if not value.isdigit():
            faults.append(f"{name} must be a number, not {value!r}")
            return 0
        return int(value)

    def choice(name: str, *among: str) -> str:
        value = text(name, among[0])
        if value not in among:
            faults.append(f"{name} must be {' or '.join(among)}, not {value!r}")
        return value

    def address(name: str, default: str) -> str:
        value = text(name, default)
        if value and not _ADDRESS.fullmatch(value):
            faults.append(f"{name} must be a scheme and a host such as https://jz.example.cn, not {value!r}")
        return value

    def networks(name: str, default: str) -> tuple[Network, ...]:
        value = text(name, default)
        try:
            return tuple(ipaddress.ip_network(one) for one in value.replace(",", " ").split())
        except ValueError:
            faults.append(f"{name} must be networks such as 10.0.0.0/8, not {value!r}")
            return ()

    app_env = text("APP_ENV", "production")
    local = "" if app_env == "production" else f"http://127.0.0.1:{env.get('PORT') or '8000'}"
    config = Config(
        amqp_uri=text("AMQP_URI"),
        mongo_uri=text("MONGO_URI"),
        mongo_prefix=text("MONGO_PREFIX", "yanzhao"),
        app_env=app_env,
        master_key=secret("MASTER_KEY", 96),
        person_key_secret=secret("PERSON_KEY_SECRET", 32),
        token_secret=secret("TOKEN_SECRET", 32),
        port=number("PORT", "8000"),
        public_address=address("PUBLIC_ADDRESS", local),
        trusted_proxies=number("TRUSTED_PROXIES", "0"),
        metrics_networks=networks("METRICS_NETWORKS", _PRIVATE),
        metrics_port=number("METRICS_PORT", "0") or None,
        plan_file=Path(text("PLAN_FILE", "plan/hebei-2023.toml")),
        log_level=text("LOG_LEVEL", "INFO").upper(),
        uploads=Uploads(
            anonymous_files=number("ANONYMOUS_FILES_A_DAY", "50"),
            anonymous_megabytes=number("ANONYMOUS_MEGABYTES_A_DAY", "100"),
            all_anonymous_megabytes=number("ALL_ANONYMOUS_MEGABYTES_A_DAY", "2000"),
            organisation_files=number("ORGANISATION_FILES_A_DAY", "5000"),
            organisation_megabytes=number("ORGANISATION_MEGABYTES_A_DAY", "10000"),
            anonymous_hours=number("ANONYMOUS_FILE_HOURS", "48"),
            hours=number("FILE_HOURS", "720"),
            free_megabytes=number("FREE_MEGABYTES", "512"),
        ),
        unfiled_believed=choice("UNFILED_ASSESSORS", "review", "believe") == "believe",
    )
    if config.app_env not in ("dev", "test", "production"):
        faults.append(f"APP_ENV must be dev, test or production, not {config.app_env!r}")
    if faults:
        raise ConfigurationMissing("cannot start / 无法启动:\n  " + "\n  ".join(faults))
    return config
