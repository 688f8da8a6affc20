"""Looking for what is odd in the counts: each day, and when an inspector or the dispatcher asks for it."""

import datetime as dt
from functools import lru_cache, partial
from typing import Any

import structlog
from pymongo.client_session import ClientSession

import plan
from contract import certification
from contract import hints as public
from contract.errors import Refused
from contract.words import Role
from runtime.clock import day_of
from runtime.config import Config
from runtime.hosting import Settings, rpc
from runtime.mongo import Document
from runtime.timepiece import Timepiece
from services.targets.anomalies import anomalies, options
from services.targets.store_anomalies import Anomalies

log = structlog.get_logger()
timepiece = Timepiece("targets")

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
            return kept.ask(session, as_of=asked.get("as_of", day_of(at)), at=at, by=who["client_id"])

        return _shown(kept.look(kept.commands.once(who["client_id"], asked, work, action="look_for_anomalies")))

    @rpc(expected_exceptions=Refused)
    def anomaly_look(self, look_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> AnomalyLook. Refuses LookNotFound, HintsNotAllowed."""
        _allowed(actor)
        return _shown(kept_anomalies(self.settings).look(look_id))


class Looking:
    """The desk's job. What was noticed before is not told again."""

    name = "anomalies"

    def __init__(self, config: Config) -> None:
        self._config = config
        self._plan = plan.read(config.plan_file)
        self._kept = kept_anomalies(config)
        self._day: dt.date | None = None

    def work(self) -> int:
        at = timepiece.now(self._config)
        today = day_of(at)
        if today != self._day:
            self._kept.ask_daily(today, as_of=min(today, self._plan.deadline), at=at)
            self._day = today
        looks = self._kept.asked()
        for look in looks:
            as_of = dt.date.fromisoformat(look["as_of"])
            steps = self._kept.steps(self._plan, as_of=as_of)
            found = anomalies(self._plan, steps, as_of=as_of, options=options())
            noticed = self._kept.finish(look["_id"], found, today=today, now=partial(timepiece.now, self._config))
            log.info("anomalies.looked", as_of=look["as_of"], found=len(found), noticed=noticed)
        return len(looks)


def _allowed(actor: dict[str, Any]) -> dict[str, Any]:
    who = certification.Actor.read(actor)
    if who["role"] not in _ROLES or not _SCOPES & {*who["scopes"]}:
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


@lru_cache(maxsize=8)
def kept_anomalies(config: Config) -> Anomalies:
    """The process's own, with its indexes in place."""
    found = Anomalies(config)
    found.ensure_indexes()
    return found
