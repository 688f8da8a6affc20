"""Stars from the first draft to the plaque, through the door, with the processes that do it in production."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.app import create
from runtime import config, mongo
from runtime.outbox import Outbox
from samples import people, stars
from samples.stars import Trade, office
from services.targets.store import Counts
from tests.gateway.stars import Door, RefusedByDoor
from tests.programme import Programme, until

PROVINCE = office("130000")
OPENED = dt.date(2023, 1, 18)  # the Wednesday before Spring Festival
ENDED = dt.date(2023, 2, 2)


@pytest.fixture(scope="module")
def programme(module_space: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programme]:
    found = Programme(module_space, tmp_path_factory.mktemp("stars"))
    try:
        found.start("housekeeping", "housekeeping.clock", "housekeeping.relay")
        yield found
    finally:
        found.stop_all()


@pytest.fixture(scope="module")
def door(programme: Programme, module_space: dict[str, str]) -> Iterator[Door]:
    settings = config.read(module_space)
    app = create(settings)
    found = Door(app, settings)
    found.trade.register_reviewers(8)
    yield found
    app.extensions["rpc"].close()


@pytest.fixture
def trade(door: Door) -> Iterator[Trade]:
    door.trade.set_time(OPENED)
    yield door.trade
    door.trade.set_time(None)


def come(trade: Trade, application: dict[str, Any], state: str) -> dict[str, Any]:
    """The application once the clock's own process has brought it there."""

    def seen() -> dict[str, Any] | None:
        found = trade.call("application", application["application_id"], PROVINCE)
        return found if found["state"] == state else None

    return dict(until(seen, seconds=20, what=f"the application is {state}"))


def test_a_base_to_five_stars_over_spring_festival(trade: Trade, door: Door) -> None:
    application = trade.to_notice(trade.base(1), 95, 93)
    window = application["notices"][0]["window"]
    assert (window["opened_on"], window["ends_on"]) == ("2023-01-18", "2023-02-01")
    (public,) = door.ask("GET", "/v1/notices?region=130102").json["items"]
    assert (public["stars"], public["ends_on"]) == (5, "2023-02-01")

    trade.set_time(dt.date(2023, 2, 1), hour=20)
    with pytest.raises(RefusedByDoor) as early:
        trade.award(application)
    assert early.value.answer.json["code"] == "transition_not_allowed"
    trade.set_time(ENDED)
    come(trade, application, "notice_ended")
    award = trade.call("award", trade.award(application)["award_id"], PROVINCE)
    assert award["plaque"].startswith("★★★★★ 五星级巾帼家政基地")

    found = door.ask("GET", f"/v1/verifications/stars?number={award['award_number']}").json
    assert (found["verdict"], found["award"]["stars"]) == ("valid", 5)
    drawn = door.ask("GET", f"/v1/awards/{award['award_id']}/qr.svg", PROVINCE)
    assert drawn.content_type.startswith("image/svg+xml")
    assert drawn.data.startswith(b"<?xml")
    by_code = door.ask("GET", "/v1/verifications/stars", query_string={"qr": award["qr"]}).json
    assert by_code["verdict"] == "valid"
    listed = door.ask("GET", "/v1/stars?region=130102").json["items"]
    assert award["award_number"] not in str(listed)
    assert [item["stars"] for item in listed] == [5]


def test_a_fusao_objected_to_upheld_and_appealed(trade: Trade, door: Door) -> None:
    fusao = trade.fusao(2, trade.base(2))
    person = people.resident(800_002)
    first = trade.to_notice(fusao, 92, 91)
    shown = door.ask("GET", "/v1/notices?region=130102").text
    assert person.name not in shown
    assert fusao["person_key"] not in shown

    objection = trade.object(first)
    with_receipt = {name: objection[name] for name in ("objection_id", "receipt")}
    trade.refuse(first, objection)
    assert trade.call("objection_status", with_receipt)["state"] == "refused"
    reason = {"reason": "附三位雇主的说明，请再核（示例）"}
    assert trade.call("appeal_objection", with_receipt | reason)["state"] == "appealed"
    trade.set_time(dt.date(2023, 1, 28))
    assert trade.call("application", first["application_id"], PROVINCE)["state"] == "on_notice"
    trade.set_time(dt.date(2023, 1, 31))
    assert come(trade, first, "inquiry")["objections"][0]["state"] == "open", "nobody answered the appeal"
    declined = trade.inquire(first, objection, upheld=True, clerk=2)
    assert declined["state"] == "declined"

    again = trade.appeal(first)
    assert not {*trade.seats(again)} & {*trade.seats(first)}, "nobody reviews it twice"
    trade.review(again, 84, 83)
    trade.open_notice(again, clerk=3)
    trade.set_time(dt.date(2023, 2, 10))
    come(trade, again, "notice_ended")
    done = trade.award(again, clerk=3)
    (beside,) = done["beside"]
    assert (done["outcome"]["stars"], beside["outcome"]["stars"], beside["state"]) == (4, 5, "declined")
    assert person.name not in str(door.ask("GET", "/v1/stars").json)


