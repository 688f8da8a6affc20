"""Procedures as data: *.toml beside this file, one a version. A case is pinned to one for good."""

import datetime as dt
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent

BACK, INQUIRED, STAYS = "(back)", "(inquired)", "(stays)"
_OFFICES = ("applicant", "county", "city", "province")
_BY = (*_OFFICES, "office", "anyone", "clock")


@dataclass(frozen=True, slots=True)
class State:
    name: str
    title: str
    office: str | None  # whose turn it is; None when final
    final: bool


@dataclass(frozen=True, slots=True)
class Transition:
    name: str
    title: str
    sources: tuple[str, ...]
    to: str
    by: str
    checks: tuple[str, ...]
    other_than: tuple[str, ...]
    needs_evidence: bool
    effect: str | None


@dataclass(frozen=True, slots=True)
class Ground:
    """On which an objection may be found inadmissible."""

    title: str
    title_en: str


@dataclass(frozen=True, slots=True)
class Procedure:
    """``replaces``: versions whose unfinished cases go on by this one. ``objections``: how many are taken."""

    version: str
    in_force_from: dt.date
    windows: dict[str, int]
    award: dict[str, int]
    eligibility: dict[str, dict[str, Any]]
    states: dict[str, State]
    transitions: dict[str, Transition]
    replaces: tuple[str, ...]
    objections: dict[str, int]
    grounds: dict[str, Ground]

    def title(self, transition: str) -> str:
        """Of a step of this version, or of one that it replaces."""
        versions = (self, *(procedure(version) for version in self.replaces))
        return next(each.transitions[transition].title for each in versions if transition in each.transitions)

    def from_state(self, state: str) -> tuple[Transition, ...]:
        return tuple(transition for transition in self.transitions.values() if state in transition.sources)

    def office(self, transition: Transition, state: str) -> str:
        """Whose step it is: an office, anyone, or the clock."""
        return self.states[state].office or "" if transition.by == "office" else transition.by


class ProcedureUnsound(Exception):
    """The file contradicts itself; says where."""


def parse(text: str) -> Procedure:
    """Raises ProcedureUnsound."""
    data = tomllib.loads(text)
    states = {
        state["name"]: State(state["name"], state["title"], state.get("office"), state.get("final", False))
        for state in data["states"]
    }
    transitions = {
        step["name"]: Transition(
            name=step["name"],
            title=step["title"],
            sources=tuple(step["from"]),
            to=step["to"],
            by=step["by"],
            checks=tuple(step.get("checks", ())),
            other_than=tuple(step.get("other_than", ())),
            needs_evidence=step.get("needs_evidence", False),
            effect=step.get("effect"),
        )
        for step in data["transitions"]
    }
    procedure = Procedure(
        version=data["version"],
        in_force_from=data["in_force_from"],
        windows=data["windows"],
        award=data["award"],
        eligibility=data["eligibility"],
        states=states,
        transitions=transitions,
        replaces=tuple(data.get("replaces", ())),
        objections=data.get("objections", {}),
        grounds={each["code"]: Ground(each["title"], each["title_en"]) for each in data.get("grounds", ())},
    )
    _check(procedure)
    return procedure


def _check(procedure: Procedure) -> None:
    def unsound(reason: str) -> ProcedureUnsound:
        return ProcedureUnsound(f"{procedure.version}: {reason}")

    for state in procedure.states.values():
        if not state.final and state.office not in _OFFICES:
            raise unsound(f"{state.name} is nobody's turn")
    for step in procedure.transitions.values():
        for source in step.sources:
            if source not in procedure.states or procedure.states[source].final:
                raise unsound(f"{step.name} cannot start from {source}")
        if step.to not in procedure.states and step.to not in (BACK, INQUIRED, STAYS):
            raise unsound(f"{step.name} leads to {step.to}, which is no state")
        if step.by not in _BY:
            raise unsound(f"{step.name} is taken by {step.by}, which is nobody")
        for other in step.other_than:
            if other not in procedure.transitions:
                raise unsound(f"{step.name} is not for who took {other}, which is no step")
        if step.effect == "refuse" and not procedure.grounds:
            raise unsound(f"{step.name} has no grounds")
    award = [step for step in procedure.transitions.values() if step.to == "awarded"]
    if not award or any({"notice_over", "undisputed", "outcome_grants"} - {*step.checks} for step in award):
        raise unsound("an award needs an expired, undisputed notice and an outcome that grants it")


@lru_cache(maxsize=1)
def all_procedures() -> dict[str, Procedure]:
    read = (parse(path.read_text(encoding="utf-8")) for path in sorted(_FOLDER.glob("*.toml")))
    return {procedure.version: procedure for procedure in read}


def procedure(version: str) -> Procedure:
    return all_procedures()[version]


def replacing(version: str) -> Procedure | None:
    """The one by which unfinished cases of that version go on."""
    return next((each for each in all_procedures().values() if version in each.replaces), None)


def in_force(day: dt.date) -> Procedure:
    """The newest; the first one where even that came later."""
    found = sorted(all_procedures().values(), key=lambda each: each.in_force_from)
    return next((each for each in reversed(found) if each.in_force_from <= day), found[0])
