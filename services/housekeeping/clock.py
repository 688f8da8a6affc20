"""The worker that does what a day brings: cure windows and notices that end, late reviews, yearly checks, awards that
lapse. What is due lies with each case and award, so that after a stop everything is caught up, in its order."""

import datetime as dt
from collections.abc import Callable
from functools import partial

import structlog
from pymongo.client_session import ClientSession

from runtime import chores
from runtime.clock import day_of
from runtime.config import Config
from services.housekeeping import store
from services.housekeeping.awards import domain as awards
from services.housekeeping.awards.store import awards_of
from services.housekeeping.cases.casework import casework
from services.housekeeping.registry.rereading import rereadings
from services.housekeeping.store import timepiece

log = structlog.get_logger()

_BATCH = 200


class Clock(chores.Clock):
    def __init__(self, config: Config, *, pause: float = chores.PAUSE) -> None:
        self._config = config
        self._kept = store.housekeeping(config)
        self._casework = casework(config)
        self._awards = awards_of(config)
        self._rereadings = rereadings(self._kept)
        super().__init__(self._kept.store, pause=pause)
        self._calendar = ""

    def look(self) -> int:
        """Do all that is due by now; how many cases and awards that was."""
        for rereading in self._rereadings:
            while rereading.work():
                self._lease.hold()
        at = timepiece.now(self._config)
        done = self._mind_the_calendar(at)
        while found := self._due(day_of(at)):
            moved = self._each("case", self._case, found[0], at) + self._each("award", self._award, found[1], at)
            done += moved
            if not moved:
                return done  # what is left cannot be done now, and is set aside with its reason
            self._lease.hold()
        return done

    def _due(self, today: dt.date) -> tuple[list[str], list[str]] | None:
        held = self._quarantine.held
        found = (
            self._casework.cases.due(today, _BATCH, besides=held("case")),
            self._awards.due(today, _BATCH, besides=held("award")),
        )
        return found if any(found) else None

    def _each(self, kind: str, bring_on: Callable[[str, dt.datetime], bool], ids: list[str], at: dt.datetime) -> int:
        return sum(bool(self._quarantine.attempt(kind, each, partial(bring_on, each, at))) for each in ids)

    def _case(self, case_id: str, at: dt.datetime) -> bool:
        before, after = self._casework.fall_due(case_id, at)
        return after is not before

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
