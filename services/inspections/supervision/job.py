"""The clock's job of 督查单: who has not mended by the date gets one, each colour once."""

import datetime as dt
from collections.abc import Callable
from functools import partial

from pymongo.client_session import ClientSession

import plan
from contract import regions
from runtime import mongo
from runtime.clock import day_of
from runtime.config import Config
from runtime.quarantine import Quarantine
from services.inspections import escalation, store
from services.inspections.findings import domain as findings
from services.inspections.findings.domain import Escalation, Finding
from services.inspections.findings.store import findings as kept_findings
from services.inspections.store import timepiece
from services.inspections.supervision import domain as supervision
from services.inspections.supervision.store import supervision as kept_supervision

_BY = "clock"


class Overdue:
    def __init__(self, config: Config) -> None:
        self._config = config
        self._commands = store.inspections(config).commands
        self._findings = kept_findings(config)
        self._supervision = kept_supervision(config)
        self._plan = plan.read(config.plan_file)
        self._rule = escalation.in_force()

    def look(self, quarantine: Quarantine) -> int:
        """Issue all orders that are due by now; how many."""
        at = timepiece.now(self._config)
        today = day_of(at)

        def look_at(finding_id: str, read: Callable[[], Finding]) -> bool:
            step = supervision.next_step(read(), self._rule)
            return step is not None and step[1] <= today and self._issue(finding_id, today, at)

        late = self._findings.overdue(today, steps=len(self._rule.steps))
        return sum(bool(quarantine.attempt("finding", each, partial(look_at, each, read))) for each, read in late)

    def _issue(self, finding_id: str, today: dt.date, at: dt.datetime) -> bool:
        """Decided anew within the transaction: it may have been mended, or another clock was faster."""

        def work(session: ClientSession) -> bool:
            before = self._findings.get(finding_id, session)
            found = supervision.next_step(before, self._rule)
            if found is None or found[1] > today:
                return False
            indicator = self._plan.indicators.get(before.target_id)
            issued = supervision.supervise(
                before,
                found[0],
                self._rule,
                supervision_id=mongo.new_id(),
                serial=self._supervision.serial(f"supervision/{today.year}", session),
                today=today,
                target_name=indicator.name if indicator else "",
                region_name=regions.get(before.region).full_name,
                departments=indicator.departments if indicator else (),
            )
            done = Escalation(issued.colour, issued.supervision_id, issued.number, today)
            self._supervision.put(session, issued)
            after = findings.escalated(before, done, at=at, by=_BY)
            self._findings.put(session, after, over=before.version)
            return True

        return self._commands.transact(work)
