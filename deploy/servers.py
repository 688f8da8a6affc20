"""Embedded MongoDB and RabbitMQ for a machine that has none: `python -m deploy.servers start|stop|status|env`.

Those that AMQP_URI and MONGO_URI name are used instead, and never started, stopped or changed.
"""

import fcntl
import json
import os
import shlex
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy import fonts, guard, keys, mongodb, packages, process, rabbitmq_node
from deploy.mongodb import MongoDB
from deploy.process import Process
from deploy.rabbitmq_node import RabbitMQ
from deploy.server import Server, ServerFailed

__all__ = ["VAR", "MongoDB", "RabbitMQ", "ServerFailed", "embedded", "environment", "serving", "start", "stop"]

VAR = Path(os.environ.get("VAR_DIR") or Path(__file__).resolve().parent.parent / "var").resolve()


def embedded(folder: Path = VAR) -> dict[str, Server]:
    """By the environment name that would replace them; none for a name that is set."""
    ours: dict[str, Server] = {
        "MONGO_URI": MongoDB(folder / "run" / "mongo", prefer=mongodb.DEFAULT_PORT),
        "AMQP_URI": RabbitMQ(folder / "run" / "rabbit", prefer=rabbitmq_node.DEFAULT_PORT),
    }
    return {name: server for name, server in ours.items() if not os.environ.get(name)}


def start(folder: Path = VAR, unwanted: Callable[[], bool] = lambda: False) -> dict[str, str]:
    """Starts what isn't running, and answers the environment for the processes. What is missing of the system comes
    first, all at once, then the keys, then the servers."""
    if lacking := packages_missing():
        packages.install(lacking, why="缺少系统软件包 / packages of the system are missing")
    _ensure_keys(folder)
    for server in embedded(folder).values():
        server.start(unwanted)
    return environment(folder)


def packages_missing() -> list[str]:
    return fonts.missing() + ([] if os.environ.get("AMQP_URI") else rabbitmq_node.missing())


def environment(folder: Path = VAR) -> dict[str, str]:
    """AMQP_URI, MONGO_URI, APP_ENV and the secrets; what is set wins. ServerFailed if nothing was ever started."""
    made = {name: server.uri for name, server in embedded(folder).items()}
    made |= {"APP_ENV": "dev"}
    if not _given_keys():
        if (found := keys.read(folder / "secrets.env")) is None:
            raise ServerFailed(f"{folder} 中还没有密钥，请先 make run / there are no keys yet, run make run first")
        made |= found
    given = {name: os.environ[name] for name in ("AMQP_URI", "MONGO_URI", *made, *keys.LENGTHS) if os.environ.get(name)}
    return made | given


def _ensure_keys(folder: Path) -> None:
    """Before anything is started: a start may be killed at any moment, and data never comes before its keys. A folder
    without keys is a new one, or one whose first start failed, unless some service has written to it."""
    path = folder / "secrets.env"
    if _given_keys():
        return
    mongo = embedded(folder).get("MONGO_URI")
    if keys.read(path) is None and isinstance(mongo, MongoDB) and mongo.holds_databases():
        raise ServerFailed(
            f"数据还在，但解密它的密钥文件 {path} 不见了或不完整：请恢复该文件，或 make clean 清空后重来 / "
            "the data is there but its keys are gone or incomplete: restore the file, or start afresh with make clean"
        )
    keys.kept_in(path)


def _given_keys() -> bool:
    return all(os.environ.get(name) for name in keys.LENGTHS)


@contextmanager
def serving(folder: Path = VAR, unwanted: Callable[[], bool] = lambda: False) -> Iterator[dict[str, str]]:
    """The environment, with servers while anybody needs them: the last to leave stops them. Who is killed leaves too,
    together with all that was started in this environment. `stop` sends SIGTERM."""
    me = _users(folder) / f"{os.getpid()}-{uuid.uuid4().hex}.json"
    me.parent.mkdir(parents=True, exist_ok=True)
    ours = guard.over_this_process(then=[sys.executable, "-m", "deploy.servers", "release", str(folder)])
    with _coming_and_going(folder):
        process.note(me, process.find(os.getpid()).noted())
    try:
        yield start(folder, unwanted) | {guard.MARK: ours.mark}
    finally:
        me.unlink(missing_ok=True)
        release(folder)
        ours.dismiss()


def release(folder: Path) -> None:
    """Stops the servers unless somebody is inside `serving`."""
    with _coming_and_going(folder):
        if not users(folder):
            _stop_servers(folder)


@contextmanager
def _coming_and_going(folder: Path) -> Iterator[None]:
    """Nobody comes between the last one's leaving and the servers' end."""
    with _users(folder).with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def users(folder: Path = VAR) -> list[Process]:
    """The processes that are inside `serving`; records of dead ones are swept away."""
    found = []
    for path in _users(folder).glob("*.json"):
        try:
            user = Process(**json.loads(path.read_text()))
        except FileNotFoundError:
            continue  # it left
        if user.alive:
            found.append(user)
        else:
            path.unlink(missing_ok=True)
    return found


def stop(folder: Path = VAR) -> None:
    """Ends everybody inside `serving`, then the servers, gracefully."""
    for user in users(folder):
        if user.pid != os.getpid():
            user.stop(seconds=60)
    _stop_servers(folder)


def _stop_servers(folder: Path) -> None:
    for server in embedded(folder).values():
        server.stop()


def _users(folder: Path) -> Path:
    return folder / "run" / "users"


def _status(folder: Path) -> Iterator[str]:
    ours = embedded(folder)
    for name in ("MONGO_URI", "AMQP_URI"):
        if name not in ours:
            yield f"{name}: 由环境变量指定 / given by the environment"
        elif ours[name].running:
            yield f"{name}: 运行中 / running, pid {ours[name].process.pid}, {ours[name].uri}"
        else:
            yield f"{name}: 未运行 / not running"


def main(arguments: list[str], folder: Path = VAR) -> int:
    match arguments:
        case ["start"]:
            start(folder)
            print("\n".join(_status(folder)))
        case ["stop"]:
            stop(folder)
        case ["release", where]:
            release(Path(where))
        case ["status"]:
            print("\n".join(_status(folder)))
        case ["env"]:
            for name, value in environment(folder).items():
                print(f"export {name}={shlex.quote(value)}")
        case ["env", *command]:
            # Ctrl-C reaches the command too, and it is the command that decides what to do about it.
            signal.signal(signal.SIGINT, lambda *_: None)
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
            with serving(folder) as made:
                return subprocess.run(command, env=os.environ | made).returncode
        case _:
            print(
                "python -m deploy.servers start | stop | status | env [command …]\n"
                "env: 打印环境变量，或在其中执行命令 / prints the environment, or runs a command in it",
                file=sys.stderr,
            )
            return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ServerFailed as failure:
        sys.exit(str(failure))
