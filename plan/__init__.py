"""The plan as data: what is promised in the plan's own words, who owns it, and how it is counted or reported.

A plan is one reviewed TOML file; another year or another province is another file. What is read here is told to every
service that needs it by ``PLAN_FILE``.
"""

import datetime as dt
import tomllib
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from contract.words import Comparator, Measure, Role
from plan import organisations
from plan.organisations import Organisations


class PlanUnreadable(Exception):
    """The plan file says something that this code cannot work by; the process does not start."""


@dataclass(frozen=True)
class Reporting:
    """How figures of an indicator are filed. ``level``: which regions file them (province, unit or county), so that no
    figure is told twice. ``at_most_one``: a region of that level can have one at the most."""

    level: str
    decimals: int = 0
    at_most_one: bool = False


@dataclass(frozen=True)
class Indicator:
    """``target`` and ``comparator`` are None where the plan gives no number (``measure`` is STATE). ``part_of``: the
    indicator whose part it is (其中). ``sum_of``: the indicators that it is the sum of, and nothing else. ``fact`` is
    what counts: certificate, award, activity, report, or sum. ``rule``: the options of its counting."""

    id: str
    item: int
    item_name: str
    name: str
    quote: str
    measure: Measure
    comparator: Comparator | None
    target: Decimal | None
    unit: str
    departments: tuple[str, ...]
    owner: str
    fact: str
    rule: dict[str, Any] = field(hash=False)
    part_of: str | None = None
    sum_of: tuple[str, ...] = ()
    reporting: Reporting | None = None  # None: counted from facts, or summed, and never reported
    curve: tuple[Decimal, ...] = ()  # planned at each month's end, cumulative percents; empty: the calendar's days
    small_cells: bool = False  # counts somebody: what is small is not shown to the public


@dataclass(frozen=True)
class Outlook:
    """How progress is judged. ``tolerance``: by how many percent a target of about (左右) may be missed.
    ``least_months``: with facts in fewer months than that there is no forecast (无法判断). ``confidence``: of a
    forecast's interval, in percent."""

    tolerance: Decimal
    least_months: int
    confidence: Decimal


@dataclass(frozen=True)
class Notices:
    """How bulletins (通报) are headed: who issues them, the word before 〔year〕 in the number, whom they address."""

    issuer: str
    series: str
    addressees: str


@dataclass(frozen=True)
class Plan:
    """``indicators`` in the plan's order. ``soft_deadline`` 力争基本完成, ``deadline`` 完成."""

    id: str
    name: str
    document: str
    region: str
    year: int
    soft_deadline: dt.date
    deadline: dt.date
    least_public_cell: int
    outlook: Outlook
    notices: Notices
    organisations: Organisations
    indicators: dict[str, Indicator] = field(hash=False)

    @property
    def begins(self) -> dt.date:
        return dt.date(self.year, 1, 1)

    def concerning(self, *, role: str | None, organisation: str, region: str) -> frozenset[str]:
        """The ids of the indicators that somebody has to do with, within their region: dispatchers and inspectors all;
        who reports for a department its own, and for a city or county all; civil affairs and the federation, at every
        level, those of the province's. An organisation that does not act in this role and region has none."""
        if not self.organisations.acts(role=role, organisation=organisation, region=region):
            return frozenset()
        if role in (Role.DISPATCHER, Role.INSPECTOR):
            return frozenset(self.indicators)
        if role in (Role.REPORTER, Role.REPORT_REVIEWER):
            if organisation not in self.organisations.of_province:
                return frozenset(self.indicators)
            owners = frozenset({organisation})
        else:
            owners = frozenset(self.organisations.province.get(role or "", ()))
        return frozenset(one.id for one in self.indicators.values() if not owners.isdisjoint(one.departments))

    def parts(self, id: str) -> tuple[Indicator, ...]:
        """What the plan names as a part of the indicator (其中)."""
        return tuple(one for one in self.indicators.values() if one.part_of == id)


