"""`make run`: the whole product on one machine, with the sample rosters imported, until Ctrl-C.

Everything that it makes is under var/ (or VAR_DIR). Exit status: 0 ended when told to, 1 could not go on.
"""

import argparse
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contract.words import Role
from deploy import checks, counters, ledger, process, processes, rosters, servers, stars
from deploy.door import Door, Refused, Unreachable
from deploy.ending import Ending
from deploy.process import Process
from deploy.processes import ROOT, Processes
from deploy.server import ServerFailed
from deploy.story import say
from runtime import canary, config, metrics, mongo, rabbit, renewal
from runtime.config import Config, ConfigurationMissing

_READY_SECONDS = 120.0


class CannotGoOn(Exception):
    """What to tell a person, and that nothing more can be done."""


@dataclass(frozen=True)
class Wanted:
    """What was asked for. ``samples``: whether the sample rosters are imported; ``stars``: applications in each of the
    five cohorts of the sample year of stars, 0 for none; ``ledger``: counties of each unit that file for each item of
    the sample ledger, 0 for none."""

    folder: Path
    host: str
    port: int
    samples: bool
    stars: int
    ledger: int

    @property
    def address(self) -> str:
        return f"http://{'127.0.0.1' if self.host in ('0.0.0.0', '[::]') else self.host}:{self.port}"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.run", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--no-samples", action="store_true", help="只启动，不导入样例 / serve only, import nothing")
    parser.add_argument("--stars", type=int, default=60, metavar="N", help="星级样例每批申报数，0 为不建（默认 60）")
    parser.add_argument("--ledger", type=int, default=1, metavar="N", help="台账样例每市填报县数，0 为不建（默认 1）")
    options = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="replace")  # type: ignore[union-attr]
    ending = Ending()
    ending.by_signals()
    try:
        size, width = (0 if options.no_samples else max(number, 0) for number in (options.stars, options.ledger))
        host = os.environ.get("HOST") or "0.0.0.0"
        wanted = Wanted(servers.VAR, host, _port(), not options.no_samples, size, width)
        checks.platform_fits(os.environ)
        checks.packages_can_be_had(servers.packages_missing())
        checks.folder_can_be_used(wanted.folder)
        with _alone(wanted):
            for name in processes.sweep(wanted.folder):
                say(f"  ! 上次遗留的进程 {name} 已结束")
            checks.port_is_free(wanted.port, wanted.host)
            _serve(wanted, ending)
    except (CannotGoOn, ServerFailed, ConfigurationMissing, canary.SecretChanged, rabbit.TopologyMismatch) as failure:
        print(f"make run: {failure}", file=sys.stderr)
        return 0 if ending.is_set() else 1
    return 0


def _serve(wanted: Wanted, ending: Ending) -> None:
    began = time.monotonic()
    folder = wanted.folder
    embedded = servers.embedded(folder)
    say(f"燕赵家政：启动全部服务。数据在 {folder}，各进程日志在 {folder / 'log'}")
    with servers.serving(folder, ending.is_set) as made:
        environ = os.environ | made | {"PORT": str(wanted.port), "PATH": _path(), "PYTHONUNBUFFERED": "1"}
        for name, server in embedded.items():
            say(f"  {server.name} 就绪：{name}={server.uri}（第 {time.monotonic() - began:.1f} 秒）")
        settings = config.read(environ)
        _given_servers_answer(settings)
        canary.check(settings)
        if not ending.is_set():
            renewal.declare(settings)
            _host(wanted, environ, settings, ending, began)
        if embedded:
            say("  停止 MongoDB 与 RabbitMQ ……")
    left = "、".join(server.name for server in embedded.values() if server.running)
    say(f"已全部停止，数据保留在 {folder}。" + (f"（{left} 还有其他命令在用，未停止）" if left else ""))


