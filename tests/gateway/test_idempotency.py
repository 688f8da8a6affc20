"""The same request again gets the first one's answer, whatever happened to the first."""

import datetime as dt
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask
from pymongo.collection import Collection
from pymongo.read_concern import ReadConcern
from werkzeug import Response

from contract.errors import Refused
from gateway import problems
from gateway.idempotency import KEPT, LEASE, REPLAYED, Idempotency, key_of
from runtime import clock, mongo
from runtime.config import Config

SECONDS = 10.0  # that a call may take


class Work:
    """A service that counts how often it is asked."""

    def __init__(self, status: int = 201) -> None:
        self.status = status
        self.command_ids: list[str] = []

    def __call__(self, command_id: str) -> Response:
        self.command_ids.append(command_id)
        return Response(
            f'{{"number": {len(self.command_ids)}}}',
            self.status,
            {"Location": "/v1/things/1", "ETag": '"1"', "X-Other": "not kept"},
            content_type="application/json",
        )


class Clock:
    def __init__(self) -> None:
        self.at = clock.now()

    def __call__(self) -> dt.datetime:
        return self.at


@pytest.fixture
def time() -> Clock:
    return Clock()


@pytest.fixture
def kept(settings: Config) -> Collection[dict[str, Any]]:
    """The documents, read as the gateway reads them: newer than the majority may know."""
    return mongo.database(settings, "gateway").get_collection("idempotency", read_concern=ReadConcern("local"))


@pytest.fixture
def keys(settings: Config, app: Flask, time: Clock, kept: Collection[dict[str, Any]]) -> Idempotency:
    kept.delete_many({})
    return Idempotency(settings, now=time)


@pytest.fixture
def ask(keys: Idempotency, app: Flask) -> Callable[..., Response]:
    def ask(
        work: Callable[[str], Response],
        *,
        caller: str = "a",
        key: str = "k",
        route: str = "POST /v1/things",
        body: bytes = b"{}",
        seconds: float = SECONDS,
    ) -> Response:
        with app.test_request_context("/v1/things", method="POST"):
            return keys.answer(caller=caller, route=route, key=key, body=body, seconds=seconds, work=work)

    return ask


def test_the_first_answer_comes_again_and_says_so(ask: Callable[..., Response]) -> None:
    work = Work()
    first, second = ask(work), ask(work)
    assert len(work.command_ids) == 1, "the work was done twice"
    assert REPLAYED not in first.headers
    assert second.headers[REPLAYED] == "true"
    assert (second.status_code, second.get_data(), second.content_type) == (201, b'{"number": 1}', "application/json")
    assert (second.headers["Location"], second.headers["ETag"]) == ("/v1/things/1", '"1"')


def test_another_body_under_the_same_key_is_refused(ask: Callable[..., Response]) -> None:
    ask(Work(), body=b'{"a": 1}')
    with pytest.raises(problems.IdempotencyKeyReused):
        ask(Work(), body=b'{"a": 2}')


@pytest.mark.parametrize("other", [{"caller": "b"}, {"key": "l"}, {"route": "POST /v1/things/1/end"}])
def test_keys_of_different_callers_and_routes_have_nothing_to_do_with_each_other(
    ask: Callable[..., Response], other: dict[str, str]
) -> None:
    work = Work()
    ask(work)
    ask(work, **other)
    assert len(set(work.command_ids)) == 2


@pytest.mark.parametrize("kind", problems.catalogue().values(), ids=problems.catalogue())
def test_a_refusal_is_stored_exactly_when_it_is_final(ask: Callable[..., Response], kind: type[Refused]) -> None:
    def refuse(command_id: str) -> Response:
        raise kind("不行", "no")

    assert ask(refuse).status_code == kind.status
    again = ask(Work(201))
    assert again.status_code == (201 if kind.transient else kind.status)
    assert (REPLAYED in again.headers) is not kind.transient


