import datetime as dt
import random
import threading
from decimal import Decimal
from pathlib import Path

import pytest

import plan
from contract import certification as certified
from contract.message import Event, Said, shard_of
from contract.subscriptions import SUBSCRIPTIONS
from contract.targets import DetailNotPublic
from runtime import config, mongo
from runtime.places import Mark
from services.targets.counting import Counting, Worker
from services.targets.progress import Progress
from services.targets.rules import rules as counting_rules
from services.targets.store import Counts
from tests.services.targets.builders import RULE, a_person, a_said, an_envelope

NOW = dt.datetime(2023, 11, 1, tzinfo=dt.UTC)


@pytest.fixture
def counts(space: dict[str, str]) -> Counts:
    found = Counts(mongo.database(config.read(space), "targets"))
    found.ensure_indexes()
    return found


@pytest.fixture
def counting(counts: Counts) -> Counting:
    return Counting(counts, [RULE], "targets.counting.0")


@pytest.fixture
def progress(space: dict[str, str], counts: Counts) -> Progress:
    return Progress(plan.read(config.read(space).plan_file), counts, now=lambda: NOW)


def value(progress: Progress, region: str = "130000", **clocks: str) -> int:
    return int(progress.target({"target_id": "12.1", "region": region, **clocks})["value"])


def test_one_certificate_moves_county_unit_and_province_by_one(counting, progress) -> None:
    counting.handle([a_said(region="130102")])
    assert [value(progress, region) for region in ("130102", "130100", "130000")] == [1, 1, 1]
    assert [value(progress, region) for region in ("130104", "130200")] == [0, 0]


def test_xiongan_counts_under_xiongan_and_not_where_its_digits_point(counting, progress) -> None:
    counting.handle([a_said(region="130629")])
    assert value(progress, "133100") == 1
    assert value(progress, "130600") == 0


def test_a_unit_that_is_its_own_county_is_counted_once(counting, progress) -> None:
    counting.handle([a_said(region="130682")])
    assert value(progress, "130682") == 1
    assert value(progress) == 1


def test_a_batch_told_again_changes_nothing(counting, progress, counts) -> None:
    batch = [a_said(person=name, certificate=name) for name in "甲乙丙"]
    for _ in range(3):
        counting.handle(batch)
    assert value(progress) == 3
    assert counts.entries.count_documents({}) == 3


def test_a_batch_is_written_whole_or_not_at_all(counting, progress, counts) -> None:
    unknown = a_said(person="乙", certificate="two", region="999999")
    with pytest.raises(Exception, match="region_unknown"):
        counting.handle([a_said(), unknown])
    assert value(progress) == 0
    assert counts.standings.count_documents({}) == 0


def test_a_certificate_that_was_another_persons_moves_the_count_to_them(counting, progress, counts) -> None:
    counting.handle([a_said()])
    moved = a_said(certified.CertificateCorrected, person="乙", version=2, previous_person_key=a_person("甲"))
    counting.handle([moved])
    assert value(progress) == 1
    assert counts.standings.find_one({"_id": f"12.1:{a_person('甲')}"})["counted"] == []
    counting.handle([a_said()])  # the first event comes again, late
    assert value(progress) == 1


def test_a_revocation_in_november_lowers_october_as_now_known_but_not_as_reported(counting, progress) -> None:
    counting.handle([a_said(at=dt.datetime(2023, 10, 2, tzinfo=dt.UTC), issued_on=dt.date(2023, 10, 1))])
    november = dt.datetime(2023, 11, 20, tzinfo=dt.UTC)
    counting.handle([a_said(certified.CertificateRevoked, version=2, status="revoked", at=november,
                            issued_on=dt.date(2023, 10, 1))])  # fmt: skip
    assert value(progress, as_of="2023-10-31") == 0
    assert value(progress, as_of="2023-10-31", known_at="2023-10-31T15:59:59Z") == 1
    for region in ("130102", "130100", "130000"):
        assert value(progress, region, known_at="2023-10-31T15:59:59Z") == 1
        assert value(progress, region, known_at="2023-12-01T00:00:00Z") == 0


