"""The worker that does what a day brings: cure windows and notices that end, late reviews, yearly checks, awards that
lapse. What is due lies with each case and award, so that after a stop everything is caught up, in its order."""

import datetime as dt

import structlog
from pymongo.client_session import ClientSession

from contract.errors import Refused
from runtime import chores
from runtime.clock import day_of
from runtime.config import Config
from services.housekeeping import store
from services.housekeeping.awards import domain as awards
from services.housekeeping.awards.store import awards_of
from services.housekeeping.cases.casework import casework
from services.housekeeping.store import timepiece

log = structlog.get_logger()

_BATCH = 200


class Clock(chores.Clock):
    def __init__(self, config: Config, *, pause: float = chores.PAUSE) -> None:
        self._config = config
        self._kept = store.housekeeping(config)
        self._casework = casework(config)
        self._awards = awards_of(config)
        super().__init__(self._kept.store, pause=pause)
        self._calendar = ""

    def look(self) -> int:
        """Do all that is due by now; how many cases and awards that was."""
        at = timepiece.now(self._config)
        done = self._mind_the_calendar(at)
        while found := self._due(day_of(at)):
            moved = sum(self._case(case_id, at) for case_id in found[0])
            moved += sum(self._award(award_id, at) for award_id in found[1])
            done += moved
            if not moved:
                return done  # what is left cannot be done now, and says why in the log
            self._lease.hold()
        return done

    def _due(self, today: dt.date) -> tuple[list[str], list[str]] | None:
        found = self._casework.cases.due(today, _BATCH), self._awards.due(today, _BATCH)
        return found if any(found) else None

    def _case(self, case_id: str, at: dt.datetime) -> bool:
        try:
            before, after = self._casework.fall_due(case_id, at)
            return after is not before
        except Refused as refused:
            log.error("clock.refused", case=case_id, code=refused.code)
            return False

    def _award(self, award_id: str, at: dt.datetime) -> bool:
        def work(session: ClientSession) -> bool:
            before = self._awards.get(award_id, session)
            after = awards.fall_due(before, today=day_of(at), at=at, calendar=self._kept.calendar(session))
            self._awards.replace(session, before, after)
            return after is not before

        return self._kept.commands.transact(work)

    def _mind_the_calendar(self, at: dt.datetime) -> int:
        """A newer library, or a holiday notice, is no deadline of any case: windows are reckoned when it is seen."""
        calendar = self._kept.calendar().name
        if calendar == self._calendar:
            return 0
        moved = self._casework.reckon_all(at)
        log.info("clock.calendar", calendar=calendar, cases=moved)
        self._calendar = calendar
        return moved


def worker(config: Config) -> Clock:
    return Clock(config)
