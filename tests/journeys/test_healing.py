"""What a broker loses, and what a database set back to an earlier moment lacks, is noticed and comes again by itself;
until then nothing is called counted."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from amqp.exceptions import NotFound

from runtime import config, mongo, rabbit
from runtime.outbox import Outbox
from services.targets.store import Counts
from tests.conftest import Servers
from tests.journeys.commands import run
from tests.programme import Programme, until
from tests.services.targets.builders import an_envelope

RELAYS = "certification.relay+housekeeping.relay+reports.relay"
HEARERS = ("targets.counting", "housekeeping")
THE_END = dt.date(2023, 12, 31)


class World:
    """Certification says certificates; targets counts them, and housekeeping has a copy of each."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme
        settings = programme.config
        self.certification = mongo.database(settings, "certification")
        self.targets = mongo.database(settings, "targets")
        self.housekeeping = mongo.database(settings, "housekeeping")
        self.outbox = Outbox(self.certification)
        self._counts = Counts(self.targets)
        self._persons = 0

    def say(self, count: int) -> None:
        said = [an_envelope(person=str(n), certificate=str(n)) for n in range(self._persons, self._persons + count)]
        self._persons += count
        mongo.transact(self.certification, lambda session: self.outbox.add(session, said))

    def published(self) -> None:
        until(lambda: self.outbox.waiting() == 0, what="all is published")

    def events(self) -> int:
        return int(self.outbox.head()["seq"]) + self.outbox.waiting()

    def counted(self) -> int:
        return int(self._counts.values(["130000"], indicator="12.1", as_of=THE_END, known_at=None)["130000"])

    def copied(self) -> int:
        return self.housekeeping["held"].count_documents({})

    def heard(self) -> dict[str, Any]:
        return next(one for one in self._counts.heard_up_to() if one["service"] == "certification")

    def is_whole(self) -> bool:
        """Never called counted before it is."""
        seq, events = self.heard()["seq"], self.events()
        counted = self.counted()
        assert counted >= min(seq, events), f"{seq} of {events} are called counted, {counted} are"
        return seq == events == counted == self.copied() and self.programme.settled()


@pytest.fixture(scope="module")
def programme(module_space: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programme]:
    running = Programme(module_space, tmp_path_factory.mktemp("logs"))
    try:
        running.start(RELAYS, *HEARERS)
        yield running
    finally:
        running.stop_all()


@pytest.fixture(scope="module")
def world(programme: Programme) -> World:
    made = World(programme)
    made.say(30)
    until(made.is_whole, what="the first thirty are counted and copied")
    return made


def away(world: World) -> None:
    for name in HEARERS:
        world.programme.stop(name)


def emptied(servers: Servers, space: dict[str, str]) -> None:
    name = space["MONGO_PREFIX"]
    servers.rabbit.delete_vhost(name)
    servers.rabbit.add_vhost(name)


def moment(*stores: mongo.Store) -> Callable[[], None]:
    """What lies in some databases; what is given sets them back to it, in one moment, whoever works meanwhile."""
    copies = [(store, {name: list(store[name].find()) for name in store.list_collection_names()}) for store in stores]

    def restore() -> None:
        for store, collections in copies:

            def work(session: Any, store: mongo.Store = store, collections: Any = collections) -> None:
                for name, rows in collections.items():
                    store[name].delete_many({}, session=session)
                    if rows:
                        store[name].insert_many(rows, session=session)

            mongo.transact(store, work)

    return restore


def test_what_waited_in_a_broker_that_comes_back_empty_is_published_again(
    world: World, servers: Servers, module_space: dict[str, str]
) -> None:
    away(world)
    world.say(40)
    world.published()
    emptied(servers, module_space)
    world.programme.start(*HEARERS)
    until(world.is_whole, what="all forty are counted and copied")


def test_a_broker_that_is_emptied_while_all_is_at_work_loses_nothing(
    world: World, servers: Servers, module_space: dict[str, str]
) -> None:
    world.say(30)
    emptied(servers, module_space)
    world.say(30)
    until(world.is_whole, what="all sixty are counted and copied")


