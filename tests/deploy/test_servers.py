"""The embedded servers: started twice, killed, restarted, and never in anybody's way."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from kombu import Connection, Queue
from pymongo import MongoClient

from deploy import guard, keys, packages, ports, process, stop
from deploy import servers as deployed
from deploy.mongodb import MongoDB
from deploy.process import Process
from deploy.rabbitmq_node import RabbitMQ
from deploy.server import Record, ServerFailed
from tests import conftest
from tests.conftest import Servers


def put_and_count(uri: str, *, name: str, expect: int) -> int:
    """Publishes one confirmed message to a quorum queue; answers how many it holds once that is what's expected."""
    with Connection(uri, connect_timeout=5) as broker:
        channel = broker.channel()
        channel.confirm_select()
        queue = Queue(name, durable=True, queue_arguments={"x-queue-type": "quorum"})(channel)
        queue.declare()
        broker.Producer(channel).publish({"n": 1}, routing_key=name, delivery_mode=2)
        for _ in range(100):
            count = queue.queue_declare(passive=True).message_count
            if count >= expect:
                break
            time.sleep(0.05)
        return count


def listening(process: Process) -> set[tuple[str, int]]:
    connections = psutil.Process(process.pid).net_connections(kind="tcp")
    return {(c.laddr.ip, c.laddr.port) for c in connections if c.status == psutil.CONN_LISTEN}


def test_starting_twice_is_starting_once(servers: Servers) -> None:
    mongod, node = servers.mongo.process, servers.rabbit.process
    assert MongoDB(servers.mongo.folder).start() == servers.mongo.uri
    assert RabbitMQ(servers.rabbit.folder).start() == servers.rabbit.uri
    assert (servers.mongo.process, servers.rabbit.process) == (mongod, node)


def test_nothing_listens_beyond_the_loopback(servers: Servers) -> None:
    processes = [*servers.mongo.record.processes.values(), *servers.rabbit.record.processes.values()]
    heard = set().union(*(listening(process) for process in processes))
    assert len(heard) >= 5, "mongod, amqp, management, distribution and epmd should each be listening"
    assert {address for address, _ in heard} <= {"127.0.0.1", "::1"}


def test_a_transaction_works_on_the_set_of_one(space: dict[str, str]) -> None:
    with MongoClient(space["MONGO_URI"]) as client, client.start_session() as session:
        rows = client[f"{space['MONGO_PREFIX']}_proof"].rows
        session.with_transaction(lambda s: rows.insert_many([{"n": 1}, {"n": 2}], session=s))
        assert rows.count_documents({}) == 2


def test_both_survive_kill_and_restart_with_their_data_and_their_ports(private_servers: Servers) -> None:
    mongo, rabbit = private_servers.mongo, private_servers.rabbit
    before = (mongo.uri, rabbit.uri)
    with MongoClient(mongo.uri, w="majority", journal=True) as client:
        client.proof.rows.insert_one({"n": 1})
    assert put_and_count(rabbit.uri, name="kept", expect=1) == 1
    time.sleep(1.5)  # RabbitMQ notes a new quorum queue's name on disk only after half a second: see Server.kill
    mongo.kill()
    rabbit.kill()
    assert not mongo.running
    assert not rabbit.running
    assert (mongo.start(), rabbit.start()) == before
    with MongoClient(mongo.uri) as client:
        assert client.proof.rows.count_documents({}) == 1
    assert put_and_count(rabbit.uri, name="kept", expect=2) == 2


def test_mongod_moves_when_its_port_is_taken_and_keeps_its_data(session_folder: Path) -> None:
    mongo = MongoDB(session_folder / "moving")
    try:
        with MongoClient(mongo.start(), w="majority", journal=True) as client:
            client.proof.rows.insert_one({"n": 1})
        first = mongo.record.ports["mongod"]
        mongo.stop()
        with socket.create_server(("127.0.0.1", first)), MongoClient(mongo.start()) as client:
            assert mongo.record.ports["mongod"] != first
            assert client.proof.rows.count_documents({}) == 1
    finally:
        mongo.discard()


