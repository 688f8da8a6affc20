import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime import config
from runtime.rpc import Rpc, ServiceUnavailable
from tests.runtime.running import ROOT, Hosted, until

Space = dict[str, str]
NOWHERE = "127.0.0.1:9"  # the discard port: nobody listens


def launch(environ: Space, *arguments: str) -> tuple[int, str]:
    """(status, what was printed) of a start that ends by itself."""
    done = subprocess.run(
        [sys.executable, "-m", "runtime.launch", "--package", "tests.runtime.hosted", *arguments],
        env=environ | {"PATH": "/usr/bin:/bin", "JOURNAL": "/dev/null"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.returncode, done.stdout + done.stderr


@contextmanager
def hosted(environ: Space, folder: Path, *arguments: str) -> Iterator[Hosted]:
    with Hosted(environ, folder / "process", *arguments) as process:
        yield process


class TestWhatCannotStartSaysWhyInOneLine:
    def test_services_and_workers_in_one_process(self, space: Space) -> None:
        status, said = launch(space, "echo", "plain.steady")
        assert status == 2
        assert said.count("\n") == 1
        assert "echo" in said
        assert "start them as two processes" in said

    def test_a_missing_environment(self, space: Space) -> None:
        status, said = launch({name: value for name, value in space.items() if name != "MONGO_URI"}, "plain.steady")
        assert status == 2
        assert said.splitlines() == ["cannot start / 无法启动:", "  MONGO_URI is not set"]

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("nobody", "there is no tests.runtime.hosted.nobody"),
            ("plain.nothing", "there is no tests.runtime.hosted.plain.nothing"),
            ("nobody.relay", "there is no tests.runtime.hosted.nobody"),
            ("pair", "has 2 classes whose name is 'pair', not one"),
            ("crude", "use runtime.hosting.rpc or runtime.events.listen"),
        ],
    )
    def test_a_name_that_means_nothing_or_too_much(self, space: Space, name: str, reason: str) -> None:
        status, said = launch(space, name)
        assert status == 2
        assert reason in said
        assert said.count("\n") == 1

    @pytest.mark.parametrize(
        ("server", "name"),
        [("AMQP_URI", f"amqp://guest:secret@{NOWHERE}//"), ("MONGO_URI", f"mongodb://u:secret@{NOWHERE}")],
    )
    def test_a_server_that_does_not_come(self, space: Space, server: str, name: str) -> None:
        began = time.monotonic()
        status, said = launch(space | {server: name}, "plain.steady", "--wait", "1")
        assert status == 2
        assert time.monotonic() - began < 30, "it waits a second, and not for the driver's own half minute"
        assert said.count("\n") == 1
        assert server in said
        assert "waited 1 s" in said
        assert "secret" not in said

    def test_a_port_for_probes_that_somebody_has(self, space: Space) -> None:
        with socket.create_server(("", 0)) as taken:
            port = taken.getsockname()[1]
            status, said = launch(space | {"METRICS_PORT": str(port)}, "plain.steady")
        assert status == 2
        assert f"METRICS_PORT {port}" in said
        assert said.count("\n") == 1


def test_a_listener_without_a_queue_in_the_contract_ends_the_process_and_says_what_to_add(
    space: Space, tmp_path: Path
) -> None:
    with hosted(space, tmp_path, "deaf") as process:
        assert process.wait() == 1
        assert "contract.subscriptions has no queue in which deaf hears BellMuffled: add it there" in process.log()


def test_only_the_service_that_was_named_is_hosted(space: Space, tmp_path: Path) -> None:
    rpc = Rpc(config.read(space))
    with hosted(space, tmp_path, "echo") as process:
        process.wait_ready()
        assert rpc.call("echo", "say", "x")["word"] == "x"
        with pytest.raises(ServiceUnavailable):
            rpc.call("bystander", "say")
    rpc.close()


