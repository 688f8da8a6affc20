"""Every call that changes something is carried out once for a command_id, however often it is delivered."""

import ast
import importlib
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from runtime.hosting import Rpc

SERVICES = ("training", "certification", "housekeeping", "reports", "inspections", "targets")

# runtime.commands; a certificate keeps its commands itself; a row whose id is the command's.
ONCE = {"once", "after_command", "of_command", "record_reveal"}
# What a second delivery meets instead, and finds done.
BY_ITS_OWN_KEY = {
    "start_import": "the file's digest",
    "recall_import": "the import's state",
    "reveal_holder": "a row whose id is the command's",
}
WRITES = {"transact", "insert_one", "insert_many", "update_one", "update_many", "replace_one", "delete_one", "put"}


def service_of(name: str) -> type:
    module = importlib.import_module(f"services.{name}.service")
    [found] = [kind for kind in vars(module).values() if isinstance(kind, type) and getattr(kind, "name", "") == name]
    return found


def calls(service: type) -> Iterator[tuple[str, Any]]:
    for name, function in inspect.getmembers(service, inspect.isfunction):
        if any(isinstance(entrypoint, Rpc) for entrypoint in getattr(function, "nameko_entrypoints", ())):
            yield name, function


ALL = [(service, name, function) for service in map(service_of, SERVICES) for name, function in calls(service)]
COMMANDS = [call for call in ALL if "command" in inspect.signature(call[2]).parameters]
QUERIES = [call for call in ALL if call not in COMMANDS and call[1] != "set_time"]  # which sets what it is told


def used(service: type, function: Any, seen: set[Any]) -> set[str]:
    """Names of the methods that a method calls, and that those of the same service call in turn."""
    seen.add(function)
    nodes = ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function))))
    names = {node.func.attr for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
    for inner in [getattr(service, name, None) for name in names]:
        if inspect.isfunction(inner) and inner not in seen:
            names |= used(service, inner, seen)
    return names


def called(call: tuple[type, str, Any]) -> str:
    return f"{call[0].__name__}.{call[1]}"


@pytest.mark.parametrize("call", COMMANDS, ids=called)
def test_a_command_is_carried_out_once(call: tuple[type, str, Any]) -> None:
    service, name, function = call
    found = used(service, function, set()) & ONCE
    assert bool(found) != (name in BY_ITS_OWN_KEY), "a command without Commands.once is carried out at each delivery"


def test_what_takes_no_command_writes_nothing() -> None:
    writing = {called(call) for call in QUERIES if used(call[0], call[2], set()) & (WRITES | ONCE)}
    assert writing == set()


def test_all_services_are_looked_at() -> None:
    assert len(COMMANDS) > 55
    assert len(QUERIES) > 40
