"""While RabbitMQ takes nothing: what is said of it, and what becomes of what was asked meanwhile."""

import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway import clients, tokens
from runtime import config, mongo
from tests.builders import a_certificate
from tests.conftest import Servers
from tests.gateway.callers import CENTRE
from tests.gateway.test_server import serving
from tests.programme import Programme, until
from tests.runtime.running import alarm

AT_ONCE = 20
AT_ONCE_SECONDS = 5  # on a busy machine; who waits for a call waits for ten


@pytest.fixture
def bearer(private_space: dict[str, str]) -> dict[str, str]:
    found = clients.made(CENTRE, "s", role=clients.Role.TRAINING_CENTRE, region="130100", organisation=CENTRE)
    token = tokens.sign(config.read(private_space), found, " ".join(found.scopes))
    return {"Authorization": f"Bearer {token}"}


def test_while_the_broker_takes_nothing_the_gateway_is_alive_unready_and_says_what_it_does_not_know(
    private_servers: Servers, private_space: dict[str, str], bearer: dict[str, str], tmp_path: Path
) -> None:
    settings = config.read(private_space)
    certificates = mongo.database(settings, "certification")["certificates"]
    programme = Programme(private_space, tmp_path)
    programme.start("certification")
    bodies = [a_certificate(70_000 + number) for number in range(AT_ONCE)]
    answers: list[httpx.Response | None] = [None] * AT_ONCE

    def post(number: int, url: str) -> None:
        headers = {**bearer, "Idempotency-Key": f"number {number}"}
        answers[number] = httpx.post(f"{url}/v1/certificates", json=bodies[number], headers=headers, timeout=30)

    def all_at_once(url: str) -> None:
        asking = [threading.Thread(target=post, args=[number, url]) for number in range(AT_ONCE)]
        for each in asking:
            each.start()
        began = time.monotonic()
        alive = httpx.get(f"{url}/healthz", timeout=30)
        seconds = time.monotonic() - began
        assert alive.status_code == 200
        assert seconds < AT_ONCE_SECONDS, f"to say that it is alive took the gateway {seconds:.1f} s"
        for each in asking:
            each.join()

    try:
        with serving(private_space, tmp_path) as server:
            assert httpx.get(f"{server.url}/readyz", timeout=30).json()["checks"]["broker"] == {"ready": True}
            with alarm(private_servers.rabbit):
                all_at_once(server.url)
                met = {(answer.status_code, answer.json()["code"]) for answer in answers if answer is not None}
                assert met <= {(504, "outcome_unknown"), (503, "temporarily_unavailable")}
                assert (504, "outcome_unknown") in met
                assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers if answer is not None)
                unready = httpx.get(f"{server.url}/readyz", timeout=30)
                assert unready.status_code == 503
                assert "blocked" in unready.json()["checks"]["broker"]["fault"]
                probe = httpx.get(f"http://127.0.0.1:{programme._ports['certification']}/readyz", timeout=30)
                assert (probe.status_code, "blocked" in probe.text) == (503, True)
            first = {number: _code(answers[number]) for number in range(AT_ONCE)}
            _served_again(server.url, bearer)
            done = certificates.count_documents({})
            assert all(
                first[number] == "outcome_unknown" for number in range(AT_ONCE) if _is_there(certificates, number)
            )
            all_at_once(server.url)
    finally:
        programme.stop_all()
    assert [answer.status_code for answer in answers if answer is not None] == [201] * AT_ONCE, (done, first)
    assert certificates.count_documents({}) == AT_ONCE
    assert "Idempotent-Replayed" not in {name for answer in answers if answer is not None for name in answer.headers}


def _code(answer: httpx.Response | None) -> Any:
    assert answer is not None
    return answer.json()["code"]


def _is_there(certificates: Any, number: int) -> bool:
    found = a_certificate(70_000 + number)["certificate_number"]
    return certificates.find_one({"numbers": found}) is not None


def _served_again(url: str, bearer: dict[str, str]) -> None:
    """Calls are answered again."""
    until(
        lambda: httpx.get(f"{url}/v1/certificates", headers=bearer, timeout=30).status_code == 200,
        seconds=30,
        what="the broker takes messages again",
    )
