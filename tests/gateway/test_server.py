"""The gateway as it runs in production: gunicorn, real sockets, and processes that are killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from deploy import ports
from gateway import clients, threads, tokens
from gateway.uploads import FILE_LIMIT
from runtime import clock, mongo
from runtime.config import Config
from tests.builders import a_certificate
from tests.gateway.callers import CENTRE, hanging
from tests.programme import Programme, until

COMMAND = [sys.executable, "-m", "gunicorn", "-c", "python:gateway.server", "gateway.app:create()"]


class Server:
    """gunicorn on a free port. Its log is shown when it does not start."""

    def __init__(self, environ: dict[str, str], log: Path, **more: str) -> None:
        self.port = ports.free()
        self.log = log
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                COMMAND,
                env={**os.environ, **environ, "PORT": str(self.port), "HOST": "127.0.0.1", **more},
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        self.url = f"http://127.0.0.1:{self.port}"
        until(self._alive, seconds=30, what=f"the gateway is alive; see {log}")

    def _alive(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.url}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """kill -9 of the master and its workers."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()


@contextmanager
def serving(environ: dict[str, str], folder: Path, **more: str) -> Iterator[Server]:
    server = Server(environ, folder / "gateway.log", **more)
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
def bearer(settings: Config) -> dict[str, str]:
    found = clients.made(CENTRE, "s", role=clients.Role.TRAINING_CENTRE, region="130100", organisation=CENTRE)
    return {"Authorization": f"Bearer {tokens.sign(settings, found, ' '.join(found.scopes))}"}


