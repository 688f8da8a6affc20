"""The desk's job of samples: draws what inspections asked for, and says so in the transaction that keeps the frame."""

from functools import partial
from typing import Any

from pymongo.client_session import ClientSession

import plan
from contract import fields
from contract.targets import SampleDrawn
from runtime import clock, mongo
from runtime.config import Config
from runtime.mongo import Document, database, transact
from runtime.outbox import Outbox
from runtime.quarantine import Quarantine
from services.targets.samples.domain import draw, units
from services.targets.samples.store import Samples
from services.targets.store import DESK


class Sampling:
    name = "sampling"

    def __init__(self, config: Config) -> None:
        store = database(config, "targets")
        self._plan = plan.read(config.plan_file)
        self._samples = Samples(store)
        self._samples.ensure_indexes()
        self._outbox = Outbox(store)
        self._outbox.ensure_indexes()
        self._quarantine = Quarantine(store, DESK)

    def work(self) -> int:
        """Draw every sample that is wanted; how many. Killed in between, the rest is drawn the next time."""
        self._quarantine.refresh()
        drawn = (
            self._quarantine.attempt("sample", asked["_id"], partial(self._draw, asked))
            for asked in self._samples.wanted()
        )
        return sum(map(bool, drawn))

    def _draw(self, asked: Document) -> bool:
        counted_by = self._plan.indicators[asked["target_id"]].fact
        fact = "report" if counted_by == "sum" else counted_by

        def work(session: ClientSession) -> bool:
            at = clock.now()
            frame = self._samples.frame(
                indicator=asked["target_id"], region=asked["region"], as_of=asked["as_of"], session=session
            )
            drawn = draw(frame, seed=asked["seed"], size=asked["size"])
            if not self._samples.write(session, asked["_id"], drawn, at=at):
                return False
            told: dict[str, Any] = {name: asked[name] for name in ("target_id", "region", "seed")}
            said = SampleDrawn.said(
                id=mongo.new_id(),
                subject=asked["_id"],
                about=asked["_id"],
                at=at,
                inspection_id=asked["_id"],
                as_of=fields.Day().deserialize(asked["as_of"]),
                frame_size=len(drawn.frame),
                frame_digest=drawn.digest,
                units=units(drawn, fact=fact),
                **told,
            )
            self._outbox.add(session, [said])
            return True

        return transact(self._samples.store, work)