@pytest.mark.parametrize("status", [200, 202])
def test_what_went_well_is_stored(ask: Callable[..., Response], status: int) -> None:
    ask(Work(status))
    again = ask(Work(201))
    assert again.status_code == status
    assert again.headers[REPLAYED] == "true"


def test_a_crash_of_the_work_frees_the_key(ask: Callable[..., Response]) -> None:
    def crash(command_id: str) -> Response:
        raise RuntimeError("the service is away")

    with pytest.raises(RuntimeError):
        ask(crash)
    assert ask(Work()).status_code == 201


def test_while_the_first_is_running_the_second_is_told_to_wait(ask: Callable[..., Response]) -> None:
    def while_running(command_id: str) -> Response:
        with pytest.raises(problems.RequestInProgress) as refused:
            ask(Work())
        assert 1 <= int(refused.value.headers["Retry-After"]) <= 5
        return Work()(command_id)

    assert ask(while_running).status_code == 201


def test_a_key_whose_holder_died_is_taken_over_under_the_same_command_id(
    ask: Callable[..., Response], time: Clock
) -> None:
    seen = []

    def dies(command_id: str) -> Response:
        seen.append(command_id)
        time.at += LEASE + dt.timedelta(seconds=SECONDS)  # it hangs until it is taken for dead
        work = Work()
        ask(work)
        seen.extend(work.command_ids)
        return Response('{"number": "late"}', 201)

    ask(dies)
    assert seen[0] == seen[1], "the service could not know that it is the same command"
    again = ask(Work())
    assert again.get_data() == b'{"number": 1}', "who lost the key overwrote the answer of who holds it"


def test_a_key_is_held_for_as_long_as_its_call_may_take(ask: Callable[..., Response], time: Clock) -> None:
    def takes_two_minutes(command_id: str) -> Response:
        time.at += dt.timedelta(minutes=2)
        with pytest.raises(problems.RequestInProgress):
            ask(Work(), seconds=120)
        return Work()(command_id)

    assert ask(takes_two_minutes, seconds=120).status_code == 201


