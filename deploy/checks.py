"""What is looked at before anything is started. Each raises ServerFailed: one line that says what to do."""

import errno
import os
import platform
import shutil
import socket
from collections.abc import Collection, Mapping
from pathlib import Path

import psutil

from deploy.server import LEAST_FREE_DISK, ServerFailed

EMBEDDED_MACHINES = ("x86_64", "aarch64")
_LEAST_FREE = LEAST_FREE_DISK * 2  # both servers, and the logs


def platform_fits(environ: Mapping[str, str]) -> None:
    """The embedded servers run on Debian's kind of Linux; servers that are given may be anywhere."""
    missing = [name for name in ("MONGO_URI", "AMQP_URI") if not environ.get(name)]
    here = f"{platform.system()} {platform.machine()}"
    if missing and (platform.system() != "Linux" or platform.machine() not in EMBEDDED_MACHINES):
        names = "、".join(missing)
        raise ServerFailed(
            f"自带的服务器不能在 {here} 上运行，请设置 {names} 指向已有的服务器 / "
            f"the embedded servers need Linux on x86-64 or arm64, this is {here}: set {', '.join(missing)}"
        )


def packages_can_be_had(missing: Collection[str]) -> None:
    """Whether those that are missing can be installed here."""
    if not missing or (shutil.which("apt-get") and (os.geteuid() == 0 or shutil.which("sudo"))):
        return
    names = " ".join(missing)
    raise ServerFailed(
        f"缺少系统软件包，而当前用户不能安装：请用 root 执行 apt-get install -y --no-install-recommends {names}，"
        "或用 AMQP_URI 指定已有的 RabbitMQ / packages are missing and this user cannot install them: as root run "
        f"apt-get install -y --no-install-recommends {names}, or set AMQP_URI if it is RabbitMQ"
    )


def folder_can_be_used(folder: Path) -> None:
    """It can be written, and has room."""
    try:
        (folder / "run").mkdir(parents=True, exist_ok=True)
        (folder / "log").mkdir(exist_ok=True)
        probe = folder / "run" / f"probe.{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ServerFailed(
            f"不能写入 {folder}（{error.strerror}）：请改其属主，或用 VAR_DIR 换一个目录 / "
            f"cannot write there: change its owner, or choose another folder with VAR_DIR"
        ) from error
    free = shutil.disk_usage(folder).free
    if free < _LEAST_FREE:
        raise ServerFailed(
            f"{folder} 所在磁盘只剩 {free >> 20} MB，须有 {_LEAST_FREE >> 20} MB：请清理，或用 VAR_DIR 换目录 / "
            "disk full: free some, or choose another folder with VAR_DIR"
        )


def port_is_free(port: int, host: str) -> None:
    try:
        _bind(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            other = _next_free(host, port)
            raise ServerFailed(
                f"端口 {port} 已被占用（{_holder(port)}）：请停掉它，或换一个端口：make run PORT={other} / "
                f"port {port} is in use: stop what uses it, or choose another: make run PORT={other}"
            ) from error
        raise ServerFailed(
            f"不能监听 {host}:{port}（{error.strerror}）：请换一个端口或 HOST，例如 make run PORT=8000 / "
            f"cannot listen on {host}:{port}: choose another PORT or HOST"
        ) from error


def _bind(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host.strip("[]"), port))


def _next_free(host: str, port: int) -> int:
    for other in range(port + 1, min(port + 100, 65535)):
        try:
            _bind(host, other)
        except OSError:
            continue
        return other
    return 18000


def _holder(port: int) -> str:
    """Its name and pid, if the system tells us."""
    try:
        listening = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        listening = []
    for connection in listening:
        listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
        if listens and connection.pid:
            try:
                return f"{psutil.Process(connection.pid).name()}，pid {connection.pid}"
            except psutil.NoSuchProcess:
                break
    return "占用者属于其他用户，可用 root 执行 ss -ltnp 查看"
