"""The copies that targets keeps of dispatch rounds."""

import datetime as dt
from typing import Any

import pytest

from contract import reports
from contract.message import Event, Said
from runtime import config, mongo
from services.targets.copies.rounds import Rounds
from tests.services.targets.builders import an_id

AT = dt.datetime(2023, 11, 8, 2, tzinfo=dt.UTC)


@pytest.fixture
def rounds(space: dict[str, str]) -> Rounds:
    return Rounds(mongo.database(config.read(space), "targets"))


def a_round_said(
    event: type[reports.RoundEvent] = reports.RoundOpened,
    *,
    name: str = "十月",
    version: int = 1,
    seq: int = 1,
    **said: Any,
) -> Said:
    told = {
        "round_id": an_id(name),
        "version": version,
        "number": 10,
        "period": "2023-10",
        "as_of": dt.date(2023, 10, 31),
        "opens_on": dt.date(2023, 11, 1),
        "due_on": dt.date(2023, 11, 7),
        "closed_at": AT if event is reports.RoundClosed else None,
        **said,
    }
    envelope = event.said(id=an_id(f"{name}{version}"), subject=told["round_id"], about=told["round_id"], at=AT, **told)
    return Event.heard(envelope | {"seq": seq, "hash": "0"})


def test_a_round_is_known_by_its_newest_version_whatever_order_it_is_told_in(rounds: Rounds) -> None:
    rounds.hear(a_round_said(reports.RoundClosed, version=3, seq=9))
    rounds.hear(a_round_said(version=1, seq=2))
    found = rounds.of(an_id("十月"))
    assert found is not None
    assert (found.version, found.is_open, found.closed_seq) == (3, False, 9)


def test_the_latest_round_is_the_one_opened_last(rounds: Rounds) -> None:
    assert rounds.latest() is None
    rounds.hear(a_round_said(name="十一月", number=11, opens_on=dt.date(2023, 12, 1), due_on=dt.date(2023, 12, 7)))
    rounds.hear(a_round_said())
    found = rounds.latest()
    assert found is not None
    assert (found.number, found.due_on, found.is_open) == (11, dt.date(2023, 12, 7), True)


def test_a_cancelled_round_is_passed_over_and_an_amended_one_has_its_newest_days(rounds: Rounds) -> None:
    rounds.hear(a_round_said(name="十一月", number=11, opens_on=dt.date(2023, 12, 1), due_on=dt.date(2023, 12, 7)))
    rounds.hear(a_round_said(reports.RoundCancelled, name="十一月", version=2, seq=4, number=11, cancelled_at=AT))
    rounds.hear(a_round_said())
    rounds.hear(a_round_said(reports.RoundAmended, version=2, seq=3, due_on=dt.date(2023, 11, 9)))
    found = rounds.latest()
    assert found is not None
    assert (found.number, found.due_on, found.is_open) == (10, dt.date(2023, 11, 9), True)
    assert rounds.unlocked() == []


def test_a_closed_round_wants_a_snapshot_until_it_has_one(rounds: Rounds) -> None:
    rounds.hear(a_round_said())
    assert rounds.unlocked() == []
    outstanding = [{"target_id": "2.1", "late": ["130102"], "missing": ["130104"]}]
    rounds.hear(a_round_said(reports.RoundClosed, version=2, seq=5, outstanding=outstanding))
    wanted = rounds.of(*rounds.unlocked())
    assert wanted is not None
    assert (wanted.closed_seq, wanted.outstanding) == (5, tuple(outstanding))
