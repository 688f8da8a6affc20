import datetime as dt
import threading
from typing import Any

import pytest

from contract.findings import SupervisionOrderNotFound
from runtime.config import Config
from runtime.quarantine import Quarantine
from services.inspections import store
from services.inspections.service import Inspections
from services.inspections.supervision.job import Overdue
from tests.services.inspections.builders import (
    CITY_INSPECTOR,
    DISPATCHER,
    INSPECTOR,
    INSPECTOR_2,
    REPORTER,
    noon,
)


def quarantine(settings: Config) -> Quarantine:
    return Quarantine(store.inspections(settings).store, "clock")


@pytest.fixture
def late(found: dict[str, Any]) -> dict[str, Any]:
    """Should be mended by 16 August."""
    return found


def colours(service: Inspections, settings: Config, *days: dt.date) -> list[str]:
    """Of the orders that stand after the clock looked on these days."""
    for day in days:
        service.set_time(noon(day).isoformat())
        Overdue(settings).look(quarantine(settings))
    return [order["colour"] for order in service.supervision_orders(DISPATCHER)["items"]]


def test_each_colour_comes_once_on_its_day_and_with_a_number_of_its_own(
    service: Inspections, settings: Config, late: dict[str, Any]
) -> None:
    day = dt.date(2023, 8, 16)
    assert colours(service, settings, day) == []
    assert colours(service, settings, *(day + dt.timedelta(days=n) for n in range(1, 11))) == ["蓝"]
    every = [dt.date(2023, 8, 27) + dt.timedelta(days=n) for n in range(60)]
    assert colours(service, settings, *every) == ["蓝", "橙", "红"]
    numbers = [order["number"] for order in service.supervision_orders(INSPECTOR)["items"]]
    assert numbers == [f"督查单〔2023〕{serial}号" for serial in (1, 2, 3)]
    finding = service.finding(late["finding_id"], INSPECTOR)
    assert [(done["colour"], done["on"]) for done in finding["escalations"]] == [
        ("蓝", "2023-08-17"),
        ("橙", "2023-08-27"),
        ("红", "2023-09-06"),
    ]


def test_many_clocks_at_once_issue_an_order_once(service: Inspections, settings: Config, late: dict[str, Any]) -> None:
    service.set_time(noon(dt.date(2023, 8, 17)).isoformat())
    clocks, barrier, done = [Overdue(settings) for _ in range(4)], threading.Barrier(4), []

    def look(clock: Overdue) -> None:
        barrier.wait()
        done.append(clock.look(quarantine(settings)))

    threads = [threading.Thread(target=look, args=(clock,)) for clock in clocks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == 1
    assert len(service.supervision_orders(INSPECTOR)["items"]) == 1


def test_a_finding_that_cannot_be_read_is_set_aside_and_the_others_get_their_orders(
    service: Inspections, settings: Config, late: dict[str, Any]
) -> None:
    rows = store.inspections(settings).store["findings"]
    row = rows.find_one({"_id": late["finding_id"]})
    assert row is not None
    rows.insert_one(row | {"_id": "0" * 24, "unit": 999, "due_on": "2023-08-01", "history": 1})
    service.set_time(noon(dt.date(2023, 8, 17)).isoformat())
    held = quarantine(settings)
    assert Overdue(settings).look(held) == 1
    assert held.held("finding") == ["0" * 24]


def test_who_mends_in_time_gets_none_and_who_fails_again_gets_the_next(
    service: Inspections, settings: Config, late: dict[str, Any]
) -> None:
    assert colours(service, settings, dt.date(2023, 8, 17)) == ["蓝"]
    told = {"finding_id": late["finding_id"], "text": "已补齐"}
    service.record_rectification(told | {"evidence": late["evidence"]}, REPORTER)
    assert colours(service, settings, dt.date(2023, 12, 1)) == ["蓝"]
    service.recheck(told | {"passed": False, "due_on": "2023-12-10"}, INSPECTOR_2)
    assert colours(service, settings, dt.date(2023, 12, 11), dt.date(2023, 12, 20)) == ["蓝", "橙"]


def test_an_order_is_seen_where_its_finding_is(service: Inspections, settings: Config, late: dict[str, Any]) -> None:
    colours(service, settings, dt.date(2023, 8, 17))
    (order,) = service.supervision_orders(REPORTER, finding_id=late["finding_id"])["items"]
    assert order == service.supervision_order(order["supervision_id"], REPORTER)
    assert order["addressed_to"] == ["河北省石家庄市长安区", "省民政厅"]
    assert service.supervision_orders(CITY_INSPECTOR)["items"] == []
    for look in (service.supervision_order, service.supervision_document):
        with pytest.raises(SupervisionOrderNotFound):
            look(order["supervision_id"], CITY_INSPECTOR)
