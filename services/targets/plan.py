"""The plan as data: which indicators there are, and by which rule each is counted."""

import datetime as dt
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from services.targets.domain import Rule


class PlanUnreadable(Exception):
    """The plan file says something that this code cannot count by; the process does not start."""


@dataclass(frozen=True)
class Indicator:
    id: str
    name: str
    quote: str
    comparator: str
    target: Decimal
    unit: str
    departments: tuple[str, ...]
    owner: str
    rule: Rule


@dataclass(frozen=True)
class Plan:
    id: str
    name: str
    document: str
    region: str
    year: int
    soft_deadline: dt.date
    deadline: dt.date
    least_public_cell: int
    indicators: dict[str, Indicator]

    @property
    def begins(self) -> dt.date:
        return dt.date(self.year, 1, 1)


def read(path: Path) -> Plan:
    """Raises PlanUnreadable naming the file and the place."""
    try:
        with path.open("rb") as file:
            said = tomllib.load(file)
        head = said["plan"]
        return Plan(
            id=head["id"],
            name=head["name"],
            document=head["document"],
            region=head["region"],
            year=head["year"],
            soft_deadline=head["soft_deadline"],
            deadline=head["deadline"],
            least_public_cell=head["least_public_cell"],
            indicators={one["id"]: _indicator(one, head["year"]) for one in said["indicators"]},
        )
    except FileNotFoundError:
        raise PlanUnreadable(f"there is no plan at {path}: set PLAN_FILE to one") from None
    except KeyError as error:
        raise PlanUnreadable(f"{path} lacks {error.args[0]!r}") from None
    except (tomllib.TOMLDecodeError, ValueError, TypeError, ArithmeticError) as error:
        raise PlanUnreadable(f"{path}: {error}") from None


def _indicator(one: dict[str, Any], year: int) -> Indicator:
    try:
        rule = _RULES[one["rule"]["fact"]](one["id"], year, dict(one["rule"]))
    except (KeyError, ValueError, TypeError) as error:
        raise ValueError(f"the rule of indicator {one['id']}: {error}") from None
    return Indicator(
        id=one["id"],
        name=one["name"],
        quote=one["quote"],
        comparator=one["comparator"],
        target=Decimal(one["target"]),
        unit=one["unit"],
        departments=tuple(one["departments"]),
        owner=one["owner"],
        rule=rule,
    )


def _certificates(
    indicator: str,
    year: int,
    said: dict[str, Any],
) -> Rule:
    options = _options(said, {"subject": "person", "fact": "certificate"})
    return Rule(
        indicator=indicator,
        year=year,
        fact="certificate",
        kind=options.pop("occupation"),
        grades=frozenset(options.pop("levels")),
        earlier_excludes=options.pop("earlier_certificate_excludes"),
        refused_verifications=frozenset(options.pop("refused_verifications")),
        **options,
    )


def _awards(indicator: str, year: int, said: dict[str, Any]) -> Rule:
    options = _options(said, {"subject": {"base": "organisation", "fusao": "person"}[said["kind"]], "fact": "award"})
    return Rule(
        indicator=indicator,
        year=year,
        fact="award",
        kind=options.pop("kind"),
        grades=frozenset(str(stars) for stars in range(options.pop("least_stars"), 6)),
        statuses=frozenset(options.pop("statuses")),
        earlier_excludes=False,
        **options,
    )


_RULES = {"certificate": _certificates, "award": _awards}


def _options(said: dict[str, Any], fixed: dict[str, str]) -> dict[str, Any]:
    """What may be chosen; raises ValueError when the rest is not what this kind of fact can be counted by."""
    for name, value in fixed.items():
        if said.pop(name) != value:
            raise ValueError(f"{name} must be {value}")
    said.pop("source")
    return said
