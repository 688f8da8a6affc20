"""Rounds on the real database, by the service's own methods."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from contract import reports, targets
from contract.message import Event, Said
from contract.rounds import (
    PeriodAlreadyClosed,
    RoundAlreadyCancelled,
    RoundAlreadyClosed,
    RoundAlreadyOpen,
    RoundNotFound,
    RoundsNotAllowed,
)
from runtime import clock, config, mongo
from runtime.config import Config
from services.reports import domain, store
from services.reports.domain import Content, Evidence
from services.reports.rounds import store as round_store
from services.reports.service import Reports
from tests.interleaved import commits, interleaved, writes
from tests.services.targets.builders import an_id

DISPATCHER = {
    "client_id": "dispatcher",
    "role": "dispatcher",
    "region": "130000",
    "organisation": "省发展改革委",
    "scopes": ["reports:read", "rounds:write"],
}
CITY = {
    **DISPATCHER,
    "client_id": "reporter",
    "role": "reporter",
    "region": "130100",
    "organisation": "石家庄市人民政府",
    "scopes": ["reports:read"],
}


@pytest.fixture
def settings(space: dict[str, str]) -> Config:
    return config.read(space)


@pytest.fixture
def service(settings: Config) -> Reports:
    found = Reports()
    found.settings = settings  # type: ignore[assignment]
    return found


@pytest.fixture
def at(service: Reports) -> Callable[[str], None]:
    """Lets it be noon of that day in Shanghai."""
    return lambda day: service.set_time(f"{day}T12:00:00+08:00") and None


@pytest.fixture
def file(settings: Config) -> Callable[..., None]:
    """Files a line of indicator 2.1, or another version of it, as of now."""

    def put(region: str, *, accepted: bool = False, reason: str | None = None) -> None:
        kept, now = store.reports(settings), store.timepiece.now(settings)
        evidence = (Evidence(an_id("file"), "0" * 64, "竣工验收表", "pdf", 10),)
        who: dict[str, Any] = {"at": now, "by": f"reporter-{now}", "organisation": "县"}

        def work(session: Any) -> None:
            kept.take(session, region)
            before = kept.line_of("2.1", region, "2023-10", session)
            figure = Decimal(5) if before is None else Decimal(6)
            line = domain.file(
                before,
                report_id=mongo.new_id(),
                target_id="2.1",
                region=region,
                period="2023-10",
                content=Content(figure, None, None, None, None, None, None, evidence),
                reason=reason,
                on=clock.day_of(now),
                **who,
            )
            kept.put(session, before, line)
            if accepted:
                decided = domain.decide(line, domain.Decision.ACCEPT, reason=None, **who | {"by": "reviewer"})
                kept.put(session, line, decided)

        mongo.transact(kept.store, work)

    return put


@pytest.fixture
def said(settings: Config) -> Callable[[], list[Said]]:
    rows = mongo.database(settings, "reports")["outbox"]
    return lambda: [Event.heard(row["event"]) for row in rows.find({"event.type": {"$regex": "round"}}).sort("_id", 1)]


def of(found: dict[str, Any], target_id: str) -> dict[str, Any]:
    return next(one for one in found["outstanding"] if one["target_id"] == target_id)


def test_rounds_are_numbered_through_the_plans_year(service, at) -> None:
    numbers = []
    for month, day in (("2023-01", "2023-02-01"), ("2023-02", "2023-03-01")):
        at(day)
        round = service.open_round({"period": month}, DISPATCHER)
        numbers.append(round["number"])
        service.close_round({"round_id": round["round_id"], "reason": "试验"}, DISPATCHER)
    assert numbers == [1, 2]
    assert [one["number"] for one in service.rounds(CITY)["items"]] == [2, 1]


def test_one_round_is_open_at_a_time_and_a_period_has_one_ever(service, at) -> None:
    at("2023-11-01")
    round = service.open_round({"period": "2023-10"}, DISPATCHER)
    with pytest.raises(RoundAlreadyOpen) as open_already:
        service.open_round({"period": "2023-11"}, DISPATCHER)
    assert open_already.value.facts == {"round_id": round["round_id"]}
    service.close_round({"round_id": round["round_id"], "reason": "试验"}, DISPATCHER)
    with pytest.raises(PeriodAlreadyClosed):
        service.open_round({"period": "2023-10"}, DISPATCHER)


def test_two_who_open_at_once_come_to_one_round(service, at, settings) -> None:
    at("2023-11-01")
    kept = round_store.rounds(settings)
    service.open_round({"period": "2023-10"}, DISPATCHER)
    second = kept.of_period("2023-10")
    with pytest.raises(mongo.PyMongoError):
        mongo.transact(kept.store, lambda session: kept.add(session, second))
    assert kept.store["rounds"].count_documents({}) == 1


def test_a_command_told_again_opens_nothing_new(service, at) -> None:
    at("2023-11-01")
    command = {"period": "2023-10", "command_id": "once"}
    first, again = (service.open_round(command, DISPATCHER) for _ in range(2))
    assert first == again


def test_the_lists_say_who_is_late_and_who_is_missing(service, at, file) -> None:
    at("2023-11-01")
    round_id = service.open_round({"period": "2023-10"}, DISPATCHER)["round_id"]
    at("2023-11-07")
    file("130102", accepted=True)
    file("130104")
    at("2023-11-08")
    file("130105")
    file("130104", reason="更正")  # again, after the last day: it was there in time
    found = service.round(round_id, DISPATCHER, unit="130100", department="省住房城乡建设厅")
    assert of(found, "2.1")["late"] == ["130105"]
    assert len(of(found, "2.1")["missing"]) == 21 - 3
    assert {name: found["tally"][name] for name in ("filed", "late", "accepted")} == {
        "filed": 3,
        "late": 1,
        "accepted": 1,
    }
    assert [one["department"] for one in found["departments"]] == ["省住房城乡建设厅"]


def test_a_reminder_keeps_who_was_reminded_whatever_is_filed_later(service, at, file, said) -> None:
    at("2023-11-06")
    round_id = service.open_round({"period": "2023-10"}, DISPATCHER)["round_id"]
    file("130102")
    reminded = service.remind_round({"round_id": round_id}, DISPATCHER)
    file("130104")
    found = service.reminder(round_id, reminded["reminders"][0]["number"], CITY)
    missing = of(found, "2.1")["missing"]
    assert "130102" not in missing
    assert "130104" in missing
    assert "130202" not in missing, "a city sees its own"
    assert [one.event.__name__ for one in said()] == ["RoundOpened", "RoundReminded"]


def test_a_closed_round_stays_as_it_was_and_tells_targets_who_was_not_in_time(service, at, file, said) -> None:
    at("2023-11-01")
    round_id = service.open_round({"period": "2023-10"}, DISPATCHER)["round_id"]
    at("2023-11-08")
    file("130102")
    closed = service.close_round({"round_id": round_id}, DISPATCHER)
    file("130104")
    assert service.round(round_id, DISPATCHER)["tally"] == closed["tally"]
    outstanding = {one["target_id"]: one for one in said()[-1].data["outstanding"]}
    assert (outstanding["2.1"]["late"], len(outstanding["2.1"]["missing"])) == (["130102"], 166)


@pytest.mark.parametrize("point", [writes, commits])
@pytest.mark.parametrize("held", ["files", "closes"])
def test_what_is_filed_while_a_round_closes_is_either_in_its_snapshot_or_named_as_missing(
    service, at, file, settings, held, point
) -> None:
    """A snapshot holds what the log of `reports` says up to the place at which the round was closed."""
    at("2023-11-01")
    round_id = service.open_round({"period": "2023-10"}, DISPATCHER)["round_id"]
    file("130104")  # a collection that is made meanwhile would part them
    at("2023-11-08")
    close = {"round_id": round_id, "reason": "试验", "command_id": "close"}
    calls = [lambda: file("130102"), lambda: service.close_round(close, DISPATCHER)]
    first, second = calls if held == "files" else reversed(calls)
    assert not [one for one in interleaved(first, second, at=point) if isinstance(one, Exception)]
    outbox = round_store.rounds(settings).outbox
    outbox.order(token=1)
    log = [Event.heard(envelope) for envelope in outbox.page(0, 100)]
    (filed,) = [one for one in log if one.event is reports.ReportFiled and one.data["region"] == "130102"]
    (closed,) = [one for one in log if one.event is reports.RoundClosed]
    (outstanding,) = [one for one in closed.data["outstanding"] if one["target_id"] == "2.1"]
    assert ("130102" in outstanding["missing"]) == (filed.seq > closed.seq)
    assert ("130102" in outstanding["late"]) == (filed.seq < closed.seq)
    assert of(service.round(round_id, DISPATCHER), "2.1")["late"] == outstanding["late"]


def test_who_is_late_is_judged_by_the_amended_day(service, at, file, said) -> None:
    at("2023-11-06")
    round_id = service.open_round({"period": "2023-10"}, DISPATCHER)["round_id"]
    service.amend_round({"round_id": round_id, "due_on": "2023-11-09", "reason": "延期两日"}, DISPATCHER)
    at("2023-11-09")
    file("130102")
    at("2023-11-10")
    file("130104")
    closed = service.close_round({"round_id": round_id}, DISPATCHER)
    assert of(closed, "2.1")["late"] == ["130104"]
    assert [one["due_on"] for one in closed["amendments"]] == ["2023-11-07"]
    assert [(one.event.__name__, f"{one.data['due_on']}") for one in said()] == [
        ("RoundOpened", "2023-11-07"),
        ("RoundAmended", "2023-11-09"),
        ("RoundClosed", "2023-11-09"),
    ]


def test_a_cancelled_round_asks_for_nothing_and_its_period_is_opened_anew(service, at, file, settings) -> None:
    at("2023-11-08")
    lines = mongo.database(settings, "reports")["lines"]
    for number in (1, 2):  # more than once, within the same instant
        asked = {"period": "2023-10", "due_on": "2023-11-09"}
        round_id = service.open_round(asked, DISPATCHER)["round_id"]
        if number == 1:
            file("130102", accepted=True)
        before = list(lines.find())
        cancelled = service.cancel_round({"round_id": round_id, "reason": "期别选错"}, DISPATCHER)
        assert list(lines.find()) == before, "what was filed stays"
        assert (cancelled["tally"]["expected"], cancelled["outstanding"], cancelled["version"]) == (0, [], 2)
    again = service.open_round(asked, DISPATCHER)
    assert (again["number"], again["tally"]["filed"]) == (3, 1), "numbers are not used again"
    assert [one["cancelled_because"] for one in service.rounds(CITY)["items"]] == [None, "期别选错", "期别选错"]
    with pytest.raises(RoundAlreadyOpen):
        service.open_round(asked, DISPATCHER)


@pytest.mark.parametrize("point", [writes, commits])
@pytest.mark.parametrize("first", ["close", "other"])
@pytest.mark.parametrize("other", ["amend_round", "cancel_round"])
def test_a_round_that_is_closed_while_it_is_moved_or_cancelled_is_one_or_the_other(
    service, at, file, settings, said, other, first, point
) -> None:
    at("2023-11-07")
    round_id = service.open_round({"period": "2023-10"}, DISPATCHER)["round_id"]
    file("130104")
    # collections that are made meanwhile would part them
    round_store.rounds(settings).store.create_collection("round_attendance")
    close = {"round_id": round_id, "reason": "均已填报", "command_id": "close"}
    asked = {"round_id": round_id, "reason": "另行安排", "command_id": "other"}
    asked |= {"due_on": "2023-11-09"} if other == "amend_round" else {}
    calls = [
        lambda: service.close_round(close, DISPATCHER),
        lambda: getattr(service, other)(asked, DISPATCHER),
    ]
    outcomes = interleaved(*(calls if first == "close" else reversed(calls)), at=point)
    closed, moved = outcomes if first == "close" else reversed(outcomes)
    events = [one.event.__name__ for one in said()]
    if other == "cancel_round":
        assert sorted(events)[1:] == ["RoundOpened"], "one of the two"
        refused = [one for one in (closed, moved) if isinstance(one, Exception)]
        assert [type(one) for one in refused] == [
            RoundAlreadyCancelled if "RoundCancelled" in events else RoundAlreadyClosed
        ]
    else:
        assert closed["closed_early_because"] == "均已填报"
        assert isinstance(moved, RoundAlreadyClosed) == ("RoundAmended" not in events)
        assert f"{said()[-1].data['due_on']}" == closed["due_on"], "judged by the day that it had then"
        assert closed["due_on"] == ("2023-11-09" if "RoundAmended" in events else "2023-11-07")


def test_a_round_of_before_is_cancelled_and_its_period_opened_anew(service, at, settings) -> None:
    """The index of 0.2 allows one round of a period, cancelled or not."""
    rows = mongo.database(settings, "reports")["rounds"]
    rows.create_index("period", name="period", unique=True)
    at("2023-11-01")
    round_id = service.open_round({"period": "2023-10"}, DISPATCHER)["round_id"]
    service.cancel_round({"round_id": round_id, "reason": "期别选错"}, DISPATCHER)
    assert service.open_round({"period": "2023-10"}, DISPATCHER)["number"] == 2


def test_what_targets_locked_is_shown_in_the_round(service, at) -> None:
    at("2023-11-01")
    round_id = service.open_round({"period": "2023-10"}, DISPATCHER)["round_id"]
    assert service.close_round({"round_id": round_id, "reason": "试验"}, DISPATCHER)["snapshot"] is None
    for digest in ("a" * 64, "b" * 64):  # a second one cannot be, and would change nothing
        envelope = targets.SnapshotLocked.said(
            id=an_id(digest),
            subject=round_id,
            about=round_id,
            at=clock.now(),
            snapshot_id=an_id(digest),
            round_id=round_id,
            as_of=dt.date(2023, 10, 31),
            known_at=clock.now(),
            digest=digest,
            sources=[{"service": "reports", "seq": 2}],
        )
        service.on_snapshot(Event.heard(envelope))
    assert service.round(round_id, CITY)["snapshot"] == {"snapshot_id": an_id("a" * 64), "digest": "a" * 64}


def test_only_the_provinces_dispatcher_organises_and_a_city_sees_no_other(service, at) -> None:
    at("2023-11-01")
    round_id = service.open_round({"period": "2023-10"}, DISPATCHER)["round_id"]
    for who in (CITY, {**DISPATCHER, "region": "130100"}, {**DISPATCHER, "scopes": ["reports:read"]}):
        with pytest.raises(RoundsNotAllowed):
            service.open_round({"period": "2023-11"}, who)
    assert {one["region"] for one in service.round(round_id, CITY)["units"]} == {"130100"}
    with pytest.raises(RoundNotFound):
        service.round(round_id, CITY, unit="130200")
