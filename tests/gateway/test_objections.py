"""Objections through the door: by whom the gateway takes them to be sent, and what nobody but the sender learns."""

import itertools
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from runtime import mongo
from runtime.config import Config
from samples import people
from samples.stars import applicant, office
from tests.gateway.stars_refused import Stage
from tests.programme import Programme

PROVINCE = office("130000")
_people = itertools.count(600_000)


@pytest.fixture
def stage(app: Flask, settings: Config, services: Programme) -> Stage:
    return Stage(SimpleNamespace(app=app, settings=settings))


def objected(stage: Stage, application: dict[str, Any], address: str, actor: Any = None, **more: Any) -> TestResponse:
    """Each time by another person."""
    number = next(_people)
    who = {"name": people.resident(number).name, "phone": people.phone(number)}
    body = {"statement": "该单位去年拖欠员工工资，请予核实。（示例）", **who, **more}
    path = f"/v1/notices/{application['application_id']}/objections"
    return stage.door.ask("POST", path, actor, json=body, environ_base={"REMOTE_ADDR": address})


def test_twenty_objections_from_one_network_are_three_and_its_neighbour_is_heard(
    stage: Stage, settings: Config
) -> None:
    application = stage.on_notice()
    for network in (["198.51.100.7"], [f"2001:db8:1:1::{host}" for host in range(1, 9)]):
        answers = [objected(stage, application, network[turn % len(network)]) for turn in range(20)]
        assert Counter(answer.status_code for answer in answers) == {201: 3, 429: 17}
        assert {answer.json["code"] for answer in answers[3:]} == {"objections_too_many"}
    assert objected(stage, application, "198.51.100.8").status_code == 201
    seen = stage.trade.call("application", application["application_id"], PROVINCE)
    assert (seen["state"], len(seen["objections"])) == ("on_notice", 7)
    store = mongo.database(settings, "housekeeping")
    assert "198.51.100" not in str([list(store[name].find()) for name in store.list_collection_names()])


def test_who_has_a_token_is_known_by_it_wherever_they_are_and_does_not_decide_on_their_own(stage: Stage) -> None:
    application = stage.on_notice()
    first, *_ = [objected(stage, application, f"203.0.113.{host}", PROVINCE) for host in range(3)]
    assert objected(stage, application, "203.0.113.9", PROVINCE).status_code == 429
    assert objected(stage, application, "203.0.113.9").status_code == 201
    path = f"/v1/applications/{application['application_id']}/transitions"
    body = {"transition": "admit_objection", "reason": "属实", "objection_id": first.json["objection_id"]}
    assert stage.door.ask("POST", path, PROVINCE, json=body).status_code == 403
    assert stage.door.ask("POST", path, office("130000", 2), json=body).status_code == 200


def test_the_sender_is_for_the_gateway_to_say(stage: Stage) -> None:
    refused = objected(stage, stage.on_notice(), "203.0.113.9", sender="address:192.0.2.1")
    assert [error["pointer"] for error in refused.json["errors"]] == ["/sender"]


def test_the_receipt_is_for_the_sender_alone(stage: Stage) -> None:
    application = stage.on_notice()
    received = objected(stage, application, "203.0.113.9").json
    for who in (PROVINCE, applicant(application["organisation"])):
        assert (
            received["receipt"]
            not in stage.door.ask("GET", f"/v1/applications/{application['application_id']}", who).text
        )
    path = f"/v1/objections/{received['objection_id']}/status"
    assert stage.door.ask("POST", path, json={"receipt": received["receipt"]}).json["state"] == "received"
    assert stage.door.ask("POST", path, json={"receipt": "0" * 32}).status_code == 404
