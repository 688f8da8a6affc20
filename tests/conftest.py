"""The real servers that tests run against, and a space of its own for each test.

Tests start servers of their own whatever AMQP_URI and MONGO_URI say: a running `make run` is never touched.
Nothing here monkey-patches: a test module that hosts nameko does so itself, or runs the container in a subprocess.
"""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from pymongo import monitoring

from deploy import fonts, guard, keys, ports, process
from deploy.process import Process
from deploy.servers import VAR, MongoDB, RabbitMQ
from runtime import config, mongo
from tests.interleaved import LISTENER

_IN_MEMORY = Path("/dev/shm") / f"yanzhao-test-{os.getuid()}"
_ON_DISK = VAR / "test"
_ROOM = 6 * 2**30  # a run of everything takes a tenth of it


def _sessions() -> Path:
    """In memory where there is plenty of it: a test waits for many commits, and kills processes, never the machine."""
    memory = _IN_MEMORY.parent
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM:
        return _IN_MEMORY
    return _ON_DISK


SESSIONS = _sessions()

monitoring.register(LISTENER)  # before any client is made

# How long an example takes says nothing on a machine that does other things too.
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")


class Database(MongoDB):
    """One that thousands of collections a minute are made and dropped in. What is dropped keeps its files open until a
    checkpoint after the past that can be read: with too many of them mongod ends."""

    options = ("--syncdelay", "10", "--setParameter", "minSnapshotHistoryWindowInSeconds=20")


@dataclass(frozen=True)
class Servers:
    mongo: MongoDB
    rabbit: RabbitMQ

    @classmethod
    def under(cls, folder: Path) -> "Servers":
        return cls(Database(folder / "mongo"), RabbitMQ(folder / "rabbit"))

    def start(self) -> "Servers":
        with ThreadPoolExecutor() as both:
            list(both.map(lambda server: server.start(), (self.rabbit, self.mongo)))
        return self

    def discard(self) -> None:
        self.mongo.discard()
        self.rabbit.discard()


# What takes a minute comes first, so that no worker sits over it alone when the others are done: a file goes to one
# worker as a whole. Where there is nothing to choose between, many tests before one: with its last two tests in hand a
# worker is given the next file, which then waits.
LONGEST = (
    "deploy/test_run.py",
    "journeys/test_nothing_is_lost_or_doubled.py",
    "journeys/test_no_server_loses_or_doubles.py",
    "deploy/test_bare_machine.py",
    "journeys/test_inspection.py",
    "runtime/test_lost_broker.py",
    "gateway/test_openapi.py",
    "journeys/test_proof.py",
    "journeys/test_healing.py",
    "journeys/test_a_year.py",
    "journeys/test_stars.py",
    "deploy/test_servers.py",
    "deploy/test_guard.py",
    "samples/test_ledger_year.py",
    "services/certification/rosters/test_imports.py",
    "audit/test_mutations.py",
    "runtime/test_batches.py",
    "gateway/test_server.py",
    "gateway/test_problems.py",
)

