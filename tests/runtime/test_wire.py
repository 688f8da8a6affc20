"""Frames arrive whole, however the network cuts them, and what is bundled arrives as it was published."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from amqp.exceptions import UnexpectedFrame
from hypothesis import given
from hypothesis import strategies as some

from runtime import config, rabbit, wire


class Ends:
    """A line whose other end is in our hands."""

    def __init__(self) -> None:
        self.far, near = socket.socketpair()
        self.line = wire.Line("nowhere:5672")
        self.line.sock = near
        self.line._setup_transport()

    def close(self) -> None:
        self.far.close()
        self.line.sock.close()


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Ends()
    yield made
    made.close()


def a_frame(payload: bytes, kind: int = 3, channel: int = 1, end: int = 0xCE) -> bytes:
    return kind.to_bytes(1) + channel.to_bytes(2) + len(payload).to_bytes(4) + payload + end.to_bytes(1)


@given(payloads=some.lists(some.binary(max_size=40), min_size=1, max_size=8), cuts=some.lists(some.integers(0, 400)))
def test_frames_are_handed_out_whole_however_they_are_cut(payloads: list[bytes], cuts: list[int]) -> None:
    ends = Ends()
    try:
        whole = b"".join(a_frame(payload) for payload in payloads)
        places = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
        found = []
        ends.line.sock.settimeout(0)
        for begins, following in pairwise(places):
            ends.far.sendall(whole[begins:following])
            try:
                while True:
                    found.append(ends.line.read_frame())
            except BlockingIOError:
                pass  # the rest is still on its way
        assert found == [(3, 1, payload) for payload in payloads]
        assert ends.line.held() is None
    finally:
        ends.close()


def test_a_timeout_in_the_middle_of_a_frame_loses_nothing(ends: Ends) -> None:
    ends.line.sock.settimeout(0.01)
    ends.far.sendall(a_frame(b"half of it")[:9])
    with pytest.raises(TimeoutError):
        ends.line.read_frame()
    ends.far.sendall(a_frame(b"half of it")[9:])
    assert ends.line.read_frame() == (3, 1, b"half of it")


def test_a_frame_without_its_end_is_not_taken(ends: Ends) -> None:
    ends.far.sendall(a_frame(b"x", end=0x00))
    with pytest.raises(UnexpectedFrame):
        ends.line.read_frame()


def test_a_broker_that_hung_up_is_noticed_after_what_it_sent_last(ends: Ends) -> None:
    ends.line.connected = True
    ends.far.sendall(a_frame(b"last words"))
    ends.far.close()
    assert ends.line.read_frame() == (3, 1, b"last words")
    with pytest.raises(OSError, match="closed"):
        ends.line.read_frame()
    assert not ends.line.connected


def test_what_is_bundled_is_sent_in_its_order_and_before_anything_later(ends: Ends) -> None:
    memory = bytearray(b"first")
    ends.line.bundle()
    ends.line.write(memoryview(memory))
    memory[:] = b"again"  # py-amqp writes each frame into the same memory
    ends.line.write(memoryview(memory))
    assert not ends.line.send_on(at_least=100)
    assert ends.line.send_on()
    ends.line.unbundle()
    ends.line.write(b"after")
    assert ends.far.recv(100) == b"firstagainafter"


@pytest.mark.parametrize("size", [1, 1000, 200_000])  # the last takes several frames
def test_what_is_published_in_a_bundle_arrives_whole_and_in_order(space: dict[str, str], size: int) -> None:
    with rabbit.connection(config.read(space)) as broker:
        channel = broker.channel()
        channel.queue_declare("bundled", durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
        bodies = [bytes([65 + number]) * size for number in range(20)]
        published = rabbit.Publisher(broker).publish_all(
            rabbit.Outgoing("", "bundled", body, {"number": number}) for number, body in enumerate(bodies)
        )
        assert published == len(bodies)
        channel.auto_decode = False
        arrived = [channel.basic_get("bundled", no_ack=True) for _ in bodies]
        assert [message.body for message in arrived] == bodies
        assert [message.headers["number"] for message in arrived] == list(range(len(bodies)))


def test_one_that_cannot_be_written_leaves_the_publisher_usable(space: dict[str, str]) -> None:
    with rabbit.connection(config.read(space)) as broker:
        broker.channel().queue_declare("usable", durable=True, auto_delete=False)
        publisher = rabbit.Publisher(broker)
        unwritable = {"a set": {1}}
        with pytest.raises(TypeError):
            publisher.publish_all([rabbit.Outgoing("", "usable", b"1"), rabbit.Outgoing("", "usable", unwritable)])
        assert publisher.publish_all([rabbit.Outgoing("", "usable", b"2")]) == 1


def test_a_line_with_tls_stays_the_library_s_own(space: dict[str, str]) -> None:
    secret = replace(config.read(space), amqp_uri="amqps://guest:guest@127.0.0.1:1//")
    transport = rabbit.connection(secret).transport
    assert transport.client.ssl
    assert not isinstance(transport, wire.Transport)


def test_a_broker_that_reads_nothing_holds_a_writer_no_longer_than_ten_seconds(space: dict[str, str]) -> None:
    with rabbit.connection(config.read(space)) as broker:
        assert broker.connection.write_timeout == 10
        assert broker.connection.transport.write_timeout == 10
        assert not rabbit.is_blocked(broker)
        broker.connection._on_blocked()
        assert rabbit.is_blocked(broker)
        broker.connection._on_unblocked()
        assert not rabbit.is_blocked(broker)
