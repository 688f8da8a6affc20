"""How each indicator of the plan is counted: the options that its file gives, as rules of the domain."""

from collections.abc import Callable, Sequence
from typing import Any

from plan import Indicator, Plan, PlanUnreadable
from services.targets.domain import Rule

# The service whose events bring each kind of fact. A kind that is not here has no source yet: what is counted by it has
# no value, which is something else than none.
SOURCES = {"certificate": "certification", "award": "housekeeping", "report": "reports", "sum": "reports"}


def is_counted(indicator: Indicator) -> bool:
    return indicator.target is not None and indicator.fact in SOURCES


def rules(plan: Plan) -> list[Rule]:
    """One for each indicator that is counted from what services say: all but those told by state. Raises
    PlanUnreadable."""
    return [rule(plan, indicator) for indicator in plan.indicators.values() if indicator.target is not None]


def rule(plan: Plan, indicator: Indicator) -> Rule:
    """Raises PlanUnreadable when the plan asks for a count that this code does not know."""
    try:
        return _RULES[indicator.fact](indicator, plan.year, dict(indicator.rule))
    except (KeyError, ValueError, TypeError) as error:
        raise PlanUnreadable(f"the rule of indicator {indicator.id}: {error}") from None


def _certificates(indicator: Indicator, year: int, said: dict[str, Any]) -> Rule:
    options = _options(said, subject="person")
    return Rule(
        indicator=indicator.id,
        year=year,
        fact="certificate",
        kinds=frozenset({options.pop("occupation")}),
        grades=frozenset(options.pop("levels")),
        earlier_excludes=options.pop("earlier_certificate_excludes"),
        refused_verifications=frozenset(options.pop("refused_verifications")),
        **options,
    )


def _awards(indicator: Indicator, year: int, said: dict[str, Any]) -> Rule:
    options = _options(said, subject={"base": "organisation", "fusao": "person"}[said["kind"]])
    return Rule(
        indicator=indicator.id,
        year=year,
        fact="award",
        kinds=frozenset({options.pop("kind")}),
        grades=frozenset(str(stars) for stars in range(options.pop("least_stars"), 6)),
        statuses=frozenset(options.pop("statuses")),
        earlier_excludes=False,
        **options,
    )


def _activities(indicator: Indicator, year: int, said: dict[str, Any]) -> Rule:
    return Rule(
        indicator=indicator.id, year=year, fact="activity", kinds=frozenset(), **_options(said, subject="occurrence")
    )


def _reports(indicator: Indicator, year: int, said: dict[str, Any]) -> Rule:
    """A sum is counted from the reports of its parts: it cannot come to anything else."""
    kinds: Sequence[str] = indicator.sum_of or (indicator.id,)
    return Rule(indicator=indicator.id, year=year, fact="report", kinds=frozenset(kinds), **said)


_RULES: dict[str, Callable[[Indicator, int, dict[str, Any]], Rule]] = {
    "certificate": _certificates,
    "award": _awards,
    "activity": _activities,
    "report": _reports,
    "sum": _reports,
}


def _options(said: dict[str, Any], *, subject: str) -> dict[str, Any]:
    """What may be chosen; raises ValueError when the rest is not what this kind of fact can be counted by."""
    if said.pop("subject") != subject:
        raise ValueError(f"subject must be {subject}")
    return said
