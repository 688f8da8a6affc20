"""The processes of the process list are kept alive, and end in their own time."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy import process, processes
from deploy.ending import Ending
from deploy.process import Process
from deploy.processes import Processes
from deploy.server import ServerFailed

WORKS_ON = "while :; do sleep 0.05; done"


class Hosted:
    """Processes in a folder of their own, and what was said of them."""

    def __init__(self, folder: Path, listed: dict[str, str], patience: float = 20) -> None:
        (folder / "run").mkdir()
        self.folder = folder
        self.ending = Ending()
        self.said: list[str] = []
        self.kept = Processes(
            {name: f"sh -c '{script}'" for name, script in listed.items()},
            environ=os.environ,
            folder=folder,
            ending=self.ending,
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
    assert not host.ending.is_set()


def test_one_that_keeps_dying_ends_the_run_with_its_last_words(tmp_path: Path) -> None:
    with hosted(tmp_path, {"worker": "echo the plan cannot be read; exit 3", "other": WORKS_ON}) as host:
        wait_until(host.ending.is_set, "it gives up")
    assert host.kept.failure is not None
    assert "worker" in host.kept.failure
    assert "退出码 3" in host.kept.failure
    assert "the plan cannot be read" in host.kept.failure


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