def _host(wanted: Wanted, environ: dict[str, str], settings: Config, ending: Ending, began: float) -> None:
    """The processes, from their start to their end."""
    listed = processes.commands()
    say(f"  启动 {len(listed)} 个进程：{'、'.join(listed)}")
    kept = Processes(
        listed,
        environ=environ,
        folder=wanted.folder,
        servers=servers.embedded(wanted.folder).values(),
        say=say,
    )
    try:
        kept.start()
        door = Door(wanted.address, ending)
        try:
            if _ready(door, kept, ending):
                say(f"  网关就绪：{wanted.address}（第 {time.monotonic() - began:.1f} 秒）\n")
                _tell(door, environ, settings, wanted, ending)
        finally:
            door.close()
        ending.wait()
    except Unreachable as error:
        if not ending.is_set():
            raise CannotGoOn(f"网关没有应答 / the gateway does not answer: {error}") from error
    except Refused as refused:
        raise CannotGoOn(f"网关拒绝了请求 / the gateway refused: {refused}") from refused
    finally:
        _stop(kept)


def _tell(door: Door, environ: dict[str, str], settings: Config, wanted: Wanted, ending: Ending) -> None:
    """What there is to see, from the rosters to the counters. Returns early when told to end."""
    token, clients = None, []
    if settings.app_env == "production":
        say("APP_ENV=production：不建演示客户端，也不导入样例。\n")
    elif wanted.samples:
        clients = _clients(environ)
        token = door.token(next(client for client in clients if client["role"] == Role.DISPATCHER))
        rosters.file_bodies(door, clients, ending)
        told = rosters.import_all(door, clients, ending)
        if ending.is_set():
            return
        say(f"\n花名册逐份结果：\n{rosters.retell(told)}\n")
        _say_what_is_new(told, wanted.address)
    _say_counts(door, token, ending, counters.TARGET)
    if token is not None and wanted.stars and not ending.is_set():
        _play_stars(settings, wanted, ending)
        _say_counts(door, token, ending, *stars.INDICATORS)
    if token is not None and wanted.ledger and not ending.is_set():
        _play_ledger(door, clients, token, settings, wanted, ending)
    if not ending.is_set():
        say(_where(wanted.address))


def _say_counts(door: Door, token: str | None, ending: Ending, *indicators: str) -> None:
    if not counters.settle(door, ending) and not ending.is_set():
        say("  ! 计数尚未跟上，下面的数字还会变化（/readyz 可见进展）")
    if not ending.is_set():
        say(f"{counters.retell(counters.read(door, token, *indicators))}\n")


def _play_stars(settings: Config, wanted: Wanted, ending: Ending) -> None:
    say(f"星级巾帼家政基地与河北福嫂的样例年度（每批 {wanted.stars} 件，仍可访问上述接口，Ctrl-C 可中止）：")
    states = stars.play(settings, size=wanted.stars, ending=ending)
    if states is None:
        say("  先前的启动中已经建立，本次没有重复。")
    elif states:
        say(f"{stars.retell(states)}\n")


def _play_ledger(
    door: Door, clients: Sequence[dict[str, str]], token: str, settings: Config, wanted: Wanted, ending: Ending
) -> None:
    say("全省工作台账样例：分解目标，两期填报与审核，2023年10月调度与通报（仍可访问上述接口，Ctrl-C 可中止）：")
    began = time.monotonic()
    try:
        told = ledger.play(settings, door, clients, width=wanted.ledger, ending=ending)
    except ledger.Stuck as stuck:
        say(f"  ! 台账样例没有完成，下次启动时继续 / goes on at the next start: {stuck}\n")
        return
    if ending.is_set() or not counters.settle(door, ending):
        return
    if told is None:
        say("  先前的启动中已经建立，本次没有重复。")
    else:
        say(f"  用时 {time.monotonic() - began:.1f} 秒")
    shown = ledger.read(settings, door, token, width=wanted.ledger)
    say(f"{ledger.retell(shown, told, wanted.address)}\n")


def _say_what_is_new(told: Sequence[rosters.Told], address: str) -> None:
    earlier = sum(one.earlier for one in told)
    if earlier:
        say(f"已导入过：{earlier} 份花名册在先前的启动中已经导入，本次没有重复登记。")
    for one in told:
        if one.fault is not None:
            say(f"  ! {one.file.name} 未受理：{one.fault}")
        elif one.job.get("failure"):
            say(f"  ! {one.file.name} 导入失败：{one.job['failure']}")
    say(f"逐行结果：{address}/v1/certificate-imports/<import_id>/rows?outcome=rejected")
    say(f"标注后的花名册：{address}/v1/certificate-imports/<import_id>/result.xlsx（用该地培训机构的令牌）\n")


