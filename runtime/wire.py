"""Wire: AMQP over TCP with a system call for many frames, where py-amqp makes nine for a message that it reads and
five for one that it writes. In a process of several threads each of them is a fight for the interpreter as well.

``amqps`` stays with the library's own transport.
"""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from amqp import spec
from amqp.basic_message import Message
from amqp.exceptions import UnexpectedFrame
from amqp.transport import TCPTransport
from kombu.transport import pyamqp

_HEAD = struct.Struct(">BHI")  # kind, channel, size of the payload; then payload and one octet that ends the frame
_END = 0xCE
_READ = 1 << 18
_WRITE_SECONDS = 10
_WRITE = 1 << 16  # of a bundle, before it is sent on

Frame = tuple[int, int, bytes]
Send = Callable[[Message, str, str], None]  # message, exchange, routing key


class Line(TCPTransport):
    """Takes whatever has arrived, and hands it out frame by frame."""

    def _setup_transport(self) -> None:
        super()._setup_transport()
        self._held = b""
        self._at = 0  # the first octet of ``_held`` that was not handed out
        self._bundle: bytearray | None = None

    def held(self) -> Frame | None:
        """The next frame, if all of it is here."""
        held, at = self._held, self._at
        if len(held) - at < _HEAD.size:
            return None
        kind, channel, size = _HEAD.unpack_from(held, at)
        begins = at + _HEAD.size
        ends = begins + size
        if len(held) <= ends:
            return None
        if held[ends] != _END:
            raise UnexpectedFrame(f"Received frame_end {held[ends]:#04x} while expecting 0xce")
        self._at = ends + 1
        return kind, channel, held[begins:ends]

    def read_frame(self, unpack: Any = None) -> Frame:
        """A timeout in the middle of a frame loses nothing: no octet of it has been handed out."""
        while (frame := self.held()) is None:
            try:
                more = self._quick_recv(_READ)
                if not more:
                    raise OSError("Server unexpectedly closed connection")
            except (TimeoutError, BlockingIOError):
                raise
            except OSError:
                self.connected = False
                raise
            self._held, self._at = self._held[self._at :] + more, 0
        return frame

    def write(self, s: Any) -> None:
        if self._bundle is None:
            super().write(s)
        else:
            self._bundle += s  # a copy: py-amqp writes its next frame into the same memory

    def bundle(self) -> None:
        """Keep what is written from now on, until it is sent on."""
        self._bundle = bytearray()

    def send_on(self, *, at_least: int = 1) -> bool:
        """Send what was kept, if it is as much as that; whether it was."""
        if self._bundle is None or len(self._bundle) < at_least:
            return False
        kept, self._bundle = self._bundle, bytearray()
        super().write(kept)
        return True

    def unbundle(self) -> None:
        """Write at once again."""
        self._bundle = None


class Connection(pyamqp.Connection):
    """``blocked`` while the broker, short of memory or disk, reads nothing that is published on this connection."""

    blocked = False

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        # A broker that reads nothing for so long is as good as gone; without it a full socket would hold us for ever.
        super().__init__(*arguments, **{"write_timeout": _WRITE_SECONDS, **settings})

    def _on_blocked(self) -> None:
        self.blocked = True
        super()._on_blocked()

    def _on_unblocked(self) -> None:
        self.blocked = False
        super()._on_unblocked()

    def Transport(self, host: str, connect_timeout: float, ssl: Any, *timeouts: Any, **settings: Any) -> Line:
        return Line(host, connect_timeout, *timeouts, **settings)

    def blocking_read(self, timeout: float | None = None) -> Any:
        """Without a look at the socket while there is a frame that has arrived already."""
        frame = self.transport.held()
        return super().blocking_read(timeout) if frame is None else self.on_inbound_frame(frame)


class Transport(pyamqp.Transport):
    """For kombu."""

    Connection = Connection


@contextmanager
def bundled(channel: Any) -> Iterator[Send]:
    """Publish many messages, mandatory each, with few system calls. What is given publishes one; all are sent when the
    ``with`` ends. Confirms that arrive meanwhile are handled."""
    line, broker = channel.connection.transport, channel.connection
    if not isinstance(line, Line):
        yield lambda message, exchange, key: channel.basic_publish(
            message, exchange=exchange, routing_key=key, mandatory=True
        )
        return

    def send(message: Message, exchange: str, key: str) -> None:
        channel.send_method(spec.Basic.Publish, "Bssbb", (0, exchange, key, True, False), message)
        if line.send_on(at_least=_WRITE):
            with suppress(TimeoutError):
                while True:
                    broker.drain_events(timeout=0)

    line.bundle()
    try:
        yield send
    finally:
        try:
            line.send_on()  # what was published before a failure is on its way, as it would be without a bundle
        finally:
            line.unbundle()
