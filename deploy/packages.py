"""Packages of the system that the embedded servers need."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence

from deploy.server import ServerFailed


def install(
    names: Sequence[str],
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
    print(f"{why}，正在安装 / installing: {' '.join(names)}", file=sys.stderr)
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", *names]):
        done = run([*become, *quiet, *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            said = (done.stderr or done.stdout or "").strip().splitlines() or ["no message"]
            raise ServerFailed(f"{why}，安装失败 / installing failed ({said[-1]}); please run as root: {by_hand}")
