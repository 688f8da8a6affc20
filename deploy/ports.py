"""TCP ports on the loopback."""

import random
import socket
import time

# Below the kernel's range for outgoing connections: a client that keeps dialling a dead server there could be given the
# server's own port as its source, connect to itself, and keep the server from coming back.
RANGE = range(20000, 32000)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def becomes_free(port: int, *, seconds: float = 2) -> bool:
    """Waits a moment: a killed server's connections take one to disappear."""
    deadline = time.monotonic() + seconds
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def free(*, besides: frozenset[int] = frozenset()) -> int:
    for port in random.choices(RANGE, k=1000):
        if port not in besides and is_free(port):
            return port
    raise OSError("no free port on 127.0.0.1 between 20000 and 32000")
