import datetime as dt
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nameko.exceptions import RpcTimeout
from nameko.standalone.rpc import ClusterRpcProxy

from contract.errors import Conflict, Refused
from runtime import clock, config, trace
from runtime.rpc import InternalError, NotDone, OutcomeUnknown, Rpc, ServiceUnavailable
from tests.runtime.running import Broker, Hosted, Wire, until

ID_NUMBER = "110101199003070118"  # nobody's
NAME = "张三丰收"


@pytest.fixture(scope="module")
def echo(module_space: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    folder = tmp_path_factory.mktemp("echo")
    process = Hosted(module_space | {"LOG_LEVEL": "DEBUG"}, folder, "echo").wait_ready()
    yield process
    assert process.stop() == 0, process.log()


@pytest.fixture(scope="module")
def rpc(module_space: dict[str, str], echo: Hosted) -> Iterator[Rpc]:
    client = Rpc(config.read(module_space))
    yield client
    client.close()


class WordTaken(Conflict):
    """已有此词。"""


@pytest.fixture
def known_refusal(monkeypatch: pytest.MonkeyPatch) -> type[Refused]:
    # The service's own class is in a module that only its process imports.
    monkeypatch.setattr(WordTaken, "__module__", "tests.runtime.hosted.echo.service")
    return WordTaken


def test_a_call_is_answered_with_what_the_method_returns(rpc: Rpc) -> None:
    answer = rpc.call("echo", "say", "你好", times=2)
    assert (answer["word"], answer["more"], answer["app_env"]) == ("你好", {"times": 2}, "test")


def test_the_trace_of_a_request_goes_on_in_the_service(rpc: Rpc) -> None:
    with trace.span():
        assert rpc.call("echo", "say", "x")["trace_id"] == trace.trace_id()
    assert rpc.call("echo", "say", "x")["trace_id"], "a call without a trace begins one"


def test_a_refusal_arrives_as_itself_with_its_reasons_and_its_numbers(rpc: Rpc, known_refusal: type[Refused]) -> None:
    with pytest.raises(known_refusal) as refused:
        rpc.call("echo", "take", "x")
    error = refused.value
    assert (error.zh, error.en, error.code, error.status) == ("已有此词", "the word is taken", "word_taken", 409)
    assert error.errors == [{"pointer": "/word", "code": "taken", "detail": "已有", "detail_en": "taken"}]
    assert error.facts == {"version": 3, "by": "x"}, "nameko alone would have made '3' of the number"


def test_a_refusal_newer_than_its_caller_arrives_as_what_it_specialises(rpc: Rpc) -> None:
    with pytest.raises(Conflict) as refused:  # WordTaken is known only where the service is hosted
        rpc.call("echo", "take", "x")
    assert type(refused.value) is Conflict
    assert refused.value.zh == "已有此词"


def test_what_nobody_foresaw_arrives_without_its_text(rpc: Rpc) -> None:
    with pytest.raises(InternalError) as failed:
        rpc.call("echo", "fail", {"holder_name": NAME, "document_number": ID_NUMBER})
    assert str(failed.value) == "echo.fail: ValueError"


@pytest.mark.parametrize(
    ("method", "arguments", "reason"),
    [
        ("nothing", (), "MethodNotFound"),
        ("say", (), "IncorrectSignature"),
        ("unsayable", (), "TypeError"),
        ("upset", (), "RuntimeError"),
    ],
)
def test_a_call_that_cannot_be_made_is_answered_and_does_not_end_the_service(
    rpc: Rpc, method: str, arguments: tuple[Any, ...], reason: str
) -> None:
    with pytest.raises(InternalError, match=reason):
        rpc.call("echo", method, *arguments, timeout=5)
    assert rpc.call("echo", "say", "still here")["word"] == "still here"


def test_a_database_that_is_away_is_unavailable_and_not_an_error(rpc: Rpc) -> None:
    with pytest.raises(OutcomeUnknown, match="something it needs is away"):
        rpc.call("echo", "away")


def test_a_service_that_nobody_hosts_is_unavailable_at_once(rpc: Rpc) -> None:
    began = time.monotonic()
    with pytest.raises(NotDone, match="no such service"):
        rpc.call("nowhere", "say")
    assert time.monotonic() - began < 2
    with pytest.raises(NotDone, match="no such service"):
        rpc.call("bystander", "say")


def test_a_call_ends_when_its_time_is_over_and_the_next_gets_its_own_answer(rpc: Rpc) -> None:
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown, match="in time"):
        rpc.call("echo", "slow", 1.0, 77, timeout=0.3)
    assert time.monotonic() - began < 0.8
    time.sleep(1.0)
    assert rpc.call("echo", "say", "mine")["word"] == "mine"


