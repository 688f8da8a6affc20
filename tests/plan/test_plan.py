"""How a plan file is read: its rules become those of the domain, and what cannot be worked by stops the start."""

from pathlib import Path

import pytest

import plan
from services.targets.domain import Rule
from services.targets.rules import rules

PLAN = Path("plan/hebei-2023.toml")


def test_the_rules_of_the_plan_file_are_those_of_the_domain() -> None:
    counted_by = {rule.indicator: rule for rule in rules(plan.read(PLAN))}
    assert counted_by["12.1"] == Rule(indicator="12.1", year=2023, fact="certificate", kinds=frozenset({"养老护理员"}))
    assert counted_by["19.1"] == Rule(
        indicator="19.1",
        year=2023,
        fact="award",
        kinds=frozenset({"base"}),
        grades=frozenset("345"),
        statuses=frozenset({"valid", "suspended", "lapsed"}),
        earlier_excludes=False,
    )


@pytest.mark.parametrize(
    ("found", "instead", "reason"),
    [
        ('fact = "certificate"', 'fact = "rumour"', "rule of indicator 12.1"),
        ('subject = "person"', 'subject = "household"', "subject must be person"),
        ("levels = []", "levels = []\nquotas = 3", "quotas"),
        ("year = 2023", "", "year"),
        ('target = "3000"', 'target = "many"', "hebei.toml"),
        ("[plan]", "[plan", "hebei.toml"),
    ],
)
def test_a_plan_that_cannot_be_counted_by_stops_the_start_and_says_where(
    tmp_path: Path, found: str, instead: str, reason: str
) -> None:
    said = PLAN.read_text(encoding="utf-8")
    assert found in said
    broken = tmp_path / "hebei.toml"
    broken.write_text(said.replace(found, instead, 1), encoding="utf-8")
    with pytest.raises(plan.PlanUnreadable, match=reason):
        rules(plan.read(broken))


def test_a_plan_that_is_not_there_names_the_variable_to_set(tmp_path: Path) -> None:
    with pytest.raises(plan.PlanUnreadable, match="PLAN_FILE"):
        plan.read(tmp_path / "none.toml")
