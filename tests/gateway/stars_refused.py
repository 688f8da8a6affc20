"""Every refusal of housekeeping, provoked as a client would provoke it."""

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any, Protocol

from flask import Flask
from werkzeug.test import TestResponse

from contract.words import Role
from runtime import mongo
from runtime.config import Config
from samples import stars
from samples.stars import Trade, applicant, office, reviewer
from services.housekeeping import clock
from tests.gateway.stars import Door, RefusedByDoor

PROVINCE, COUNTY = office("130000"), office("130102")
DAY, NOTICE_OVER = dt.date(2023, 3, 1), dt.date(2023, 3, 11)
NOBODY = "0" * 24
_numbers = itertools.count(100)


class Scene(Protocol):
    app: Flask
    settings: Config


class Stage:
    """A trade of its own for one refusal, on the first of March 2023."""

    def __init__(self, scene: Scene) -> None:
        self.settings = scene.settings
        self.door = Door(scene.app, scene.settings)
        self.trade: Trade = self.door.trade
        self.trade.set_time(DAY)
        self.trade.register_reviewers(8)
        self.number = next(_numbers)

    def base(self, **changes: Any) -> dict[str, Any]:
        return self.trade.base(self.number, **changes)

    def hand_in(self, content: bytes, actor: dict[str, Any] | None = None) -> dict[str, str]:
        """``{"file_id", "sha256"}``"""
        body = b'--limit\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n' + content
        how = {"data": body + b"\r\n--limit--\r\n", "content_type": "multipart/form-data; boundary=limit"}
        answer = self.door.ask("POST", "/v1/evidence", actor, **how)
        assert answer.status_code == 201, answer.text
        return {name: answer.json[name] for name in ("file_id", "sha256")}

    def reviewed(self, *totals: int, base: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        application = self.trade.apply(base or self.base(), **changes)
        self.trade.submit(application)
        self.trade.recommend(application)
        self.trade.review(application, *totals)
        return application

    def on_notice(self, total: int = 92, base: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        return self.trade.open_notice(self.reviewed(total, total, base=base, **changes))

    def over(self, application: dict[str, Any]) -> dict[str, Any]:
        """The same after its notice."""
        self.trade.set_time(NOTICE_OVER)
        clock.worker(self.settings).look()
        return application

    def awarded(self, base: dict[str, Any] | None = None) -> str:
        return str(self.trade.award(self.over(self.on_notice(base=base)))["award_id"])

    def merged(self) -> None:
        """This stage's base into another."""
        heir = self.trade.base(next(_numbers))
        base = next(b for b in self.list_bases() if b["organisation"] == f"base-{self.number}")
        self.trade.confirm_move(self.trade.propose_move(base["base_id"], merged_into=heir["base_id"]))

    def list_bases(self) -> list[dict[str, Any]]:
        return list(self.door.ask("GET", "/v1/bases?limit=500", PROVINCE).json["items"])

    def database(self) -> mongo.Store:
        return mongo.database(self.settings, "housekeeping")


def _marks(stage: Stage, application: dict[str, Any], **changes: Any) -> None:
    first = stage.trade.seats(application)[0]
    command = {"application_id": application["application_id"], "marks": stars.marks("base", 90), "note": "评语"}
    who = reviewer(int(first.removeprefix("reviewer-")))
    stage.trade.call("submit_review", command | changes, who)


def _change(stage: Stage, change: str, **more: Any) -> None:
    stage.trade.change(stage.awarded(), change, **more)


def subject_invalid(stage: Stage) -> Any:
    stage.base(women=999)


def subject_not_found(stage: Stage) -> Any:
    return stage.door.ask("GET", f"/v1/bases/{NOBODY}", PROVINCE)


def subject_already_registered(stage: Stage) -> Any:
    stage.base()
    stage.base()


def subject_changed(stage: Stage) -> Any:
    path = f"/v1/bases/{stage.base()['base_id']}/correction"
    return stage.door.ask("POST", path, PROVINCE, json={"reason": "更正", "staff": 90}, headers={"If-Match": '"7"'})


def subject_not_active(stage: Stage) -> Any:
    base = stage.base()
    stage.merged()
    stage.trade.apply(base)


def award_not_found(stage: Stage) -> Any:
    return stage.door.ask("GET", f"/v1/awards/{NOBODY}", PROVINCE)


def award_changed_meanwhile(stage: Stage) -> Any:
    path = f"/v1/awards/{stage.awarded()}/changes"
    body = {"change": "suspend", "reason": "核查", "evidence": [stage.trade.evidence("report")]}
    return stage.door.ask("POST", path, PROVINCE, json=body, headers={"If-Match": '"9"'})


def award_change_not_allowed(stage: Stage) -> Any:
    _change(stage, "resume")


def base_move_not_allowed(stage: Stage) -> Any:
    stage.trade.confirm_move(stage.base())


def matter_not_open(stage: Stage) -> Any:
    command = {"award_id": stage.awarded(), "decision": "keep", "reason": "核实"}
    stage.trade.call("settle_award", command, PROVINCE)


def city_notice_too_short(stage: Stage) -> Any:
    stage.trade.recognise(stage.base(), notice_ended_on="2023-02-02")


def recognition_not_found(stage: Stage) -> Any:
    return stage.door.ask("GET", f"/v1/city-recognitions/{NOBODY}", PROVINCE)


def recognition_changed(stage: Stage) -> Any:
    path = f"/v1/city-recognitions/{stage.trade.recognise(stage.base())['recognition_id']}/decision"
    body = {"decision": "confirm", "reason": "经核属实"}
    return stage.door.ask("POST", path, PROVINCE, json=body, headers={"If-Match": '"9"'})


def recognition_settled(stage: Stage) -> Any:
    reported = stage.trade.recognise(stage.base())
    stage.trade.decide(reported, "refuse")
    stage.trade.decide(reported)


def command_reused(stage: Stage) -> Any:
    """A day later the gateway has forgotten the key; housekeeping has not."""
    command = {"unit": "130200", "subject_kind": "base", "year": 2030, "places": 1, "reason": "名额"}
    key = {"Idempotency-Key": f"quota-{stage.number}"}
    stage.door.ask("POST", "/v1/quotas", PROVINCE, json=command, headers=key)
    mongo.database(stage.settings, "gateway")["idempotency"].delete_many({})
    return stage.door.ask("POST", "/v1/quotas", PROVINCE, json=command | {"places": 2}, headers=key)


def stars_not_allowed(stage: Stage) -> Any:
    command = {"unit": "130102", "subject_kind": "base", "year": 2030, "places": 1, "reason": "名额"}
    stage.trade.call("set_quota", command, PROVINCE)


def case_not_found(stage: Stage) -> Any:
    return stage.door.ask("GET", f"/v1/applications/{NOBODY}", PROVINCE)


def case_changed(stage: Stage) -> Any:
    application = stage.trade.apply(stage.base())
    path = f"/v1/applications/{application['application_id']}/transitions"
    who, body = applicant(application["organisation"]), {"transition": "submit", "reason": "申报"}
    return stage.door.ask("POST", path, who, json=body, headers={"If-Match": '"9"'})


def case_open_already(stage: Stage) -> Any:
    base = stage.base()
    stage.trade.apply(base)
    stage.trade.apply(base)


def transition_not_allowed(stage: Stage) -> Any:
    stage.trade.award(stage.trade.apply(stage.base()))


def not_your_office(stage: Stage) -> Any:
    application = stage.trade.apply(stage.base())
    stage.trade.submit(application)
    stage.trade.move(application, "accept", office("130100"))


def evidence_missing(stage: Stage) -> Any:
    stage.trade.submit(stage.trade.apply(stage.base(), evidence=[]))


def evidence_not_found(stage: Stage) -> Any:
    application = stage.trade.apply(stage.base())
    return stage.door.ask("GET", f"/v1/applications/{application['application_id']}/evidence/{NOBODY}", PROVINCE)


def not_eligible(stage: Stage) -> Any:
    stage.trade.submit(stage.trade.apply(stage.base(registered_on="2022-12-01")))


def recommender_missing(stage: Stage) -> Any:
    stage.trade.submit(stage.trade.apply(stage.base(), channel="society"))


def quota_reached(stage: Stage) -> Any:
    command = {"unit": "130200", "subject_kind": "base", "year": 2023, "places": 0, "reason": "名额"}
    stage.trade.call("set_quota", command, PROVINCE)
    application = stage.trade.apply(stage.base(region="130202"))
    stage.trade.submit(application)
    stage.trade.recommend(application)


def region_not_yours(stage: Stage) -> Any:
    outsider = stars.actor("outsider", Role.APPLICANT, "130200", "outsider")
    command = {
        "credit_code": stars.credit_code(stage.number),
        "name": "某家政",
        "region": "130102",
        "legal_representative": {"name": "某人"},
        "led_by_a_woman": True,
        "registered_on": "2018-01-01",
        **dict.fromkeys(("staff", "women", "employed", "certified"), 1),
    }
    stage.trade.call("register_base", command, outsider)


def cure_expired(stage: Stage) -> Any:
    application = stage.trade.apply(stage.base())
    stage.trade.submit(application)
    stage.trade.move(application, "send_back", COUNTY)
    stage.trade.set_time(dt.date(2023, 6, 1))
    stage.trade.move(application, "resubmit", applicant(application["organisation"]))


def not_reviewing(stage: Stage) -> Any:
    command = {"subject_kind": "base", "subject_key": stage.base()["base_id"], "reason": "亲属"}
    stage.trade.call("declare_interest", command, reviewer(99))


def no_eligible_reviewer(stage: Stage) -> Any:
    application = stage.trade.apply(stage.base())
    stage.trade.submit(application)
    everybody = [reviewer(number) for number in range(1, 9)]
    for who in everybody:
        command = {"client_id": who["client_id"], "organisation": who["organisation"], "active": False}
        stage.trade.call("register_reviewer", command, PROVINCE)
    stage.trade.recommend(application)


def already_scored(stage: Stage) -> Any:
    application = stage.reviewed(90)
    _marks(stage, application)


def review_too_late(stage: Stage) -> Any:
    application = stage.reviewed()
    stage.trade.set_time(dt.date(2023, 6, 1))
    _marks(stage, application)


def marks_invalid(stage: Stage) -> Any:
    _marks(stage, stage.reviewed(), marks=[{"item": "premises", "points": "11"}])


def outcome_not_settled(stage: Stage) -> Any:
    stage.trade.open_notice(stage.reviewed(90))


def outcome_below_threshold(stage: Stage) -> Any:
    stage.trade.open_notice(stage.reviewed(50, 55))


def notice_not_over(stage: Stage) -> Any:
    """The clock is put back after the notice has ended: the step looks for itself."""
    application = stage.over(stage.on_notice())
    stage.trade.set_time(DAY)
    stage.trade.award(application)


def notice_disputed(stage: Stage) -> Any:
    """Whoever forges the state in the database still gets no award."""
    application = stage.on_notice()
    stage.trade.object(application)
    changed = {"$set": {"state": "notice_ended"}, "$unset": {"due": ""}}
    stage.database()["cases"].update_one({"_id": application["application_id"]}, changed)
    stage.trade.set_time(NOTICE_OVER)
    stage.trade.award(application)


def notice_closed(stage: Stage) -> Any:
    stage.trade.object(stage.over(stage.on_notice()))


def objections_full(stage: Stage) -> Any:
    application = stage.on_notice()
    stage.trade.object(application)
    cases, key = stage.database()["cases"], {"_id": application["application_id"]}
    [first] = cases.find_one(key)["objections"]
    cases.update_one(key, {"$set": {"objections": [first] * 50}})
    stage.trade.object(application, 2)


def objections_too_many(stage: Stage) -> Any:
    application = stage.on_notice()
    for number in range(20):
        stage.trade.object(application, number)


def objection_invalid(stage: Stage) -> Any:
    stage.trade.object(stage.on_notice(), name=None, phone=None)


def ground_unknown(stage: Stage) -> Any:
    application = stage.on_notice()
    stage.trade.refuse(application, stage.trade.object(application), ground="dislike")


def objection_not_found(stage: Stage) -> Any:
    application = stage.on_notice()
    stage.trade.dispute(application)
    stage.trade.inquire(application, {"objection_id": NOBODY}, upheld=False)


def matter_open(stage: Stage) -> Any:
    application = stage.over(stage.on_notice())
    stage.merged()
    stage.trade.award(application)


def appeal_not_allowed(stage: Stage) -> Any:
    stage.trade.appeal(stage.on_notice())


def standing_higher(stage: Stage) -> Any:
    base = stage.base()
    stage.awarded(base)
    application = stage.on_notice(75, base=base)
    stage.trade.set_time(dt.date(2023, 4, 1))
    clock.worker(stage.settings).look()
    stage.trade.award(application)


def holiday_notice_invalid(stage: Stage) -> Any:
    stage.trade.propose_holidays({})


def holiday_notice_not_found(stage: Stage) -> Any:
    stage.trade.confirm_holidays({"notice_id": NOBODY})


def holiday_notice_settled(stage: Stage) -> Any:
    stage.trade.confirm_holidays(stage.trade.confirm_holidays(stage.trade.propose_holidays({"2024-05-11": True})))


_STATUS = {
    403: (not_reviewing, not_your_office, region_not_yours, stars_not_allowed),
    404: (
        holiday_notice_not_found,
        *(award_not_found, case_not_found, evidence_not_found, objection_not_found, recognition_not_found),
        subject_not_found,
    ),
    409: (
        *(already_scored, appeal_not_allowed, award_change_not_allowed, base_move_not_allowed, case_open_already),
        *(command_reused, holiday_notice_settled),
        *(cure_expired, matter_not_open, matter_open, no_eligible_reviewer, notice_closed, notice_disputed),
        *(notice_not_over, objections_full, outcome_below_threshold, outcome_not_settled, quota_reached),
        *(recognition_settled, review_too_late),
        *(standing_higher, subject_already_registered, subject_not_active, transition_not_allowed),
    ),
    412: (award_changed_meanwhile, case_changed, recognition_changed, subject_changed),
    422: (
        *(city_notice_too_short, evidence_missing, holiday_notice_invalid, marks_invalid, not_eligible),
        *(ground_unknown, objection_invalid, recommender_missing, subject_invalid),
    ),
    429: (objections_too_many,),
}


def _provoke(act: Callable[[Stage], Any]) -> Callable[[Any], TestResponse]:
    def provoke(scene: Any) -> TestResponse:
        try:
            answer = act(Stage(scene))
        except RefusedByDoor as refused:
            return refused.answer
        assert answer is not None, f"{act.__name__}: nothing was refused"
        return answer

    return provoke


PROVOKE = {act.__name__: (status, _provoke(act)) for status, acts in _STATUS.items() for act in acts}