def test_calls_that_time_out_leave_nothing_behind_as_those_of_nameko_do(rpc: Rpc, echo: Hosted) -> None:
    for number in range(3):
        with pytest.raises(ServiceUnavailable):
            rpc.call("echo", "slow", 0.4, number, timeout=0.1)
    time.sleep(0.5)
    rpc.call("echo", "say", "x")
    assert len(rpc._idle) <= 1, "a line is kept for each call that timed out"

    standalone = ClusterRpcProxy({"AMQP_URI": echo.environ["AMQP_URI"]}, timeout=0.1)
    proxy = standalone.start()
    consumer = standalone._reply_listener.queue_consumer
    for number in range(3):
        with pytest.raises(RpcTimeout):
            proxy.echo.slow(0.4, number)
    time.sleep(0.5)
    proxy.echo.say("x")
    assert len(consumer.connection.connection.channels) > 4, "nameko was mended: is our own client still needed?"
    assert consumer.replies, "nameko was mended: is our own client still needed?"
    standalone.stop()


def test_a_line_that_was_hung_up_while_it_lay_idle_is_not_used(module_space: dict[str, str], echo: Hosted) -> None:
    wire = Wire(module_space["AMQP_URI"])
    client = Rpc(config.read(module_space | {"AMQP_URI": wire.uri}))
    for reset in (False, True):
        assert client.call("echo", "say", "before")["word"] == "before"
        wire.cut(reset=reset)
        time.sleep(0.1)
        assert client.call("echo", "say", "after")["word"] == "after"
    client.close()
    wire.close()


def test_the_answer_to_another_question_is_nobodys_answer(rpc: Rpc, echo: Hosted) -> None:
    rpc.call("echo", "say", "x")
    queue = f"rpc.reply-{rpc._idle[-1]._reply_to}"
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(rpc.call("echo", "slow", 0.6, 41)))
    thread.start()
    echo.noted("began 41")
    Broker(echo.environ["AMQP_URI"]).put(b'{"result": "brought twice", "error": null}', queue=queue)
    thread.join()
    assert answers == [41]


