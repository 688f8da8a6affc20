"""The two commands on a machine where nothing was installed by hand."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import ports
from tests.conftest import Servers
from tests.deploy.bare_machine import CANNOT_BE_HAD

ROOT = Path(__file__).parents[2]

# A root of our own over the machine's, in memory, seen by nobody else and gone with its last process.
OVERLAY = r"""
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
for name in dev sys; do mount --rbind "/$name" "$1/root/$name"; done
mount -t tmpfs tmpfs "$1/root/dev/shm" # where other runs have their sessions
mount -t proc proc "$1/root/proc"
printf '#!/bin/sh\nexit 101\n' >"$1/root/usr/sbin/policy-rc.d" # the system's own RabbitMQ is not to start
chmod +x "$1/root/usr/sbin/policy-rc.d"
root=$1/root where=$PWD
shift
exec chroot "$root" sh -c 'cd "$0" && exec "$@"' "$where" "$@"
"""


def overlaid(folder: Path, *command: str) -> list[str]:
    alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
    return [*alone, "sh", "-c", OVERLAY, "sh", str(folder), *command]


@pytest.fixture
def over(tmp_path: Path) -> Path:
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("dpkg") is None:
        pytest.skip("a root of one's own over the machine's takes root, unshare and Debian")
    folder = tmp_path / "over"
    folder.mkdir()
    tried = subprocess.run(overlaid(folder, "true"), capture_output=True, text=True)
    if tried.returncode != 0:
        pytest.skip(f"no root of one's own over the machine's can be mounted here: {tried.stderr.strip()}")
    return folder


@pytest.mark.timeout(400)
def test_a_bare_machine_serves_after_starts_that_failed_or_were_killed_at_each_of_their_first_ten_seconds(
    over: Path,
    servers: Servers,  # whatever they need is installed: the machine below does not change while it is covered
) -> None:
    first = ports.free()
    chosen = [str(first), str(ports.free(besides=frozenset([first])))]
    driver = [sys.executable, "-m", "tests.deploy.bare_machine", "/var/tmp/bare-machine", *chosen]
    done = subprocess.run(overlaid(over, *driver), cwd=ROOT, capture_output=True, text=True)
    if done.returncode == CANNOT_BE_HAD:
        pytest.skip("Debian's packages cannot be had here")
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
