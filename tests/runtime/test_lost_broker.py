"""What remains when the broker is killed with -9, or goes away at a bad moment."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime import config, rabbit
from runtime.rpc import NotDone, OutcomeUnknown, Rpc, ServiceUnavailable
from tests.conftest import Servers
from tests.runtime.running import OUR_QUEUE, RAW_QUEUE, Broker, Hosted, Wire, alarm, envelope, until

Space = dict[str, str]


@pytest.fixture
def rpc(breakable_space: Space) -> Iterator[Rpc]:
    client = Rpc(config.read(breakable_space))
    yield client
    client.close()


@pytest.fixture
def broker(breakable_space: Space) -> Broker:
    return Broker(breakable_space["AMQP_URI"])


def test_calls_go_on_after_the_broker_is_killed_and_comes_back(
    breakable: Servers, breakable_space: Space, rpc: Rpc, tmp_path: Path
) -> None:
    with Hosted(breakable_space, tmp_path / "echo", "echo").wait_ready() as process:
        lines = [threading.Thread(target=rpc.call, args=["echo", "slow", 0.3, number]) for number in range(8)]
        for line in lines:
            line.start()
        for line in lines:
            line.join()
        assert len(rpc._idle) == 8
        waiting: list[BaseException] = []

        def wait_long() -> None:
            try:
                rpc.call("echo", "slow", 20, 99, timeout=30)
            except OutcomeUnknown as error:
                waiting.append(error)

        thread = threading.Thread(target=wait_long)
        thread.start()
        process.noted("began 99")

        breakable.rabbit.kill()
        thread.join(5)
        assert len(waiting) == 1, "a call under way must end with the broker, not with its timeout"
        began = time.monotonic()
        with pytest.raises(NotDone, match="broker is away"):
            rpc.call("echo", "say", "anybody?")
        assert time.monotonic() - began < 2.0, "a caller must not wait for a broker that is away"
        assert process.get("/healthz")[0] == 200
        assert process.get("/readyz")[0] == 503

        breakable.rabbit.start()
        process.wait_ready()
        for number in range(10):
            assert rpc.call("echo", "say", str(number))["word"] == str(number), "no idle line may be taken for alive"
        assert process.process.poll() is None


def test_a_call_that_the_alarm_held_up_beyond_its_time_is_dropped_and_its_caller_does_not_wait_long(
    breakable: Servers, breakable_space: Space, rpc: Rpc, tmp_path: Path
) -> None:
    with Hosted(breakable_space, tmp_path / "echo", "echo").wait_ready() as process:
        assert rpc.call("echo", "slow", 0, 1) == 1
        with alarm(breakable.rabbit):
            for number, known in ((100, OutcomeUnknown), (101, NotDone), (102, NotDone)):
                began = time.monotonic()
                with pytest.raises(known, match="takes nothing"):
                    rpc.call("echo", "slow", 0, number, timeout=4.0)
                assert time.monotonic() - began < 3.0, "a thread is held for the whole of the call's time"
            time.sleep(4.0)  # the deadline itself: nothing else tells that it is over
        assert rpc.call("echo", "slow", 0, 2, timeout=20) == 2
        until(lambda: Broker(breakable_space["AMQP_URI"]).depth("rpc-echo") == 0, what="all calls are taken")
        assert [line for line in process.journal() if line.startswith("began")] == ["began 1", "began 2"]


def test_a_broker_that_no_longer_answers_holds_a_caller_no_longer_than_the_call_may_take(
    breakable: Servers, breakable_space: Space, rpc: Rpc
) -> None:
    pid = breakable.rabbit.process.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        with pytest.raises(NotDone):
            rpc.call("echo", "say", "anybody?", timeout=2.0)
        assert time.monotonic() - began < 4.0
    finally:
        os.kill(pid, signal.SIGCONT)


def test_here_what_was_handled_meanwhile_is_brought_again_and_the_process_goes_on(
    breakable: Servers, breakable_space: Space, broker: Broker, rpc: Rpc, tmp_path: Path
) -> None:
    with (
        Hosted(breakable_space, tmp_path / "hearer", "hearer") as hearer,
        Hosted(breakable_space, tmp_path / "echo", "echo") as echo,
    ):
        hearer.wait_ready()
        echo.wait_ready()
        time.sleep(
            2
        )  # RabbitMQ 3.10, killed within a second of a queue's declaration, never elects that queue's leader
        broker.ring("block 0.8", 1)
        broker.ring("block 0.8", 4)
        broker.ring("fail", 3)
        caller = threading.Thread(target=_ask, args=[rpc])
        caller.start()
        hearer.noted("began")
        echo.noted("began 0")
        breakable.rabbit.kill()
        hearer.noted("ended", times=2)
        echo.noted("ended 0")
        breakable.rabbit.start()
        hearer.noted("ended", times=4)
        until(lambda: broker.depth(OUR_QUEUE) == 0, what="the event is acknowledged")
        assert {headers["x-reason"].split()[0] for _, headers in broker.parked()} == {"ValueError"}
        broker.ring("pass", 2)
        hearer.noted("ended 2")
        echo.wait_ready()
        assert rpc.call("echo", "say", "still here")["word"] == "still here"
        caller.join()
        assert hearer.stop() == 0
        assert broker.depth(OUR_QUEUE) == 0


def _ask(rpc: Rpc) -> None:
    with pytest.raises(ServiceUnavailable):
        rpc.call("echo", "hog", 2, timeout=20)


def test_an_event_for_which_the_database_is_away_waits_as_long_as_that_lasts(
    breakable: Servers, breakable_space: Space, broker: Broker, tmp_path: Path
) -> None:
    last = {rabbit.ATTEMPT: len(rabbit.RETRY_DELAYS)}
    with Hosted(breakable_space, tmp_path / "hearer", "hearer").wait_ready() as hearer:
        breakable.mongo.kill()
        broker.put(json.dumps(envelope({"then": "away", "number": 1})).encode(), queue=OUR_QUEUE, **last)
        hearer.noted("began 1", times=2)
        until(lambda: broker.depth("retry.10s") == 1, what="it waits again")
        assert broker.depth("hearer.parked") == 0


def test_what_can_neither_be_handled_nor_put_aside_stays_in_its_queue(space: Space, tmp_path: Path) -> None:
    broker = Broker(space["AMQP_URI"])
    with Hosted(space, tmp_path / "hearer", "hearer").wait_ready() as process:
        with broker.channel() as channel:
            channel.queue_delete("hearer.parked")
        broker.ring("fail", 1)
        process.noted("began 1", times=2)
        assert process.journal().count("began 1") <= 3, "it must not come round as fast as it can"
        assert process.stop() == 0
        until(lambda: broker.depth(OUR_QUEUE) == 1, what="the event is where it was")


def test_a_connection_found_dead_by_an_acknowledgement_is_not_replaced_by_one_that_hears_nothing(
    space: Space, tmp_path: Path
) -> None:
    broker, wire = Broker(space["AMQP_URI"]), Wire(space["AMQP_URI"])
    with Hosted(space | {"AMQP_URI": wire.uri}, tmp_path / "hearer", "hearer").wait_ready() as process:
        for number in (1, 2):
            broker.ring("block 0.6", number)
        process.noted("began")
        wire.cut()
        process.noted("ended", times=4)
        broker.ring("pass", 3)
        process.noted("ended 3")
        assert process.stop() == 0
        assert broker.depth(OUR_QUEUE) == 0
    wire.close()


def test_nameko_ends_with_the_broker_when_its_hub_is_blocked(
    breakable: Servers, breakable_space: Space, broker: Broker, tmp_path: Path
) -> None:
    with Hosted(breakable_space, tmp_path / "raw", raw=True).wait_ready() as process:
        broker.ring("block 0.8", 1, queue=RAW_QUEUE)
        broker.ring("block 0.8", 2, queue=RAW_QUEUE)
        process.noted("began")
        breakable.rabbit.kill()
        assert process.wait() != 0  # at the second acknowledgement at the latest, when the socket is known to be dead


def test_a_process_ends_when_asked_to_although_the_broker_is_away(
    breakable: Servers, breakable_space: Space, tmp_path: Path
) -> None:
    with (
        Hosted(breakable_space, tmp_path / "hearer", "hearer").wait_ready() as hearer,
        Hosted(breakable_space, tmp_path / "plain", "plain.steady").wait_ready() as plain,
    ):
        breakable.rabbit.kill()
        until(lambda: "broker_away" in hearer.log(), what="the hearer has noticed")
        assert hearer.stop(seconds=8) == 0
        assert plain.stop(seconds=8) == 0
