"""Looking for what is odd in the counts, as a job of the desk: each day, and when somebody asked."""

import datetime as dt
from functools import partial

import structlog

import plan
from runtime.clock import day_of
from runtime.config import Config
from runtime.mongo import Document, database
from runtime.quarantine import Quarantine
from services.targets.anomalies.domain import anomalies, options
from services.targets.anomalies.store import kept_anomalies
from services.targets.store import DESK, timepiece

log = structlog.get_logger()


class Looking:
    """The desk's job. What was noticed before is not told again."""

    name = "anomalies"

    def __init__(self, config: Config) -> None:
        self._config = config
        self._plan = plan.read(config.plan_file)
        self._kept = kept_anomalies(config)
        self._quarantine = Quarantine(database(config, "targets"), DESK)
        self._day: dt.date | None = None

    def work(self) -> int:
        at = timepiece.now(self._config)
        today = day_of(at)
        if today != self._day:
            self._kept.ask_daily(today, as_of=min(today, self._plan.deadline), at=at)
            self._day = today
        self._quarantine.refresh()
        looks = self._kept.asked()
        done = (self._quarantine.attempt("look", look["_id"], partial(self._look, look, today)) for look in looks)
        return sum(map(bool, done))

    def _look(self, look: Document, today: dt.date) -> bool:
        as_of = dt.date.fromisoformat(look["as_of"])
        steps = self._kept.steps(self._plan, as_of=as_of)
        found = anomalies(self._plan, steps, as_of=as_of, options=options())
        noticed = self._kept.finish(look["_id"], found, today=today, now=partial(timepiece.now, self._config))
        log.info("anomalies.looked", as_of=look["as_of"], found=len(found), noticed=noticed)
        return True
