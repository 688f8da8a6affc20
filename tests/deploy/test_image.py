"""What goes into the image: pinned libraries, all of those that the code imports, and nobody's root."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
COPIED = re.findall(r"^COPY (\w+) \1$", DOCKERFILE, re.MULTILINE)
PACKAGES = [name for name in COPIED if (ROOT / name / "__init__.py").exists()]
LOCKS = ["requirements.lock", "requirements-dev.lock"]


def pinned(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)(?:\[[^]]*\])?==([^ ;]+)", (ROOT / lock).read_text(), re.MULTILINE))


def imported_by(folder: str) -> set[str]:
    """The top-level names that the Python files under it import."""
    names = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("folder", PACKAGES)
def test_all_that_a_copied_package_imports_is_in_the_image(folder: str) -> None:
    known = pinned("requirements.lock")
    homes = packages_distributions()
    missing = {
        name
        for name in imported_by(folder) - set(sys.stdlib_module_names) - set(COPIED)
        if not any(re.sub("[-_.]+", "-", home).lower() in known for home in homes.get(name, []))
    }
    assert not missing, f"add to requirements.in and make lock, or COPY in the Dockerfile: {sorted(missing)}"


def test_the_processes_are_in_the_image() -> None:
    assert {"contract", "runtime", "services", "gateway"} <= set(PACKAGES)


def test_the_contract_imports_nothing_but_marshmallow() -> None:
    foreign = imported_by("contract") - set(sys.stdlib_module_names) - {"contract"}
    assert foreign <= {"marshmallow"}, f"contract/ must stay importable anywhere, it imports {sorted(foreign)}"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_all_with_hashes_and_names_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text()
    entries = re.split(r"\n(?=[a-z])", text.strip())
    assert len(entries) > 20
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry or "==" not in entry] == []
    assert re.findall(r"://|--index-url|--find-links|file:", text) == []


def test_both_locks_agree() -> None:
    product, development = (pinned(lock) for lock in LOCKS)
    assert {name: development.get(name) for name in product} == product


def test_the_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)
    assert users, "the last stage must name a USER"
    assert users[-1] not in ("root", "0")
    assert DOCKERFILE.index("USER") > DOCKERFILE.rindex("COPY"), "the code must belong to root: it can't change itself"