@lru_cache(maxsize=8)
def read(path: Path) -> Plan:
    """Raises PlanUnreadable naming the file and the place."""
    try:
        with path.open("rb") as file:
            said = tomllib.load(file)
        head = said["plan"]
        indicators = {one["id"]: _indicator(one, head["small_cell_units"]) for one in said["indicators"]}
        departments = dict.fromkeys(name for one in indicators.values() for name in one.departments)
        plan = Plan(
            id=head["id"],
            name=head["name"],
            document=head["document"],
            region=head["region"],
            year=head["year"],
            soft_deadline=head["soft_deadline"],
            deadline=head["deadline"],
            least_public_cell=head["least_public_cell"],
            outlook=_outlook(head["outlook"]),
            notices=Notices(**head["notices"]),
            organisations=organisations.read(
                head["organisations"], region=head["region"], departments=tuple(departments)
            ),
            indicators=indicators,
        )
        if len(plan.indicators) != len(said["indicators"]):
            raise ValueError("two indicators have the same id")
        for indicator in plan.indicators.values():
            _related(plan, indicator)
        return plan
    except FileNotFoundError:
        raise PlanUnreadable(f"there is no plan at {path}: set PLAN_FILE to one") from None
    except KeyError as error:
        raise PlanUnreadable(f"{path} lacks {error.args[0]!r}") from None
    except (tomllib.TOMLDecodeError, ValueError, TypeError, ArithmeticError) as error:
        raise PlanUnreadable(f"{path}: {error}") from None


_LEVELS = ("province", "unit", "county")
_FACTS = ("certificate", "award", "activity", "report", "sum")


def _outlook(said: dict[str, Any]) -> Outlook:
    outlook = Outlook(Decimal(said["tolerance"]), int(said["least_months"]), Decimal(said["confidence"]))
    if not (0 <= outlook.tolerance < 100 and outlook.least_months >= 2 and 0 < outlook.confidence < 100):
        raise ValueError("outlook: tolerance from 0 and confidence above 0, both below 100; least_months at least 2")
    return outlook


def _curve(id: str, said: list[Any]) -> tuple[Decimal, ...]:
    curve = tuple(Decimal(str(percent)) for percent in said)
    if curve and (len(curve) != 12 or list(curve) != sorted(curve) or curve[0] < 0 or curve[-1] != 100):
        raise ValueError(f"the curve of indicator {id}: twelve cumulative percents, none below the last, up to 100")
    return curve


def _indicator(one: dict[str, Any], small_cell_units: list[str]) -> Indicator:
    id = one["id"]
    measure = Measure(one["measure"])
    rule = dict(one["rule"])
    fact = rule.pop("fact", None)
    rule.pop("source", None)
    if fact not in _FACTS:
        raise ValueError(f"the rule of indicator {id}: fact must be one of {', '.join(_FACTS)}, not {fact!r}")
    if (measure is Measure.STATE) == ("target" in one):
        raise ValueError(f"indicator {id}: what is measured by state has no target, and everything else has one")
    if (fact == "sum") != ("sum_of" in one):
        raise ValueError(f"the rule of indicator {id}: a sum names what it is the sum of (sum_of)")
    reporting = None
    if fact == "report":
        level = rule.pop("reported_at", None)
        if level not in _LEVELS:
            raise ValueError(f"the rule of indicator {id}: reported_at must be one of {', '.join(_LEVELS)}")
        reporting = Reporting(level, rule.pop("decimals", 0), rule.pop("at_most_one", False))
        if rule:
            raise ValueError(f"the rule of indicator {id}: {', '.join(sorted(rule))} is not known for reports")
    return Indicator(
        id=id,
        item=one["item"],
        item_name=one["item_name"],
        name=one["name"],
        quote=one["quote"],
        measure=measure,
        comparator=Comparator(one["comparator"]) if "target" in one else None,
        target=Decimal(one["target"]) if "target" in one else None,
        unit=one.get("unit", ""),
        departments=tuple(one["departments"]),
        owner=one["owner"],
        fact=fact,
        rule=rule,
        part_of=one.get("part_of"),
        sum_of=tuple(one.get("sum_of", ())),
        reporting=reporting,
        curve=_curve(id, one.get("curve", [])),
        small_cells=one.get("small_cells", one.get("unit", "") in small_cell_units),
    )


def _related(plan: Plan, indicator: Indicator) -> None:
    for other in (*indicator.sum_of, *filter(None, [indicator.part_of])):
        if other not in plan.indicators:
            raise ValueError(f"indicator {indicator.id} refers to {other}, which the plan does not have")
    if indicator.sum_of:
        parts = [plan.indicators[id] for id in indicator.sum_of]
        if any(part.fact != "report" or part.target is None for part in parts):
            raise ValueError(f"indicator {indicator.id} can only be the sum of indicators that are reported")
        if sum((part.target or Decimal(0) for part in parts), Decimal(0)) != indicator.target:
            raise ValueError(f"the targets of {', '.join(indicator.sum_of)} do not add up to that of {indicator.id}")
    if indicator.owner not in indicator.departments:
        raise ValueError(f"the owner of indicator {indicator.id} is none of its departments")
