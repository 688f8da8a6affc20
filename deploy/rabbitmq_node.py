"""The project's own RabbitMQ node: own name, ports, cookie, data and logs, on the loopback; never the system's.

The scripts under /usr/sbin drop to user `rabbitmq`, who would have to be able to write our folders; those under
/usr/lib/rabbitmq/bin, which they call, run as whoever calls them. We call the latter: everything belongs to one user.
"""

import base64
import http.client
import json
import os
import shutil
import socket
from pathlib import Path
from urllib.parse import quote

from deploy import packages, ports, process
from deploy.server import Record, Server, ServerFailed

DEFAULT_PORT = 5673
VHOST = "yanzhao"
NODE = "yanzhao@localhost"
PACKAGE = "rabbitmq-server"  # Debian's
SCRIPTS = Path("/usr/lib/rabbitmq/bin")
POLICIES = Path(__file__).parent / "rabbitmq" / "policies.json"

CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{rabbitmq}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
management_agent.disable_metrics_collector = true
log.console = true
log.console.level = info
log.file = false
disk_free_limit.absolute = 200MB
vm_memory_high_watermark.absolute = 1GB
raft.wal_max_size_bytes = 67108864
"""


class RabbitMQ(Server):
    name = "rabbitmq"

    def _launch(self, record: Record) -> None:
        command = [str(scripts() / "rabbitmq-server")]  # epmd comes with it
        self._choose_other_ports(record)
        epmd = record.processes.get("epmd")
        if epmd is None or not epmd.alive:
            record.processes["epmd"] = self._launch_epmd(record.ports["epmd"])
        for name in ("home", "data"):
            (self.folder / name).mkdir(exist_ok=True)
        (self.folder / "rabbitmq.conf").write_text(CONFIGURATION.format(**record.ports))
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        environ = self._environ(record.ports)
        record.processes[self.name] = process.launch(command, log=self.log, environ=environ, cwd=self.folder)
        record.uri = self._uri(record, VHOST)

    def _ready(self, record: Record) -> bool:
        try:
            self._add(record, VHOST)
        except (OSError, http.client.HTTPException, NotAnswered):
            return False
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", record.ports[self.name])) == 0

    def add_vhost(self, name: str) -> str:
        """Answers its uri. Costs about 50 ms, the policies included."""
        return self._add(self.record, name)

    def delete_vhost(self, name: str) -> None:
        """With its queues and connections; nothing happens if there is none of that name."""
        _call(self.record, "DELETE", f"/api/vhosts/{quote(name, safe='')}", answers=(204, 404))

    def _add(self, record: Record, name: str) -> str:
        vhost = quote(name, safe="")
        _call(record, "PUT", f"/api/vhosts/{vhost}", {}, answers=(201, 204))
        for policy in json.loads(POLICIES.read_text()):
            _call(record, "PUT", f"/api/policies/{vhost}/{quote(policy['name'], safe='')}", policy, answers=(201, 204))
        return self._uri(record, name)

    def _uri(self, record: Record, vhost: str) -> str:
        return f"amqp://guest:guest@127.0.0.1:{record.ports[self.name]}/{quote(vhost, safe='')}"

    def _choose_other_ports(self, record: Record) -> None:
        epmd = record.processes.get("epmd")
        for name in ("epmd", "distribution", "management"):
            if name == "epmd" and epmd is not None and epmd.alive:
                continue
            taken = frozenset(port for other, port in record.ports.items() if other != name)
            known = record.ports.get(name)
            if known is None or known in taken or not ports.becomes_free(known):
                record.ports[name] = ports.free(besides=taken)

    def _launch_epmd(self, port: int) -> process.Process:
        # Left to itself the node would start a daemon whose pid nobody knows and nobody stops.
        program = shutil.which("epmd")
        if program is None:
            raise ServerFailed("找不到 epmd，请重新安装 erlang-base / epmd not found, reinstall erlang-base")
        command = [program, "-address", "127.0.0.1", "-port", str(port)]
        return process.launch(command, log=self.log.with_name("epmd.log"), environ=os.environ, cwd=self.folder)

    def _environ(self, chosen: dict[str, int]) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))}
        return inherited | {
            "HOME": str(self.folder / "home"),  # where the cookie is
            "ERL_EPMD_PORT": str(chosen["epmd"]),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": NODE,
            "RABBITMQ_DIST_PORT": str(chosen["distribution"]),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.log.parent),
            "RABBITMQ_PID_FILE": str(self.folder / "rabbitmq.pid"),
            # With "input allowed" the script becomes the Erlang machine instead of waiting beside it, so that the pid
            # we know is the one that serves; -noinput takes the input away again.
            "RABBITMQ_ALLOW_INPUT": "1",
            "RABBITMQ_SERVER_START_ARGS": "-noinput",
            # Its schedulers are not to spin while they wait: here the node shares two cores with all that talks to it.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} "
            "+sbwt none +sbwtdcpu none +sbwtdio none",
        }


class NotAnswered(Exception):
    """The node said something else than was asked for: what, and where."""


def _call(record: Record, method: str, path: str, body: dict | None = None, *, answers: tuple[int, ...]) -> None:
    # http.client heeds no proxy settings: this is the loopback.
    connection = http.client.HTTPConnection("127.0.0.1", record.ports["management"], timeout=10)
    try:
        credentials = base64.b64encode(b"guest:guest").decode()
        headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        said = response.read().decode(errors="replace")
    finally:
        connection.close()
    if response.status not in answers:
        raise NotAnswered(f"{method} {path}: {response.status} {said}")


def missing() -> list[str]:
    """Debian's package, unless it is there, and whole."""
    return [] if (SCRIPTS / "rabbitmq-server").exists() and not packages.half_done(PACKAGE) else [PACKAGE]


def scripts() -> Path:
    """The folder of RabbitMQ's own scripts; installs Debian's package when it is missing."""
    if lacking := missing():
        packages.install(lacking, why="缺少 RabbitMQ / RabbitMQ is missing")
    if not (SCRIPTS / "rabbitmq-server").exists():
        raise ServerFailed(f"{SCRIPTS} 中没有 rabbitmq-server，请设置 AMQP_URI / not found there, set AMQP_URI instead")
    return SCRIPTS