def test_of_many_at_once_one_does_the_work(settings: Config, app: Flask) -> None:
    keys = Idempotency(settings)
    work = Work()
    start = threading.Barrier(12)
    outcomes: list[str] = []

    def one() -> None:
        start.wait()
        with app.test_request_context("/v1/things", method="POST"):
            try:
                answer = keys.answer(
                    caller="a", route="POST /v1/things", key="crowd", body=b"{}", seconds=SECONDS, work=work
                )
                outcomes.append("replayed" if REPLAYED in answer.headers else "done")
            except problems.RequestInProgress:
                outcomes.append("running")

    threads = [threading.Thread(target=one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(work.command_ids) == 1
    assert sorted(set(outcomes) - {"running", "replayed"}) == ["done"]
    assert outcomes.count("done") == 1
    assert len(outcomes) == 12


def test_answers_and_bodies_lie_sealed_in_the_database(
    ask: Callable[..., Response], kept: Collection[dict[str, Any]]
) -> None:
    ask(Work(), body='{"holder_name": "王小明", "document_number": "130102199001011234"}'.encode())
    (row,) = kept.find()
    raw = repr(row)
    assert "number" not in raw, "the answer can be read"
    assert "things" not in raw
    assert "130102199001011234" not in raw
    assert len(row["body"]) == 32


def test_keys_are_forgotten_after_a_day(
    keys: Idempotency, ask: Callable[..., Response], kept: Collection[dict[str, Any]]
) -> None:
    keys.ensure_indexes()
    ask(Work())
    assert kept.index_information()["expires_at_1"]["expireAfterSeconds"] == 0
    (row,) = kept.find()
    assert dt.timedelta(0) <= KEPT - (row["expires_at"] - clock.now()) < dt.timedelta(minutes=1)


@pytest.mark.parametrize("header", ["\xa0a", "a\x85", "", "   ", "a" * 256, "ключ", "a\tb"])
def test_what_can_be_no_key_is_refused(header: str) -> None:
    with pytest.raises(problems.MalformedRequest):
        key_of(header)


@pytest.mark.parametrize("header", ["a", "8e03978e-40d5-43dd-bc93-6894a57f9324", '"quoted"', "a" * 255])
def test_any_visible_ascii_is_a_key(header: str) -> None:
    assert key_of(header) == header


def test_who_lost_the_key_and_fails_does_not_free_it_for_a_third(ask: Callable[..., Response], time: Clock) -> None:
    def slept(command_id: str) -> Response:
        time.at += LEASE + dt.timedelta(seconds=SECONDS)
        ask(working)
        raise RuntimeError("the first one wakes up, and fails")

    def working(command_id: str) -> Response:
        return Work()(command_id)

    with pytest.raises(RuntimeError):
        ask(slept)
    third = Work()
    assert ask(third).headers[REPLAYED] == "true"
    assert third.command_ids == []


def test_who_lost_the_key_and_is_refused_for_now_does_not_free_what_another_works_on(
    ask: Callable[..., Response], time: Clock
) -> None:
    def slept(command_id: str) -> Response:
        time.at += LEASE + dt.timedelta(seconds=SECONDS)
        return ask(takes_over)

    def takes_over(command_id: str) -> Response:
        with pytest.raises(problems.RequestInProgress):
            ask(Work())
        time.at += dt.timedelta(seconds=SECONDS)
        with pytest.raises(problems.RequestInProgress):
            ask(Work())
        return Work()(command_id)

    assert ask(slept).status_code == 201


@pytest.mark.parametrize(("gone", "wait"), [(0.0, 5), (24.9, 5), (25.0, 5), (26.5, 4), (28.0, 3), (29.9, 1)])
def test_who_is_to_wait_is_told_until_the_lease_ends_and_five_seconds_at_most(
    ask: Callable[..., Response], time: Clock, gone: float, wait: int
) -> None:
    def running(command_id: str) -> Response:
        time.at += dt.timedelta(seconds=gone)
        with pytest.raises(problems.RequestInProgress) as refused:
            ask(Work(), seconds=10.0)
        assert refused.value.headers == {"Retry-After": str(wait)}
        return Work()(command_id)

    assert LEASE + dt.timedelta(seconds=10) == dt.timedelta(seconds=30)
    ask(running, seconds=10.0)


def test_a_header_is_named_when_it_is_at_fault() -> None:
    assert key_of(None) is None
    assert key_of("  a  ") == "a"
    with pytest.raises(problems.MalformedRequest) as refused:
        key_of("ключ")
    assert [(one["pointer"], one["code"]) for one in refused.value.errors] == [("/header/Idempotency-Key", "key")]


def test_an_answer_that_an_earlier_version_stored_is_given_again(
    settings: Config, ask: Callable[..., Response], kept: Collection[dict[str, Any]], time: Clock
) -> None:
    """Sealed here by the format as it is: with another, every retry across an update would be carried out anew."""
    command_id = hashlib.sha256(b"a\0POST /v1/things\0k").hexdigest()
    answers, bodies = (
        HKDF(SHA256(), 32, None, f"gateway idempotency {name}".encode()).derive(settings.master_key)
        for name in ("answers", "bodies")
    )
    told = {"status": 202, "type": "text/plain", "headers": {"ETag": '"7"'}, "body": "好"}
    nonce = b"\x07" * 12
    kept.insert_one(
        {
            "_id": command_id,
            "body": hmac.digest(bodies, b"{}", hashlib.sha256),
            "held_by": ObjectId(),
            "held_until": time.at,
            "expires_at": time.at + KEPT,
            "answer": nonce + AESGCM(answers).encrypt(nonce, json.dumps(told).encode(), command_id.encode()),
        }
    )
    work = Work()
    answer = ask(work)
    assert (answer.status_code, answer.get_data(as_text=True), answer.headers["ETag"]) == (202, "好", '"7"')
    assert answer.content_type == "text/plain"
    assert work.command_ids == []
