"""The desk looks each day, and when asked; it says what is new, once, and touches nothing that is counted."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from bson import Decimal128

from contract import hints as public
from contract.inspections import AnomalyKind
from contract.message import Event, Said
from contract.reports import ReportAccepted, UnitsDeducted
from contract.targets import AnomalyNoticed
from contract.words import Role
from gateway import scopes
from runtime import clock, config, mongo
from runtime.config import Config
from runtime.mongo import Store
from services.targets.anomalies import store as stores
from services.targets.anomalies.domain import Anomaly
from services.targets.anomalies.job import Looking, timepiece
from services.targets.service import Targets

MONTHS = ((1, 40), (2, 50), (3, 50), (4, 50), (5, 61))


def an_actor(role: Role) -> dict[str, Any]:
    own = {"client_id": role.value, "role": role.value, "organisation": role.value, "region": "130000"}
    return own | {"scopes": list(scopes.OF_ROLE[role])}


INSPECTOR, DISPATCHER, REPORTER = map(an_actor, (Role.INSPECTOR, Role.DISPATCHER, Role.REPORTER))


@pytest.fixture
def settings(space: dict[str, str]) -> Config:
    return config.read(space)


@pytest.fixture
def store(settings: Config) -> Store:
    return mongo.database(settings, "targets")


@pytest.fixture
def service(settings: Config) -> Targets:
    found = Targets()
    found.settings = settings  # type: ignore[assignment]
    return found


@pytest.fixture
def on_day(settings: Config) -> Callable[[str], None]:
    def set_to(day: str) -> None:
        timepiece.set_to(settings, dt.datetime.combine(dt.date.fromisoformat(day), dt.time(9), clock.SHANGHAI))

    return set_to


def counted(
    store: Store, month: int, value: int, *, cause: str = ReportAccepted.type(), region: str = "130102"
) -> None:
    """As counting writes it: the step of a reported month, recorded on the fifth of the next at three in the night."""
    end = dt.date(2023, month + 1, 1) - dt.timedelta(days=1)
    store["entries"].insert_one(
        {
            "indicator": "11.1",
            "subject": f"11.1/{region}",
            "fact_id": f"{month:024x}",
            "value": Decimal128(str(value)),
            "region": region,
            "effective_on": end.isoformat(),
            "recorded_at": dt.datetime(2023, month + 1, 5, 19, tzinfo=dt.UTC),
            "cause": cause,
            "event_id": "0" * 24,
            "service": "reports",
            "seq": month,
        }
    )


def a_doctored_series(store: Store, region: str = "130102") -> None:
    for month, value in MONTHS:
        counted(store, month, value, region=region)


def noticed(store: Store) -> list[Said]:
    told = [Event.heard(row["event"]) for row in store["outbox"].find().sort("_id", 1)]
    return [said for said in told if said.event is AnomalyNoticed]


def test_it_is_looked_once_a_day_and_the_same_thing_is_told_once(
    settings: Config, store: Store, on_day: Callable[[str], None]
) -> None:
    a_doctored_series(store)
    before = list(store["entries"].find().sort("_id", 1))
    on_day("2023-06-07")
    assert (Looking(settings).work(), Looking(settings).work()) == (1, 0), "also after a restart on the same day"
    (said,) = noticed(store)
    assert (said.data["target_id"], said.data["region"], said.data["kind"]) == ("11.1", "130102", "逐月雷同")
    assert (said.data["noticed_on"], said.data["measures"]["months"]) == (dt.date(2023, 6, 7), 3)
    on_day("2023-06-08")
    a_doctored_series(store, "130104")
    assert Looking(settings).work() == 1
    assert [one.data["region"] for one in noticed(store)] == ["130102", "130104"]
    assert list(store["entries"].find({"region": "130102"}).sort("_id", 1)) == before


def test_what_an_inspection_took_off_is_no_doing_of_the_region(
    settings: Config, store: Store, on_day: Callable[[str], None]
) -> None:
    a_doctored_series(store)
    counted(store, 3, -20, cause=UnitsDeducted.type())
    on_day("2023-06-07")
    Looking(settings).work()
    assert len(noticed(store)) == 1, "the three months that were reported are as alike as before"


def test_the_day_of_recording_is_that_of_shanghai(settings: Config, store: Store) -> None:
    counted(store, 5, 30)
    (step,) = Looking(settings)._kept.steps(Looking(settings)._plan, as_of=dt.date(2023, 12, 31))
    assert (step.effective_on, step.recorded_on) == (dt.date(2023, 5, 31), dt.date(2023, 6, 6))


def test_a_look_is_asked_for_taken_and_answered(
    service: Targets, settings: Config, store: Store, on_day: Callable[[str], None]
) -> None:
    a_doctored_series(store)
    on_day("2023-03-07")
    asked = service.look_for_anomalies({"as_of": "2023-03-31", "command_id": "one"}, INSPECTOR)
    assert service.look_for_anomalies({"as_of": "2023-03-31", "command_id": "one"}, INSPECTOR) == asked
    later = service.look_for_anomalies({"as_of": "2023-05-31"}, DISPATCHER)
    assert asked["finished_at"] is None
    assert Looking(settings).work() == 3, "two that were asked for, and the day's"
    taken = [service.anomaly_look(look["look_id"], DISPATCHER) for look in (asked, later)]
    assert [(look["found"], look["noticed"]) for look in taken] == [(0, 0), (1, 1)]
    assert service.look_for_anomalies({}, DISPATCHER)["as_of"] == "2023-03-07"


def test_only_inspectors_and_the_dispatcher_have_it_looked(service: Targets) -> None:
    with pytest.raises(public.HintsNotAllowed):
        service.look_for_anomalies({}, REPORTER)
    with pytest.raises(public.LookNotFound):
        service.anomaly_look("0" * 24, INSPECTOR)


def test_two_desks_at_once_say_it_once(settings: Config, store: Store, on_day: Callable[[str], None]) -> None:
    a_doctored_series(store)
    on_day("2023-06-07")
    one, other = Looking(settings), Looking(settings)
    one._kept.ask_daily(dt.date(2023, 6, 7), as_of=dt.date(2023, 6, 7), at=timepiece.now(settings))
    looks = one._kept.asked()
    assert (one.work(), len(noticed(store))) == (1, 1)
    other._kept.asked = lambda: looks  # type: ignore[method-assign]  it read them before the first was done
    other.work()
    assert len(noticed(store)) == 1


def test_a_look_that_finds_much_is_kept_piece_by_piece_and_goes_on_where_it_was_killed(
    settings: Config, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All in one document or transaction would be too much for a day on which every region looks odd."""
    monkeypatch.setattr(stores, "_NOTICED", 2)
    kept, today, at = stores.kept_anomalies(settings), dt.date(2023, 6, 1), clock.now()
    found = [Anomaly(f"same:{n}", AnomalyKind.SAME_EVERY_MONTH, "11.1", "130102", {"months": n}) for n in range(5)]
    look_id = mongo.transact(store, lambda session: kept.ask(session, as_of=today, at=at, by="inspector"))
    clocks = iter([at, at])

    def killed() -> dt.datetime:
        return next(clocks)

    with pytest.raises(StopIteration):
        kept.finish(look_id, found, today=today, now=killed)
    assert [look["_id"] for look in kept.asked()] == [look_id]
    assert kept.finish(look_id, found, today=today, now=lambda: at) == 5
    keys = [row["event"]["subject"] for row in store["outbox"].find({"event.type": AnomalyNoticed.type()})]
    assert sorted(keys) == [one.key for one in found]