_RUN = pytest.StashKey[Path]()
_RUN_MARK = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """A folder for this run only; several runs may go on at once in one checkout. Who hands the tests out to workers
    makes it, and tells them. Nothing that is started outlives who started it, whatever ends a run or a worker."""
    worker = getattr(config, "workerinput", None)
    if worker is None:
        config.stash[_RUN] = folder = _folder_of_a_run()
        os.environ[guard.MARK] = config.stash[_RUN_MARK] = guard.over_this_process(folder=folder).mark
    else:  # between a port's choice and its use no other worker is to choose the same
        ports.RANGE = ports.RANGE[int(worker["workerid"].removeprefix("gw")) :: worker["workercount"]]
        config.stash[_RUN_MARK] = worker["run_mark"]
        os.environ[guard.MARK] = guard.over_this_process().mark


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Of pytest-xdist: a worker is about to start."""
    node.workerinput |= {"run": str(node.config.stash[_RUN]), "run_mark": node.config.stash[_RUN_MARK]}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    places = {here / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_unconfigure(config: pytest.Config) -> None:
    if (run := config.stash.get(_RUN, None)) is not None:  # the workers have ended
        Servers.under(run / "shared").discard()
        shutil.rmtree(run, ignore_errors=True)


@pytest.fixture(scope="session")
def run_folder(pytestconfig: pytest.Config) -> Path:
    """Of all workers of this run."""
    told = getattr(pytestconfig, "workerinput", None)
    return Path(told["run"]) if told else pytestconfig.stash[_RUN]


@pytest.fixture(scope="session")
def session_folder(run_folder: Path) -> Path:
    """Of this worker alone."""
    folder = run_folder / f"{os.getpid()}"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def servers(run_folder: Path, pytestconfig: pytest.Config) -> Servers:
    """One MongoDB and one RabbitMQ for the whole run: whichever worker needs them first starts them, and they outlive
    it. Don't kill them: that is what `private_servers` is for. TEST_SERVERS names the folder of those that somebody
    runs for many runs."""
    fonts.ensure()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(guard.MARK, pytestconfig.stash[_RUN_MARK])
        return Servers.under(Path(os.environ.get("TEST_SERVERS") or run_folder / "shared")).start()


@pytest.fixture(scope="session")
def mongo_uri(servers: Servers) -> str:
    return servers.mongo.uri


@pytest.fixture(scope="session")
def amqp_uri(servers: Servers) -> str:
    """Of a vhost that all tests share; a test that declares anything wants `space`."""
    return servers.rabbit.uri


@pytest.fixture
def private_servers(session_folder: Path) -> Iterator[Servers]:
    """Started for this test alone, which may kill them. Costs about 7 s."""
    ours = Servers.under(session_folder / secrets.token_hex(4))
    try:
        yield ours.start()
    finally:
        ours.discard()


@pytest.fixture
def space(servers: Servers, session_folder: Path) -> Iterator[dict[str, str]]:
    """An environment of its own, set in os.environ: new vhost (with policies), MONGO_PREFIX and PORT, APP_ENV=test.

    The dict holds all of it, for a subprocess: `os.environ | space`. Vhost and databases are deleted afterwards.
    """
    with _space(servers, session_folder) as environ:
        yield environ


@pytest.fixture(scope="module")
def module_space(servers: Servers, session_folder: Path) -> Iterator[dict[str, str]]:
    """As `space`, for a whole module: for what is dear to start."""
    with _space(servers, session_folder) as environ:
        yield environ


@pytest.fixture
def private_space(private_servers: Servers, session_folder: Path) -> Iterator[dict[str, str]]:
    """As `space`, on `private_servers`."""
    with _space(private_servers, session_folder, tidy=False) as environ:
        yield environ


@contextmanager
def _space(servers: Servers, folder: Path, *, tidy: bool = True, broker: bool = True) -> Iterator[dict[str, str]]:
    name = f"t{secrets.token_hex(5)}"
    environ = {
        guard.MARK: os.environ[guard.MARK],
        "APP_ENV": "test",
        "UNFILED_ASSESSORS": "believe",  # or each test that issues a certificate would file a body first
        "MONGO_URI": servers.mongo.uri,
        "MONGO_PREFIX": name,
        "AMQP_URI": servers.rabbit.add_vhost(name) if broker else "amqp://nobody@127.0.0.1:9/nowhere",
        "PORT": str(ports.free()),
        **keys.kept_in(folder / "secrets.env"),
    }
    with pytest.MonkeyPatch.context() as patch:
        for variable in config.NAMES:
            patch.delenv(variable, raising=False)
        for variable, value in environ.items():
            patch.setenv(variable, value)
        yield environ
    if tidy:
        if broker:
            servers.rabbit.delete_vhost(name)
        client = mongo.client(servers.mongo.uri)
        for database in client.list_databases(nameOnly=True, filter={"name": {"$regex": f"^{name}_"}}):
            client.drop_database(database["name"])


def _folder_of_a_run() -> Path:
    _sweep_crashed_sessions(_IN_MEMORY, _ON_DISK)
    folder = SESSIONS / f"{os.getpid()}-{secrets.token_hex(3)}"
    folder.mkdir(parents=True)
    process.note(folder / "owner.json", process.find(os.getpid()).noted())  # another run may be sweeping at this moment
    return folder


def _sweep_crashed_sessions(*folders: Path) -> None:
    """Ends what runs of dead owners left behind: by recorded pid and start time, never by name."""
    for owner in (owner for folder in folders for owner in folder.glob("*/owner.json")):
        try:
            known = Process(**json.loads(owner.read_text()))
        except FileNotFoundError:
            continue  # another run swept it
        if known.alive:
            continue
        for kind, name in ((MongoDB, "mongo"), (RabbitMQ, "rabbit")):
            for record in owner.parent.glob(f"**/{name}.json"):
                kind(record.with_suffix("")).discard()
        shutil.rmtree(owner.parent, ignore_errors=True)
