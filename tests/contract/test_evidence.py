"""What a command rests on."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

import pytest

import contract
from contract.message import Message

ROOMS = [import_module(f"contract.{found.name}") for found in iter_modules(contract.__path__)]


def _commands() -> Iterator[type[Message]]:
    """Those that name documents."""
    for room in ROOMS:
        for made in vars(room).values():
            if isinstance(made, type) and issubclass(made, Message) and made.__module__ == room.__name__:
                fields = made().fields
                if "command_id" in fields and "evidence" in fields:
                    yield made


@pytest.mark.parametrize("command", sorted(_commands(), key=lambda one: one.__name__), ids=lambda one: one.__name__)
def test_what_a_command_rests_on_is_a_file_that_was_handed_in(command: type[Message]) -> None:
    """By its id and its digest: a digest alone says nothing of anything that is there."""
    named = command().fields["evidence"].inner.schema.fields
    assert named["file_id"].required
    assert named["sha256"].required
