"""What a replay mends is an event of targets' own log: snapshots contain it or not, and a correction lists it."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from contract.message import Event
from contract.targets import FiguresMended
from deploy import fonts
from runtime import clock, config, mongo
from runtime.config import Config
from runtime.outbox import Outbox
from runtime.places import Mark
from services.targets.bulletins.job import Issuing
from services.targets.counting import Counting
from services.targets.mends import Mends
from services.targets.service import Targets
from services.targets.snapshots.domain import Snapshot
from services.targets.store import LISTENED_TO
from tests.interleaved import interleaved
from tests.services.targets.bulletins.office import issue
from tests.services.targets.replays import Field
from tests.services.targets.year import Year


@pytest.fixture
def settings(space: dict[str, str]) -> Config:
    return config.read(space)


@pytest.fixture
def field(settings: Config) -> Field:
    return Field(settings)


@pytest.fixture
def year(settings: Config) -> Year:
    return Year(settings)


@pytest.fixture
def log(settings: Config) -> Outbox:
    """Targets' own, as its relay orders it."""
    found = Outbox(mongo.database(settings, "targets"))
    found.ensure_indexes()
    return found


def locked(year: Year, field: Field, **round: Any) -> Snapshot:
    round_id = year.close(**round)
    year.caught_up("certification")
    for queue in LISTENED_TO["certification"]:
        Counting(field.counts, [], queue).handle([Mark("certification", field.outbox.head()["seq"], clock.now())])
    year.locking.work()
    found = year.snapshots.of_round(round_id)
    assert found is not None
    return found


def value(year: Year, snapshot: Snapshot) -> Decimal | None:
    figures = year.snapshots.figures(snapshot.snapshot_id)["12.1"]
    return next(figure.value for figure in figures if figure.region == "130000")


def test_a_mend_is_in_the_snapshot_locked_after_it_and_a_correction_of_the_one_before_lists_it(
    year: Year, field: Field, log: Outbox, settings: Config
) -> None:
    fonts.ensure()
    desk, service = Issuing(settings, year.plan), Targets()
    service.settings = settings  # type: ignore[assignment]
    service.set_time("2023-11-09T09:00:00+08:00")
    field.count(field.persons(10)[:7])  # three were lost
    before = locked(year, field)
    bulletin = issue(service, desk, snapshot_id=before.snapshot_id)["bulletin_id"]

    field.run(accept=True)
    log.order(token=1)
    after = locked(year, field, name="十一月", period="2023-11", number=11)

    assert (value(year, before), value(year, after)) == (7, 10)
    assert ("targets" in before.sources, after.sources["targets"]) == (False, 3)
    assert year.snapshots.verified(before)
    assert year.snapshots.verified(after)
    found = issue(service, desk, corrects=bulletin, reason="计数重放更正")["content"]["correction"]
    assert found["unexplained"] == []
    assert {(one["region"], one["reported"], one["known"]) for one in found["moves"]} == {
        (region, "7", "10") for region in ("130000", "130100", "130102")
    }
    entries = [(one["value"], one["cause"], one["service"], one["seq"]) for one in found["entries"]]
    assert entries == [("1", "targets.figures_mended", "targets", 3)] * 3


def test_a_mend_that_the_log_has_not_placed_yet_is_in_no_snapshot(year: Year, field: Field, log: Outbox) -> None:
    field.count(field.persons(10)[:7])
    field.run(accept=True)
    before = locked(year, field)
    log.order(token=1)
    after = locked(year, field, name="十一月", period="2023-11", number=11)
    assert (value(year, before), value(year, after)) == (7, 10)
    assert year.snapshots.verified(before)


def test_a_mend_is_published_with_what_it_changed_and_takes_its_place_when_it_comes(
    field: Field, log: Outbox, settings: Config
) -> None:
    envelopes = field.persons(3)
    field.count(envelopes[:2])
    forged = field.counts.entries.find_one({})
    assert forged is not None
    field.counts.entries.insert_one(
        {name: told for name, told in forged.items() if name != "_id"} | {"subject": "f" * 32}
    )
    field.run(accept=True)
    log.order(token=1)
    (envelope,) = log.page(0, 10)
    said = Event.heard(envelope)
    assert said.event is FiguresMended
    assert {"service": "certification", "seq": 3} in said.data["replayed"]
    entries = list(field.counts.entries.find({"service": "targets"}).sort("subject", 1))
    assert sorted((one["subject"], one["value"]) for one in said.data["steps"]) == [
        (one["subject"], str(one["value"])) for one in entries
    ]
    assert {one["event_id"] for one in entries} == {said.id}
    service = Targets()
    service.settings = settings  # type: ignore[assignment]
    service.on_figures_mended(said)
    assert set(field.counts.entries.distinct("seq", {"service": "targets"})) == {1}


def test_mends_of_before_are_in_every_snapshot_from_now_on_and_in_none_before(
    year: Year, field: Field, log: Outbox
) -> None:
    """As 0.2 wrote them: without an event of their own, all at the place 0."""
    field.count(field.persons(7))
    before = locked(year, field)
    row = field.counts.entries.find_one({})
    assert row is not None
    old = {name: told for name, told in row.items() if name != "_id"} | {
        "event_id": "replay",
        "cause": "targets.replay",
        "service": "targets",
        "seq": 0,
        "recorded_at": dt.datetime(2023, 11, 9, tzinfo=dt.UTC),
    }
    field.counts.entries.insert_many([old | {"subject": f"{n:032x}"} for n in range(3)])
    desks = [type(year.locking)(year.store, year.plan) for _ in range(2)]  # of 0.3, started at once
    interleaved(desks[0].work, desks[1].work, at=lambda sent: sent.command.get("update") == "entries")
    year.locking = desks[0]
    log.order(token=1)
    assert [said["type"] for said in log.page(0, 100)].count(FiguresMended.type()) == 1
    after = locked(year, field, name="十一月", period="2023-11", number=11)
    assert (value(year, before), value(year, after)) == (7, 10)
    assert year.snapshots.verified(before)
    assert year.snapshots.verified(after)
    assert sum(moved.value for moved in year.snapshots.since(before, upto=after.sources)) == 3
    assert Mends(field.store).adopt(at=clock.now()) == 0
