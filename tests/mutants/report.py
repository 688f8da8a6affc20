"""Writes what was found: tests/mutants/RESULTS.md."""

import difflib
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.trial import Outcome

REASONS = Path(__file__).with_name("reasons.toml")


@dataclass(frozen=True)
class Trial:
    """One change, as lines of a diff, and whether a test failed."""

    name: str
    module: str
    line: int
    diff: str
    outcome: Outcome


def diff(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def markdown(drawn: Sequence[Trial], named: Sequence[Trial], areas: Mapping[str, str], *, how: str) -> str:
    """``how``: when, by which seed and with how many workers."""
    lived = [trial for trial in drawn if not trial.outcome.noticed]
    noticed = len(drawn) - len(lived)
    parts = [
        "# How many small changes the tests notice",
        f"`make mutants`, {how}: **{noticed} of {len(drawn)} ({_share(noticed, len(drawn))})**.",
        "Each is one change, of a line drawn by the seed from all lines of these modules that can be changed. It is "
        "noticed when one of the tests that mirror its module fails, or never ends.",
        "## By area",
        _table("area", drawn, lambda trial: areas[trial.module]),
        "## By module",
        _table("module", drawn, lambda trial: f"`{trial.module}`"),
        f"## Those that live ({len(lived)}), and why",
        *(_lived(trial, _reasons()) for trial in lived),
        "## Named",
        "Changes that lived once, each written down in `named.toml`. All must be noticed.",
        "\n".join(f"- {trial.name} (`{trial.module}`): {_by(trial)}" for trial in named),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(head: str, drawn: Sequence[Trial], key: Callable[[Trial], str]) -> str:
    every = Counter(key(trial) for trial in drawn)
    noticed = Counter(key(trial) for trial in drawn if trial.outcome.noticed)
    rows = [
        f"| {name} | {count} | {noticed[name]} | {_share(noticed[name], count)} |"
        for name, count in sorted(every.items())
    ]
    return "\n".join([f"| {head} | mutations | noticed | share |", "|---|--:|--:|--:|", *rows])


def _lived(trial: Trial, reasons: Mapping[str, str]) -> str:
    why = next((why for text, why in reasons.items() if text in trial.diff), "not looked into yet")
    return f"`{trial.module}:{trial.line}` ({trial.name}): {why}\n```diff\n{trial.diff}\n```"


def _reasons() -> dict[str, str]:
    """By a text that the diff holds: why nothing needs to notice it."""
    told = tomllib.loads(REASONS.read_text(encoding="utf-8")) if REASONS.exists() else {}
    return {one["change"]: one["why"] for one in told.get("lives", [])}


def _by(trial: Trial) -> str:
    return f"`{trial.outcome.by.removeprefix('tests/')}`" if trial.outcome.noticed else "**lives**"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"
