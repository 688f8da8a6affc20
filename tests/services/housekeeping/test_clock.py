"""What a day brings, on a real database, through the calls that the gateway makes."""

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

from contract import housekeeping as public
from contract.message import Said
from runtime.config import Config
from runtime.quarantine import listed
from samples.stars import Trade, office
from services.housekeeping import clock, store
from tests.runtime.running import at_work, until
from tests.services.housekeeping.builders import DAY
from tests.services.housekeeping.callers import PROVINCE


def test_a_cure_window_closes_itself_even_after_a_long_stop(trade: Trade, look: Callable[[], int]) -> None:
    trade.set_time(DAY)
    application = trade.apply(trade.base(1))
    trade.submit(application)
    trade.move(application, "send_back", office("130102"), reason="缺少员工名册")
    trade.set_time(dt.date(2023, 9, 1))
    assert look() == 1
    closed = trade.call("application", application["application_id"], PROVINCE)
    assert (closed["state"], closed["history"][-1]["by"]) == ("closed", "clock")
    assert look() == 0


def test_a_notice_runs_over_spring_festival(trade: Trade, look: Callable[[], int]) -> None:
    trade.set_time(dt.date(2023, 1, 18))
    application = trade.to_notice(trade.base(1), 92, 91)
    for day, state in ((dt.date(2023, 1, 31), "on_notice"), (dt.date(2023, 2, 1), "on_notice")):
        trade.set_time(day, hour=23)
        look()
        assert trade.call("application", application["application_id"], PROVINCE)["state"] == state
    trade.set_time(dt.date(2023, 2, 2), hour=0)
    look()
    assert trade.call("application", application["application_id"], PROVINCE)["state"] == "notice_ended"


def test_an_award_lapses_at_its_day_by_the_clock_and_says_so(
    awarded: dict[str, Any], trade: Trade, look: Callable[[], int], said: Callable[[], list[Said]]
) -> None:
    trade.set_time(dt.date(2026, 3, 10), hour=23)
    look()
    assert trade.call("award", awarded["award_id"], PROVINCE)["status"] == "valid"
    trade.set_time(dt.date(2026, 4, 1))
    look()
    last = said()[-1]
    assert last.event is public.AwardLapsed
    assert last.data["effective_on"] == dt.date(2026, 3, 11), "found late, dated right"
    found = trade.call("award", awarded["award_id"], PROVINCE)
    assert [check["opened_on"] for check in found["checks"]] == ["2024-03-11", "2025-03-11"]
    assert all(check["overdue"] for check in found["checks"])


def test_a_case_and_an_award_that_cannot_be_processed_are_set_aside_and_the_others_go_on(
    settings: Config, kept: store.Housekeeping, awarded: dict[str, Any], trade: Trade, look: Callable[[], int]
) -> None:
    trade.set_time(DAY)
    sent_back = []
    for number in (2, 3):
        application = trade.apply(trade.base(number))
        trade.submit(application)
        trade.move(application, "send_back", office("130102"), reason="缺少员工名册")
        sent_back.append(application["application_id"])
    broken = sent_back[0]
    history = kept.store["cases"].find_one_and_update({"_id": broken}, {"$set": {"history": 1}})["history"]  # type: ignore[index]
    kept.store["awards"].update_one({"_id": awarded["award_id"]}, {"$set": {"history": 1}})
    trade.set_time(dt.date(2026, 4, 1))
    worker = clock.Clock(settings, pause=0.02)
    with at_work(worker):
        until(lambda: worker.ready()["set_aside"] == 2, what="both are set aside")
        assert trade.call("application", sent_back[1], PROVINCE)["state"] == "closed"
        assert worker.ready()["working"] is True
    assert {(row["worker"], row["kind"], row["record"]) for row in listed(settings)} == {
        ("clock", "case", broken),
        ("clock", "award", awarded["award_id"]),
    }
    kept.store["cases"].update_one({"_id": broken}, {"$set": {"history": history}})
    kept.store["quarantine"].update_many({}, {"$set": {"next_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}})
    with at_work(worker):
        until(lambda: worker.ready()["set_aside"] == 1, what="what was mended is released")
    assert trade.call("application", broken, PROVINCE)["state"] == "closed"


def test_the_clock_is_led_by_one_at_a_time(settings: Config, trade: Trade) -> None:
    stop = threading.Event()
    clocks = [clock.Clock(settings, pause=0.05) for _ in range(2)]
    threads = [threading.Thread(target=each.run, args=(stop,)) for each in clocks]
    trade.set_time(DAY)
    application = trade.apply(trade.base(1))
    trade.submit(application)
    trade.move(application, "send_back", office("130102"), reason="缺少员工名册")
    trade.set_time(dt.date(2023, 4, 1))
    for thread in threads:
        thread.start()
    deadline = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=20)
    while trade.call("status")["due"] and dt.datetime.now(dt.UTC) < deadline:
        stop.wait(0.05)
    leading = [each.ready()["leading"] for each in clocks]
    stop.set()
    for thread in threads:
        thread.join()
    closed = trade.call("application", application["application_id"], PROVINCE)
    assert [step["transition"] for step in closed["history"]].count("cure_expired") == 1
    assert sorted(leading) == ["no", "yes"]
