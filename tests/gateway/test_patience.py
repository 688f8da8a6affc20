"""A slow client costs nobody else anything."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway import patience, threads
from gateway.patience import Patient
from tests.gateway.test_server import serving


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Patient, socket.socket]]:
    monkeypatch.setattr(patience, "PROMPT", 0.02)
    monkeypatch.setattr(patience, "GRACE", 0.3)
    monkeypatch.setattr(patience, "SLOWEST", 1 << 20)
    ours, theirs = socket.socketpair()
    ours.setblocking(True)
    with Patient(ours) as patient, theirs:
        yield patient, theirs


def test_who_sends_a_byte_now_and_a_byte_then_is_cut_off(pair: tuple[Patient, socket.socket]) -> None:
    patient, theirs = pair
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.05):
            theirs.sendall(b"x")

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        with pytest.raises(ConnectionResetError):
            _take_all(patient)
    finally:
        stop.set()
        dripping.join()


def _take_all(patient: Patient) -> None:
    while patient.recv(1):
        pass


def test_who_takes_no_answer_is_cut_off(pair: tuple[Patient, socket.socket]) -> None:
    patient, _theirs = pair
    with pytest.raises(ConnectionResetError):
        patient.sendall(bytes(64 << 20))


def test_a_quick_client_gets_all_of_a_long_answer(pair: tuple[Patient, socket.socket]) -> None:
    patient, theirs = pair
    received = bytearray()

    def take() -> None:
        while block := theirs.recv(1 << 20):
            received.extend(block)

    taking = threading.Thread(target=take)
    taking.start()
    patient.sendall(bytes(16 << 20))
    patient.shutdown(socket.SHUT_WR)
    taking.join()
    assert len(received) == 16 << 20


def test_more_half_requests_than_there_are_threads_stop_nobody(module_space: dict[str, str], tmp_path: Path) -> None:
    with serving(module_space, tmp_path) as server:
        slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(2 * threads.ALL)]
        for number, one in enumerate(slow):
            body = b"POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n"
            one.sendall(body if number % 2 else body + b"Content-Type: application/x-www-form-urlencoded\r\n\r\nx")
        answer = httpx.get(f"{server.url}/healthz", timeout=30)
        assert answer.status_code == 200
        assert answer.elapsed.total_seconds() < 10
        for one in slow:
            one.close()
