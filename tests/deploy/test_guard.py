"""Nothing that was started outlives who started it, whatever ends it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy import guard, process
from deploy.process import Process

ROOT = Path(__file__).parents[2]

# A run of its own: what its tests start is what ours start, the servers of the whole run and played processes.
LITTLE_RUN = """
import os, subprocess, sys, time
from pathlib import Path
import pytest
from deploy import process

FOLDER = Path(os.environ["FOLDER"])

@pytest.mark.parametrize("number", range(int(os.environ["TESTS"])))
def test_it_works_for_hours(number, servers, space):
    played = subprocess.Popen(["sh", "-c", "sleep 1000 & exec sleep 1000"], start_new_session=True, env=space)
    away = process.launch(["sleep", "1000"], log=FOLDER / "log", environ=os.environ, cwd=FOLDER)
    known = {"worker": os.getpid(), "played": played.pid, "away": away.pid}
    for server in (servers.mongo, servers.rabbit):
        known |= {name: one.pid for name, one in server.record.processes.items()}
    process.note(FOLDER / f"{number}.json", known)
    time.sleep(1000)
"""


# Who is started in the background ignores Ctrl-C, and so would all that it starts.
HEARS_INTERRUPTS = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
import pytest
sys.exit(pytest.main(sys.argv[1:]))
"""


def until(happens: Callable[[], Any], what: str, *, seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := happens()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain until {what}"
        time.sleep(0.05)
    return found


class LittleRun:
    def __init__(self, folder: Path, workers: int) -> None:
        self.folder = folder
        test = folder / "test_little.py"
        test.write_text(LITTLE_RUN)
        command = [
            sys.executable,
            "-c",
            HEARS_INTERRUPTS,
            "-p",
            "tests.conftest",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            folder,
        ]
        environ = os.environ | {"FOLDER": str(folder), "TESTS": str(max(workers, 1)), "PYTHONPATH": str(ROOT)}
        with (folder / "output").open("wb") as output:
            self.runner = subprocess.Popen(
                [*command, "-n", str(workers), "-c", os.devnull, test],
                cwd=ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        until(lambda: len(list(folder.glob("*.json"))) >= max(workers, 1), "its tests are at work")
        self.started: list[dict[str, Process]] = []
        for path in sorted(folder.glob("*.json")):
            self.started.append({name: process.find(pid) for name, pid in json.loads(path.read_text()).items()})

    def end(self) -> None:
        """Whatever became of it: a test that failed leaves no child that other tests find among theirs."""
        self.runner.kill()
        self.runner.wait()

    def all_gone(self) -> bool:
        return not self.alive() and not list(guard.bearing("FOLDER", str(self.folder)))

    def alive(self) -> list[str]:
        return [name for each in self.started for name, known in each.items() if known.alive]


@pytest.fixture
def little_run(tmp_path: Path) -> Iterator[Callable[[int], LittleRun]]:
    """Begins a run of so many workers."""
    begun: list[LittleRun] = []

    def begin(workers: int) -> LittleRun:
        begun.append(LittleRun(tmp_path, workers))
        return begun[-1]

    yield begin
    for run in begun:
        run.end()
    guard.end("FOLDER", str(tmp_path))


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGTERM, 0), (signal.SIGKILL, 2)])
def test_nothing_outlives_a_run_that_is_killed(
    number: signal.Signals, workers: int, little_run: Callable[[int], LittleRun]
) -> None:
    run = little_run(workers)
    assert len(run.alive()) == len(run.started) * 6
    run.runner.send_signal(number)
    run.runner.wait(timeout=60)
    until(run.all_gone, "all that it started is gone")


def test_nothing_outlives_a_run_that_is_interrupted_twice_and_its_workers_killed(
    little_run: Callable[[int], LittleRun],
) -> None:
    run = little_run(2)
    killed, other = run.started
    os.kill(killed["worker"].pid, signal.SIGKILL)
    until(lambda: not killed["played"].alive and not killed["away"].alive, "what the worker played is gone")
    assert other["played"].alive, "another worker's goes on"
    assert other["mongod"].alive, "and so do the servers of the whole run"
    for _ in range(2):
        os.killpg(run.runner.pid, signal.SIGINT)  # Ctrl-C reaches all of the terminal's processes
    run.runner.wait(timeout=60)
    until(run.all_gone, "all that it started is gone")


def test_who_is_not_marked_is_left_alone(tmp_path: Path) -> None:
    starter = (
        "import os, subprocess, sys; from deploy import guard\n"
        "ours = guard.over_this_process()\n"
        "for mark in (ours.mark, ours.mark + '/inner', ours.mark + '0'):\n"
        "    environ = os.environ | {guard.MARK: mark}\n"
        "    started = subprocess.Popen(['sleep', '1000'], env=environ, stdout=-3, stderr=-3)\n"
        "    print(started.pid)\n"
        "sys.stdout.flush(); os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", starter], cwd=ROOT, capture_output=True, text=True, check=True)
    *ours, other = (Process(int(pid), time.time()) for pid in done.stdout.split())
    until(lambda: not any(known.alive for known in ours), "the marked ones are gone")
    assert other.alive
    other.kill()


def test_a_guard_that_was_dismissed_ends_nothing(tmp_path: Path) -> None:
    starter = (
        "import os, subprocess; from deploy import guard\n"
        "ours = guard.over_this_process(then=['/bin/sh', '-c', 'touch $FOLDER/then'])\n"
        "print(ours.pid)\n"
        "ours.dismiss()\n"
    )
    environ = os.environ | {"FOLDER": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", starter], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    assert not Process(int(done.stdout), time.time()).alive
    assert not (tmp_path / "then").exists()
