"""nameko as it comes, for comparison: ``python -m tests.runtime.hosted.raw [requeue]`` does to RPC and events what
echo and hearer do, through nameko's own entrypoints and runner, as ``nameko run`` would."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import eventlet
eventlet.monkey_patch()

import logging  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402

from nameko.events import event_handler  # noqa: E402
from nameko.extensions import DependencyProvider  # noqa: E402
from nameko.rpc import rpc  # noqa: E402
from nameko.runners import ServiceRunner  # noqa: E402

from tests.runtime.hosted.deeds import do  # noqa: E402
from tests.runtime.hosted.journal import note  # noqa: E402


class Moody(DependencyProvider):
    def worker_setup(self, worker_ctx):
        if worker_ctx.args and worker_ctx.args[0]["then"] == "upset":
            raise RuntimeError("not today")


class Hearer:
    name = "hearer"
    moody = Moody()

    @event_handler("tower", "bell_rung", requeue_on_error="requeue" in sys.argv)
    def on_bell_rung(self, data):
        do(data["then"], data["number"])

    @rpc
    def listening(self, data=None):
        return True


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    runner = ServiceRunner({"AMQP_URI": os.environ["AMQP_URI"], "max_workers": 16})
    runner.add_service(Hearer)
    signal.signal(signal.SIGTERM, lambda *_: eventlet.spawn_n(runner.stop))
    runner.start()
    note("started")
    runner.wait()
