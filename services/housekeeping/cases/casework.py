"""What a case's next step reads and writes, and what it needs to know of the world, gathered in its own transaction."""

import datetime as dt
from functools import lru_cache, partial

from pymongo.client_session import ClientSession

from contract.housekeeping import RecognisedBy
from runtime.clock import day_of
from runtime.config import Config
from runtime.quarantine import Quarantine
from services.housekeeping.awards.store import awards_of
from services.housekeeping.cases import steps
from services.housekeeping.cases.conditions import Known
from services.housekeeping.cases.domain import Case
from services.housekeeping.cases.store import cases_of
from services.housekeeping.objections.store import objections_of
from services.housekeeping.quotas.domain import unit_of
from services.housekeeping.quotas.store import quotas_of
from services.housekeeping.registry import domain as registered
from services.housekeeping.registry.domain import Base
from services.housekeeping.registry.store import registry_of
from services.housekeeping.reviewers.store import reviewers_of
from services.housekeeping.store import housekeeping


class Casework:
    """The stores of a case and of what it touches, all opened before a transaction begins: none makes indexes in it."""

    def __init__(self, config: Config) -> None:
        self._kept = housekeeping(config)
        self.commands = self._kept.commands
        self.cases = cases_of(config)
        self.registry = registry_of(config)
        self.reviewers = reviewers_of(config)
        self.awards = awards_of(config)
        self.quotas = quotas_of(config)
        self.objections = objections_of(config)

    def known(self, session: ClientSession, case: Case, at: dt.datetime, *, claim: bool = False) -> Known:
        """What the case's next step needs to know; ``claim``: a place of the city's quota is to be used."""
        subject = self.registry.subject(case.subject_kind, case.subject_key, session)
        today = day_of(at)
        if isinstance(subject, Base):
            by_city = self.awards.standing(case.subject_key, RecognisedBy.CITY, session) is not None
            unmet = registered.unmet_by_base(subject, procedure=case.procedure, awarded_by_city=by_city, today=today)
        else:
            held = self.registry.valid_held_by(case.subject_key, session)
            unmet = registered.unmet_by_fusao(subject, procedure=case.procedure, certificates=held)
        reviewing = case.state in ("city_recommendation", "provincial_review")
        return Known(
            today=today,
            at=at,
            calendar=self._kept.calendar(session),
            ineligible=unmet,
            quota=self.quotas.places(
                unit=unit_of(case.region), kind=case.subject_kind, year=today.year, session=session, claim=claim
            ),
            pool=self.reviewers.all(session) if reviewing or case.final else (),
            loads=self.cases.loads(session) if reviewing or case.final else {},
        )

    def fall_due(self, case_id: str, at: dt.datetime) -> tuple[Case, Case]:
        """The case before and after what its days bring, kept as it is then. One transaction."""

        def work(session: ClientSession) -> tuple[Case, Case]:
            before = self.cases.get(case_id, session)
            after = steps.fall_due(before, self.known(session, before, at))
            self.cases.replace(session, before, after)
            return before, after

        return self.commands.transact(work)

    def reckon_all(self, at: dt.datetime) -> int:
        """Every running window by today's calendar, each case in a transaction of its own. How many cases changed."""
        quarantine = Quarantine(self._kept.store, "clock")
        quarantine.refresh()
        pairs = (quarantine.attempt("case", each, partial(self.fall_due, each, at)) for each in self.cases.running())
        return sum(pair is not None and pair[1].version != pair[0].version for pair in pairs)


@lru_cache(maxsize=8)
def casework(config: Config) -> Casework:
    """The process's own."""
    return Casework(config)
