"""Looking for what is odd in the counts: each day, and when an inspector or the dispatcher asks for it."""

import datetime as dt
from typing import Any

from pymongo.client_session import ClientSession

from contract import hints as public
from contract.actor import Actor
from contract.errors import Refused
from contract.words import Role
from runtime.clock import day_of
from runtime.hosting import Settings, rpc
from runtime.mongo import Document
from services.targets.anomalies.store import kept_anomalies
from services.targets.store import timepiece

_ROLES = (Role.INSPECTOR, Role.DISPATCHER)
_SCOPES = {"inspections:read", "inspections:write"}


class AnomalyCalls:
    settings: Settings

    @rpc(expected_exceptions=Refused)
    def look_for_anomalies(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """LookForAnomalies -> AnomalyLook, which a worker takes up. Refuses HintsNotAllowed, CommandReused."""
        asked, who = public.LookForAnomalies.read(command), _allowed(actor)
        kept, at = kept_anomalies(self.settings), timepiece.now(self.settings)

        def work(session: ClientSession) -> str:
            return kept.ask(session, as_of=asked.get("as_of", day_of(at)), at=at, by=who.client_id)

        return _shown(kept.look(kept.commands.once(who.client_id, asked, work, action="look_for_anomalies")))

    @rpc(expected_exceptions=Refused)
    def anomaly_look(self, look_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> AnomalyLook. Refuses LookNotFound, HintsNotAllowed."""
        _allowed(actor)
        return _shown(kept_anomalies(self.settings).look(look_id))


def _allowed(actor: dict[str, Any]) -> Actor:
    who = Actor.of(actor)
    if who.role not in _ROLES or not who.has(*_SCOPES):
        raise public.HintsNotAllowed(
            "异常线索由督导人员办理，牵头部门可查阅",
            "hints are worked on by inspectors; the dispatcher may read them",
        )
    return who


def _shown(look: Document) -> dict[str, Any]:
    return public.AnomalyLook.write(
        look_id=look["_id"],
        as_of=dt.date.fromisoformat(look["as_of"]),
        asked_at=look["asked_at"],
        finished_at=look.get("finished_at"),
        found=look.get("found"),
        noticed=look.get("noticed"),
    )
