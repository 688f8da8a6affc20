"""How long there is to mend a finding, and which 督查单 follow when nobody does. The rule is data, escalation.toml."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from contract.findings import SupervisionColour

_FILE = Path(__file__).with_name("escalation.toml")


@dataclass(frozen=True, slots=True)
class Step:
    colour: SupervisionColour
    after_days: int
    demand: str


@dataclass(frozen=True, slots=True)
class Rule:
    """``number``: how orders are numbered, with {year} and {serial}."""

    rectification_days: int
    number: str
    steps: tuple[Step, ...]


class RuleUnsound(Exception):
    """The file contradicts itself; says where."""


@lru_cache(maxsize=1)
def in_force() -> Rule:
    """Raises RuleUnsound."""
    return parse(_FILE.read_text(encoding="utf-8"))


def parse(text: str) -> Rule:
    """Raises RuleUnsound."""
    said = tomllib.loads(text)
    try:
        steps = tuple(Step(SupervisionColour(s["colour"]), s["after_days"], s["demand"]) for s in said["steps"])
        rule = Rule(said["rectification_days"], said["number"], steps)
        rule.number.format(year=1, serial=1)
    except (KeyError, ValueError, TypeError) as error:
        raise RuleUnsound(f"escalation.toml: {error!r}") from None
    weight = list(SupervisionColour)
    if [step.colour for step in steps] != sorted({step.colour for step in steps}, key=weight.index):
        raise RuleUnsound("escalation.toml: each colour once, from 蓝 to 红")
    if min([rule.rectification_days, *(step.after_days for step in steps)]) < 1:
        raise RuleUnsound("escalation.toml: days are at least one")
    if "{serial}" not in rule.number or "{year}" not in rule.number:
        raise RuleUnsound("escalation.toml: number needs {year} and {serial}")
    return rule