def test_sixteen_threads_get_each_its_own_answers(rpc: Rpc) -> None:
    wrong: list[str] = []

    def ask(name: str) -> None:
        for number in range(30):
            if rpc.call("echo", "say", f"{name}-{number}")["word"] != f"{name}-{number}":
                wrong.append(name)

    threads = [threading.Thread(target=ask, args=[str(number)]) for number in range(16)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = 16 * 30 / (time.monotonic() - began)
    assert not wrong
    print(f"{rate:.0f} calls/s")


def test_slow_calls_do_not_wait_for_one_another(rpc: Rpc) -> None:
    threads = [threading.Thread(target=rpc.call, args=["echo", "slow", 0.5, number]) for number in range(8)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began < 2.0, "eight calls of half a second took as long as one after the other"


def test_a_request_that_nobody_waits_for_any_more_is_not_carried_out(space: dict[str, str], tmp_path: Path) -> None:
    client = Rpc(config.read(space))
    first = Hosted(space, tmp_path / "first", "echo").wait_ready()
    assert first.stop() == 0
    with pytest.raises(OutcomeUnknown, match="in time"):
        client.call("echo", "slow", 0, 1, timeout=0.5)
    with Hosted(space, tmp_path / "second", "echo").wait_ready() as second:
        assert client.call("echo", "slow", 0, 2) == 2
        assert [line for line in second.journal() if line.startswith("began")] == ["began 2"]
    client.close()


def test_a_call_that_comes_after_its_deadline_is_not_carried_out_however_fresh_it_is_to_the_broker(
    rpc: Rpc, module_space: dict[str, str], echo: Hosted
) -> None:
    rpc.call("echo", "say", "x")
    body = b'{"args": [0, 500], "kwargs": {}}'
    late = {"nameko.deadline": (clock.now() - dt.timedelta(seconds=1)).isoformat()}
    soon = {"nameko.deadline": (clock.now() + dt.timedelta(seconds=60)).isoformat()}
    broker = Broker(module_space["AMQP_URI"])
    broker.put(body, exchange="nameko-rpc", queue="echo.slow", **late)
    broker.put(body.replace(b"500", b"501"), exchange="nameko-rpc", queue="echo.slow", **soon)
    echo.noted("ended 501")
    assert "began 500" not in echo.journal()


def test_the_database_works_for_a_call_no_longer_than_until_its_deadline(rpc: Rpc, echo: Hosted) -> None:
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        rpc.call("echo", "ponder", 5.0, timeout=0.7)
    echo.noted("gave up pondering")
    assert time.monotonic() - began < 4.0


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[1]", b'{"args": []}', b"[" * 100_000, b'{"args": 1, "kwargs": 2}'])
def test_a_request_that_cannot_be_read_is_answered_and_gone(
    rpc: Rpc, module_space: dict[str, str], echo: Hosted, body: bytes
) -> None:
    broker = Broker(module_space["AMQP_URI"])
    broker.put(body, queue="rpc-echo")
    until(lambda: broker.depth("rpc-echo") == 0, what="the request is taken")
    assert rpc.call("echo", "say", "still here")["word"] == "still here"


def test_neither_arguments_nor_errors_bring_personal_data_into_a_log(rpc: Rpc, echo: Hosted) -> None:
    person = {"holder_name": NAME, "document_number": ID_NUMBER, "phone": "13800000000"}
    rpc.call("echo", "say", person, holder=person)
    for method, arguments in (("fail", [person]), ("take", [person]), ("slow", [person, person]), ("say", [])):
        with pytest.raises((InternalError, Refused)):
            rpc.call("echo", method, *arguments, **({} if arguments else {"holder": person}))
    rpc.call("echo", "fail_aside", person)
    Broker(echo.environ["AMQP_URI"]).put(f'{{"args": ["{ID_NUMBER} {NAME}"'.encode(), queue="rpc-echo")
    rpc.call("echo", "say", "done")
    log = echo.log()
    assert "ValueError" in log, "the failure itself must be in the log"
    assert "echo/service.py" in log, "and where it happened"
    for secret in (ID_NUMBER, NAME, NAME.encode("unicode_escape").decode(), "13800000000"):
        assert secret not in log


def test_the_service_counts_its_calls(rpc: Rpc, echo: Hosted) -> None:
    before = echo.metric('rpc_seconds_count{method="say",outcome="done"')
    rpc.call("echo", "say", "x")
    assert echo.metric('rpc_seconds_count{method="say",outcome="done"') == before + 1


def test_a_call_in_flight_is_answered_before_the_service_ends(space: dict[str, str], tmp_path: Path) -> None:
    client = Rpc(config.read(space))
    process = Hosted(space, tmp_path / "echo", "echo").wait_ready()
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(client.call("echo", "slow", 1.0, 5)))
    thread.start()
    process.noted("began 5")
    assert process.stop() == 0
    thread.join()
    assert answers == [5]
    assert Broker(space["AMQP_URI"]).depth("rpc-echo") == 0, "the call would be carried out again"
    client.close()
