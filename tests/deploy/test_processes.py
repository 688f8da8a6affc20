"""The processes of the process list are kept alive, and end in their own time."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy import logs, ports, process, processes
from deploy.door import Door
from deploy.ending import Ending
from deploy.mongodb import MongoDB
from deploy.process import Process
from deploy.processes import Processes
from deploy.run import CannotGoOn, _ready
from deploy.server import ServerFailed

WORKS_ON = "while :; do sleep 0.05; done"


class Hosted:
    """Processes in a folder of their own, and what was said of them."""

    def __init__(self, folder: Path, listed: dict[str, str], patience: float = 20) -> None:
        (folder / "run").mkdir()
        self.folder = folder
        self.said: list[str] = []
        self.kept = Processes(
            {name: f"sh -c '{script}'" for name, script in listed.items()},
            environ=os.environ,
            folder=folder,
            say=self.said.append,
            delays=(0.01,),
            patience=patience,
        )

    def wait_for(self, file: str) -> str:
        path = self.folder / file
        wait_until(lambda: path.exists() and path.read_text().endswith("\n"), f"{file} is written")
        return path.read_text()


@contextmanager
def hosted(folder: Path, listed: dict[str, str], patience: float = 20) -> Iterator[Hosted]:
    host = Hosted(folder, listed, patience)
    host.kept.start()
    try:
        yield host
    finally:
        host.kept.stop()


def wait_until(reached: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline, f"not within 20 s: {what}"
        time.sleep(0.01)


def test_one_that_dies_is_started_again(tmp_path: Path) -> None:
    with hosted(tmp_path, {"worker": f"echo $$ > {tmp_path}/pid; {WORKS_ON}"}) as host:
        first = int(host.wait_for("pid"))
        (tmp_path / "pid").unlink()
        os.kill(first, signal.SIGKILL)
        assert int(host.wait_for("pid")) != first
    assert "SIGKILL" in host.said[0]
    assert not host.kept.failing()


def test_one_that_keeps_dying_is_reported_and_the_others_go_on_until_it_is_mended(tmp_path: Path) -> None:
    broken = (
        f"test -e {tmp_path}/mended || {{ echo the plan cannot be read; exit 3; }}; echo up > {tmp_path}/up; {WORKS_ON}"
    )
    other = f"echo $$ >> {tmp_path}/other; {WORKS_ON}"
    with hosted(tmp_path, {"worker": broken, "other": other}) as host:
        wait_until(lambda: bool(host.kept.failing()), "it is reported")
        [report] = host.kept.failing()
        assert "worker" in report
        assert "退出码 3" in report
        assert "the plan cannot be read" in report
        assert any("the plan cannot be read" in line for line in host.said), (
            "a person who looks at the console sees why"
        )
        (tmp_path / "mended").touch()
        host.wait_for("up")
        assert len(host.wait_for("other").split()) == 1, "the other was never touched"


def test_one_that_has_never_come_up_ends_the_start_with_its_last_words(tmp_path: Path) -> None:
    nobody = Door(f"http://127.0.0.1:{ports.free()}", Ending())
    with (
        hosted(tmp_path, {"worker": "echo the plan cannot be read; exit 2"}) as host,
        pytest.raises(CannotGoOn, match=r"worker(.|\n)*the plan cannot be read"),
    ):
        _ready(nobody, host.kept, Ending())
    nobody.close()


def test_the_pauses_before_another_start_grow(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    said: list[str] = []
    delays = (0.01, 0.02, 0.03, 0.04, 0.05, 0.06)
    kept = Processes({"worker": "exit 3"}, environ=os.environ, folder=tmp_path, say=said.append, delays=delays)
    kept.start()
    wait_until(lambda: sum("重启" in line for line in said) >= 7, "it has died seven times")
    kept.stop()
    pauses = [float(line.split(" 秒后重启")[0].split("，")[-1]) for line in said if "重启" in line]
    assert pauses[:7] == [0.02, 0.03, 0.04, 0.05, 0.06, 0.06, 0.06]


def test_one_that_cannot_even_be_started_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, tries = subprocess.Popen, iter([OSError(12, "Cannot allocate memory")] * 3)

    def popen(*how: object, **more: object) -> object:
        if (error := next(tries, None)) is not None:
            raise error
        return real(*how, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(processes.subprocess, "Popen", popen)
    with hosted(tmp_path, {"worker": f"echo up > {tmp_path}/up; {WORKS_ON}"}) as host:
        host.wait_for("up")
    assert sum("Cannot allocate memory" in line for line in host.said) == 3


class Broken(MongoDB):
    """Cannot be started the first two times."""

    tries = 0

    def start(self, unwanted: Callable[[], bool] = lambda: False) -> str:
        self.tries += 1
        if self.tries < 3:
            raise ServerFailed("disk full")
        return super().start()


def test_a_server_that_cannot_be_started_again_is_tried_until_it_can(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    said: list[str] = []
    server = Broken(tmp_path / "run" / "mongo")
    kept = Processes(
        {"worker": WORKS_ON}, environ=os.environ, folder=tmp_path, servers=[server], say=said.append, delays=(0.01,)
    )
    kept.start()
    try:
        wait_until(lambda: any("已恢复" in line for line in said), "it is back")
        assert server.running
        assert sum("disk full" in line for line in said) == 2
        known = process.find(int(server.process.pid))
        server.kill()
        wait_until(lambda: sum("已恢复" in line for line in said) == 2, "it is started again after it died")
        assert server.process != known
    finally:
        kept.stop()
        server.discard()


def test_logs_of_processes_and_servers_stay_under_their_limit_and_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_MEGABYTES", "1")
    talks = f"i=0; while [ $i -lt 40000 ]; do i=$((i+1)); echo line $i of many that fill a log; done; {WORKS_ON}"
    with hosted(tmp_path, {"worker": talks}):
        log, earlier = tmp_path / "log" / "worker.log", tmp_path / "log" / "worker.log.1"
        wait_until(lambda: log.exists() and "line 40000 " in log.read_text() + _read(earlier), "it has said all")
        wait_until(lambda: log.stat().st_size < 2**19, "what is too long is set aside")
    lines = (_read(earlier) + log.read_text()).splitlines()
    assert lines[-1] == "line 40000 of many that fill a log"
    first = int(lines[0].split()[1])
    assert len(lines) > 0.99 * (40001 - first), "what is written meanwhile is not lost but for a moment's"


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_a_limit_of_logs_that_is_none_is_refused() -> None:
    with pytest.raises(ServerFailed, match="LOG_MEGABYTES=much"):
        logs.limit({"LOG_MEGABYTES": "much"})


def test_who_is_told_to_end_finishes_first(tmp_path: Path) -> None:
    finishes = f'trap "sleep 1; echo done > {tmp_path}/work; exit 0" TERM; echo up > {tmp_path}/up; {WORKS_ON}'
    with hosted(tmp_path, {"worker": finishes}) as host:
        host.wait_for("up")
        assert host.kept.stop() == []
    assert (tmp_path / "work").read_text() == "done\n"


def test_who_does_not_end_in_time_is_killed_and_named(tmp_path: Path) -> None:
    with hosted(tmp_path, {"deaf": f'trap "" TERM; echo $$ > {tmp_path}/pid; {WORKS_ON}'}, patience=0.5) as host:
        pid = int(host.wait_for("pid"))
        assert host.kept.stop() == ["deaf"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_gateway_ends_before_those_whom_it_asks(tmp_path: Path) -> None:
    says = 'trap "sleep 0.3; echo {name} >> {folder}/order; exit 0" TERM; echo up > {folder}/{name}; ' + WORKS_ON
    listed = {name: says.format(name=name, folder=tmp_path) for name in ("certification", "gateway")}
    with hosted(tmp_path, listed) as host:
        host.wait_for("certification")
        host.wait_for("gateway")
    assert (tmp_path / "order").read_text().split() == ["gateway", "certification"]


def test_what_a_dead_master_left_behind_is_gone_before_it_is_started_again(tmp_path: Path) -> None:
    master = f"sleep 1000 & echo $! >> {tmp_path}/workers; echo $$ > {tmp_path}/pid; wait"
    with hosted(tmp_path, {"gateway": master}) as host:
        first = int(host.wait_for("pid"))
        worker = int((tmp_path / "workers").read_text().split()[0])
        known = process.find(worker)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: not known.alive, "the old worker is gone")


def test_what_a_killed_run_left_is_swept_by_pid_and_start_time(tmp_path: Path) -> None:
    with hosted(tmp_path, {"worker": f"echo $$ > {tmp_path}/pid; {WORKS_ON}"}) as host:
        left = process.find(int(host.wait_for("pid")))
        record = processes.record_of(tmp_path)
        other = Process(left.pid, left.started - 100)
        record.write_text(record.read_text().replace(str(left.started), str(other.started)))
        assert processes.sweep(tmp_path) == [], "whoever has got the pid since is not touched"
        assert left.alive


def test_the_process_list_names_each_process_of_the_product_once() -> None:
    listed = processes.commands()
    assert {"gateway", "certification", "targets"} <= set(listed)
    assert len(set(listed.values())) == len(listed)


def test_a_line_of_the_process_list_that_would_be_passed_over_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "Procfile"
    path.write_text("gateway: true\ncertification.relay: true\n")
    with pytest.raises(ServerFailed, match="Procfile"):
        processes.commands(path)
