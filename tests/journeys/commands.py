"""Commands as a person gives them on a running programme, carried out in this process: their start is dearer than their
work. tests/journeys/recount.py gives the audit's for real."""

import importlib
import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest


def run(module: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """``python -m module arguments``: its exit status and what it prints."""
    output, errors = io.StringIO(), io.StringIO()
    found = importlib.import_module(f"{module}.__main__" if "." not in module else module)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output), redirect_stderr(errors):
        patch.setattr(sys, "argv", [module, *arguments])
        status = found.main()
    return subprocess.CompletedProcess([module, *arguments], status, output.getvalue(), errors.getvalue())
