"""What the store answers about entries, beside the same entries added up one by one in plain Python."""

import datetime as dt
from decimal import Decimal
from itertools import product

import pytest

from runtime import config, mongo
from services.targets import proof
from services.targets.domain import Counted, Entry, Standing
from services.targets.store import LISTENED_TO, Changes, Counts
from tests.services.targets.builders import a_cause, a_fact

# Where each place lies, written down by hand: county, unit, province.
PATHS = {
    "130102": ("130102", "130100", "130000"),
    "130104": ("130104", "130100", "130000"),
    "130629": ("130629", "133100", "130000"),
    "130682": ("130682", "130000"),
    "130100": ("130100", "130000"),
}
REGIONS = ("130000", "130100", "133100", "130102", "130104", "130629", "130682", "130200")
FIRST = dt.datetime(2023, 6, 1, tzinfo=dt.UTC)


def day(number: int) -> dt.date:
    return dt.date(2023, 5, number)


def known(seq: int) -> dt.datetime:
    """The instant at which the entry of that place in the log is recorded."""
    return FIRST + dt.timedelta(minutes=seq)


def an_entry(seq: int, region: str, on: dt.date, value: int | Decimal, subject: str = "甲") -> Entry:
    return Entry(subject, value, f"fact {seq}", region, on, a_cause(seq))


OURS = [
    an_entry(1, "130102", day(1), 1),
    an_entry(2, "130104", day(2), 1, "乙"),
    an_entry(3, "130102", day(3), -1),
    an_entry(4, "130682", day(3), 4, "丙"),
    an_entry(5, "130629", day(4), Decimal("2.5"), "丁"),
    an_entry(6, "130100", day(5), 16, "戊"),
    an_entry(7, "130102", day(2), 1),
]
ANOTHERS = an_entry(8, "130102", day(1), 1000)
CLOCKS = list(product([day(n) for n in range(1, 6)], [None, *(known(n) for n in range(8))]))


@pytest.fixture
def counts(space: dict[str, str]) -> Counts:
    """Written as several queues would, one entry after the other."""
    found = Counts(mongo.database(config.read(space), "targets"))
    found.ensure_indexes()
    for entry in (*OURS, ANOTHERS):
        changes = Changes(f"queue {entry.cause.seq % 3}")
        changes.entries = [("12.1" if entry in OURS else "12.2", entry)]
        mongo.transact(found.store, lambda session, changes=changes: found.write(changes, session))
    return found


def matching(region: str, as_of: dt.date, known_at: dt.datetime | None) -> list[Entry]:
    return [
        one
        for one in OURS
        if region in PATHS[one.region]
        and one.effective_on <= as_of
        and (known_at is None or one.cause.recorded_at <= known_at)
    ]


def test_value_days_and_proof_are_the_entries_of_the_region_up_to_both_clocks(counts: Counts) -> None:
    for as_of, known_at in CLOCKS:
        clocks = {"indicator": "12.1", "as_of": as_of, "known_at": known_at}
        values, days = counts.values(REGIONS, **clocks), counts.days(REGIONS, **clocks)
        for region in REGIONS:
            told = matching(region, as_of, known_at)
            assert values[region] == sum(one.value for one in told), (region, clocks)
            by_day = {on: sum(one.value for one in told if one.effective_on == on) for on in map(day, range(1, 6))}
            assert {on: value for on, value in days[region].items() if value} == {
                on: value for on, value in by_day.items() if value
            }
            rows, _, more = proof.page(counts, region=region, after=None, limit=100, **clocks)
            assert not more
            assert [row["seq"] for row in rows] == [one.cause.seq for one in told], (region, clocks)


def test_the_proof_of_everywhere_is_every_entry_of_its_indicator(counts: Counts) -> None:
    asked = {"indicator": "12.1", "region": None, "as_of": day(31), "known_at": None}
    rows, _, more = proof.page(counts, **asked, after=None, limit=7)
    assert ([row["seq"] for row in rows], more) == ([1, 2, 3, 4, 5, 6, 7], False)
    found, after = [], None
    for expected in ([1, 2, 3], [4, 5, 6], [7], []):
        rows, after, more = proof.page(counts, **asked, after=after, limit=3)
        assert [row["seq"] for row in rows] == expected
        assert more is (len(found) + 3 < 7 and bool(rows))
        found += rows


def test_an_entry_is_stored_with_all_by_which_it_can_be_traced(counts: Counts) -> None:
    asked = {"indicator": "12.1", "region": "130629", "as_of": day(31), "known_at": None}
    (row,), _, _ = proof.page(counts, **asked, after=None, limit=1)
    row.pop("_id")
    assert row.pop("value").to_decimal() == Decimal("2.5")
    assert row == {
        "indicator": "12.1",
        "subject": "丁",
        "fact_id": "fact 5",
        "region": "130629",
        "effective_on": "2023-05-04",
        "recorded_at": known(5),
        "cause": "certification.certificate_issued",
        "event_id": a_cause(5).event_id,
        "service": "certification",
        "seq": 5,
        "queue": "queue 2",
        "n": 2,
    }


def test_what_entries_come_to_leaves_out_what_was_taken_back(counts: Counts) -> None:
    back = Entry("乙", -1, "fact 2", "130104", day(2), a_cause(9))
    changes = Changes("queue 0", entries=[("12.1", back)])
    mongo.transact(counts.store, lambda session: counts.write(changes, session))
    nets = dict(counts.nets())
    assert "12.1:乙" not in nets
    assert list(nets) == sorted(nets)
    assert nets["12.1:丙"] == {("fact 4", "130682", "2023-05-03"): 4}
    assert nets["12.2:甲"] == {("fact 8", "130102", "2023-05-01"): 1000}


def test_a_standing_comes_back_as_it_was_written(counts: Counts) -> None:
    award = a_fact("award", 2, fact="award", grade="4", since=dt.date(2023, 6, 1))
    report = a_fact(
        "report", 3, fact="report", grade="figure", amount=Decimal("3.5"), held=False, verification="已核验"
    )
    written = Standing(
        subject="甲:乙",
        facts={fact.key: fact for fact in (a_fact(), award, report)},
        counted=(
            Counted("one", "130102", day(1), day(9)),
            Counted("two", "130104", day(10), None, Decimal("3.5")),
            Counted("three", "130104", day(11), None, 7),
        ),
        rev=1,
    )
    key = ("12.1", "甲:乙")

    def write(before: int) -> None:
        changes = Changes("queue 0", standings={key: written}, revs={key: before})
        mongo.transact(counts.store, lambda session: counts.write(changes, session))

    write(0)
    with counts.store.client.start_session() as session:
        assert counts.read([key, ("12.1", "nobody")], session) == {key: written}


def test_a_service_is_known_up_to_where_its_slowest_queue_is(counts: Counts) -> None:
    queues = LISTENED_TO["certification"]
    for number, queue in enumerate(queues):
        assert {"service": "certification", "seq": 0, "at": None} in counts.heard_up_to()
        mongo.transact(
            counts.store,
            lambda session, queue=queue, number=number: counts.mark(
                queue, "certification", 10 - number, known(20 + number), session
            ),
        )
    slowest = {"service": "certification", "seq": 10 - (len(queues) - 1), "at": known(20)}
    assert slowest in counts.heard_up_to()
