"""Every refusal of dispatch rounds, provoked as a client would provoke it, each in a year without rounds."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from werkzeug.test import TestResponse

import plan as plans
from runtime import clock, mongo
from services.reports.rounds.domain import expected
from tests.gateway.callers import Caller
from tests.services.targets.builders import an_id

ROUNDS = "/v1/rounds"
NOBODY = "0" * 24
SOON = clock.day_of(clock.now()) + dt.timedelta(days=30)


class Hall:
    """The dispatcher's, with whatever rounds there were put away."""

    def __init__(self, scene: Any) -> None:
        self.dispatcher = Caller(scene.app, scene.settings, "dispatcher")
        self.bearer, self.anybody = scene.bearer, scene.anybody
        store = mongo.database(scene.settings, "reports")
        for name in ("rounds", "round_attendance", "round_reminders"):
            store[name].delete_many({})
        self.plan, self.store = plans.read(scene.settings.plan_file), store

    def open(self, period: str = "2023-10", **asked: Any) -> TestResponse:
        return self.dispatcher.post(ROUNDS, json={"period": period, "due_on": f"{SOON}", **asked})

    def amend(self, opened: TestResponse, **said: Any) -> TestResponse:
        return self.dispatcher.post(f"{opened.headers['Location']}/amendments", json={"reason": "延期两日", **said})

    def cancel(self, opened: TestResponse) -> TestResponse:
        return self.dispatcher.post(f"{opened.headers['Location']}/cancellation", json={"reason": "期别选错"})

    def close(self, opened: TestResponse, **more: Any) -> TestResponse:
        body = more.pop("json", {"reason": "各地均已填报"})
        return self.dispatcher.post(f"{opened.headers['Location']}/closure", json=body, **more)


def round_not_found(hall: Hall) -> TestResponse:
    return hall.dispatcher.get(f"{ROUNDS}/{NOBODY}")


def round_invalid(hall: Hall) -> TestResponse:
    return hall.open("2022-10")


def round_already_open(hall: Hall) -> TestResponse:
    hall.open()
    return hall.open("2023-11")


def period_already_closed(hall: Hall) -> TestResponse:
    hall.close(hall.open())
    return hall.open()


def round_already_closed(hall: Hall) -> TestResponse:
    opened = hall.open()
    hall.close(opened)
    return hall.close(opened)


def round_already_cancelled(hall: Hall) -> TestResponse:
    opened = hall.open()
    hall.cancel(opened)
    return hall.amend(opened, due_on="2023-11-09")


def round_past_due(hall: Hall) -> TestResponse:
    return hall.amend(hall.open(opens_on="2023-11-01", due_on="2023-11-07"), due_on=f"{SOON}")


def round_not_due(hall: Hall) -> TestResponse:
    return hall.close(hall.open(), json={})


def nobody_to_remind(hall: Hall) -> TestResponse:
    """All that is expected has been filed."""
    opened = hall.open()
    lines = [
        {
            "_id": an_id(f"{target_id}/{code}/all"),
            "target_id": target_id,
            "region": code,
            "period": "2023-10",
            "status": "filed",
            "filed": {"version": 1, "on": "2023-11-02"},
        }
        for target_id, codes in expected(hall.plan).items()
        for code in codes
    ]
    ids = [line["_id"] for line in lines]
    known = {(row["target_id"], row["region"]) for row in hall.store["lines"].find({"period": "2023-10"})}
    hall.store["lines"].insert_many([line for line in lines if (line["target_id"], line["region"]) not in known])
    try:
        return hall.dispatcher.post(f"{opened.headers['Location']}/reminders", json={})
    finally:
        hall.store["lines"].delete_many({"_id": {"$in": ids}})


def round_changed(hall: Hall) -> TestResponse:
    return hall.close(hall.open(), headers={"If-Match": '"7"'})


def rounds_not_allowed(hall: Hall) -> TestResponse:
    """A token that bears the scope, of somebody who is not the province's dispatcher."""
    headers = hall.bearer("inspector", "rounds:write")
    return hall.anybody.post(ROUNDS, json={"period": "2023-10"}, headers=headers)


_STATUS: dict[int, tuple[Callable[[Hall], TestResponse], ...]] = {
    403: (rounds_not_allowed,),
    404: (round_not_found,),
    409: (
        *(round_already_open, period_already_closed, round_already_closed, round_already_cancelled),
        *(round_past_due, round_not_due, nobody_to_remind),
    ),
    412: (round_changed,),
    422: (round_invalid,),
}


def _provoke(act: Callable[[Hall], TestResponse]) -> Callable[[Any], TestResponse]:
    return lambda scene: act(Hall(scene))


PROVOKE = {act.__name__: (status, _provoke(act)) for status, acts in _STATUS.items() for act in acts}