def test_as_of_counts_up_to_that_day_and_months_add_up_to_the_whole(counting, progress) -> None:
    days = [dt.date(2023, 1, 31), dt.date(2023, 2, 1), dt.date(2023, 2, 28), dt.date(2023, 12, 31)]
    counting.handle([a_said(person=str(day), certificate=str(day), issued_on=day) for day in days])
    assert [value(progress, as_of=day.isoformat()) for day in days] == [1, 2, 3, 4]
    answer = progress.target({"target_id": "12.1", "by": "month", "as_of": "2023-12-31"})
    assert [int(month["value"]) for month in answer["series"]] == [1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert answer["series"][-1]["cumulative"] == answer["value"] == "4"


def test_the_children_of_a_region_add_up_to_it(counting, progress) -> None:
    places = ["130102", "130202", "130302", "130181", "130629"]
    counting.handle([a_said(person=place, certificate=place, region=place) for place in places])
    answer = progress.target({"target_id": "12.1", "by": "region"})
    assert len(answer["children"]) == 14
    assert sum(int(child["value"]) for child in answer["children"]) == int(answer["value"]) == 5


def test_every_unit_of_the_count_can_be_paged_through_as_proof(counting, progress) -> None:
    counting.handle([a_said(person=str(n), certificate=str(n), seq=n) for n in range(1, 26)])
    found, after = [], None
    while True:
        page = progress.entries({"target_id": "12.1", "limit": 10, **({"after": after} if after else {})})
        found += page["items"]
        after = page["next"]
        if after is None:
            break
    assert [entry["seq"] for entry in found] == list(range(1, 26))
    assert sum(Decimal(entry["value"]) for entry in found) == value(progress)
    assert len(progress.entries({"target_id": "12.1", "region": "130200"})["items"]) == 0


def test_sources_say_how_far_every_queue_has_been_told(counts, progress) -> None:
    for number, seq in enumerate((7, 5, 6, 9)):
        answer = progress.target({"target_id": "12.1"})
        assert (answer["sources"], answer["lag_seconds"]) == ([{"service": "certification", "seq": 0}], None)
        at = NOW - dt.timedelta(seconds=12 - seq)
        queue = Counting(counts, [RULE], f"targets.counting.{number}")
        queue.handle([Mark(service="certification", seq=seq, at=at)])
    answer = progress.target({"target_id": "12.1"})
    assert answer["sources"] == [{"service": "certification", "seq": 5}]
    assert answer["lag_seconds"] == "7.000"


def test_a_watermark_that_is_brought_again_late_moves_nothing_back(counts) -> None:
    queue = Counting(counts, [RULE], "targets.counting.0")
    for seq in (5, 9, 7, 5):
        queue.handle([Mark(service="certification", seq=seq, at=NOW + dt.timedelta(seconds=seq))])
    (row,) = counts.sources.find()
    assert (row["seq"], row["at"]) == (9, NOW + dt.timedelta(seconds=9))


def shuffled_life(seed: int) -> list[dict]:
    """Events of forty people: second certificates, revocations, reinstatements, and moves between persons."""
    pick = random.Random(seed)
    said = []
    for n in range(40):
        owner = person = str(n % 30)
        for version in range(1, pick.randint(1, 4) + 1):
            extra: dict = {}
            if version > 1 and pick.random() < 0.3:
                person = str(pick.randrange(30))
                extra["previous_person_key"] = a_person(owner)
            said.append(
                an_envelope(
                    certified.CertificateCorrected if version > 1 else certified.CertificateIssued,
                    person=person,
                    certificate=str(n),
                    version=version,
                    seq=len(said) + 1,
                    issued_on=dt.date(pick.choice([2022, 2023, 2023, 2023]), pick.randint(1, 12), 1),
                    region=pick.choice(["130102", "130202", "130629", "130682"]),
                    status=pick.choice(["valid", "valid", "revoked"]),
                    **extra,
                )
            )
            owner = person
    return said


def by_queue(events: list[Said], envelopes: dict[str, dict]) -> dict[str, list[Said]]:
    found: dict[str, list[Said]] = {}
    for said in events:
        shard = shard_of(envelopes[said.id]["partitionkey"])
        queue = next(s.queue for s in SUBSCRIPTIONS if shard in s.shards)
        found.setdefault(queue, []).append(said)
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_shuffled_doubled_and_split_between_queues_the_count_is_the_same(counts, seed: int) -> None:
    envelopes = shuffled_life(seed)
    in_order = Counts(counts.store, "_plain")
    one_queue = Counting(in_order, [RULE], "plain")
    one_queue.handle([Event.heard(envelope) for envelope in envelopes])

    delivered = [Event.heard(envelope) for envelope in envelopes + envelopes[::3]]
    random.Random(seed).shuffle(delivered)
    queues = by_queue(delivered, {envelope["id"]: envelope for envelope in envelopes})

    def consume(queue: str, events: list[Said]) -> None:
        counting = Counting(counts, [RULE], queue)
        for start in range(0, len(events), 7):
            counting.handle(events[start : start + 7])

    threads = [threading.Thread(target=consume, args=item) for item in queues.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    def state(of: Counts) -> dict:
        return {row["_id"]: row["counted"] for row in of.standings.find()}

    def sums(of: Counts) -> dict:
        found: dict = {}
        for row in of.rollups.find():
            for day, value in {**row["days"], "total": row["total"]}.items():
                found[row["region"], day] = found.get((row["region"], day), 0) + value
        return {key: value for key, value in found.items() if value}

    assert state(counts) == state(in_order)
    assert sums(counts) == sums(in_order)


def test_the_public_sees_no_county_so_small_that_it_points_at_somebody(counting, progress) -> None:
    counties = {"130102": 9, "130104": 2, "130105": 7, "130202": 40}
    counting.handle(
        [
            a_said(person=f"{county} {n}", certificate=f"{county} {n}", region=county)
            for county, persons in counties.items()
            for n in range(persons)
        ]
    )
    unit = progress.target({"target_id": "12.1", "region": "130100", "by": "region"}, to_the_public=True)
    shown = {child["region"]: child["value"] for child in unit["children"]}
    assert (shown["130102"], shown["130104"], shown["130105"]) == ("9", None, None)
    for county, persons in counties.items():
        answer = progress.target({"target_id": "12.1", "region": county}, to_the_public=True)
        assert answer["value"] == (None if county in ("130104", "130105") else str(persons))
    inside = progress.target({"target_id": "12.1", "region": "130104"})
    assert inside["value"] == "2"


@pytest.mark.parametrize(
    "asked",
    [
        {"region": "130102", "as_of": "2023-10-31"},
        {"region": "130102", "by": "month"},
        {"by": "region", "as_of": "2023-10-31"},
        {"region": "130100", "known_at": "2023-10-31T00:00:00Z"},
    ],
)
def test_days_and_months_below_the_province_are_not_for_the_public(progress, asked: dict[str, str]) -> None:
    with pytest.raises(DetailNotPublic):
        progress.target({"target_id": "12.1", **asked}, to_the_public=True)
    progress.target({"target_id": "12.1", **asked})
    progress.target({"target_id": "12.1", "by": "month"}, to_the_public=True)
    progress.target({"target_id": "12.1", "as_of": "2023-10-31"}, to_the_public=True)


def test_a_certificate_leaves_no_trace_under_indicators_of_other_facts(counts) -> None:
    rules = counting_rules(plan.read(Path("plan/hebei-2023.toml")))
    Counting(counts, rules, "targets.counting.0").handle([a_said()])
    assert [row["_id"].partition(":")[0] for row in counts.standings.find()] == ["12.1"]


def test_a_worker_that_starts_makes_the_indexes_that_answers_are_read_by(space: dict[str, str]) -> None:
    settings, stop = config.read(space), threading.Event()
    stop.set()
    Worker(settings).run(stop)
    store = mongo.database(settings, "targets")
    for collection, index in (("entries", "known_at"), ("rollups", "read"), ("remarks", "read")):
        assert index in store[collection].index_information()
