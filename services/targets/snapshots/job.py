"""The desk's job that locks a snapshot of each round that was closed, from the ledger as it was counted until then."""

from collections import defaultdict
from collections.abc import Iterable
from functools import partial

import structlog
from pymongo.client_session import ClientSession

import plan as plans
from contract.targets import SnapshotLocked
from plan import Plan
from runtime import clock, mongo
from runtime.config import Config
from runtime.mongo import Document, Store
from runtime.outbox import Outbox
from runtime.quarantine import Quarantine
from runtime.record import imprint
from services.targets.copies.matters import Matters
from services.targets.copies.remarks import Remarks
from services.targets.copies.rounds import Round, Rounds
from services.targets.ledger.rows import Ledger, Row
from services.targets.ledger.store import Rollups
from services.targets.mends import Mends
from services.targets.snapshots import domain as snapshots
from services.targets.snapshots.domain import Figure, Snapshot
from services.targets.snapshots.store import Snapshots, rows_of
from services.targets.store import DESK, Counts
from services.targets.tree.store import Tree

log = structlog.get_logger()

_OF_ROW = ("region", "target", "adjusted_target", "period", "value", "percent_of_original", "pace")
_OF_STANDING = ("percent", "increment", "deviation", "status", "colour")
_OF_TOLD = ("state", "started", "completed", "inspected", "problems", "next_steps", "evidence")

_WAITS, _LOCKED, _ANOTHERS = "waits", "locked", "another's"  # what became of a round; another desk may be faster


class Locking:
    """A job of the desk: locks a snapshot of each round that was closed, once everything before that is counted."""

    name = "snapshots"

    def __init__(self, store: Store, plan: Plan) -> None:
        self._store = store
        self._plan = plan
        self._counts = Counts(store)
        self._rounds = Rounds(store)
        self._outbox = Outbox(store)
        self._mends = Mends(store)
        self._snapshots = Snapshots(store)
        self._tree = Tree(store, plan)
        self._ledger = Ledger(plan, Rollups(self._counts), self._tree, Remarks(store), self._rounds, Matters(store))
        self._quarantine = Quarantine(store, DESK)
        self._prepared = False

    def work(self) -> int:
        """How many were locked. One that is not due yet waits, and those after it with it; one that cannot be locked is
        set aside."""
        if not self._prepared:
            self._snapshots.ensure_indexes()
            self._mends.ensure_indexes()
            if adopted := self._mends.adopt(at=clock.now()):
                log.info("mends.adopted", entries=adopted)
            self._tree.say_earlier()
            self._prepared = True
        self._quarantine.refresh()
        locked = 0
        for round_id in self._rounds.unlocked():
            outcome = self._quarantine.attempt("round", round_id, partial(self._take, round_id))
            if outcome == _WAITS:
                break
            locked += outcome == _LOCKED
        return locked

    def _take(self, round_id: str) -> str:
        round = self._rounds.of(round_id)
        assert round is not None
        assert round.closed_seq is not None
        assert round.heard_at is not None
        heard = self._counts.heard_up_to()
        if not snapshots.is_due(heard, closed_seq=round.closed_seq, heard_at=round.heard_at):
            return _WAITS
        sources = snapshots.sources_of(heard, mended=self._mends.upto(), closed_seq=round.closed_seq)
        return _LOCKED if self._lock(round, sources) else _ANOTHERS

    def _lock(self, round: Round, sources: dict[str, int]) -> bool:
        """False when another desk was faster."""
        goals = self._tree.goals()
        counted = snapshots.spread(self._snapshots.counted(sources, as_of=round.as_of))
        rows = self._ledger.rows(
            regions=snapshots.everywhere(self._plan),
            indicators=list(self._plan.indicators),
            as_of=round.as_of,
            period=round.period,
            counted=counted,
            said=sources["reports"],
            forecasts=False,
        )
        kept = rows_of(_figures_in(rows))
        assert round.closed_at is not None
        at = clock.now()
        snapshot = Snapshot(
            snapshot_id=mongo.new_id(),
            round_id=round.round_id,
            year=self._plan.year,
            number=round.number,
            period=round.period,
            as_of=round.as_of,
            due_on=round.due_on,
            known_at=round.closed_at,
            locked_at=at,
            sources=sources,
            digest=snapshots.digest_of(kept, round_id=round.round_id, as_of=round.as_of, sources=sources),
            rows=len(rows),
            outstanding=round.outstanding,
        )

        def work(session: ClientSession) -> bool:
            self._tree.hold(session, self._plan.indicators)
            if self._tree.goals(session=session) != goals:
                return False  # decided meanwhile: it is locked with the next look
            if not self._rounds.locked(session, round.round_id, snapshot.snapshot_id):
                return False
            self._snapshots.add(session, snapshot, kept)
            self._outbox.add(session, [_said(snapshot, self._snapshots.head_row(snapshot))])
            return True

        done = mongo.transact(self._store, work)
        log.info("snapshot.locked" if done else "snapshot.already_locked", round=round.round_id)
        return done


def _said(snapshot: Snapshot, row: Document) -> Document:
    return SnapshotLocked.said(
        id=mongo.new_id(),
        subject=snapshot.snapshot_id,
        about=snapshot.round_id,
        at=snapshot.locked_at,
        imprints=imprint("snapshots", row),
        snapshot_id=snapshot.snapshot_id,
        round_id=snapshot.round_id,
        as_of=snapshot.as_of,
        known_at=snapshot.known_at,
        digest=snapshot.digest,
        sources=[{"service": service, "seq": seq} for service, seq in snapshot.sources.items()],
    )


def _figures_in(rows: Iterable[Row]) -> dict[str, tuple[Figure, ...]]:
    """Of the ledger's rows."""
    found: dict[str, list[Figure]] = defaultdict(list)
    for row in rows:
        kept = {name: getattr(row, name) for name in _OF_ROW}
        kept |= {name: getattr(row.standing, name) for name in _OF_STANDING}
        kept |= {name: getattr(row.told, name) for name in _OF_TOLD}
        found[row.indicator.id].append(Figure(**kept))
    return {indicator: tuple(figures) for indicator, figures in found.items()}


def locking(config: Config) -> Locking:
    """Raises PlanUnreadable."""
    return Locking(mongo.database(config, "targets"), plans.read(config.plan_file))