def test_a_downgrade_is_seen_at_once_by_who_verifies(trade: Trade, door: Door) -> None:
    application = trade.to_notice(trade.base(3), 85, 84)
    trade.set_time(ENDED)
    come(trade, application, "notice_ended")
    award = trade.call("award", trade.award(application)["award_id"], PROVINCE)
    lowered = trade.change(award["award_id"], "lower", stars=3)
    assert (lowered["stars"], lowered["history"][-1]["what"]) == (3, "award_lowered")
    assert door.ask("GET", f"/v1/verifications/stars?number={award['award_number']}").json["award"]["stars"] == 3
    trade.change(award["award_id"], "revoke")
    until(lambda: not trade.call("status")["unpublished"], seconds=30, what="all of it is said to whoever counts")
    assert door.ask("GET", f"/v1/verifications/stars?number={award['award_number']}").json["verdict"] == "not_valid"


def test_a_downgrade_below_three_stars_lowers_the_count(trade: Trade, programme: Programme) -> None:
    programme.start("targets.counting")
    counts = Counts(mongo.database(programme.config, "targets"))

    def counted() -> int:
        return int(counts.values(["130000"], indicator="19.1", as_of=dt.date.max, known_at=None)["130000"])

    def heard() -> bool:
        (source,) = [one for one in counts.heard_up_to() if one["service"] == "housekeeping"]
        return bool(source["seq"] >= Outbox(mongo.database(programme.config, "housekeeping")).head()["seq"])

    application = trade.to_notice(trade.base(7), 95, 93)
    trade.set_time(ENDED)
    come(trade, application, "notice_ended")
    until(heard, seconds=20, what="what was awarded before is counted")
    before = counted()
    award = trade.award(application)
    until(lambda: counted() == before + 1, seconds=20, what="the award is counted")
    trade.change(award["award_id"], "lower", stars=2)
    until(lambda: counted() == before, seconds=20, what="the downgrade has taken it out")
    programme.stop("targets.counting")


def test_the_clock_catches_up_after_it_was_killed(trade: Trade, programme: Programme) -> None:
    application = trade.to_notice(trade.base(4), 85, 84)
    programme.kill("housekeeping.clock")
    trade.set_time(dt.date(2023, 3, 1))
    assert trade.call("application", application["application_id"], PROVINCE)["state"] == "on_notice"
    programme.start("housekeeping.clock")
    until(
        lambda: trade.call("application", application["application_id"], PROVINCE)["state"] == "notice_ended",
        seconds=60,  # the lease of the one that was killed runs out first
        what="the notice has ended",
    )


def test_two_reviewers_at_once_and_one_gets_412_with_the_state(trade: Trade, door: Door) -> None:
    application = trade.apply(trade.base(5))
    trade.submit(application)
    version = trade.recommend(application)["version"]
    path = f"/v1/applications/{application['application_id']}/reviews"
    body = {"marks": stars.marks("base", 90), "note": "按评分标准逐项评定"}
    answers = [
        door.ask(
            "POST",
            path,
            stars.reviewer(int(client_id.removeprefix("reviewer-"))),
            json=body,
            headers={"If-Match": f'"{version}"'},
        )
        for client_id in trade.seats(application)
    ]
    assert [answer.status_code for answer in answers] == [201, 412]
    problem = answers[1].json
    assert (problem["code"], problem["version"], problem["state"]) == ("case_changed", version + 1, "provincial_review")


def test_when_the_register_is_away_the_answer_is_cannot_tell(trade: Trade, door: Door, programme: Programme) -> None:
    programme.stop("housekeeping")
    try:
        found = door.ask("GET", "/v1/verifications/stars?number=JD202313010200001N").json
    finally:
        programme.start("housekeeping")
    assert (found["verdict"], found["because"]) == ("cannot_tell", "register_away")
