"""What nameko does by itself, and what we do instead. Each trap is shown first as it comes, so that the day it is gone,
its mend can go."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import Connection, Exchange, Queue
from nameko.amqp.publish import Publisher as NamekoPublisher
from nameko.standalone.events import event_dispatcher

from runtime import config, rabbit
from runtime.rabbit import ATTEMPT, ORIGIN, PARKED_AT, REASON
from runtime.rpc import Rpc
from tests.runtime.running import OUR_QUEUE, RAW_QUEUE, Broker, Hosted, envelope, until

ID_NUMBER = "110101199003070118"  # nobody's
Space = dict[str, str]


@pytest.fixture
def broker(space: Space) -> Broker:
    return Broker(space["AMQP_URI"])


@pytest.fixture(scope="module")
def hearer(module_space: Space, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    with Hosted(module_space, tmp_path_factory.mktemp("hearer"), "hearer").wait_ready() as process:
        yield process


@pytest.fixture
def ours(hearer: Hosted) -> Hosted:
    """The one hearer that most tests share, with an empty journal and nothing parked."""
    hearer.journal_path.write_text("")
    Broker(hearer.environ["AMQP_URI"]).take("hearer.parked")
    return hearer


@pytest.fixture
def bells(hearer: Hosted) -> Broker:
    """The vhost of the shared hearer."""
    return Broker(hearer.environ["AMQP_URI"])


@pytest.fixture
def rpc(space: Space) -> Iterator[Rpc]:
    client = Rpc(config.read(space))
    yield client
    client.close()


def raw(space: Space, folder: Path, *arguments: str) -> Hosted:
    return Hosted(space, folder / "raw", *arguments, raw=True).wait_ready()


def another(space: Space, folder: Path) -> Hosted:
    return Hosted(space, folder / "ours", "hearer").wait_ready()


def gone(broker: Broker, queue: str) -> None:
    until(lambda: broker.depth(queue) == 0, what=f"{queue} is empty")


class TestAHandlerThatFails:
    def test_nameko_loses_the_event(self, space: Space, broker: Broker, tmp_path: Path) -> None:
        with raw(space, tmp_path) as process:
            broker.ring("fail", queue=RAW_QUEUE)
            process.noted("began 1")
            time.sleep(0.5)
        time.sleep(0.3)
        assert broker.depth(RAW_QUEUE) == 0, "killed, nameko gives back what it has not acknowledged: it had"

    def test_nameko_told_to_requeue_does_nothing_else_any_more(
        self, space: Space, broker: Broker, tmp_path: Path
    ) -> None:
        with raw(space, tmp_path, "requeue") as process:
            broker.ring("fail", queue=RAW_QUEUE)
            process.noted("began 1", times=50, seconds=10)

    def test_here_it_is_parked_at_once_with_its_reason_and_what_was_said(self, ours: Hosted, bells: Broker) -> None:
        before = ours.metric(f'events_parked_total{{queue="{OUR_QUEUE}"')
        for number, then in enumerate(("fail", "refuse"), 1):
            bells.ring(then, number)
        (first, headers), (_, other) = sorted(bells.parked(2), key=lambda found: json.loads(found[0])["data"]["number"])
        assert json.loads(first) == envelope({"then": "fail", "number": 1})
        assert headers[ORIGIN] == OUR_QUEUE
        assert headers[PARKED_AT].endswith("+00:00")
        assert headers[REASON].startswith("ValueError at hosted/deeds.py:")
        assert other[REASON] == "TooLoud: too_loud: too loud"
        assert ours.metric(f'events_parked_total{{queue="{OUR_QUEUE}"') == before + 2
        assert ours.journal() == ["began 1", "began 2"], "a permanent failure must not be tried again"
        gone(bells, OUR_QUEUE)
        assert ID_NUMBER not in ours.log()

    def test_here_it_comes_again_later_when_the_reason_may_pass(self, ours: Hosted, bells: Broker) -> None:
        retried, handled = (ours.metric(f'events_{what}_total{{queue="{OUR_QUEUE}"') for what in ("retried", "handled"))
        bells.ring("away-once", 1)
        ours.noted("began 1")
        began = time.monotonic()
        bells.ring("pass", 2)
        ours.noted("ended 2")
        ours.noted("ended 1")
        assert 0.7 < time.monotonic() - began < 4, "the first wait is a second"
        assert ours.metric(f'events_retried_total{{queue="{OUR_QUEUE}"') == retried + 1
        assert ours.metric(f'events_handled_total{{queue="{OUR_QUEUE}"') == handled + 2
        assert bells.take("hearer.parked") == []

    def test_here_it_is_parked_when_it_has_had_every_attempt(self, ours: Hosted, bells: Broker) -> None:
        body = json.dumps(envelope({"then": "away", "number": 1})).encode()
        bells.put(body, queue=OUR_QUEUE, **{ATTEMPT: len(rabbit.RETRY_DELAYS)})
        [(found, headers)] = bells.parked()
        assert found == body
        assert headers[REASON] == "gave up: AutoReconnect: the database is away"

    def test_here_each_wait_is_longer_than_the_one_before(self, ours: Hosted, bells: Broker) -> None:
        for attempt, delay in enumerate(rabbit.RETRY_DELAYS[1:], 1):
            body = json.dumps(envelope({"then": "away", "number": attempt})).encode()
            bells.put(body, queue=OUR_QUEUE, **{ATTEMPT: attempt})
            until(lambda delay=delay: bells.depth(f"retry.{delay}s"), what=f"it waits {delay} s")
        [(_, headers)] = bells.take("retry.10s")
        assert headers[ATTEMPT] == 2


POISON = [
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b"null",
    json.dumps({"then": "pass", "number": 1}).encode(),
    json.dumps(envelope({"then": "pass", "number": "many"})).encode(),
    json.dumps(envelope({}, type="tower.bell_melted")).encode(),
    json.dumps(envelope({"number": 1}, type="tower.bell_muffled")).encode(),
    json.dumps(envelope({"then": "pass", "number": 1}, specversion="2.0")).encode(),
]


class TestAMessageThatCannotBeRead:
    def test_nameko_acknowledges_it(self, space: Space, broker: Broker, tmp_path: Path) -> None:
        with raw(space, tmp_path):
            broker.put(POISON[0], queue=RAW_QUEUE)
            gone(broker, RAW_QUEUE)
            time.sleep(0.5)
        time.sleep(0.3)
        assert broker.depth(RAW_QUEUE) == 0, "killed, nameko gives back what it has not acknowledged: it had"

    def test_here_it_is_parked_as_it_came_and_the_next_is_handled(self, ours: Hosted, bells: Broker) -> None:
        for body in POISON:
            bells.put(body, queue=OUR_QUEUE)
        bells.put(b"zipped?", queue=OUR_QUEUE, compression="application/x-gzip")
        bells.ring("pass", 9)
        ours.noted("ended 9")
        parked = bells.parked(len(POISON) + 1)
        assert sorted(body for body, _ in parked) == sorted([*POISON, b"zipped?"])
        assert all(headers[REASON] for _, headers in parked)
        assert ours.journal()[0] == "began 9"
        gone(bells, OUR_QUEUE)

    def test_here_an_event_from_the_future_of_the_contract_says_so_and_a_field_from_it_does_no_harm(
        self, ours: Hosted, bells: Broker
    ) -> None:
        bells.put(POISON[5], queue=OUR_QUEUE)
        [(_, headers)] = bells.parked()
        assert "deploy the newer contract, then replay" in headers[REASON]
        bells.ring("pass", 2, data={"then": "pass", "number": 2, "loudness": 11}, tone="c")
        ours.noted("ended 2")


class TestAnEventThatNobodyHears:
    def test_nameko_drops_it_without_a_word(self, space: Space) -> None:
        with Connection(space["AMQP_URI"]) as connection:
            Exchange("tower.events", "topic", durable=True)(connection.channel()).declare()
        event_dispatcher({"AMQP_URI": space["AMQP_URI"]})("tower", "bell_rung", {"number": 1})

    def test_here_publishing_fails(self, space: Space) -> None:
        settings = config.read(space)
        rabbit.declare(settings)
        with rabbit.connection(settings) as connection:
            message = rabbit.Outgoing("certification.events", "bell_rung.0", {"number": 1})
            with pytest.raises(rabbit.Unroutable):
                rabbit.Publisher(connection).publish_all([message])

    def test_here_a_hosted_process_declares_every_queue_before_it_works(
        self, space: Space, broker: Broker, tmp_path: Path
    ) -> None:
        with Hosted(space, tmp_path / "plain", "plain.steady").wait_ready(), broker.channel() as channel:
            for queue in ("targets.counting.0", "targets.parked", "retry.1s"):
                channel.queue_declare(queue, passive=True)


class TestSigterm:
    def test_nameko_finishes_the_handler_and_loses_its_acknowledgement(
        self, space: Space, broker: Broker, tmp_path: Path
    ) -> None:
        with raw(space, tmp_path) as process:
            broker.ring("sleep 4", queue=RAW_QUEUE)
            process.noted("began 1")
            assert process.stop() == 0
            process.noted("ended 1")
            assert broker.depth(RAW_QUEUE) == 1, "nameko was mended: is QueueConsumer.stop still needed?"

    def test_here_what_is_in_flight_is_finished_and_acknowledged_and_the_rest_is_left(
        self, space: Space, broker: Broker, tmp_path: Path
    ) -> None:
        with another(space, tmp_path) as process:
            for number in range(1, 31):
                broker.ring("sleep 1.5", number)
            process.noted("began", times=8)
            assert process.stop() == 0
            begun = {line.split()[1] for line in process.journal() if line.startswith("began")}
            ended = {line.split()[1] for line in process.journal() if line.startswith("ended")}
            assert begun == ended
            assert broker.depth(OUR_QUEUE) == 30 - len(ended), "what was handled must not come again, nor the rest go"
            assert broker.take("hearer.parked") == []

    def test_here_a_kill_brings_back_only_what_was_not_finished(
        self, space: Space, broker: Broker, tmp_path: Path
    ) -> None:
        with another(space, tmp_path) as process:
            broker.ring("sleep 30", 1)
            process.noted("began 1")
            for number in range(2, 6):
                broker.ring("pass", number)
            process.noted("ended", times=4)
            time.sleep(0.3)
            process.kill()
        until(lambda: broker.depth(OUR_QUEUE) == 1, what="the unfinished event is back")
        [(body, _)] = broker.take(OUR_QUEUE)
        assert json.loads(body)["data"]["number"] == 1


class TestADependencyThatFailsAtSetUp:
    def test_nameko_ends_the_process(self, space: Space, broker: Broker, tmp_path: Path) -> None:
        with raw(space, tmp_path) as process:
            broker.ring("upset", queue=RAW_QUEUE)
            assert process.wait() != 0

    def test_here_the_event_is_parked_and_the_next_is_handled(self, ours: Hosted, bells: Broker) -> None:
        bells.ring("upset", 1)
        [(_, headers)] = bells.parked()
        assert headers[REASON].startswith("RuntimeError at ")
        bells.ring("pass", 2)
        ours.noted("ended 2")


class TestAQueueOfAnotherShape:
    def test_nameko_hangs(self, space: Space, tmp_path: Path) -> None:
        self.declare(space, RAW_QUEUE)
        with Hosted(space, tmp_path / "raw", raw=True) as process:
            until(lambda: "inequivalent arg" in process.log(), what="the broker has refused")
            time.sleep(1.5)
            assert process.process.poll() is None
            assert process.journal() == []

    @pytest.mark.parametrize("queue", [OUR_QUEUE, "retry.10s"])
    def test_here_it_is_made_anew_with_what_it_holds(
        self, space: Space, broker: Broker, tmp_path: Path, queue: str
    ) -> None:
        self.declare(space, queue)
        broker.ring("pass", 5, queue=queue)
        with Hosted(space, tmp_path / "ours", "hearer").wait_ready() as process:
            if queue == OUR_QUEUE:
                process.noted("ended 5")
            else:
                assert broker.depth(queue) == 1

    def test_here_the_start_fails_and_says_what_to_do_where_that_cannot_be(self, space: Space, tmp_path: Path) -> None:
        self.declare(space, "rpc-hearer")
        with Hosted(space, tmp_path / "ours", "hearer") as process:
            assert process.wait() in (1, 2)
            [line] = [line for line in process.log().splitlines() if "delete it" in line and not line.startswith("{")]
            assert "'rpc-hearer'" in line

    @staticmethod
    def declare(space: Space, name: str) -> None:
        with Connection(space["AMQP_URI"]) as connection:
            Queue(name, durable=True, queue_arguments={"x-max-length": 7})(connection.channel()).declare()


def test_the_name_of_a_queue_says_nothing_of_methods(ours: Hosted, bells: Broker) -> None:
    assert "on_bell_rung" in RAW_QUEUE, "that is where the other tests find nameko's queue"
    with bells.channel() as channel:
        assert channel.queue_declare(OUR_QUEUE, passive=True).consumer_count == 1
    with rabbit.connection(config.read(ours.environ)) as connection:
        said = rabbit.Outgoing("tower.events", "bell_rung.7", envelope({"then": "pass", "number": 3}))
        rabbit.Publisher(connection).publish_all([said])
    ours.noted("ended 3")


def test_a_watermark_is_no_event_to_a_listener(ours: Hosted, bells: Broker) -> None:
    with bells.channel() as channel:  # as a broker that remembers bindings of an earlier version
        channel.queue_bind(OUR_QUEUE, "tower.events", rabbit.WATERMARK)
    body = {"service": "tower", "seq": 1, "at": "2023-05-01T00:00:00+00:00"}
    with rabbit.connection(config.read(ours.environ)) as connection:
        rabbit.Publisher(connection).publish_all([rabbit.Outgoing("tower.events", rabbit.WATERMARK, body)])
    bells.ring("pass", 2)
    ours.noted("ended 2")
    gone(bells, OUR_QUEUE)
    assert bells.take("hearer.parked") == []
    assert ours.journal()[0] == "began 2"


class TestACallBesideBusyHandlers:
    def test_nameko_lets_it_wait(self, space: Space, broker: Broker, rpc: Rpc, tmp_path: Path) -> None:
        with raw(space, tmp_path) as process:
            for number in range(16):
                broker.ring("sleep 3", number, queue=RAW_QUEUE)
            process.noted("began", times=16)
            began = time.monotonic()
            assert rpc.call("hearer", "listening") is True
            assert time.monotonic() - began > 1.0, "nameko was mended: is QueueConsumer._share still needed?"

    def test_here_it_is_answered(self, space: Space, broker: Broker, rpc: Rpc, tmp_path: Path) -> None:
        with another(space, tmp_path) as process:
            for number in range(32):
                broker.ring("sleep 3", number)
            process.noted("began", times=8)
            began = time.monotonic()
            assert rpc.call("hearer", "listening") is True
            assert time.monotonic() - began < 1.0


def test_no_transport_options_leak_from_one_connection_to_the_next(space: Space) -> None:
    publisher = NamekoPublisher(space["AMQP_URI"], use_confirms=False)
    publisher.publish({}, exchange=Exchange("amq.fanout", "fanout"))
    assert NamekoPublisher.transport_options["confirm_publish"] is False, "nameko keeps them for the whole process"
    NamekoPublisher.transport_options.pop("confirm_publish")
    with rabbit.connection(config.read(space)) as connection:
        connection.connect()
        assert not connection.transport_options


def test_the_trace_of_an_event_goes_on_in_its_handler(ours: Hosted, bells: Broker) -> None:
    bells.ring("pass", 1, traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    bells.ring("fail", 2, traceparent=f"00-{'c' * 32}-{'d' * 16}-01")
    ours.noted(f"trace {'a' * 32}")
    bells.parked()

    def told() -> bool:
        lines = [json.loads(line) for line in ours.log().splitlines() if line.startswith("{") and line.endswith("}")]
        return any(line.get("trace_id") == "c" * 32 and line["event"] == "events.put_aside" for line in lines)

    until(told, seconds=10, what="the log says what was put aside, with the trace of the event")


def test_only_the_consuming_thread_reads_from_the_connection_that_calls_come_by(space: Space, tmp_path: Path) -> None:
    """py-amqp reads before it publishes: an answer took the broker's word that it consumes from under the thread that
    waited for it, and about one start in fifteen with calls waiting hung."""
    assert Hosted(space, tmp_path / "watched", "watched").wait_ready().stop() == 0
    client, answers = Rpc(config.read(space)), []

    def call(number: int) -> None:
        answers.append(client.call("watched", "slow", 0.05, number, timeout=30))

    callers = [threading.Thread(target=call, args=[number], daemon=True) for number in range(16)]
    for caller in callers:
        caller.start()
    until(lambda: Broker(space["AMQP_URI"]).depth("rpc-watched") == 16, what="all calls wait")
    with Hosted(space, tmp_path / "watched", "watched").wait_ready() as process:
        for caller in callers:
            caller.join(20)
        assert sorted(answers) == list(range(16))
        assert process.stop() == 0
        assert "read by two at once" not in process.journal()
    client.close()
