"""Which modules are changed, and which tests are to notice: those that mirror a module, then those beside them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

# In this order, the first that fits a module is its area. A trailing slash stands for all below; `*` for any folders.
AREAS: Mapping[str, tuple[str, ...]] = {
    "disclosure": ("services/targets/ledger/disclosure.py", "services/targets/ledger/answers.py"),
    "targets": ("services/targets/",),
    "domains": (
        "services/*/domain.py",
        "services/housekeeping/cases/conditions.py",
        "services/housekeeping/cases/notice.py",
        "services/housekeeping/cases/seating.py",
        "services/housekeeping/cases/steps.py",
        "services/housekeeping/rubrics/scoring.py",
    ),
    "idempotency": ("gateway/idempotency.py",),
    "messaging": (
        *("runtime/batches.py", "runtime/consumer.py", "runtime/events.py", "runtime/failures.py", "runtime/outbox.py"),
        *("runtime/parked.py", "runtime/places.py", "runtime/rabbit.py", "runtime/relay.py", "runtime/renewal.py"),
        *("runtime/resend.py", "runtime/resending.py", "runtime/routes.py", "runtime/sequence.py", "runtime/shelf.py"),
        *("runtime/watermarks.py", "runtime/wire.py"),
    ),
    "storage": (
        *("runtime/canary.py", "runtime/files.py", "runtime/lease.py", "runtime/mongo.py", "runtime/pages.py"),
        *("runtime/quarantine.py", "runtime/record.py", "runtime/vault.py"),
    ),
    "audit": ("audit/",),
}

# What draws and prints: looked at, not tested to the pixel.
DRAWN = ("services/targets/bulletins/charts.py", "services/targets/plan_table.py")

# Beside the mirror: where a module's work is done for another's tests.
ALSO: Mapping[str, tuple[str, ...]] = {
    "services/targets/ledger/": ("tests/gateway/test_ledger.py",),
    "services/targets/progress.py": ("tests/gateway/test_targets.py",),
    "services/targets/service.py": ("tests/gateway/test_targets.py", "tests/gateway/test_matters.py"),
    "services/targets/replay.py": ("tests/journeys/test_proof.py",),
    "services/targets/difference.py": ("tests/services/targets/test_replay.py", "tests/journeys/test_proof.py"),
    "services/inspections/": ("tests/services/inspections/test_history.py",),
    "services/targets/samples/": ("tests/gateway/test_inspections.py",),
    "services/targets/snapshots/": ("tests/services/targets/bulletins/test_bulletins.py",),
    "services/targets/copies/matters.py": ("tests/gateway/test_matters.py",),
    "services/targets/tree/service.py": ("tests/gateway/test_allocations.py",),
    "services/housekeeping/cases/": ("tests/services/housekeeping/test_clock.py",),
    "services/housekeeping/registry/": ("tests/services/housekeeping/moves/",),
    "runtime/batches.py": ("tests/services/targets/test_counting.py", "tests/runtime/test_lost_broker.py"),
    "runtime/consumer.py": ("tests/runtime/test_traps.py", "tests/runtime/test_lost_broker.py"),
    "runtime/events.py": ("tests/runtime/test_traps.py", "tests/runtime/test_parked.py"),
    "runtime/failures.py": ("tests/runtime/test_batches.py", "tests/runtime/test_traps.py"),
    "runtime/outbox.py": ("tests/runtime/test_relay.py", "tests/journeys/test_nothing_is_lost_or_doubled.py"),
    "runtime/relay.py": ("tests/runtime/test_outbox.py", "tests/journeys/test_nothing_is_lost_or_doubled.py"),
    "runtime/rabbit.py": (
        "tests/runtime/test_wire.py",
        "tests/runtime/test_batches.py",
        "tests/runtime/test_traps.py",
        "tests/deploy/test_policies.py",
    ),
    "runtime/places.py": (
        "tests/runtime/test_sequence.py",
        "tests/runtime/test_batches.py",
        "tests/journeys/test_healing.py",
    ),
    "runtime/resend": ("tests/runtime/test_relay.py", "tests/journeys/test_healing.py"),
    "runtime/routes.py": ("tests/runtime/test_relay.py", "tests/journeys/test_healing.py"),
    "runtime/sequence.py": ("tests/runtime/test_traps.py", "tests/journeys/test_healing.py"),
    "runtime/watermarks.py": ("tests/runtime/test_relay.py", "tests/journeys/test_healing.py"),
    "runtime/wire.py": ("tests/runtime/test_rabbit.py", "tests/runtime/test_relay.py"),
    "runtime/shelf.py": ("tests/runtime/test_parked.py", "tests/runtime/test_batches.py"),
    "runtime/lease.py": ("tests/runtime/test_outbox.py", "tests/runtime/test_relay.py"),
    "runtime/record.py": ("tests/services/housekeeping/awards/", "tests/services/inspections/matters/"),
    "runtime/files.py": ("tests/gateway/test_uploads.py",),
    "audit/": ("tests/audit/", "tests/journeys/test_proof.py"),
}


EVERYWHERE = "tests/test_transactions.py::test_whoever_is_handed_a_session_leaves_it_out_of_no_call"


def modules(root: Path) -> dict[str, str]:
    """Every module that is changed, and its area."""
    found: dict[str, str] = {}
    for area, patterns in AREAS.items():
        for pattern in patterns:
            for module in _files(root, pattern):
                found.setdefault(module, area)
    return {module: area for module, area in sorted(found.items()) if module not in DRAWN}


def tests(root: Path, module: str) -> tuple[list[str], list[str]]:
    """(what is run first, and ends most trials soon: the mirror, and what holds for every module; the test files that
    are run when nothing was noticed)"""
    mirror = Path("tests") / Path(module).with_suffix("")
    first = mirror.with_name(f"test_{mirror.name}.py")
    found = _files(root, f"{mirror.parent}/test_*.py") if mirror.parent != Path("tests/runtime") else []
    for prefix, paths in ALSO.items():
        if module.startswith(prefix):
            found += [file for path in paths for file in _tests_under(root, path)]
    rest = list(dict.fromkeys(file for file in found if (root / file).is_file() and file != str(first)))
    mirrors = [str(first)] if (root / first).is_file() else []
    if not mirrors and not rest and module.startswith("services/"):
        rest = _files(root, f"{'/'.join(mirror.parts[:3])}/**/test_*.py")
    if not mirrors and not rest:
        raise LookupError(f"{module}: no test mirrors it; name those that do in {__name__}.ALSO")
    if module.startswith(("runtime/", "services/")):
        mirrors.append(f"{EVERYWHERE}[{module}]")
    return mirrors, rest


def _files(root: Path, pattern: str) -> list[str]:
    if pattern.endswith("/"):
        pattern += "**/*.py"
    elif "/*/" in pattern:
        pattern = pattern.replace("/*/", "/**/")
    return sorted(str(file.relative_to(root)) for file in root.glob(pattern) if file.stat().st_size > 200)


def _tests_under(root: Path, path: str) -> Iterator[str]:
    yield from ([path] if path.endswith(".py") else (file for file in _files(root, path) if "/test_" in file))
