"""Progress beside what a region is to reach: the original, the adjusted target, and nothing where nothing was set."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

import plan
from contract.housekeeping import AwardGranted, AwardStatus, RecognisedBy
from contract.message import Event, Said
from runtime import config, mongo
from services.targets.counting import Counting
from services.targets.progress import Progress
from services.targets.rules import rules
from services.targets.samples.store import Samples
from services.targets.store import Counts
from services.targets.tree.domain import Action, Goal, Step, reporting_regions
from services.targets.tree.store import Tree
from tests.services.targets.builders import RULE, a_said, an_id
from tests.services.targets.reporting import a_report
from tests.services.targets.year import Year

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


def an_award_granted(kind: str, region: str) -> Said:
    envelope = AwardGranted.said(
        id=an_id(f"{kind} {region}"),
        subject=an_id(kind),
        about=kind,
        at=NOW,
        award_id=an_id(f"award {kind} {region}"),
        version=1,
        subject_kind=kind,
        subject_key=an_id(f"subject {kind} {region}"),
        region=region,
        stars=5,
        awarded_on=dt.date(2023, 3, 1),
        effective_on=dt.date(2023, 3, 1),
        valid_until=dt.date(2026, 3, 1),
        status=AwardStatus.VALID,
        recognised_by=RecognisedBy.PROVINCE,
    )
    return Event.heard(envelope | {"seq": 1})


def test_value_and_known_at_and_entries_and_frame_agree_for_every_indicator_in_every_region(
    space: dict[str, str], progress: Progress
) -> None:
    """Whoever files it: the province, the units or the counties."""
    year = Year(config.read(space))
    counting = Counting(year.counts, rules(year.plan), "targets.counting.0")
    places = ["130102", "130104", "130682", "130629"]
    counting.handle([a_said(person=place, certificate=place, region=place) for place in places])
    counting.handle([an_award_granted(kind, place) for kind in ("base", "fusao") for place in places])
    numbered = [one for one in year.plan.indicators.values() if one.target is not None]
    for indicator in numbered:
        if indicator.fact == "report":
            for amount, region in enumerate(reporting_regions(indicator, year.plan.region)[:20], 1):
                year.report(indicator.id, region, amount)
    samples = Samples(year.store)
    for indicator in numbered:
        if indicator.id == "19.3":
            continue
        for region in ("130000", "130100", "130102", "130682", "133100", "130629"):
            asked = {"target_id": indicator.id, "region": region}
            value = Decimal(progress.target(asked)["value"])
            known = Decimal(progress.target(asked | {"known_at": "2030-01-01T00:00:00Z"})["value"])
            entries = progress.entries(asked | {"limit": 1000, "as_of": "2023-11-01"})["items"]
            frame = mongo.transact(
                samples.store,
                lambda session, id=indicator.id, region=region: list(
                    samples.frame(indicator=id, region=region, as_of="2023-11-01", session=session)
                ),
            )
            found = [value, known, sum(Decimal(one["value"]) for one in entries), sum(one.amount for one in frame)]
            assert found == [value] * 4, (indicator.id, region, found)
            assert value or region != "130000", f"nothing was counted of {indicator.id}"
    assert len(numbered) == 37


def test_what_nothing_counts_has_no_value_anywhere_and_cannot_be_told(progress: Progress) -> None:
    """Nothing publishes activities: 0 of 3,000 would be a figure, and a wrong one."""
    for region, status in (("130000", "无法判断"), (CITY, None)):  # nothing was allocated to the city
        for asked in ({}, {"known_at": "2023-10-31T00:00:00Z"}, {"by": "region"}, {"by": "month"}):
            found = progress.target({"target_id": "19.3", "region": region, **asked})
            assert (found["value"], found["percent"], found["status"], found["colour"]) == (None, None, status, None)
            assert found["sources"] == []
            assert all(child["value"] is None for child in found.get("children", []))
            assert not found.get("series")


@pytest.mark.parametrize("region", ["130000", "130100"])
@pytest.mark.parametrize("by", [None, "region", "month"])
def test_an_answer_is_that_of_the_day_which_it_states(
    progress: Progress, counts: Counts, region: str, by: str | None
) -> None:
    days = [dt.date(2023, 3, 1), dt.date(2023, 10, 31), dt.date(2023, 11, 1), dt.date(2023, 11, 2), dt.date(2024, 1, 1)]
    said = [a_said(person=str(day), certificate=str(day), issued_on=day) for day in days]
    Counting(counts, [RULE], "targets.counting.0").handle(said)
    asked = {} if by is None else {"by": by}
    found = read(progress, region, **asked)
    assert (found["as_of"], found["value"]) == ("2023-11-01", "3")
    assert read(progress, region, **asked, as_of=found["as_of"]) == found
    assert read(progress, region, **asked, known_at=found["known_at"]) == found
    assert read(progress, region, **asked, as_of="2023-11-02")["value"] == "4"


def test_what_the_public_may_see_is_decided_by_the_day_that_is_shown(progress: Progress, counts: Counts) -> None:
    """A county of four today is no larger because a fifth takes effect tomorrow."""
    days = [dt.date(2023, 5, 1)] * 4 + [dt.date(2023, 11, 2)]
    said = [a_said(person=str(n), certificate=str(n), issued_on=day) for n, day in enumerate(days)]
    Counting(counts, [RULE], "targets.counting.0").handle(said)
    found = progress.target({"target_id": "12.1", "region": "130102"}, to_the_public=True)
    assert found["value"] is None


def test_the_proof_of_every_indicator_that_reports_count_can_be_read_and_adds_up(
    progress: Progress, counts: Counts
) -> None:
    reported = [one for one in progress.plan.indicators.values() if one.reporting is not None and one.target]
    assert len(reported) > 30
    counting = Counting(counts, rules(progress.plan), "targets.reports")
    for indicator in reported:
        figure = "12.5" if indicator.reporting and indicator.reporting.decimals else "12"
        counting.handle([a_report(target=indicator.id, figure=figure)])
        (entry,) = progress.entries({"target_id": indicator.id})["items"]
        assert entry["value"] == figure == read(progress, target_id=indicator.id)["value"], indicator.id