@pytest.mark.parametrize("way", ["purged", "deleted"])
def test_what_a_single_queue_lost_is_published_again(world: World, module_space: dict[str, str], way: str) -> None:
    away(world)
    world.say(20)
    world.published()
    with rabbit.connection(config.read(module_space)) as broker:
        for queue in ("targets.counting.2", "housekeeping.certificates"):
            channel = broker.channel()
            (channel.queue_purge if way == "purged" else channel.queue_delete)(queue)
    world.programme.start(*HEARERS)
    until(world.is_whole, what="what the queues lost is counted and copied")


def test_a_hearers_database_that_is_set_back_is_brought_up_to_date_though_nothing_new_is_said(world: World) -> None:
    restore = moment(world.targets, world.housekeeping)
    world.say(25)
    until(world.is_whole, what="all is counted and copied")
    restore()
    assert world.counted() < world.events()
    assert world.heard()["seq"] < world.events()
    until(world.is_whole, what="it is brought up to date")


def test_a_hearers_database_that_is_lost_is_filled_again(world: World) -> None:
    for store in (world.targets, world.housekeeping):
        for name in ("inbox", "sources", "standings", "entries", "rollups", "held"):
            if name in store.list_collection_names():
                store[name].delete_many({})
    until(world.is_whole, what="all is counted and copied anew")


def test_a_log_that_is_set_back_is_not_called_counted_until_a_person_decides(world: World) -> None:
    restore = moment(world.certification)
    world.say(10)
    until(world.is_whole, what="all is counted and copied")
    lost = world.events()
    restore()
    until(lambda: world.heard()["at"] is None, what="targets knows that what it counted is in no log")
    world.say(3)
    world.published()
    assert not world.programme.settled()
    assert not world.programme.ready(RELAYS)
    assert "make resend ARGS=" in world.programme.log(RELAYS).read_text()
    ran("runtime.resend", "certification", "--restart", status=0)
    until(world.programme.settled, what="the log as it is now is counted")
    assert world.counted() == lost + 3, "what was counted of the lost part stays until it is replayed"
    ran("services.targets.replay", "--accept", status=1)
    assert world.counted() == world.events() == lost - 10 + 3
    until(lambda: world.programme.ready(RELAYS), what="the relay is content")


def test_a_range_is_published_again_and_nothing_is_counted_twice(world: World) -> None:
    world.housekeeping["held"].delete_many({})
    ran(
        "runtime.resend",
        "certification",
        "--after",
        "5",
        "--to",
        "12",
        "--queue",
        "housekeeping.certificates",
        status=0,
    )
    until(lambda: world.copied() == 7, what="the seven are copied again")
    ran("runtime.resend", "certification", "--after", "0", status=0)
    until(lambda: world.copied() == world.counted() == world.events(), what="all are copied, and counted once")


def test_what_the_release_before_left_is_taken_over(world: World) -> None:
    """It had watermarks and neither places nor the ends of queues; what a listener lacks is found by the way."""
    away(world)
    world.programme.stop(RELAYS)
    for store in (world.targets, world.housekeeping):
        store["inbox"].delete_many({})
    world.certification["relay"].update_one({"_id": "head"}, {"$unset": {"lasts": "", "broker": ""}})
    world.housekeeping["held"].delete_many({})
    entries = world.targets["entries"].count_documents({})
    world.programme.start(RELAYS, *HEARERS)
    until(world.is_whole, what="all is counted and copied")
    assert world.targets["entries"].count_documents({}) == entries


def test_what_was_parked_comes_again_from_a_broker_that_was_emptied(
    world: World, servers: Servers, module_space: dict[str, str]
) -> None:
    said = an_envelope(person="nowhere", certificate="nowhere", region="139999")
    mongo.transact(world.certification, lambda session: world.outbox.add(session, [said]))
    until(lambda: parked(module_space) == 1, what="it is parked: this release knows no such region")
    until(world.programme.settled, what="the log is counted but for it")
    emptied(servers, module_space)
    until(lambda: parked(module_space) == 1, what="it is parked again")
    until(world.programme.settled, what="the log is counted but for it")
    assert parked(module_space) == 1


def parked(space: dict[str, str]) -> int:
    with rabbit.connection(config.read(space)) as broker:
        try:
            return int(broker.channel().queue_declare("targets.parked", passive=True).message_count)
        except NotFound:
            return 0


def ran(*command: str, status: int) -> None:
    done = run(*command)
    assert done.returncode == status, done.stdout + done.stderr
