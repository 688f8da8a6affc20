"""PyMongo under eventlet: ``python -m tests.runtime.hosted.greenmongo CASE`` exits with 0 when the case holds."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import eventlet
eventlet.monkey_patch()

import sys  # noqa: E402
import time  # noqa: E402

from pymongo.errors import PyMongoError  # noqa: E402

from runtime import config, mongo  # noqa: E402
from runtime.vault import Vault  # noqa: E402
from tests.runtime.hosted.journal import note  # noqa: E402

settings = config.read()
store = mongo.database(settings, "green")


class Ticks:
    """Whether other greenlets run while one waits for the database."""

    def __enter__(self) -> "Ticks":
        self.count = 0
        self._thread = eventlet.spawn(self._run)
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.kill()

    def _run(self) -> None:
        while True:
            eventlet.sleep(0.01)
            self.count += 1


def transactions() -> None:
    """Twenty greenlets add to one document in transactions that meet; a failed one leaves nothing behind."""
    store["sums"].insert_one({"_id": 1, "sum": 0})

    def add(amount: int) -> None:
        def work(session):
            before = store["sums"].find_one({"_id": 1}, session=session)["sum"]
            eventlet.sleep(0.005)  # so that they meet
            store["sums"].update_one({"_id": 1}, {"$set": {"sum": before + amount}}, session=session)
            store["parts"].insert_one({"amount": amount}, session=session)

        mongo.transact(store, work)

    def fail() -> None:
        def work(session):
            store["parts"].insert_one({"amount": 1000}, session=session)
            raise KeyError("no")

        try:
            mongo.transact(store, work)
        except KeyError:
            return
        raise AssertionError("the failure was swallowed")

    with Ticks() as ticks:
        threads = [eventlet.spawn(add, amount) for amount in range(1, 21)] + [eventlet.spawn(fail)]
        for thread in threads:
            thread.wait()
    assert store["sums"].find_one({"_id": 1})["sum"] == 210
    assert sum(part["amount"] for part in store["parts"].find()) == 210
    assert ticks.count > 5, "the hub was blocked"


def streams() -> None:
    """A change stream brings every insert to one greenlet while another writes and the hub goes on."""
    seen: list[int] = []
    store.create_collection("log")

    def watch() -> None:
        with store["log"].watch([{"$match": {"operationType": "insert"}}], max_await_time_ms=500) as stream:
            note("watching")
            while len(seen) < 200:
                change = stream.try_next()
                if change is not None:
                    seen.append(change["fullDocument"]["n"])

    with Ticks() as ticks, eventlet.Timeout(30):
        watching = eventlet.spawn(watch)
        eventlet.sleep(1.0)  # an await that finds nothing
        for number in range(200):
            store["log"].insert_one({"n": number})
        watching.wait()
    assert seen == list(range(200))
    assert ticks.count > 10, "the hub was blocked"


def losses() -> None:
    """mongod is killed and started again meanwhile: what was acknowledged is there, and writing goes on."""
    acknowledged: list[int] = []

    def write(first: int) -> None:
        for number in range(first, first + 10**6):
            if done:
                return
            try:
                store["written"].insert_one({"_id": number})
                acknowledged.append(number)
            except PyMongoError as error:
                if not mongo.transient(error):
                    raise
                eventlet.sleep(0.2)

    done: list[bool] = []
    threads = [eventlet.spawn(write, line * 10**6) for line in range(8)]
    with Ticks() as ticks:
        while not acknowledged:
            eventlet.sleep(0.05)
        note("kill it now")
        worst = last = time.monotonic()
        silent = 0.0
        while time.monotonic() - worst < 60:
            known = len(acknowledged)
            eventlet.sleep(0.1)
            if len(acknowledged) > known:
                if silent > 0.5:
                    break
                last = time.monotonic()
            if silent <= 0.5 < time.monotonic() - last:
                note("away")
            silent = time.monotonic() - last
        assert silent > 0.5, "it was never away"
        again = len(acknowledged)
        while len(acknowledged) < again + 20:
            eventlet.sleep(0.05)
        done.append(True)
        for thread in threads:
            thread.wait()
    held = {document["_id"] for document in store["written"].find()}
    assert set(acknowledged) <= held, "an acknowledged write was lost"
    assert ticks.count > 100, "the hub was blocked"


def encryption() -> None:
    """What one greenlet seals another opens, and the database holds nothing that can be read."""
    vault = Vault(settings, store)
    people = [{"name": f"张{number}", "number": f"{number:018d}"} for number in range(40)]

    def seal(person):
        store["sealed"].insert_one({"_id": person["number"], "holder": vault.seal(person)})

    with Ticks() as ticks:
        for thread in [eventlet.spawn(seal, person) for person in people]:
            thread.wait()
        found = [eventlet.spawn(lambda one=one: vault.open(one["holder"])) for one in store["sealed"].find()]
        opened = [thread.wait() for thread in found]
    assert sorted(opened, key=lambda one: one["number"]) == people
    assert all("张".encode() not in bytes(one["holder"]) for one in store["sealed"].find())
    assert ticks.count > 0, "the hub was blocked"


if __name__ == "__main__":
    {"transactions": transactions, "streams": streams, "losses": losses, "encryption": encryption}[sys.argv[1]]()
    note("done")
