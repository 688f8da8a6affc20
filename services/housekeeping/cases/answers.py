"""What is known of a case, in the contract's words, and no more of it than the asker may know."""

from typing import Any

from contract import applications as public
from contract import regions
from contract.words import Role
from runtime.workdays import Window
from services.housekeeping.access import Actor
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases.domain import ASIDE, Case, Sheet
from services.housekeeping.evidence import shown_evidence
from services.housekeeping.matters import shown_matter


def shown_case(case: Case, who: Actor, beside: tuple[Case, ...] = ()) -> dict[str, Any]:
    """Application. Who reviews is for those who oversee the review; scores are for nobody but their author until all
    are in, and for the applicant only once the review has been decided on."""
    found = cases.outcome(case)
    settled = found is not None and found.settled
    overseer = who.region == regions.PROVINCE and who.role in (Role.FEDERATION, Role.INSPECTOR, Role.DISPATCHER)
    decided = settled and (who.role is not Role.APPLICANT or case.state != "provincial_review")
    seated = {(seat.number, seat.reviewer) for seat in cases.active_seats(case)}
    sheets = [
        sheet
        for sheet in case.sheets
        if sheet.reviewer == who.client_id or (decided and (sheet.seat, sheet.reviewer) in seated)
    ]
    return public.Application.write(
        application_id=case.case_id,
        version=case.version,
        procedure=case.procedure_version,
        rubric=case.rubric_version,
        subject_kind=case.subject_kind.value,
        subject_key=case.subject_key,
        region=case.region,
        region_name=regions.get(case.region).full_name,
        organisation=case.organisation,
        channel=case.channel.value,
        recommender=case.recommender,
        state=case.state,
        state_name=case.procedure.states[case.state].title,
        transitions=[
            step.name
            for step in case.procedure.from_state(case.state)
            if step.by != "anyone"  # whose steps have commands of their own
            and who.holds(case.procedure.office(step, case.state), region=case.region, organisation=case.organisation)
        ],
        evidence=[shown_evidence(item) for item in case.evidence],
        cure=_window(case.cure) if case.cure else None,
        seats=[
            {
                "seat": seat.number,
                "reviewer": seat.reviewer if overseer or seat.reviewer == who.client_id else None,
                "state": seat.state,
                "window": _window(seat.window),
                "reason": seat.reason if overseer else None,
            }
            for seat in case.seats
        ],
        reviews=[_review(sheet) for sheet in sheets],
        outcome=_outcome(case, shown=decided),
        notices=[
            {
                "number": notice.number,
                "window": _window(notice.window),
                "stars": notice.stars,
                "score": notice.score,
                "expired": case.state in ("notice_ended", "awarded"),
            }
            for notice in case.notices
        ],
        objections=[
            {
                "objection_id": objection.objection_id,
                "notice": objection.notice,
                "anonymous": objection.anonymous,
                "received_at": objection.received_at,
                "state": objection.state.value,
                "until": objection.window.ends_on if objection.window else None,
                "ground": objection.ground,
                "answer": objection.answer,
                "finding": objection.finding,
            }
            for objection in case.objections
        ],
        matters=[shown_matter(matter) for matter in case.matters],
        award_id=case.award_id,
        appeal_of=case.appeal_of,
        beside=[
            {
                "application_id": each.case_id,
                "state": each.state,
                "outcome": _outcome(each, shown=bool((o := cases.outcome(each)) and o.settled)),
            }
            for each in beside
        ],
        history=[
            {
                "version": step.version,
                "transition": step.transition,
                "name": ASIDE.get(step.transition) or case.procedure.title(step.transition),
                "state": step.state,
                "at": step.at,
                "by": "reviewer" if step.by in case.reviewers and not overseer else step.by,
                "reason": None if step.transition == "recuse" and not overseer else step.reason,
                "evidence": [shown_evidence(item) for item in step.evidence],
                "objection_id": step.about,
            }
            for step in case.history
        ],
    )


def _outcome(case: Case, *, shown: bool) -> dict[str, Any] | None:
    found = cases.outcome(case)
    if found is None:
        return None
    return {
        "settled": found.settled,
        "score": found.score if shown else None,
        "stars": found.stars if shown else None,
        "vetoed": list(found.vetoed) if shown else [],
        "gap": found.gap if shown else None,
        "third_called": found.third_called,
        "working": [zh for zh, _ in found.working] if shown else [],
        "working_en": [en for _, en in found.working] if shown else [],
    }


def _review(sheet: Sheet) -> dict[str, Any]:
    return {
        "seat": sheet.seat,
        "version": sheet.version,
        "total": sheet.score.total,
        "marks": [
            {"item": item, "points": points, **({"note": sheet.notes[item]} if item in sheet.notes else {})}
            for item, points in sheet.marks.items()
        ],
        "vetoes": list(sheet.vetoes),
        "note": sheet.note,
        "at": sheet.at,
    }


def _window(window: Window) -> dict[str, Any]:
    return {
        "opened_on": window.opened_on,
        "working_days": window.working_days,
        "ends_on": window.ends_on,
        "calendar": window.calendar,
    }
