"""A replay as a test plays it: certification's log, the live count, and queues that stand still when they are asked."""

import datetime as dt
import threading
from collections.abc import Sequence
from typing import Any

from contract.message import Event, shard_of
from contract.subscriptions import SUBSCRIPTIONS
from runtime import mongo
from runtime.config import Config
from runtime.outbox import Outbox
from services.targets.counting import Counting
from services.targets.difference import Difference
from services.targets.hold import Hold
from services.targets.replay import Replay
from services.targets.store import LISTENED_TO, Counts
from tests.services.targets.builders import RULE, an_envelope

QUEUES = {shard: one.queue for one in SUBSCRIPTIONS if one.service == "certification" and one.hearer == "targets"
          and one.counted for shard in one.shards}  # fmt: skip


class Field:
    """``log`` puts events into certification's log, ``count`` counts them live, each in its queue."""

    def __init__(self, settings: Config) -> None:
        self.config = settings
        self.store = mongo.database(settings, "targets")
        self.counts = Counts(self.store)
        self.counts.ensure_indexes()
        self.hold = Hold(self.store)
        self.outbox = Outbox(mongo.database(settings, "certification"))
        self.outbox.ensure_indexes()

    def log(self, *envelopes: dict[str, Any]) -> list[dict[str, Any]]:
        store = mongo.database(self.config, "certification")
        mongo.transact(store, lambda session: self.outbox.add(session, list(envelopes)))
        before = self.outbox.head()["seq"]
        while self.outbox.order(token=1):
            pass
        return self.outbox.page(before, len(envelopes))

    def persons(self, count: int, *, first: int = 0, region: str = "130102") -> list[dict[str, Any]]:
        """As many certificates in the log; as they would be published."""
        names = [f"{first + n}" for n in range(count)]
        return self.log(*(an_envelope(person=name, certificate=name, region=region) for name in names))

    def count(self, envelopes: Sequence[dict[str, Any]]) -> None:
        queues: dict[str, list[Any]] = {}
        for envelope in envelopes:
            queues.setdefault(QUEUES[shard_of(envelope["partitionkey"])], []).append(Event.heard(envelope))
        for queue, said in queues.items():
            Counting(self.counts, [RULE], queue, hold=self.hold).handle(said)

    def value(self, region: str = "130000") -> int:
        return int(self.counts.values([region], indicator="12.1", as_of=dt.date.max, known_at=None)[region])

    def entered(self) -> int:
        return sum(row["value"] for row in self.counts.entries.find({"indicator": "12.1"}))

    def replay(self) -> Replay:
        logs = {service: Outbox(mongo.database(self.config, service)) for service in LISTENED_TO}
        return Replay(self.store, [RULE], logs)

    def run(self, *, accept: bool = False) -> Difference:
        with Queues(self):
            return self.replay().run(accept=accept, progress=lambda done, total: None)


class Queues:
    """The queues' consumers: asked to stand still, they stand at the end of the log, or where ``at`` says."""

    def __init__(self, field: Field, at: Any = None) -> None:
        self._field = field
        self._at = at or (lambda: field.outbox.head()["seq"])
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            barrier = self._field.store["control"].find_one({"_id": "hold"})
            if barrier is None or barrier["held"]:
                continue
            seq = self._at()
            for service, queues in LISTENED_TO.items():
                for queue in queues:
                    self._field.hold.held(queue, seq if service == "certification" else 0, barrier["at"])
