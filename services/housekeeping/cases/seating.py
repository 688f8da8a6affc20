"""The seats of a case's review: given by rule, a third one called, late ones replaced."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from contract.applications import NoEligibleReviewer
from runtime.workdays import Calendar, open_window
from services.housekeeping.access import CLOCK
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases.domain import Case, Seat, active_seats, moved
from services.housekeeping.reviewers import domain as reviewers
from services.housekeeping.reviewers.domain import Parties, Reviewer


def parties(case: Case) -> Parties:
    return Parties(case.subject_key, frozenset(case.bases), frozenset({case.organisation}), case.region)


def fill(
    case: Case,
    *,
    today: dt.date,
    calendar: Calendar,
    pool: tuple[Reviewer, ...],
    loads: Mapping[str, int],
    strict: bool = False,
) -> Case:
    """With a reviewer in every seat that the case needs now. Where none may take it: NoEligibleReviewer when
    ``strict``, else another look tomorrow."""
    found = cases.outcome(case)
    needed = case.rubric.reviewers + (1 if found and found.third_called else 0)
    held = {seat.number for seat in active_seats(case)}
    empty = [number for number in range(1, needed + 1) if number not in held]
    if not empty or (found and found.settled):
        return replace(case, retry_on=None)
    window = open_window(opened_on=today, working_days=case.procedure.windows["review"], calendar=calendar)
    try:
        chosen = reviewers.assign(
            case_id=case.case_id,
            seats=len(empty),
            pool=pool,
            parties=parties(case),
            taken=case.reviewers | {*case.barred},
            loads=loads,
        )
    except NoEligibleReviewer:
        if strict:
            raise
        return replace(case, retry_on=today + dt.timedelta(days=1))
    seats = tuple(Seat(number, client, window) for number, client in zip(empty, chosen, strict=True))
    return replace(case, seats=(*case.seats, *seats), retry_on=None)


def replace_late(
    case: Case,
    *,
    today: dt.date,
    at: dt.datetime,
    calendar: Calendar,
    pool: tuple[Reviewer, ...],
    loads: Mapping[str, int],
) -> Case:
    """Seats whose time is over go to others."""
    late = tuple(seat for seat in case.seats if seat.state == "assigned" and seat.window.over(today))
    seats = tuple(replace(seat, state="late", reason="逾期未评") if seat in late else seat for seat in case.seats)
    what, reason = ("replace", "评审期限届满") if late else ("seat", "补足评审员")
    filled = fill(replace(case, seats=seats), today=today, calendar=calendar, pool=pool, loads=loads)
    if not late and len(filled.seats) == len(case.seats):
        return filled
    return moved(filled, what, at=at, by=CLOCK.client_id, reason=reason)
