"""Packages of the system that the embedded servers and the charts need.

An install may be interrupted at any moment: its output goes to a file and not to us, so that apt ends in its own time
when we are killed, and what was left half done is put right by the next install.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from deploy.server import ServerFailed

_ADMINISTRATION = "/var/lib/dpkg"
_LOCK_SECONDS = 300  # another apt may be at work: unattended upgrades, or one that a killed start has left
_INTERRUPTED = "interrupted"
_INSTALL = ["-y", "--no-install-recommends", "-o", f"DPkg::Lock::Timeout={_LOCK_SECONDS}"]


def half_done(name: str) -> bool:
    """Whether dpkg is, or was, interrupted in the middle of this package: its files may be there, and not all."""
    if shutil.which("dpkg-query") is None:
        return False
    asked = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", name]
    status = subprocess.run(asked, capture_output=True, text=True).stdout
    return status in ("unpacked", "half-configured", "half-installed", "triggers-awaited", "triggers-pending")


def install(
    names: Collection[str],
    *,
    why: str,
    run: Callable[..., subprocess.CompletedProcess] = subprocess.run,
    root: bool | None = None,
    which: Callable[[str], str | None] = shutil.which,
) -> None:
    """Installs Debian packages as root or by sudo; ServerFailed says in one line what to do when neither works."""
    by_hand = f"apt-get install -y --no-install-recommends {' '.join(names)}"
    if which("apt-get") is None:
        raise ServerFailed(f"{why}，本机没有 apt-get，请自行安装 / no apt-get, please install: {' '.join(names)}")
    become: list[str] = []
    if not (os.geteuid() == 0 if root is None else root):
        if which("sudo") is None:
            raise ServerFailed(f"{why}，请用 root 执行 / needs root, please run as root: {by_hand}")
        become = ["sudo"]
    quiet = [*become, "env", "DEBIAN_FRONTEND=noninteractive"]
    began = time.monotonic()
    what = f"{why}，正在安装，约半分钟 / installing, about half a minute"
    print(f"{what}: {' '.join(names)}", file=sys.stderr, flush=True)
    with _one_at_a_time():
        # Without a network, or while somebody else reads them, the lists that are there may do.
        _run(run, [*quiet, "apt-get", "-qq", "update"])
        fault = _run(run, [*quiet, "apt-get", "-qq", "install", *_INSTALL, *names])
        if fault is not None and fault != _INTERRUPTED:
            _run(run, [*quiet, "dpkg", "--configure", "-a"])
            fault = _run(run, [*quiet, "apt-get", "-qq", "install", "--fix-broken", *_INSTALL, *names])
    if fault is not None:
        raise ServerFailed(f"{why}，安装失败 / installing failed ({fault}); please run as root: {by_hand}")
    print(f"  已安装（{time.monotonic() - began:.0f} 秒）/ installed", file=sys.stderr, flush=True)


def _run(run: Callable[..., subprocess.CompletedProcess], command: list[str]) -> str | None:
    """None when it worked, else its last words."""
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        done = run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        if done.returncode == 0:
            return None
        if done.returncode == -signal.SIGINT:  # Ctrl-C reaches apt too
            return _INTERRUPTED
        output.seek(0)
        return (output.read().strip().splitlines() or ["no message"])[-1]


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two commands of ours that both miss something; dpkg's own locks are of another kind and not in their way."""
    try:
        administration = os.open(_ADMINISTRATION, os.O_RDONLY)
    except OSError:  # no Debian: nothing is going to be installed
        yield
        return
    try:
        fcntl.flock(administration, fcntl.LOCK_EX)
        yield
    finally:
        os.close(administration)
