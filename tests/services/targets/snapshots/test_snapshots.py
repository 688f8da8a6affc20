"""A snapshot holds what was known when its round was closed, by a logical clock, and stays."""

import datetime as dt
import hashlib
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from contract.message import Event
from contract.targets import SnapshotLocked
from contract.words import Measure, WorkState
from runtime import config, mongo
from services.targets.snapshots import domain as snapshots
from services.targets.snapshots.domain import Snapshot
from tests.services.targets.year import Year


@pytest.fixture
def year(space: dict[str, str]) -> Year:
    return Year(config.read(space))


def locked(year: Year, round_id: str) -> Snapshot:
    year.caught_up()
    year.locking.work()
    found = year.snapshots.of_round(round_id)
    assert found is not None
    return found


def value(year: Year, snapshot: Snapshot, target_id: str, region: str = "130000") -> Decimal | None:
    figures = year.snapshots.figures(snapshot.snapshot_id)[target_id]
    return next(figure.value for figure in figures if figure.region == region)


def test_it_holds_every_indicator_in_every_region(year: Year) -> None:
    year.report("2.1", "130102", 7)
    year.report("2.1", "130682", 2)  # 定州: a unit and a county at once
    snapshot = locked(year, year.close())
    figures = year.snapshots.figures(snapshot.snapshot_id)
    assert (len(figures), {len(told) for told in figures.values()}) == (42, {180})
    assert snapshot.rows == 42 * 180
    codes = ("130000", "130100", "130102", "130682")
    assert [value(year, snapshot, "2.1", code) for code in codes] == [9, 7, 7, 2]


def test_a_sum_has_what_its_parts_have(year: Year) -> None:
    year.report("14.3", "130102", 2)
    year.report("14.4", "130102", 3)
    assert value(year, locked(year, year.close()), "14.2") == 5


def test_what_is_told_after_the_closing_does_not_change_it(year: Year) -> None:
    year.report("2.1", "130102", 7)
    round_id = year.close()
    year.report("2.1", "130102", 4)  # known before the snapshot is made, and said after the round was closed
    before = locked(year, round_id)
    year.report("2.1", "130104", 5)
    year.caught_up()
    assert year.locking.work() == 0
    after = year.snapshots.get(before.snapshot_id)
    assert after == before
    assert value(year, before, "2.1") == 7
    assert year.snapshots.verified(before)


def test_what_takes_effect_after_the_rounds_last_day_is_not_in_it(year: Year) -> None:
    year.report("2.1", "130102", 7)
    year.report("2.1", "130102", 11, period="2023-11")
    assert value(year, locked(year, year.close()), "2.1") == 7


def test_what_came_after_it_is_told_up_to_the_last_event_that_was_heard_and_the_last_day_of_the_round(
    year: Year,
) -> None:
    year.report("2.1", "130102", 7)
    snapshot = locked(year, year.close())
    year.report("2.1", "130104", 5)
    last = year.seq
    year.report("2.1", "130102", 11, period="2023-11")
    told = {upto: [*year.snapshots.since(snapshot, upto={"reports": upto})] for upto in (last - 1, last, last + 1)}
    assert told[last - 1] == []
    assert [(moved.region, moved.value) for moved in told[last]] == [("130104", Decimal(5))]
    assert told[last + 1] == told[last], "the next month is not the round's"
    (moved,) = told[last]
    on_its_day = replace(snapshot, as_of=moved.effective_on)
    the_day_before = replace(snapshot, as_of=moved.effective_on - dt.timedelta(days=1))
    found = [year.snapshots.has_moved(each, upto={"reports": last}) for each in (on_its_day, the_day_before)]
    assert found == [True, False]


def test_what_was_said_last_before_the_closing_is_in_it(year: Year) -> None:
    year.report("2.1", "130102", 7)
    year.report("2.1", "130104", 5)
    last = year.seq
    nets = [
        sum(net for *_, net in year.snapshots.counted({"reports": upto}, as_of=dt.date(2023, 10, 31)))
        for upto in (last - 1, last)
    ]
    assert nets == [7, 12]


def test_it_waits_until_every_service_was_heard_up_to_the_closing(year: Year) -> None:
    year.caught_up()
    year.report("2.1", "130102", 7)
    round_id = year.close()
    assert year.locking.work() == 0, "nothing was heard since"
    year.caught_up("certification")
    assert year.locking.work() == 0, "certification's queues are behind"
    assert locked(year, round_id).sources["reports"] == 2


def test_a_digest_is_of_the_rows_and_says_when_one_was_changed(year: Year) -> None:
    year.report("2.1", "130102", 7)
    snapshot = locked(year, year.close())
    rows = year.snapshots.rows(snapshot.snapshot_id)
    said = {"round_id": snapshot.round_id, "as_of": "2023-10-31", "sources": snapshot.sources, "rows": rows}
    canonical = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(canonical.encode()).hexdigest() == snapshot.digest
    assert year.snapshots.verified(snapshot)
    year.store["snapshot_rows"].update_one({"indicator": "2.1"}, {"$set": {"figures.0.value": "8"}})
    assert not year.snapshots.verified(snapshot)


