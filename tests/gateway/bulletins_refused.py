"""Every refusal of bulletins and snapshots, provoked as a client would provoke it. Nothing is counted here: snapshots
and bulletins are put where the desk would have put them."""

import datetime as dt
import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from werkzeug.test import TestResponse

from contract.bulletins import BulletinState
from runtime import clock, mongo
from services.targets.bulletins.domain import Options
from services.targets.bulletins.steps import Bulletin
from services.targets.bulletins.store import Bulletins
from services.targets.snapshots import domain as snapshots
from services.targets.snapshots.domain import Snapshot
from services.targets.snapshots.store import Snapshots
from tests.gateway.callers import Caller

BULLETINS = "/v1/bulletins"
NOBODY = "0" * 24
_numbers = itertools.count(1)


class Press:
    """The dispatcher's, with a snapshot of its own for one refusal."""

    def __init__(self, scene: Any) -> None:
        self.dispatcher, self.second = (
            Caller(scene.app, scene.settings, name) for name in ("dispatcher", "dispatcher-2")
        )
        self.bearer, self.anybody = scene.bearer, scene.anybody
        self.store = mongo.database(scene.settings, "targets")
        self.snapshot = self._locked()

    def _locked(self) -> Snapshot:
        round_id, as_of = mongo.new_id(), dt.date(2023, 10, 31)
        snapshot = Snapshot(
            snapshot_id=mongo.new_id(),
            round_id=round_id,
            year=2023,
            number=next(_numbers),
            period="2023-10",
            as_of=as_of,
            due_on=dt.date(2023, 11, 7),
            known_at=clock.now(),
            locked_at=clock.now(),
            sources={"reports": 10**9},
            digest=snapshots.digest_of([], round_id=round_id, as_of=as_of, sources={"reports": 10**9}),
            rows=0,
        )
        kept = Snapshots(self.store)
        rows = [{"indicator": "2.1", "figures": []}]
        mongo.transact(self.store, lambda session: kept.add(session, snapshot, rows))
        return snapshot

    def bulletin(self, **changes: Any) -> str:
        """The id of one that was issued, unless ``changes`` say otherwise."""
        made = Bulletin(
            bulletin_id=mongo.new_id(),
            state=BulletinState.DONE,
            percent=100,
            year=2023,
            title="关于2023年10月民生工程进展情况的通报",
            snapshot_id=self.snapshot.snapshot_id,
            round_id=self.snapshot.round_id,
            period="2023-10",
            as_of=self.snapshot.as_of,
            options=Options(),
            asked_by="dispatcher",
            asked_at=clock.now(),
        )
        kept = Bulletins(self.store)
        mongo.transact(self.store, lambda session: kept.add(session, replace(made, **changes)))
        return made.bulletin_id

    def draft(self, **asked: Any) -> TestResponse:
        return self.dispatcher.post(BULLETINS, json=asked)

    def drafted(self) -> str:
        """The address of one that waits to be reviewed."""
        return f"{BULLETINS}/{self.bulletin(state=BulletinState.DRAFT)}"


def bulletins_not_allowed(press: Press) -> TestResponse:
    """A token that bears the scope, of somebody who is not the province's dispatcher."""
    headers = press.bearer("inspector", "bulletins:write")
    return press.anybody.post(BULLETINS, json={"round_id": press.snapshot.round_id}, headers=headers)


def bulletin_not_found(press: Press) -> TestResponse:
    return press.dispatcher.get(f"{BULLETINS}/{NOBODY}")


def snapshot_not_found(press: Press) -> TestResponse:
    return press.dispatcher.get(f"/v1/snapshots/{NOBODY}")


def snapshot_not_locked(press: Press) -> TestResponse:
    return press.draft(round_id=NOBODY)


def bulletin_not_ready(press: Press) -> TestResponse:
    waiting = press.bulletin(state=BulletinState.FAILED, percent=20)
    return press.dispatcher.get(f"{BULLETINS}/{waiting}/document.docx")


def nothing_moved(press: Press) -> TestResponse:
    return press.draft(corrects=press.bulletin(), reason="数据更正")


def bulletin_already_there(press: Press) -> TestResponse:
    press.draft(snapshot_id=press.snapshot.snapshot_id)
    return press.draft(round_id=press.snapshot.round_id)


def bulletin_step_not_open(press: Press) -> TestResponse:
    return press.second.post(f"{press.drafted()}/issuance", json={})


def bulletin_needs_another(press: Press) -> TestResponse:
    return press.dispatcher.post(f"{press.drafted()}/reviews", json={"decision": "pass"})


def bulletin_changed(press: Press) -> TestResponse:
    return press.second.post(f"{press.drafted()}/discard", json={"reason": "期别选错"}, headers={"If-Match": '"7"'})


def bulletin_invalid(press: Press) -> TestResponse:
    return press.draft(round_id=NOBODY, snapshot_id=NOBODY)


_STATUS: dict[int, tuple[Callable[[Press], TestResponse], ...]] = {
    403: (bulletins_not_allowed, bulletin_needs_another),
    404: (bulletin_not_found, snapshot_not_found),
    409: (
        *(snapshot_not_locked, bulletin_not_ready, nothing_moved),
        *(bulletin_already_there, bulletin_step_not_open),
    ),
    412: (bulletin_changed,),
    422: (bulletin_invalid,),
}


def _provoke(act: Callable[[Press], TestResponse]) -> Callable[[Any], TestResponse]:
    return lambda scene: act(Press(scene))


PROVOKE = {act.__name__: (status, _provoke(act)) for status, acts in _STATUS.items() for act in acts}
