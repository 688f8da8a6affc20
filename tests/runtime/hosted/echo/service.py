"""A service that answers."""

import eventlet
from nameko.extensions import DependencyProvider
from pymongo.errors import AutoReconnect, PyMongoError

from contract.errors import Conflict, field_error
from runtime import mongo, trace
from runtime.hosting import Settings, rpc
from tests.runtime.hosted.deeds import do
from tests.runtime.hosted.journal import note


class WordTaken(Conflict):
    """已有此词。"""


class Moody(DependencyProvider):
    """Fails before the method is called when the call asks for it."""

    def worker_setup(self, worker_ctx):
        if worker_ctx.entrypoint.method_name == "upset":
            raise RuntimeError("not today")


class Echo:
    name = "echo"
    settings = Settings()
    moody = Moody()

    @rpc
    def say(self, word, **more):
        return {"word": word, "more": more, "trace_id": trace.trace_id(), "app_env": self.settings.app_env}

    @rpc
    def take(self, word):
        raise WordTaken(
            "已有此词", "the word is taken", [field_error("/word", "taken", "已有", "taken")], {"version": 3, "by": "x"}
        )

    @rpc
    def fail(self, holder):
        raise ValueError(f"cannot read {holder}")

    @rpc
    def fail_aside(self, holder):
        eventlet.spawn(self.fail, holder)
        eventlet.sleep(0.05)

    @rpc
    def away(self):
        raise AutoReconnect("no primary")

    @rpc
    def unsayable(self):
        return {1, 2}

    @rpc
    def upset(self):
        return None

    @rpc
    def slow(self, seconds, number):
        note(f"began {number}")
        eventlet.sleep(seconds)
        note(f"ended {number}")
        return number

    @rpc
    def ponder(self, seconds):
        """The database does, for one document."""
        thoughts = mongo.database(self.settings, "echo")["thoughts"]
        thoughts.insert_one({})
        try:
            list(thoughts.find({"$where": f"sleep({seconds * 1000}) || true"}))
        except PyMongoError:
            note("gave up pondering")
            raise

    @rpc
    def hog(self, seconds):
        do(f"block {seconds}", 0)
        return seconds


class Bystander:
    """Another service in the same module: nobody asked for it."""

    name = "bystander"

    @rpc
    def say(self):
        return "I should not be here"
