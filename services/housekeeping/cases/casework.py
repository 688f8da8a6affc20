"""What a case's next step needs to know of the world, gathered in its own transaction."""

import datetime as dt

from pymongo.client_session import ClientSession

from contract.housekeeping import RecognisedBy
from runtime.clock import day_of
from services.housekeeping import access
from services.housekeeping.access import Actor
from services.housekeeping.cases import steps
from services.housekeeping.cases.domain import Case
from services.housekeeping.cases.steps import Known
from services.housekeeping.cases.store import unit_of
from services.housekeeping.registry import domain as registry
from services.housekeeping.registry.domain import Base
from services.housekeeping.store import Housekeeping


def known_of(kept: Housekeeping, session: ClientSession, case: Case, at: dt.datetime, *, claim: bool = False) -> Known:
    """What the case's next step needs to know of the world; ``claim``: a place of the city's quota is to be used."""
    subject = kept.registry.subject(case.subject_kind, case.subject_key, session)
    today = day_of(at)
    if isinstance(subject, Base):
        by_city = kept.awards.standing(case.subject_key, RecognisedBy.CITY, session) is not None
        unmet = registry.unmet_by_base(subject, procedure=case.procedure, awarded_by_city=by_city, today=today)
    else:
        held = kept.registry.valid_held_by(case.subject_key, session)
        unmet = registry.unmet_by_fusao(subject, procedure=case.procedure, certificates=held)
    reviewing = case.state in ("city_recommendation", "provincial_review")
    return Known(
        today=today,
        at=at,
        calendar=kept.calendar(session),
        ineligible=unmet,
        quota=kept.cases.quota(
            unit=unit_of(case.region), kind=case.subject_kind, year=today.year, session=session, claim=claim
        ),
        pool=kept.registry.reviewers(session) if reviewing or case.final else (),
        loads=kept.cases.loads(session) if reviewing or case.final else {},
    )


def reckon_all(kept: Housekeeping, at: dt.datetime) -> int:
    """Every running window by today's calendar, each case in a transaction of its own. How many cases changed."""

    def reckoned(case_id: str) -> bool:
        def work(session: ClientSession) -> bool:
            before = kept.cases.get(case_id, session)
            after = steps.fall_due(before, known_of(kept, session, before, at))
            kept.cases.replace(session, before, after)
            return after.version != before.version

        return kept.commands.transact(work)

    return sum(reckoned(case_id) for case_id in kept.cases.running())


def require_sight(who: Actor, case: Case) -> None:
    if not who.sees(region=case.region, organisation=case.organisation, reviewers=case.reviewers):
        raise access.case_not_found()