def test_a_digest_is_the_one_that_it_always_was() -> None:
    """Worked out with `openssl dgst -sha256`: what was locked by an older release is verified by this one."""
    rows = [{"indicator": "2.1", "figures": [{"value": "7", "region": "130102"}], "snapshot_id": "of the store"}]
    sources = {"reports": 12, "certification": 3}
    digest = snapshots.digest_of(
        rows, round_id="0123456789abcdef01234567", as_of=dt.date(2023, 10, 31), sources=sources
    )
    assert digest == "ac27114806f49a32511036ecef163abce7a2ed2b7218d7d80fa455562221f0e9"


ROWS = [{"indicator": "2.1", "figures": [{"region": "130102", "value": "7"}]}]
CONTAINED: dict[str, Any] = {
    "round_id": "a" * 24,
    "as_of": dt.date(2023, 10, 31),
    "sources": {"reports": 5, "certification": 2},
}


@pytest.mark.parametrize(
    "changes",
    [
        {"sources": {"reports": 6, "certification": 2}},
        {"sources": {"reports": 5}},
        {"sources": {"reports": 5, "housekeeping": 2}},
        {"as_of": dt.date(2023, 10, 30)},
        {"round_id": "b" * 24},
    ],
    ids=str,
)
def test_a_digest_is_another_when_what_the_rows_contain_is_another(changes: dict[str, Any]) -> None:
    assert snapshots.digest_of(ROWS, **CONTAINED | changes) != snapshots.digest_of(ROWS, **CONTAINED)


def test_a_snapshot_whose_sources_were_altered_is_not_verified(year: Year) -> None:
    year.report("2.1", "130102", 7)
    snapshot = locked(year, year.close())
    assert year.snapshots.verified(snapshot)
    altered = {**snapshot.sources, "certification": snapshot.sources["certification"] + 1}
    assert not year.snapshots.verified(replace(snapshot, sources=altered)), "though nothing more is counted by then"


def test_an_entry_that_was_doctored_is_found(year: Year) -> None:
    year.report("2.1", "130102", 7)
    snapshot = locked(year, year.close())
    year.store["entries"].update_one({"indicator": "2.1"}, {"$set": {"value": 8}})
    assert not year.snapshots.verified(snapshot)


def test_it_is_said_in_the_transaction_that_locks_it_and_once(year: Year, space: dict[str, str]) -> None:
    year.report("2.1", "130102", 7)
    snapshot = locked(year, year.close())
    for _ in range(2):
        year.locking.work()
    (row,) = mongo.database(config.read(space), "targets")["outbox"].find({"event.logonly": {"$exists": False}})
    said = Event.heard(row["event"])
    assert (said.event, said.data["digest"], said.data["as_of"]) == (
        SnapshotLocked,
        snapshot.digest,
        dt.date(2023, 10, 31),
    )


def test_two_desks_at_once_lock_one_snapshot(year: Year, space: dict[str, str]) -> None:
    """Both have found the round unlocked before either writes."""
    year.report("2.1", "130102", 7)
    round_id = year.close()
    round = year.rounds.of(round_id)
    assert round is not None
    year.snapshots.ensure_indexes()
    sources = snapshots.sources_of(year.counts.heard_up_to(), mended=0, closed_seq=round.closed_seq)
    assert [year.locking._lock(round, sources) for _ in range(2)] == [True, False]
    assert year.store["snapshots"].count_documents({}) == 1
    assert year.store["outbox"].count_documents({"event.logonly": {"$exists": False}}) == 1
    assert year.snapshots.of_round(round_id) is not None


def test_what_is_filed_after_the_closing_leaves_no_word_in_the_snapshot(year: Year) -> None:
    """Who is named 未报 has told nothing in it, and who files again has told what they told before."""
    state = next(id for id, one in year.plan.indicators.items() if one.measure is Measure.STATE)
    year.report("2.1", "130102", 7, problems="资金缺口")
    round_id = year.close()
    year.report("2.1", "130102", 8, problems="资金已到位")
    year.report("2.1", "130102", 9, problems="全部建成")
    year.report("2.1", "130104", 5, problems="迟报", completed=Decimal(5))
    year.report(state, "130000", None, state=WorkState.DONE)
    snapshot = locked(year, round_id)
    told = {
        (indicator, figure.region): figure
        for indicator, figures in year.snapshots.figures(snapshot.snapshot_id).items()
        for figure in figures
    }
    assert (told["2.1", "130102"].value, told["2.1", "130102"].problems) == (7, "资金缺口")
    late = told["2.1", "130104"]
    assert (late.value, late.problems, late.completed, late.evidence) == (0, None, None, 0)
    assert told[state, "130000"].state in (None, WorkState.NOT_STARTED)
    later = year.close("十一月", period="2023-11", number=11)
    after = {one.region: one for one in year.snapshots.figures(locked(year, later).snapshot_id)["2.1"]}
    assert (after["130102"].problems, after["130104"].problems) == ("全部建成", "迟报")


def test_texts_are_locked_with_the_figures(year: Year) -> None:
    year.report("2.1", "130102", 7, problems="资金缺口", next_steps="申请专项债")
    snapshot = locked(year, year.close())
    figures = year.snapshots.figures(snapshot.snapshot_id)["2.1"]
    assert next(one.problems for one in figures if one.region == "130102") == "资金缺口"