@pytest.mark.parametrize("kind", [MongoDB, RabbitMQ])
def test_a_port_that_was_asked_for_and_is_taken_is_one_clear_line(kind: type, session_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = kind(session_folder / f"refused-{kind.name}", port)
        with pytest.raises(ServerFailed, match=f"端口 {port} .*port {port} is in use") as refusal:
            server.start()
    assert "\n" not in str(refusal.value)
    assert not server.running
    server.discard()


def test_a_full_disk_is_one_clear_line(session_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.server.LEAST_FREE_DISK", 2**60)
    with pytest.raises(ServerFailed, match="disk full"):
        MongoDB(session_folder / "full").start()


def test_a_server_that_cannot_start_says_where_its_log_is(session_folder: Path) -> None:
    mongo = MongoDB(session_folder / "broken")
    (mongo.folder / "data").mkdir(parents=True)
    (mongo.folder / "data" / "storage.bson").write_bytes(b"not a database")
    with pytest.raises(ServerFailed, match=r"failed to start, see .*mongod\.log"):
        mongo.start()
    assert not mongo.running
    mongo.discard()


def test_a_server_whose_start_was_killed_before_it_was_noted_is_not_in_the_way(session_folder: Path) -> None:
    mongo = MongoDB(session_folder / "unnoted")
    with MongoClient(mongo.start(), w="majority", journal=True) as client:
        client.proof.rows.insert_one({"n": 1})
    for end in (mongo.start, mongo.stop):
        known, record = mongo.process, mongo.record
        Record(record.uri, {}, record.ports, served=True).write(mongo.record_path)
        end()
        assert not known.alive
    with MongoClient(mongo.start()) as client:
        assert client.proof.rows.count_documents({}) == 1
    mongo.discard()


def test_what_a_first_start_left_half_made_is_made_afresh(session_folder: Path) -> None:
    mongo = MongoDB(session_folder / "half-made")
    (mongo.folder / "data").mkdir(parents=True)
    (mongo.folder / "data" / "storage.bson").write_bytes(b"half of a da")
    Record(uri="", served=False).write(mongo.record_path)
    mongo.start()
    assert mongo.record.served
    mongo.discard()


def test_what_a_killed_start_left_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MONGO_URI", "AMQP_URI"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "run" / "rabbit" / "log").mkdir(parents=True)
    Record(uri="", served=False).write(tmp_path / "run" / "mongo.json")
    log = tmp_path / "run" / "rabbit" / "log" / "rabbitmq.log"
    unnoted = process.launch(["sleep", "1000"], log=log, environ=os.environ, cwd=tmp_path)
    assert stop.main(tmp_path) == 0
    assert not unnoted.alive


def test_a_start_that_is_told_to_stop_stops_and_the_next_one_works(session_folder: Path) -> None:
    mongo = MongoDB(session_folder / "unwanted")
    with pytest.raises(ServerFailed, match="told to stop before it was ready"):
        mongo.start(unwanted=lambda: True)
    mongo.start()
    assert mongo.record.served
    mongo.discard()


def test_a_pid_that_went_to_somebody_else_is_left_alone(session_folder: Path) -> None:
    mongo = MongoDB(session_folder / "recycled")
    me = Process(os.getpid(), started=psutil.Process().create_time() - 3600)
    Record(uri="mongodb://nobody", processes={"mongod": me}, ports={"mongod": 1}).write(mongo.record_path)
    assert not mongo.running
    mongo.stop()  # would end this very test run
    mongo.discard()


def test_what_a_crashed_run_left_is_ended_and_a_running_one_is_left_alone(tmp_path: Path) -> None:
    me = process.find(os.getpid())
    owners = {"crashed": Process(me.pid, me.started - 3600), "running": me}
    left = {}
    for name, owner in owners.items():
        folder = tmp_path / name / "shared" / "mongo"
        folder.mkdir(parents=True)
        (tmp_path / name / "owner.json").write_text(json.dumps({"pid": owner.pid, "started": owner.started}))
        left[name] = process.launch(["sleep", "60"], log=folder / "log", environ=os.environ, cwd=folder)
        Record(uri="", processes={"mongod": left[name]}).write(folder.with_name("mongo.json"))
    conftest._sweep_crashed_sessions(tmp_path)
    assert not left["crashed"].alive
    assert left["running"].alive
    assert [path.name for path in tmp_path.iterdir()] == ["running"]
    left["running"].kill()


def test_a_vhost_comes_with_the_policies_and_costs_less_than_a_third_of_a_second(servers: Servers) -> None:
    began = time.monotonic()
    uri = servers.rabbit.add_vhost("proof-of-speed")
    took = time.monotonic() - began
    assert put_and_count(uri, name="anything", expect=1) == 1
    servers.rabbit.delete_vhost("proof-of-speed")
    servers.rabbit.delete_vhost("proof-of-speed")  # a second time is nothing
    assert took < 0.3


def test_the_space_is_what_the_configuration_reads(space: dict[str, str]) -> None:
    from runtime import config

    read = config.read()
    assert (read.amqp_uri, read.mongo_uri, read.mongo_prefix) == (
        space["AMQP_URI"],
        space["MONGO_URI"],
        space["MONGO_PREFIX"],
    )


def test_secrets_are_made_once_and_read_by_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    made = keys.kept_in(path)
    assert keys.kept_in(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(made) == {"MASTER_KEY", "PERSON_KEY_SECRET", "TOKEN_SECRET"}


def test_secrets_are_there_as_a_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secrets.env"
    path.write_text("MASTER_KEY=")  # as a power cut may leave it
    path.with_suffix(".unfinished").write_text("MASTER_KEY=abc")  # as kill -9 may
    monkeypatch.delattr(os, "link")  # a file system may lack it
    written: list[str] = []

    def replace(unfinished: Path, named: Path) -> None:
        written.append(unfinished.read_text())
        os.rename(unfinished, named)

    monkeypatch.setattr(os, "replace", replace)
    made = keys.kept_in(path)
    assert set(made) == set(keys.LENGTHS)
    assert written == [path.read_text()], "whole before it has its name"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_many_who_make_the_secrets_at_once_have_the_same(tmp_path: Path) -> None:
    script = "import sys, pathlib; from deploy import keys; print(keys.kept_in(pathlib.Path(sys.argv[1])))"
    command = [sys.executable, "-c", script, tmp_path / "secrets.env"]
    root = Path(deployed.__file__).parent.parent
    makers = [subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) for _ in range(8)]
    assert len({maker.communicate()[0] for maker in makers}) == 1


def test_keys_come_before_servers_and_data_without_its_keys_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMQP_URI", "amqp://somewhere/else")
    for name in ("MONGO_URI", *keys.LENGTHS):
        monkeypatch.delenv(name, raising=False)
    mongo = MongoDB(tmp_path / "run" / "mongo")
    path = tmp_path / "secrets.env"
    try:
        mongo.start()  # as a start of an earlier version did that failed before it came to the keys
        mongo.stop()
        made = deployed.start(tmp_path)
        with MongoClient(mongo.uri) as client:
            client.yanzhao_certification.certificates.insert_one({})
        saved = path.read_text()
        for left in (None, saved[:40]):
            path.write_text(left) if left else path.unlink()
            with pytest.raises(ServerFailed, match="make clean") as refusal:
                deployed.start(tmp_path)
            assert "\n" not in str(refusal.value)
            with pytest.raises(ServerFailed):
                deployed.environment(tmp_path)
            assert (path.read_text() if path.exists() else None) == left, "nothing is made over what was lost"
        path.write_text(saved)
        assert deployed.start(tmp_path) == made
    finally:
        mongo.discard()

    with monkeypatch.context() as patch:
        patch.setattr(MongoDB, "start", lambda _: pytest.fail("a server before the keys"))
        patch.setattr(keys, "kept_in", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            deployed.start(tmp_path / "other")


def test_the_command_line_runs_a_command_in_the_environment_and_the_last_to_leave_stops_the_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MONGO_URI", raising=False)
    monkeypatch.setenv("AMQP_URI", "amqp://somewhere/else")  # given: must be passed on and not be started
    script = "import os; print(os.environ['AMQP_URI'], os.environ['MONGO_URI'], os.environ['APP_ENV'])"
    show = [sys.executable, "-c", script]
    with deployed.serving(tmp_path) as made:
        (mongo,) = deployed.embedded(tmp_path).values()
        done = subprocess.run(show, env=os.environ | made, capture_output=True, text=True, check=True)
        with deployed.serving(tmp_path):
            pass
        assert mongo.running, "somebody is still using it"
    assert done.stdout.split() == ["amqp://somewhere/else", mongo.uri, "dev"]
    assert not mongo.running


def test_stop_ends_whoever_uses_the_servers_and_then_the_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMQP_URI", "amqp://somewhere/else")
    monkeypatch.delenv("MONGO_URI", raising=False)
    waiting = (
        "import sys, signal, pathlib\n"
        "from deploy import servers\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "with servers.serving(pathlib.Path(sys.argv[1])):\n"
        "    print('up', flush=True)\n"
        "    signal.pause()\n"
    )
    root = Path(deployed.__file__).parent.parent
    with subprocess.Popen([sys.executable, "-c", waiting, tmp_path], cwd=root, stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == b"up\n"
        (mongo,) = deployed.embedded(tmp_path).values()
        assert mongo.running
        deployed.stop(tmp_path)
        assert user.wait(timeout=10) == 7
    assert not mongo.running


def test_a_broker_that_is_too_slow_ends_the_start_and_the_next_one_works(
    session_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = session_folder / "slow"
    monkeypatch.setenv("MONGO_URI", "mongodb://somewhere/else")
    monkeypatch.delenv("AMQP_URI", raising=False)
    (rabbit,) = deployed.embedded(folder).values()
    with monkeypatch.context() as patch:
        patch.setattr(RabbitMQ, "patience", 0.5)
        with pytest.raises(ServerFailed, match="not ready in time"), deployed.serving(folder):
            pytest.fail("it serves")
    assert not rabbit.running
    assert not list(guard.bearing(process.LOG, str(rabbit.log.parent))), "neither it nor its epmd goes on"
    with deployed.serving(folder) as made:
        assert put_and_count(made["AMQP_URI"], name="kept", expect=1) == 1


@pytest.mark.parametrize(
    ("root", "programs", "expected"),
    [
        (True, {"apt-get"}, ["env"]),
        (False, {"apt-get", "sudo"}, ["sudo", "env"]),
    ],
)
def test_missing_packages_are_installed_as_root_or_by_sudo(root: bool, programs: set[str], expected: list[str]) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    packages.install(
        ["rabbitmq-server"], why="缺少", run=run, root=root, which=lambda name: name if name in programs else None
    )
    assert [command[: len(expected)] for command in commands] == [expected, expected]
    assert commands[0][-1] == "update"
    assert commands[1][-1] == "rabbitmq-server"
    assert {"install", "-y", "--no-install-recommends"} < set(commands[1])


def test_an_install_that_was_interrupted_is_put_right_and_done_again() -> None:
    commands: list[list[str]] = []
    statuses = iter([1, 100, 0, 0])  # no network for the lists; "dpkg was interrupted"

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess:
        commands.append(command)
        return subprocess.CompletedProcess(command, next(statuses))

    packages.install(["rabbitmq-server"], why="缺少", run=run, root=True, which=lambda name: name)
    assert commands[2][-3:] == ["dpkg", "--configure", "-a"]
    assert commands[3][-1] == commands[1][-1] == "rabbitmq-server"

    statuses = iter([0, -signal.SIGINT])
    with pytest.raises(ServerFailed, match="interrupted"):  # by Ctrl-C: nobody wants it done again
        packages.install(["rabbitmq-server"], why="缺少", run=run, root=True, which=lambda name: name)


@pytest.mark.parametrize(
    ("root", "programs", "advice"),
    [
        (False, {"apt-get"}, "please run as root: apt-get install -y --no-install-recommends rabbitmq-server"),
        (True, set(), "no apt-get"),
    ],
)
def test_packages_that_cannot_be_installed_are_one_clear_line(root: bool, programs: set[str], advice: str) -> None:
    with pytest.raises(ServerFailed, match=advice) as refusal:
        packages.install(
            ["rabbitmq-server"], why="缺少", root=root, which=lambda name: name if name in programs else None
        )
    assert "\n" not in str(refusal.value)


def test_a_free_port_is_not_one_that_the_kernel_gives_to_clients() -> None:
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert ports.free() < low
