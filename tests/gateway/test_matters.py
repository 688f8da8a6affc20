"""Problems, 绿色通道 requests and hints through the door, on the real services."""

import io
from collections.abc import Iterator

import pytest
from flask import Flask

from runtime.config import Config
from tests.gateway.callers import Caller
from tests.gateway.matters_refused import GREENWAYS, HINTS, MATTERS, Register
from tests.programme import Programme, until


class Stage:
    """What ``Register`` needs of a scene."""

    def __init__(self, app: Flask, settings: Config) -> None:
        self.app, self.settings = app, settings


@pytest.fixture(scope="module", autouse=True)
def running(services: Programme) -> Iterator[None]:
    others = ("targets.desk",)
    services.start(*others)
    yield
    for name in others:
        services.stop(name)


@pytest.fixture
def register(app: Flask, settings: Config) -> Register:
    return Register(Stage(app, settings))


def test_a_problem_from_the_books_to_its_settlement_with_proof_that_can_be_seen(
    register: Register, services: Programme
) -> None:
    made = register.matter()
    where = made.headers["Location"]
    assert (made.status_code, made.headers["ETag"], made.json["state"]) == (201, '"1"', "挂账")
    stored = register.housing.post("/v1/evidence", data={"file": (io.BytesIO(b"receipt"), "a.pdf")}).json
    proof = {"file_id": stored["file_id"], "sha256": stored["sha256"], "title": "拨款凭证"}
    told = {"text": "资金已到位", "evidence": [proof]}
    asked = register.housing.post(f"{where}/settlement-request", json=told, headers={"If-Match": '"1"'})
    assert (asked.status_code, asked.headers["ETag"], asked.json["evidence"]) == (200, '"2"', [proof]), asked.text
    seen = register.reviewer.get(f"{where}/evidence/{proof['file_id']}")
    assert (seen.status_code, seen.data) == (200, b"receipt")
    assert register.city.get(f"{where}/evidence/{'0' * 24}").status_code == 404
    assert register.settle(where).json["state"] == "销账"
    read = register.dispatcher.get(where).json
    assert [step["event"] for step in read["history"]] == ["registered", "settlement_asked", "settled"]


def test_told_twice_under_one_key_it_is_registered_once(register: Register, services: Programme) -> None:
    body = {
        "item": 16,
        "region": "辛集市",
        "kind": "政策",
        "title": "低保边缘户认定标准不一",
        "text": "请明确口径",
        "owner": "省民政厅",
        "due_on": "2099-12-31",
    }
    headers = {"Idempotency-Key": "one problem"}
    first, second = (register.dispatcher.post(MATTERS, json=body, headers=headers) for _ in range(2))
    assert (first.status_code, second.headers["Idempotent-Replayed"]) == (201, "true")
    listed = register.dispatcher.get(f"{MATTERS}?item=16&region=130181&kind=政策").json
    assert [one["matter_id"] for one in listed["items"]] == [first.json["matter_id"]]
    (counted,) = register.dispatcher.get("/v1/matter-counts?item=16").json["items"]
    assert (counted["region"], counted["open"], counted["overdue"]) == ("130181", 1, 0)


def test_lists_go_on_where_they_ended_and_take_their_filters_from_the_query(
    register: Register, services: Programme
) -> None:
    made = [register.matter().json["matter_id"] for _ in range(3)]
    query = f"region={register.county}&target_id=2.1&overdue=false&state=挂账&limit=2"
    page = register.reporter.get(f"{MATTERS}?{query}").json
    rest = register.reporter.get(f"{MATTERS}?{query}&after={page['next']}").json
    assert [one["matter_id"] for one in page["items"] + rest["items"]] == made
    assert rest["next"] is None
    for wrong in ("overdue=maybe", "kind=人员", "item=0", "after=nonsense"):
        refused = register.reporter.get(f"{MATTERS}?{wrong}")
        assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, f"/query/{wrong.split('=')[0]}")


def test_a_request_waits_is_answered_and_its_clock_is_seen(register: Register, services: Programme) -> None:
    where = register.greenway()
    read = register.reporter.get(where)
    assert (read.json["state"], read.json["working_days"], read.headers["ETag"]) == ("待答复", 5, '"1"')
    body = {"answer": "补充材料", "reason": "请补充选址意见书"}
    paused = register.housing.post(f"{where}/answer", json=body)
    assert (paused.json["state"], paused.json["due_on"]) == ("待补充材料", None)
    assert register.reporter.post(f"{where}/supplement", json={"text": "已补充"}).json["due_on"] is not None
    assert register.answer(where).json["late"] is False
    waiting = register.reporter.get(f"{GREENWAYS}?region={register.county}&overdue=true").json["items"]
    assert waiting == []


def test_a_hint_is_read_assigned_and_concluded(register: Register, services: Programme) -> None:
    where = register.hint()
    read = register.dispatcher.get(where)
    assert (read.status_code, read.json["state"]) == (200, "待分派")
    assert register.dispatcher.get(where, headers={"If-None-Match": read.headers["ETag"]}).status_code == 304
    assert register.assign(where).json["state"] == "核查中"
    assert register.conclude(where).json["outcome"] == "属实"
    listed = register.inspector.get(f"{HINTS}?region={register.county}&state=已办结").json["items"]
    assert [f"{HINTS}/{one['hint_id']}" for one in listed] == [where]


def test_looking_for_anomalies_is_asked_for_and_done(register: Register, services: Programme) -> None:
    asked = register.dispatcher.post("/v1/anomaly-looks", json={"as_of": "2023-10-31"})
    assert (asked.status_code, asked.json["as_of"]) == (202, "2023-10-31"), asked.text

    def done() -> bool:
        return register.inspector.get(asked.headers["Location"]).json["finished_at"] is not None

    until(done, seconds=20, what="it was looked")
    found = register.inspector.get(asked.headers["Location"]).json
    assert (found["found"], found["noticed"]) == (0, 0)


def test_an_id_number_in_a_text_goes_no_further(register: Register, services: Programme) -> None:
    refused = register.matter(text="户主130102199001011234")
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "personal_data")
    assert "130102199001011234" not in refused.text


def test_a_partner_has_nothing_to_do_with_any_of_it(partner: Caller, services: Programme) -> None:
    for path in (MATTERS, GREENWAYS, HINTS, "/v1/matter-counts"):
        assert partner.get(path).json["code"] == "scope_missing"
