"""gunicorn's settings: ``gunicorn -c python:gateway.server 'gateway.app:create()'``.

One process by default, which makes 16 calls at once, as many as it takes to keep a core busy while services answer;
its other threads wait, take in uploads, or are free for what is short (lanes.py). More processes with WEB_CONCURRENCY;
their metrics are then added up through files.
"""

import ctypes
import errno
import os
import shutil
import socket
import sys
import tempfile
from contextlib import suppress
from typing import Any

import gunicorn.glogging
import pymongo
from pymongo.errors import PyMongoError

from gateway.threads import ALL as THREADS
from runtime import canary, logs
from runtime import config as environment  # `config` here would be read as gunicorn's setting of that name

PORT = os.environ.get("PORT", "8000")
DATABASE_PATIENCE = int(os.environ.get("DATABASE_PATIENCE", "20"))  # seconds to wait for MongoDB at the start
WORKERS = int(os.environ.get("WEB_CONCURRENCY", "1"))

bind = f"{os.environ.get('HOST', '0.0.0.0')}:{PORT}"
workers = WORKERS
worker_class = "gateway.worker.Worker"  # gthread
threads = THREADS
keepalive = 15
timeout = 60  # for a worker that hangs as a whole; requests are bounded by the calls that they make
graceful_timeout = 30
limit_request_line = 4094
limit_request_fields = 60
accesslog = None  # access.py writes it, without addresses
control_socket_disable = True  # it would lie in the user's home, one for all gateways of the machine
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
proc_name = "yanzhao-gateway"

_M_ARENA_MAX = -8  # malloc.h
_M_MMAP_THRESHOLD = -3

_made: str | None = None
if WORKERS > 1 and "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    _made = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="gateway-metrics-")


class Logger(gunicorn.glogging.Logger):
    """gunicorn's own lines in our format."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


logger_class = Logger


def on_starting(server: Any) -> None:
    """One clear line instead of a traceback or a row of retries."""
    try:
        settings = environment.read()
    except environment.ConfigurationMissing as error:
        _stop(str(error))
    if not settings.public_address:
        _stop("PUBLIC_ADDRESS is not set: where people find this, e.g. https://jz.example.cn / 请设置对外地址")
    logs.configure("gateway", settings.log_level)
    _need_port()
    _need_database(settings)


def _need_port() -> None:
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((bind.rpartition(":")[0], int(PORT)))
    except OSError as error:
        reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be opened ({error.strerror})"
        _stop(f"port {PORT} {reason}: stop what uses it, or choose another with PORT=… / 端口不可用，请更换 PORT")


def _need_database(settings: environment.Config) -> None:
    # A client of its own, closed at once: the one that runtime.mongo keeps must be made after the fork.
    try:
        with pymongo.MongoClient[Any](settings.mongo_uri, serverSelectionTimeoutMS=DATABASE_PATIENCE * 1000) as client:
            client.admin.command("ping")
            canary.check(settings, by=client)
    except canary.SecretChanged as error:
        _stop(str(error))
    except PyMongoError as error:
        _stop(f"MongoDB does not answer ({type(error).__name__}): start it, or correct MONGO_URI / 数据库没有应答")


def post_fork(server: Any, worker: Any) -> None:
    """Before the threads are there. glibc gives each thread an arena of its own, up to eight a core, and each arena
    stays as large as its largest request made it. What is large is to be a mapping of its own, given back when it is
    freed: glibc raises that threshold to 32 MiB by itself, and never again lowers it, unless it is set."""
    with suppress(AttributeError):  # another libc has no arenas
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, 2)
        mallopt(_M_MMAP_THRESHOLD, 128 * 1024)


def post_worker_init(worker: Any) -> None:
    from gateway.sweeper import Sweeper  # it makes metrics: see child_exit

    extensions = worker.wsgi.extensions
    Sweeper(extensions["settings"], extensions["files"]).start()


def child_exit(server: Any, worker: Any) -> None:
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client import multiprocess  # decides on import whether values go to files

        multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    if _made is not None:
        shutil.rmtree(_made, ignore_errors=True)


def _stop(reason: str) -> None:
    print(reason, file=sys.stderr)
    raise SystemExit(1)