def run(environ: dict[str, str], **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        COMMAND, env={**os.environ, **environ, **more}, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_port_in_use_is_one_line_that_says_what_to_do(module_space: dict[str, str], tmp_path: Path) -> None:
    with serving(module_space, tmp_path) as server:
        refused = run(module_space, PORT=str(server.port), HOST="127.0.0.1")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1, refused.stderr
    assert f"port {server.port} is in use" in refused.stderr


def test_missing_settings_are_named_without_a_traceback(module_space: dict[str, str]) -> None:
    refused = run(module_space, TOKEN_SECRET="", MASTER_KEY="")
    assert refused.returncode == 1
    assert "TOKEN_SECRET is not set" in refused.stderr
    assert "MASTER_KEY is not set" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_in_production_the_address_of_qr_codes_is_configured_and_not_guessed(module_space: dict[str, str]) -> None:
    refused = run(module_space, APP_ENV="production", PUBLIC_ADDRESS="")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1, refused.stderr
    assert "PUBLIC_ADDRESS is not set" in refused.stderr
    unusable = run(module_space, PUBLIC_ADDRESS="jz.example.cn/path", TRUSTED_PROXIES="two")
    assert "PUBLIC_ADDRESS must be a scheme and a host" in unusable.stderr
    assert "TRUSTED_PROXIES must be a number" in unusable.stderr


def test_no_database_is_one_line_that_says_what_to_do(module_space: dict[str, str]) -> None:
    refused = run(module_space, PORT=str(ports.free()), MONGO_URI="mongodb://127.0.0.1:1/", DATABASE_PATIENCE="1")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1, refused.stderr
    assert "MongoDB does not answer" in refused.stderr


def test_on_sigterm_the_request_under_way_is_answered(
    module_space: dict[str, str], tmp_path: Path, services: Programme, bearer: dict[str, str]
) -> None:
    answers: list[httpx.Response] = []
    with serving(module_space, tmp_path) as server:

        def post() -> None:
            url = f"{server.url}/v1/certificates"
            answers.append(httpx.post(url, json=a_certificate(60_000), headers=bearer, timeout=30))

        with hanging("certification"):
            asking = threading.Thread(target=post)
            asking.start()
            time.sleep(1)
            server.process.terminate()
            time.sleep(0.5)
        asking.join(30)
        assert server.process.wait(30) == 0
    assert answers[0].status_code == 201, answers[0].text


def test_killed_while_it_waited_the_key_is_taken_over_and_the_certificate_is_one(
    module_space: dict[str, str], settings: Config, tmp_path: Path, services: Programme, bearer: dict[str, str]
) -> None:
    body, headers = a_certificate(60_001), {**bearer, "Idempotency-Key": "killed in the middle"}
    keys = mongo.database(settings, "gateway")["idempotency"]
    with serving(module_space, tmp_path) as server, hanging("certification"):
        asking = threading.Thread(target=lambda: _post(server, body, headers))
        asking.start()
        until(lambda: keys.count_documents({"answer": {"$exists": False}}), what="the first has its key")
        server.kill()
        asking.join(30)
    with serving(module_space, tmp_path) as server:
        told = _post(server, body, headers)
        assert told is not None
        assert (told.status_code, told.json()["code"]) == (409, "request_in_progress"), "the lease still runs"
        keys.update_one({"answer": {"$exists": False}}, {"$set": {"held_until": clock.now()}})  # 30 s later
        again = _post(server, body, headers)
        assert again is not None
        assert again.status_code == 201, again.text
        once_more = _post(server, body, headers)
        assert once_more is not None
        assert (once_more.json(), once_more.headers["Idempotent-Replayed"]) == (again.json(), "true")
    assert again.json()["version"] == 1


def _post(server: Server, body: dict[str, Any], headers: dict[str, str]) -> httpx.Response | None:
    try:
        return httpx.post(f"{server.url}/v1/certificates", json=body, headers=headers, timeout=30)
    except httpx.TransportError:
        return None


def test_of_many_at_once_with_one_key_one_is_carried_out(
    module_space: dict[str, str], tmp_path: Path, services: Programme, bearer: dict[str, str]
) -> None:
    body, headers = a_certificate(60_002), {**bearer, "Idempotency-Key": "a crowd"}
    answers: list[httpx.Response] = []
    with serving(module_space, tmp_path) as server:

        def persist() -> None:
            """As a good client does: wait as long as one is told, and ask again."""
            while True:
                answer = _post(server, body, headers)
                assert answer is not None
                if answer.status_code != 409:
                    answers.append(answer)
                    return
                time.sleep(0.1)

        crowd = [threading.Thread(target=persist) for _ in range(8)]
        for one in crowd:
            one.start()
        for one in crowd:
            one.join(30)
    assert {answer.status_code for answer in answers} == {201}
    assert len(answers) == 8
    assert len({answer.text for answer in answers}) == 1, "not everybody got the first answer"
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1


def _roster(size: int) -> Iterator[bytes]:
    yield b'--limit\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n'
    for _ in range(size // 65536):
        yield os.urandom(65536)
    yield b"\r\n--limit--\r\n"


def test_that_it_is_alive_is_said_at_once_though_every_call_hangs(
    module_space: dict[str, str], tmp_path: Path, services: Programme, bearer: dict[str, str]
) -> None:
    crowd = threads.CALLS + threads.CALLS_WAITING + 10
    answers: list[httpx.Response] = []
    with serving(module_space, tmp_path) as server:

        def ask(number: int) -> None:
            body = a_certificate(61_000 + number)
            answers.append(httpx.post(f"{server.url}/v1/certificates", json=body, headers=bearer, timeout=60))

        asking = [threading.Thread(target=ask, args=[number]) for number in range(crowd)]
        with hanging("certification"):
            for each in asking:
                each.start()
            until(lambda: len(answers) >= 10, what="who found no place is turned away")
            began = time.monotonic()
            assert httpx.get(f"{server.url}/healthz", timeout=30).status_code == 200
            assert time.monotonic() - began < 5, "it waited for a call, which takes ten seconds to be given up"
        for each in asking:
            each.join()
    turned_away = [answer for answer in answers if answer.status_code != 201]
    assert len(turned_away) == 10
    assert {answer.json()["code"] for answer in turned_away} == {"temporarily_unavailable"}


def test_an_upload_of_the_largest_size_leaves_memory_flat_and_no_file_behind(
    module_space: dict[str, str], settings: Config, tmp_path: Path, services: Programme, bearer: dict[str, str]
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    headers = {**bearer, "Content-Type": "multipart/form-data; boundary=limit"}
    highest = 0
    open_files: set[str] = set()
    with serving(module_space, tmp_path, TMPDIR=str(temporary)) as server:
        url = f"{server.url}/v1/certificate-imports"
        httpx.post(url, content=_roster(2**20), headers=headers, timeout=30)  # what is loaded once is loaded
        (worker,) = server.workers()
        before = worker.memory_info().rss
        answers: list[httpx.Response] = []
        asking = threading.Thread(
            target=lambda: answers.append(httpx.post(url, content=_roster(FILE_LIMIT), headers=headers, timeout=60))
        )
        asking.start()
        while asking.is_alive():
            highest = max(highest, worker.memory_info().rss)
            open_files |= {file.path for file in worker.open_files() if str(temporary) in file.path}
            time.sleep(0.005)
        asking.join()
        assert answers[0].status_code in (202, 422), answers[0].text
    assert highest - before < 12 * 2**20, f"{(highest - before) / 2**20:.1f} MiB more for a file of 25 MiB"
    assert not open_files, "a roster lay in a temporary file"
    assert not list(temporary.iterdir())


NO_REQUESTS = [
    (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "address_too_long"),
    (b"GET / HTTP/1.1\r\nCookie: " + b"a" * 9000 + b"\r\n\r\n", 431, "headers_too_large"),
    (b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(70)) + b"\r\n", 431, "headers_too_large"),
    (b"hello\r\n\r\n", 400, "malformed_request"),
    (b"GET / HTTP/1.1\r\nBad Header: 1\r\n\r\n", 400, "malformed_request"),
]


def test_what_never_reaches_the_application_is_refused_as_a_problem_too(
    module_space: dict[str, str], tmp_path: Path
) -> None:
    with serving(module_space, tmp_path) as server:
        for sent, status, code in NO_REQUESTS:
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
                line.sendall(sent)
                answer = b"".join(iter(lambda line=line: line.recv(65536), b""))
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 %d " % status), answer
            assert b"Content-Type: application/problem+json" in head
            problem = json.loads(body)
            assert (problem["status"], problem["code"], len(problem["correlation_id"])) == (status, code, 32)


@pytest.mark.parametrize("told", [True, False])
def test_who_sends_too_much_reads_the_refusal(
    module_space: dict[str, str], tmp_path: Path, bearer: dict[str, str], told: bool
) -> None:
    headers = {**bearer, "Content-Type": "multipart/form-data; boundary=limit"}
    content = b"".join(_roster(30 * 2**20))
    with serving(module_space, tmp_path) as server:
        url = f"{server.url}/v1/certificate-imports"
        refused = httpx.post(url, content=content if told else iter([content]), headers=headers, timeout=60)
        assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")
        large = httpx.post(f"{server.url}/v1/certificates", json={"remarks": "x" * 2**20}, headers=bearer, timeout=30)
        assert (large.status_code, large.json()["code"]) == (413, "body_too_large")


def test_the_log_is_json_with_the_process_and_the_trace(module_space: dict[str, str], tmp_path: Path) -> None:
    with serving(module_space, tmp_path) as server:
        trace = httpx.get(f"{server.url}/v1/regions?x=13010219900101123X").headers["X-Request-Id"]
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert {line["process"] for line in lines} == {"gateway"}
    (line,) = [line for line in lines if line.get("trace_id") == trace]
    assert (line["event"], line["route"], line["status"]) == ("request", "/v1/regions", 422)
    assert "13010219900101123X" not in server.log.read_text()


def test_several_processes_add_up_their_metrics(module_space: dict[str, str], tmp_path: Path) -> None:
    with serving(module_space, tmp_path, WEB_CONCURRENCY="2") as server:
        until(lambda: len(server.workers()) == 2, what="two processes serve")
        for _ in range(20):
            assert httpx.get(f"{server.url}/v1/regions").status_code == 200
        told = httpx.get(f"{server.url}/metrics").text
    assert 'gateway_requests_total{method="GET",route="/v1/regions",status="200"} 20.0' in told