def _where(address: str) -> str:
    return "\n".join(
        [
            f"正在服务：{address}",
            f"  接口文档  {address}/docs",
            f"  指标进度  {address}/v1/targets/{counters.TARGET}（?by=region、?by=month、?as_of=2023-10-31）",
            f"  运行状态  {address}/readyz  {address}/metrics",
            "  令牌      make -s clients 列出演示客户端（client_id、client_secret），然后",
            f"            curl -u CLIENT_ID:CLIENT_SECRET -d grant_type=client_credentials {address}/oauth/token",
            "按 Ctrl-C 停止，或在另一终端 make stop。",
        ]
    )


def _ready(door: Door, kept: Processes, ending: Ending) -> bool:
    """Raises CannotGoOn for a process that has never come up: what is started for the first time is rather wrong than
    out of luck. Later it is started again and again, while the others serve."""
    deadline = time.monotonic() + _READY_SECONDS
    while not ending.wait(0.2):
        found = door.readiness()
        if found is not None and found["code"] == 200:
            return True
        if failing := kept.failing():
            raise CannotGoOn("\n".join(failing))
        if time.monotonic() > deadline:
            raise CannotGoOn(f"{_READY_SECONDS:g} 秒内没有就绪 / not ready in time: {found}；see var/log")
    return False


def _clients(environ: dict[str, str]) -> list[dict[str, str]]:
    """The demo clients, by the same command as `make -s clients`."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway.clients"], cwd=ROOT, env=environ, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise CannotGoOn(f"演示客户端没有建成 / no demo clients: {done.stderr.strip()[-500:]}")
    listed: list[dict[str, str]] = json.loads(done.stdout)
    return listed


def _stop(kept: Processes) -> None:
    began = time.monotonic()
    killed = kept.stop()
    say(f"  进程已停止（{time.monotonic() - began:.1f} 秒）")
    if killed:
        say(f"  ! 未能按时结束而被强制停止：{'、'.join(killed)}；未完成的工作会在下次启动时继续")


def _given_servers_answer(settings: Config) -> None:
    if os.environ.get("AMQP_URI") and (fault := metrics.broker_fault(settings)):
        raise CannotGoOn(f"AMQP_URI 指定的 RabbitMQ 连不上，请检查 / cannot be reached, check AMQP_URI: {fault}")
    if os.environ.get("MONGO_URI"):
        if fault := mongo.fault(settings):
            raise CannotGoOn(f"MONGO_URI 指定的 MongoDB 连不上，请检查 / cannot be reached, check MONGO_URI: {fault}")
        if "setName" not in mongo.client(settings.mongo_uri).admin.command("hello"):
            raise CannotGoOn("MONGO_URI 指定的 MongoDB 须为副本集（事务需要） / MongoDB must be a replica set")


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise CannotGoOn(f"PORT={text} 不是端口号，例如 make run PORT=8001 / PORT must be 1-65535")
    return int(text)


def _path() -> str:
    """The process list says `python` and `gunicorn`: those of this environment."""
    return os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)])


@contextmanager
def _alone(wanted: Wanted) -> Iterator[None]:
    """Notes who runs in this folder; refuses when somebody does already."""
    record = wanted.folder / "run" / "run.json"
    with (wanted.folder / "run" / "run.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = json.loads(record.read_text()) if record.exists() else {"pid": "?", "port": "?"}
            raise CannotGoOn(
                f"已经在运行（pid {who['pid']}，http://127.0.0.1:{who['port']}）：先 make stop，"
                "或用 VAR_DIR 与 PORT 另起一份 / it runs already: make stop first"
            ) from None
        process.note(record, process.find(os.getpid()).noted() | {"port": wanted.port})
        try:
            yield
        finally:
            record.unlink(missing_ok=True)


def running(folder: Path) -> Process | None:
    """The `make run` of this folder."""
    record = folder / "run" / "run.json"
    if not record.exists():
        return None
    known = json.loads(record.read_text())
    found = Process(known["pid"], known["started"])
    return found if found.alive else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
