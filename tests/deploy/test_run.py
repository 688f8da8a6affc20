"""`make run` as a person meets it: in a folder and on ports of its own, so that it meets no other run and no test."""

import csv
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy import ports, processes, stop
from deploy.process import Process
from deploy.server import Record
from runtime import config
from tests.plans import some_items

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
PATIENCE = 180  # seconds; a busy machine takes long to start everything


class Run:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = ports.free()
        ours = {"VAR_DIR": str(folder), "PORT": str(self.port), "HOST": "127.0.0.1", "MONGO_CACHE_GB": "0.25"}
        self.environ = {name: value for name, value in os.environ.items() if name not in config.NAMES} | ours
        self._child: subprocess.Popen[bytes] | None = None
        self._output = folder / "output"

    def start(self, *how: str, **environ: str) -> None:
        with self._output.open("wb") as output:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "deploy.run", *(how or ("--stars", "4", "--ledger", "0"))],
                cwd=ROOT,
                env=self.environ | environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._output.read_text(errors="replace")

    def wait_until(self, *words: str) -> None:
        assert self._child is not None
        deadline = time.monotonic() + PATIENCE
        while not all(word in self.output for word in words):
            assert self._child.poll() is None, f"make run ended by itself:\n{self.output}"
            assert time.monotonic() < deadline, f"make run did not say {words} in {PATIENCE} s:\n{self.output}"
            time.sleep(0.1)

    def signal(self, number: signal.Signals) -> None:
        assert self._child is not None
        self._child.send_signal(number)

    def status(self) -> int:
        assert self._child is not None
        return self._child.wait(timeout=PATIENCE)

    def processes(self) -> dict[str, Process]:
        """Of the process list and of both servers."""
        listed = json.loads(processes.record_of(self.folder).read_text())
        found = {name: Process(**known) for name, known in listed.items()}
        for server in ("mongo", "rabbit"):
            record = Record.read(self.folder / "run" / f"{server}.json")
            assert record is not None
            found |= record.processes
        return found

    def get(self, path: str) -> Any:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=20, trust_env=False).json()

    def command(self, module: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Another command of the same folder, as from a second terminal."""
        return subprocess.run(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=self.environ | environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def printed_counters(self) -> dict[str, int]:
        """The table of 12.1: region -> people."""
        return {code: int(count) for code, count in re.findall(r"^ +(\d{6}) +\S+ +(\d+)$", self.output, re.MULTILINE)}

    def printed_stars(self) -> list[int]:
        """The province's counts of 19.1 and 19.2."""
        [counts] = re.findall(r"^ +130000 +\S+ +(\d+) +(\d+)$", self.output, re.MULTILINE)
        return [int(count) for count in counts]

    def printed_rows(self) -> dict[str, tuple[list[int], str]]:
        """The table of files: name -> ([rows, created, duplicate, conflict, rejected], state)."""
        found = re.findall(r"^ +(\S+\.(?:csv|xlsx))((?: +\d+){5}) +(\S+) +[0-9a-f]{24}$", self.output, re.MULTILINE)
        return {name: ([int(number) for number in numbers.split()], state) for name, numbers, state in found}

    def discard(self) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            self._child.wait(timeout=PATIENCE)
        _discard(self.folder)


@pytest.fixture
def run(session_folder: Path) -> Iterator[Run]:
    folder = session_folder / f"run-{secrets.token_hex(3)}"
    folder.mkdir()
    run = Run(folder)
    try:
        yield run
    finally:
        run.discard()


@pytest.mark.timeout(600)  # everything is started twice
def test_the_samples_are_counted_once_however_often_it_is_started(run: Run) -> None:
    plan = {"PLAN_FILE": str(some_items(run.folder))}
    how = ("--stars", "4", "--ledger", "1")
    run.start(*how, **plan)
    run.wait_until("正在服务")
    files, outcomes, people = expected_files(), expected_outcomes(), expected_people()

    assert run.printed_rows() == {name: (outcomes[name], "完成") for name in files}, run.output
    assert run.printed_counters() == people, run.output
    assert sum(run.printed_stars()) > 0, "bases of the sample year are counted"
    assert "与样例预期一致" in run.output, run.output
    assert re.search(r"^ +4\.1 +建设改造农村公路 +=7000公里 +[\d.]+ +[\d.]+% +83\.29%", run.output, re.MULTILINE)
    assert "迟报：衡水市" in run.output
    filed = run.get("/readyz")["checks"]["reports"]["head_seq"]
    assert filed > 0
    answered = run.get("/v1/targets/12.1?by=region")
    assert float(answered["value"]) == people["130000"]
    assert {child["region"]: int(child["value"]) for child in answered["children"]} == without_province(people)
    said = run.get("/readyz")["checks"]["certification"]["head_seq"]
    assert said == sum(created for _, created, *_ in outcomes.values())
    assert_logs_are_json_without_people(run.folder / "log")

    second = run.command("deploy.run")
    assert (second.returncode, second.stderr.count("\n")) == (1, 1)
    assert "已经在运行" in second.stderr, "a second run in the same folder is refused in one line"
    elsewhere = run.command("deploy.run", VAR_DIR=str(run.folder / "elsewhere"))
    assert (elsewhere.returncode, elsewhere.stderr.count("\n")) == (1, 1)
    assert f"端口 {run.port} 已被占用" in elsewhere.stderr
    assert "make run PORT=" in elsewhere.stderr, "it says how to choose another port"

    started = run.processes()
    run.signal(signal.SIGINT)
    assert run.status() == 0, run.output
    assert "已全部停止" in run.output
    assert not [name for name, process in started.items() if process.alive], "Ctrl-C leaves no process"
    assert ports.becomes_free(run.port)

    run.start(*how, **plan)
    run.wait_until("正在服务")
    assert run.printed_rows() == {name: (outcomes[name], "已导入过") for name in files}, run.output
    assert run.printed_counters() == people, run.output
    assert run.get("/readyz")["checks"]["certification"]["head_seq"] == said, "nothing is said twice"
    assert run.get("/readyz")["checks"]["reports"]["head_seq"] == filed, "no report is filed twice"

    run.processes()["targets"].kill()
    run.wait_until("进程 targets 意外退出")
    wait_for(lambda: run.get("/readyz").get("status") == "ready", "targets is started again")
    assert int(run.get("/v1/targets/12.1")["value"]) == people["130000"]

    started = run.processes()
    stopped = run.command("deploy.stop")
    assert (stopped.returncode, run.status()) == (0, 0), stopped.stderr + run.output
    assert not [name for name, process in started.items() if process.alive], "make stop leaves no process"


def test_nothing_of_a_killed_run_goes_on(run: Run) -> None:
    run.start()
    wait_for(processes.record_of(run.folder).exists, "its processes are started")
    started = run.processes()
    run.signal(signal.SIGKILL)
    run.status()
    wait_for(lambda: not any(process.alive for process in started.values()), "its processes and both servers are gone")
    assert "没有在运行" in run.command("deploy.stop").stdout


def test_a_port_that_is_none_is_refused_in_one_line(run: Run) -> None:
    refused = run.command("deploy.run", PORT="http")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "PORT=http" in refused.stderr


def test_a_given_broker_that_does_not_answer_is_named(run: Run) -> None:
    nobody = f"amqp://guest:secret@127.0.0.1:{ports.free()}/"
    mongo = f"mongodb://127.0.0.1:{ports.free()}/"
    refused = run.command("deploy.run", AMQP_URI=nobody, MONGO_URI=mongo)
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "check AMQP_URI" in refused.stderr
    assert "secret" not in refused.stderr


def expected_files() -> list[str]:
    return sorted(path.name for path in (SAMPLES / "rosters").glob("*.*") if path.suffix in (".csv", ".xlsx"))


def expected_outcomes() -> dict[str, list[int]]:
    """file -> [rows, created, duplicate, conflict, rejected]"""
    with (SAMPLES / "expected.csv").open(newline="") as lines:
        counted = Counter((row["file"], row["outcome"]) for row in csv.DictReader(lines))
    kinds = ("created", "duplicate", "conflict", "rejected")
    numbers = {name: [counted[name, kind] for kind in kinds] for name in expected_files()}
    return {name: [sum(each), *each] for name, each in numbers.items()}


def expected_people() -> dict[str, int]:
    with (SAMPLES / "expected_counts.csv").open(newline="", encoding="utf-8-sig") as lines:
        return {row["region"]: int(row["count"]) for row in csv.DictReader(lines) if row["level"] != "county"}


def without_province(people: dict[str, int]) -> dict[str, int]:
    return {region: count for region, count in people.items() if region != "130000"}


def assert_logs_are_json_without_people(folder: Path) -> None:
    logs = sorted(folder.glob("*.log"))
    assert {log.stem for log in logs} == set(processes.commands())
    for log in logs:
        text = log.read_text()
        for line in text.splitlines():
            assert json.loads(line)["process"], f"{log.name} holds what is no JSON line: {line}"
        # Whole words: a trace id of 32 hexadecimal digits has eighteen decimal ones in a row now and then.
        assert not re.search(r"\b(\d{17}[\dXx]|154\d{8})\b", text), f"{log.name} holds an ID or phone number"


def wait_for(reached: Any, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if reached():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"not within {PATIENCE} s: {what}")


def _discard(folder: Path) -> None:
    stop.main(folder)
    shutil.rmtree(folder, ignore_errors=True)