def test_a_worker_finishes_its_batch_when_asked_to_stop_and_has_no_eventlet(space: Space, tmp_path: Path) -> None:
    with hosted(space, tmp_path, "plain.steady") as process:
        process.wait_ready()
        process.noted("ended 1")
        assert process.stop() == 0
        journal = process.journal()
        assert journal[0] == "plain threads"
        assert journal[-1].startswith("ended")
        assert sum(line.startswith("began") for line in journal) == sum(line.startswith("ended") for line in journal)


def test_several_workers_share_a_process_and_end_with_it(space: Space, tmp_path: Path) -> None:
    with hosted(space, tmp_path, "plain.steady", "plain.unready") as process:
        process.noted("began 1")
        process.process.send_signal(signal.SIGINT)
        process.terminate()  # honcho's Ctrl-C brings both
        assert process.wait() == 0
        assert process.journal()[-1].startswith("ended")


def test_a_worker_that_breaks_ends_the_process_and_its_log_quotes_nobody(space: Space, tmp_path: Path) -> None:
    with hosted(space, tmp_path, "plain.steady", "plain.brittle") as process:
        assert process.wait() == 1
        log = process.log()
        assert "plain.brittle: ValueError at plain/brittle.py:" in log
        assert "110101199003070118" not in log
        assert process.journal()[-1].startswith("ended"), "the other worker must finish its batch"


def test_a_worker_that_ends_by_itself_is_a_failure(space: Space, tmp_path: Path) -> None:
    with hosted(space, tmp_path, "plain.short") as process:
        assert process.wait() == 1
        assert "plain.short: ended though nobody asked it to" in process.log()


def test_a_process_can_be_stopped_while_it_waits_for_its_servers(space: Space, tmp_path: Path) -> None:
    with hosted(space | {"AMQP_URI": f"amqp://{NOWHERE}"}, tmp_path, "plain.steady") as process:
        until(lambda: process.get("/healthz")[0] == 200, what="it answers that it is alive")
        status, body = process.get("/readyz")
        assert status == 503
        assert json.loads(body)["checks"]["broker"]["ready"] is False
        assert process.stop(seconds=10) == 0


class TestProbes:
    def test_a_ready_process_says_what_it_found(self, space: Space, tmp_path: Path) -> None:
        with hosted(space, tmp_path, "plain.steady") as process:
            process.wait_ready()
            assert json.loads(process.get("/healthz")[1]) == {"alive": True}
            status, body = process.get("/readyz")
            assert status == 200
            assert json.loads(body) == {
                "ready": True,
                "checks": {
                    "broker": {"ready": True},
                    "database": {"ready": True},
                    "plain.steady": {"running": True, "batches": 1, "leading": True},
                },
            }
            assert "# TYPE in_flight gauge" in process.get("/metrics")[1]
            assert process.get("/elsewhere")[0] == 404

    def test_a_worker_that_is_not_ready_makes_the_process_not_ready(self, space: Space, tmp_path: Path) -> None:
        with hosted(space, tmp_path, "plain.unready") as process:
            until(lambda: "launch.started" in process.log(), what="it has started")
            status, body = process.get("/readyz")
            assert status == 503
            assert json.loads(body)["checks"]["plain.unready"] == {"running": True, "caught_up": False, "behind": 7}
            assert process.get("/healthz")[0] == 200

    def test_no_port_no_server(self, space: Space, tmp_path: Path) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "runtime.launch", "--package", "tests.runtime.hosted", "plain.unready"],
            env=space | {"PATH": "/usr/bin:/bin", "METRICS_PORT": "", "JOURNAL": str(tmp_path / "journal")},
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr is not None
            assert "launch.started" in process.stderr.readline()
            process.terminate()
            assert process.wait(10) == 0
        finally:
            process.kill()
            process.communicate()


def test_logs_are_lines_of_json_with_the_name_of_the_process(space: Space, tmp_path: Path) -> None:
    with hosted(space, tmp_path, "echo") as process:
        process.wait_ready()
        assert process.stop() == 0
        lines = [json.loads(line) for line in process.log().splitlines()]
        assert {line["process"] for line in lines} == {"echo"}
        assert [line["event"] for line in lines if line["event"].startswith("launch.")] == [
            "launch.started",
            "launch.stopped",
        ]
