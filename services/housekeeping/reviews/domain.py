"""What a reviewer hands in for a case: a sheet, blind until all are in, or that they stand aside."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from contract.applications import AlreadyScored, NotReviewing, ReviewTooLate
from runtime.workdays import Calendar
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases import seating
from services.housekeeping.cases.domain import Case, Sheet, active_seats, latest_sheet, moved
from services.housekeeping.reviewers.domain import Reviewer
from services.housekeeping.rubrics import scoring
from services.housekeeping.rubrics.scoring import Score


def score(
    case: Case,
    *,
    reviewer: str,
    given: Score,
    notes: Mapping[str, str],
    note: str,
    revises: int | None,
    today: dt.date,
    at: dt.datetime,
    calendar: Calendar,
    pool: tuple[Reviewer, ...],
    loads: Mapping[str, int],
) -> Case:
    """One more sheet. The first pass is blind, and closed as soon as all its sheets are in.

    Raises NotReviewing, ReviewTooLate, AlreadyScored, MarksInvalid.
    """
    seat = next((seat for seat in active_seats(case) if seat.reviewer == reviewer), None)
    if seat is None:
        raise NotReviewing("您不是本项申报的评审员", "you do not review this application")
    if case.state != "provincial_review":
        raise _too_late("评审阶段已结束")
    kept = latest_sheet(case, seat)
    if kept is None and seat.window.over(today):
        raise _too_late(f"评审期限已于{seat.window.ends_on}届满")
    if kept is not None and revises != kept.version:
        raise AlreadyScored(
            f"您已提交第{kept.version}版评分；修改须注明 revises={kept.version}",
            f"you have handed in version {kept.version}: to change it, say revises={kept.version}",
            facts={"version_of_review": kept.version},
        )
    if kept is None and revises is not None:
        raise AlreadyScored("尚无可修改的评分", "there is no version to revise")
    if kept is not None and all(other.state == "scored" for other in active_seats(case) if other.number <= 2):
        raise _too_late("各位评审员均已提交，评分不再更改")
    scoring.check(given, case.rubric)
    sheet = Sheet(
        seat=seat.number,
        reviewer=reviewer,
        version=kept.version + 1 if kept else 1,
        marks=given.marks,
        vetoes=given.vetoes,
        notes=notes,
        note=note,
        at=at,
    )
    seats = tuple(replace(each, state="scored") if each is seat else each for each in case.seats)
    after = moved(replace(case, seats=seats, sheets=(*case.sheets, sheet)), "score", at=at, by=reviewer, reason=None)
    return seating.fill(after, today=today, calendar=calendar, pool=pool, loads=loads)


def recuse(
    case: Case,
    *,
    reviewer: str,
    reason: str,
    today: dt.date,
    at: dt.datetime,
    calendar: Calendar,
    pool: tuple[Reviewer, ...],
    loads: Mapping[str, int],
) -> Case:
    """Their seat goes to another, and what they have scored counts no more. The same case where they have no seat, or
    the review is over."""
    found = cases.outcome(case)
    mine = [seat for seat in active_seats(case) if seat.reviewer == reviewer]
    if case.state != "provincial_review" or not mine or (found and found.settled):
        return case
    seats = tuple(replace(each, state="recused", reason=reason) if each in mine else each for each in case.seats)
    after = moved(replace(case, seats=seats), "recuse", at=at, by=reviewer, reason=reason)
    return seating.fill(after, today=today, calendar=calendar, pool=pool, loads=loads)


def _too_late(zh: str) -> ReviewTooLate:
    return ReviewTooLate(zh, "the time of this review is over, or all scores are in")
