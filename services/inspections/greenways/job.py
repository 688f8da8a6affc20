"""The clock's job of 绿色通道 requests: what follows when nobody answers in time."""

from functools import partial

from pymongo.client_session import ClientSession

from runtime.clock import day_of
from runtime.config import Config
from runtime.quarantine import Quarantine
from services.inspections import store
from services.inspections.greenways import domain as greenways
from services.inspections.greenways.domain import CALENDAR
from services.inspections.greenways.store import greenways as kept_greenways
from services.inspections.store import timepiece

_BATCH = 200


class GreenwayChore:
    """Marks requests that nobody answered in time, once each; reckons by a new calendar as soon as there is one."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def look(self, quarantine: Quarantine) -> int:
        rows, commands = kept_greenways(self._config), store.inspections(self._config).commands
        at, done = timepiece.now(self._config), 0

        def mark(greenway_id: str, session: ClientSession) -> int:
            before = rows.get(greenway_id, session)
            after = greenways.fall_due(before, calendar=CALENDAR, today=day_of(at), at=at)
            if after is before:
                return 0  # answered in between
            rows.step(session, after, over=before.version)
            return 1

        def due() -> list[str]:
            return rows.due(day_of(at), calendar=CALENDAR.name, limit=_BATCH, besides=quarantine.held("greenway"))

        while found := due():
            for each in found:
                work = partial(commands.transact, partial(mark, each))
                done += quarantine.attempt("greenway", each, work) or 0
        return done
