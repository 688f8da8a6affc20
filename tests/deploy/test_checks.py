"""What stops a start says so in one line, with what to do."""

import os
import platform
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy import checks, ports, rabbitmq_node, servers
from deploy.server import ServerFailed


def refusal(check: Callable[..., None], *given: object) -> str:
    with pytest.raises(ServerFailed) as caught:
        check(*given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_port_in_use_is_refused_with_its_holder_and_another_port() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", ports.free()))
        holder.listen()
        port = holder.getsockname()[1]
        said = refusal(checks.port_is_free, port, "127.0.0.1")
        assert f"端口 {port} 已被占用" in said
        assert f"pid {os.getpid()}" in said
        other = int(said.rpartition("PORT=")[2])
        checks.port_is_free(other, "127.0.0.1")


def test_an_address_that_is_not_ours_is_refused() -> None:
    assert "HOST" in refusal(checks.port_is_free, 8000, "192.0.2.1")


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    assert "VAR_DIR" in refusal(checks.folder_can_be_used, tmp_path / "var")


def test_given_servers_may_be_used_from_any_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert "set MONGO_URI, AMQP_URI" in refusal(checks.platform_fits, {})
    assert "set AMQP_URI" in refusal(checks.platform_fits, {"MONGO_URI": "mongodb://db/"})
    checks.platform_fits({"MONGO_URI": "mongodb://db/", "AMQP_URI": "amqp://broker/"})


def test_packages_that_nobody_here_can_install_are_refused_all_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(rabbitmq_node, "SCRIPTS", tmp_path)
    monkeypatch.setattr("runtime.fonts._FOLDERS", (tmp_path,))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("AMQP_URI", raising=False)
    said = refusal(checks.packages_can_be_had, servers.packages_missing())
    assert "apt-get install -y --no-install-recommends fonts-wqy-microhei rabbitmq-server" in said
    assert "AMQP_URI" in said
    monkeypatch.setenv("AMQP_URI", "amqp://broker/")
    assert "rabbitmq-server" not in refusal(checks.packages_can_be_had, servers.packages_missing())
    checks.packages_can_be_had([])
