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
            indicators={one["id"]: _indicator(one, head["year"]) for one in said["indicators"]},
        )
    except FileNotFoundError:
        raise PlanUnreadable(f"there is no plan at {path}: set PLAN_FILE to one") from None
    except KeyError as error:
        raise PlanUnreadable(f"{path} lacks {error.args[0]!r}") from None
    except (tomllib.TOMLDecodeError, ValueError, TypeError) as error:
        raise PlanUnreadable(f"{path}: {error}") from None


def _indicator(one: dict[str, Any], year: int) -> Indicator:
    rule = dict(one["rule"])
    known = {
        "source", "subject", "fact", "occupation", "levels", "earlier_certificate_excludes",
        "refused_verifications",
    }  # fmt: skip
    if unknown := rule.keys() - known:
        raise ValueError(f"indicator {one['id']}: the rule has no option {sorted(unknown)}")
    if (rule["subject"], rule["fact"]) != ("person", "certificate"):
        raise ValueError(f"indicator {one['id']}: only persons by their certificates can be counted")
    return Indicator(
        id=one["id"],
        name=one["name"],
        quote=one["quote"],
        comparator=one["comparator"],
        target=Decimal(one["target"]),
        unit=one["unit"],
        departments=tuple(one["departments"]),
        owner=one["owner"],
        rule=Rule(
            indicator=one["id"],
            year=year,
            fact="certificate",
            kind=rule["occupation"],
            grades=frozenset(rule["levels"]),
            earlier_excludes=rule["earlier_certificate_excludes"],
            refused_verifications=frozenset(rule["refused_verifications"]),
        ),
    )
