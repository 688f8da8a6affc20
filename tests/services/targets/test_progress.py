"""Progress beside what a region is to reach: the original, the adjusted target, and nothing where nothing was set."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

import plan
from runtime import config, mongo
from services.targets.counting import Counting
from services.targets.progress import Progress
from services.targets.store import Counts
from services.targets.tree.domain import Action, Goal, Step
from services.targets.tree.store import Tree
from tests.services.targets.builders import RULE, a_said

NOW = dt.datetime(2023, 11, 1, tzinfo=dt.UTC)
CITY, OTHER_CITY = "130100", "130200"


@pytest.fixture
def counts(space: dict[str, str]) -> Counts:
    return Counts(mongo.database(config.read(space), "targets"))


@pytest.fixture
def progress(space: dict[str, str], counts: Counts) -> Progress:
    counts.ensure_indexes()
    return Progress(plan.read(config.read(space).plan_file), counts, now=lambda: NOW)


def decide(progress: Progress, region: str, *, at: dt.datetime = NOW - dt.timedelta(days=1), **goal: Any) -> None:
    tree = Tree(progress.counts.store, progress.plan)
    step = Step(region, Action.ADJUSTED, Goal(**{"original": None, **goal}))
    mongo.transact(tree.store, lambda session: tree.put(session, "12.1", [step], at=at, by="dispatcher"))


def count(counts: Counts, people: int, region: str = "130102") -> None:
    said = [a_said(person=f"{region} {n}", certificate=f"{region} {n}", region=region) for n in range(people)]
    Counting(counts, [RULE], "targets.counting.0").handle(said)


def read(progress: Progress, region: str = "130000", **asked: Any) -> dict[str, Any]:
    return progress.target({"target_id": "12.1", "region": region, **asked})


def test_a_region_without_a_target_has_a_count_and_no_percentage(progress: Progress, counts: Counts) -> None:
    count(counts, 6)
    found = read(progress, CITY)
    assert (found["value"], found["target"], found["percent"], found["status"]) == ("6", None, None, None)
    assert "percent_of_original" not in found


def test_a_regions_own_target_is_what_it_is_measured_by(progress: Progress, counts: Counts) -> None:
    count(counts, 6)
    decide(progress, CITY, original=Decimal(8))
    found = read(progress, CITY)
    assert (found["target"], found["percent"]) == ("8", "75.00")
    assert found["status"] is not None
    assert read(progress)["percent"] == "0.20"


def test_an_adjusted_target_counts_and_the_original_stays_beside_it(progress: Progress, counts: Counts) -> None:
    count(counts, 6)
    decide(progress, CITY, original=Decimal(3), adjusted=Decimal(8))
    found = read(progress, CITY)
    assert (found["target"], found["adjusted_target"]) == ("3", "8")
    assert (found["percent"], found["percent_of_original"]) == ("75.00", "200.00")


def test_the_provinces_adjustment_leaves_the_plans_number(progress: Progress, counts: Counts) -> None:
    count(counts, 6)
    decide(progress, "130000", adjusted=Decimal(6))
    found = read(progress)
    assert (found["target"], found["adjusted_target"]) == ("3000", "6")
    assert (found["percent"], found["percent_of_original"], found["status"]) == ("100.00", "0.20", "已完成")
    listed = next(one for one in progress.all() if one["id"] == "12.1")
    assert (listed["adjusted_target"], listed["percent"]) == ("6", "100.00")


def test_the_children_are_shown_beside_their_own_targets(progress: Progress, counts: Counts) -> None:
    count(counts, 6)
    decide(progress, CITY, original=Decimal(12), adjusted=Decimal(8))
    decide(progress, OTHER_CITY, original=Decimal(0))
    first, second, third, *_ = read(progress, by="region")["children"]
    assert (first["target"], first["adjusted_target"], first["percent"]) == ("12", "8", "75.00")
    assert (second["target"], second["percent"]) == ("0", None), "a share of nothing cannot be told"
    assert (third["target"], third["percent"]) == (None, None)


def test_no_percentage_tells_the_public_a_count_that_it_may_not_see(progress: Progress, counts: Counts) -> None:
    count(counts, 2)
    decide(progress, CITY, original=Decimal(8))
    found = progress.target({"target_id": "12.1", "by": "region"}, to_the_public=True)
    city = found["children"][0]
    assert (city["value"], city["target"], city["percent"]) == (None, "8", None)
    alone = progress.target({"target_id": "12.1", "region": CITY}, to_the_public=True)
    assert (alone["value"], alone["percent"], alone["status"]) == (None, None, None)


def test_an_adjustment_is_not_known_before_it_was_decided(progress: Progress) -> None:
    decide(progress, CITY, original=Decimal(12), at=dt.datetime(2023, 9, 1, tzinfo=dt.UTC))
    assert read(progress, CITY, known_at="2023-08-31T00:00:00Z")["target"] is None
    assert read(progress, CITY, known_at="2023-09-01T00:00:00Z")["target"] == "12"


def test_everything_in_the_plan_is_listed_also_what_has_no_number_or_no_unit(progress: Progress) -> None:
    listed = {one["id"]: one for one in progress.all()}
    assert listed.keys() == progress.plan.indicators.keys()
    assert (listed["16"]["target"], listed["16"]["value"], listed["16"]["comparator"]) == (None, None, None)
    assert listed["20.4"]["unit"] == ""
