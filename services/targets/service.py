"""What targets answers. Counts are only read here, counting.py makes them; the target tree is decided here."""

from typing import Any

from contract import greenways, matters, reports
from contract import targets as public
from contract.actor import Actor
from contract.allocations import AllocationNotAllowed
from contract.errors import Refused
from contract.message import Said
from runtime.calls import TimeCalls
from runtime.events import listen
from runtime.hosting import Settings, rpc
from runtime.mongo import database
from services.targets.anomalies.service import AnomalyCalls
from services.targets.bulletins.service import BulletinCalls
from services.targets.copies.matters import Matters
from services.targets.copies.rounds import Rounds
from services.targets.ledger.service import LedgerCalls
from services.targets.mends import Mends
from services.targets.progress import progress
from services.targets.samples.service import SampleCalls
from services.targets.tree.service import TreeCalls


class Targets(BulletinCalls, SampleCalls, TreeCalls, AnomalyCalls, LedgerCalls, TimeCalls):
    name = "targets"

    settings = Settings()
    time_refused = AllocationNotAllowed

    @listen(*reports.ROUNDS)
    def on_round(self, said: Said) -> None:
        Rounds(database(self.settings, "targets")).hear(said)

    @listen(*matters.MATTERS, *greenways.GREENWAYS)
    def on_matter(self, said: Said) -> None:
        """Problems and 绿色通道 requests, which the ledger shows beside the figures."""
        Matters(database(self.settings, "targets")).hear(said)

    @listen(*public.MENDS)
    def on_figures_mended(self, said: Said) -> None:
        """Its entries get their place once the log has given the event one."""
        Mends(database(self.settings, "targets")).upto()

    @rpc(expected_exceptions=Refused)
    def targets(self) -> list[dict[str, Any]]:
        """Every indicator of the plan for the province, as Target."""
        return progress(self.settings).all()

    @rpc(expected_exceptions=Refused)
    def target(self, target_id: str, actor: dict[str, Any] | None = None, **asked: Any) -> dict[str, Any]:
        """ReadTarget -> Target; ``actor`` None is the public. What is None counts as not asked."""
        given = {"target_id": target_id, **_given(asked)}
        return progress(self.settings).seen(given, None if actor is None else Actor.of(actor))

    @rpc(expected_exceptions=Refused)
    def entries(self, target_id: str, actor: dict[str, Any], **asked: Any) -> dict[str, Any]:
        """ReadEntries -> ``{"items": [Entry], "next": id or None}``, of the actor's own region when none is asked for.
        Refuses EntriesNotFound."""
        return progress(self.settings).entries_seen({"target_id": target_id, **_given(asked)}, Actor.of(actor))

    @rpc
    def status(self) -> dict[str, Any]:
        """``{"sources": [{service, seq, lag_seconds}]}``: for readiness, and to see a count settle."""
        return progress(self.settings).status()


def _given(asked: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if value is not None}
