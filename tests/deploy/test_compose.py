"""One machine and production run the same processes, with the same names in their environment."""

import base64
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from honcho.environ import parse_procfile

from runtime import config

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text())
PROCFILE = dict(parse_procfile((DEPLOY / "Procfile").read_text()).processes)
SERVERS = {"mongo", "rabbitmq", "rabbitmq-policies"}
PROCESSES = sorted(COMPOSE["services"].keys() - SERVERS)

# The part of the Compose Specification that this file uses, and nothing beyond it: a mistyped key is refused.
_TEXTS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_DURATION = {"type": "string", "pattern": r"^\d+(ms|s|m)$"}
_SERVICE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["image"],
    "properties": {
        "image": {"type": "string", "pattern": r"^[a-z-]+(:[\w.-]+)?$"},
        "build": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"context": {"type": "string"}, "dockerfile": {"type": "string"}},
        },
        "command": {"type": "string"},
        "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
        "init": {"type": "boolean"},
        "read_only": {"type": "boolean"},
        "tmpfs": _TEXTS,
        "cap_drop": _TEXTS,
        "security_opt": _TEXTS,
        "stop_grace_period": _DURATION,
        "hostname": {"type": "string"},
        "environment": {"type": "object", "additionalProperties": {"type": "string"}},
        "ports": _TEXTS,
        "volumes": _TEXTS,
        "depends_on": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["condition"],
                "properties": {
                    "condition": {"enum": ["service_started", "service_healthy", "service_completed_successfully"]}
                },
            },
        },
        "healthcheck": {
            "type": "object",
            "additionalProperties": False,
            "required": ["test"],
            "properties": {
                "test": {**_TEXTS, "prefixItems": [{"const": "CMD"}]},
                "interval": _DURATION,
                "timeout": _DURATION,
                "start_period": _DURATION,
                "retries": {"type": "integer"},
            },
        },
    },
}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "services", "volumes"],
    "patternProperties": {"^x-": {}},
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
        "services": {
            "type": "object",
            "additionalProperties": _SERVICE,
        },
        "volumes": {"type": "object", "additionalProperties": {"type": "object", "maxProperties": 0}},
    },
}


def test_the_file_is_a_compose_file() -> None:
    faults = [f"{list(e.instance_path)}: {e.message}" for e in jsonschema_rs.validator_for(SCHEMA).iter_errors(COMPOSE)]
    assert faults == []


def test_a_mistyped_key_is_refused() -> None:
    broken: dict[str, Any] = {**COMPOSE, "services": {"gateway": {**COMPOSE["services"]["gateway"], "comand": "x"}}}
    assert not jsonschema_rs.is_valid(SCHEMA, broken)


def test_production_runs_the_processes_of_the_process_list() -> None:
    assert {name: COMPOSE["services"][name]["command"] for name in PROCESSES} == PROCFILE


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_gets_the_names_that_the_configuration_reads(name: str) -> None:
    assert set(COMPOSE["services"][name]["environment"]) == set(config.NAMES)


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_starts_after_what_it_needs_and_tells_whether_it_lives(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["depends_on"].keys() == SERVERS
    port = service["environment"]["PORT" if name == "gateway" else "METRICS_PORT"]
    assert f"127.0.0.1:{port}/healthz" in service["healthcheck"]["test"][-1]


def test_the_environment_is_one_that_the_processes_accept() -> None:
    given = {
        "RABBITMQ_PASSWORD": "x",
        "MASTER_KEY": base64.b64encode(b"m" * 96).decode(),
        "PERSON_KEY_SECRET": base64.b64encode(b"p" * 32).decode(),
        "TOKEN_SECRET": base64.b64encode(b"t" * 32).decode(),
        "PUBLIC_ADDRESS": "https://jz.example.cn",
    }

    def interpolate(text: str) -> str:
        def value(match: re.Match[str]) -> str:
            name, _, default = match[1].partition(":")
            return given.get(name) or default.removeprefix("-")

        return re.sub(r"\$\{([^}]*)\}", value, text)

    environ = {k: interpolate(v) for k, v in COMPOSE["services"]["gateway"]["environment"].items()}
    read = config.read(environ)
    assert (read.app_env, read.port, read.metrics_port) == ("production", 8000, 9000)
    assert read.plan_file.exists(), "PLAN_FILE must be in the repository, and the Dockerfile copies plan/"


def test_no_secret_is_written_down() -> None:
    environment = COMPOSE["services"]["gateway"]["environment"]
    for name in ("MASTER_KEY", "PERSON_KEY_SECRET", "TOKEN_SECRET"):
        assert environment[name].startswith(f"${{{name}:?"), f"{name} must come from outside, or refuse"


def test_the_files_that_are_mounted_exist() -> None:
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (DEPLOY / source).exists(), f"{source} is not there"
