"""A service that hears bells, and does what they say."""

from nameko.extensions import DependencyProvider

from contract.message import Said
from runtime import trace
from runtime.events import listen
from runtime.hosting import rpc
from tests.runtime.hosted.deeds import do
from tests.runtime.hosted.journal import note
from tests.runtime.hosted.words import BellRung


class Moody(DependencyProvider):
    def worker_setup(self, worker_ctx):
        if worker_ctx.args and worker_ctx.args[0].data["then"] == "upset":
            raise RuntimeError("not today")


class Hearer:
    name = "hearer"
    moody = Moody()

    @listen(BellRung)
    def on_bell_rung(self, said: Said) -> None:
        if said.traceparent:
            note(f"trace {trace.trace_id()}")
        do(said.data["then"], said.data["number"])

    @rpc
    def listening(self):
        return True
