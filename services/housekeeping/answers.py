"""What is known, in the contract's words, and no more of it than the asker may know."""

import datetime as dt
from typing import Any

from contract import applications as cased
from contract import housekeeping as public
from contract import regions
from contract.words import Role
from runtime.mongo import Document
from runtime.workdays import Window
from services.housekeeping.access import Actor
from services.housekeeping.awards import numbers
from services.housekeeping.awards.domain import Award
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases.domain import ASIDE, Case, Evidence, Matter, Sheet
from services.housekeeping.registry.domain import Base, Change, Fusao
from services.housekeeping.reviewers.domain import Reviewer


def shown_base(base: Base) -> dict[str, Any]:
    """Base"""
    return public.Base.write(
        base_id=base.base_id,
        version=base.version,
        credit_code=base.credit_code,
        name=base.name,
        region=base.region,
        region_name=regions.get(base.region).full_name,
        organisation=base.organisation,
        legal_representative=base.legal_representative,
        led_by_a_woman=base.led_by_a_woman,
        registered_on=base.registered_on,
        staff=base.staff,
        women=base.women,
        employed=base.employed,
        certified=base.certified,
        status=base.status.value,
        merged_into=base.merged_into,
        history=[_change(change) for change in base.history],
    )


def shown_fusao(fusao: Fusao, held: list[Document]) -> dict[str, Any]:
    """Fusao, with the certificates that were heard of."""
    return public.Fusao.write(
        person_key=fusao.person_key,
        version=fusao.version,
        name=fusao.name,
        document_number=fusao.document_number,
        employer=fusao.employer,
        region=fusao.region,
        region_name=regions.get(fusao.region).full_name,
        organisation=fusao.organisation,
        skills=list(fusao.skills),
        certificates=[
            {
                "certificate_id": row["_id"],
                "occupation": row["occupation"],
                "level": row["level"],
                "issued_on": dt.date.fromisoformat(row["issued_on"]),
                "status": row["status"],
            }
            for row in held
        ],
        status=fusao.status.value,
        history=[_change(change) for change in fusao.history],
    )


def _change(change: Change) -> dict[str, Any]:
    return {
        "version": change.version,
        "what": change.what,
        "at": change.at,
        "by": change.by,
        "reason": change.reason,
        "before": dict(change.before),
    }


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
    return cased.Application.write(
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
            if who.holds(case.procedure.office(step, case.state), region=case.region, organisation=case.organisation)
        ],
        evidence=[_evidence(item) for item in case.evidence],
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
                "finding": objection.finding,
            }
            for objection in case.objections
        ],
        matters=[_matter(matter) for matter in case.matters],
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
                "name": ASIDE.get(step.transition) or case.procedure.transitions[step.transition].title,
                "state": step.state,
                "at": step.at,
                "by": "reviewer" if step.by in case.reviewers and not overseer else step.by,
                "reason": None if step.transition == "recuse" and not overseer else step.reason,
                "evidence": [_evidence(item) for item in step.evidence],
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


def shown_notice(case: Case) -> dict[str, Any]:
    """PublicNotice"""
    notice = case.notices[-1]
    return cased.PublicNotice.write(
        application_id=case.case_id,
        subject_kind=case.subject_kind.value,
        name=case.name,
        unit=case.unit,
        region_name=regions.get(case.region).full_name,
        stars=notice.stars,
        opened_on=notice.window.opened_on,
        ends_on=notice.window.ends_on,
        working_days=notice.window.working_days,
        under_inquiry=case.state == "inquiry",
    )


def shown_reviewer(reviewer: Reviewer) -> dict[str, Any]:
    """Reviewer"""
    return cased.Reviewer.write(
        client_id=reviewer.client_id,
        organisation=reviewer.organisation,
        office=reviewer.office,
        base_id=reviewer.base_id,
        active=reviewer.active,
        interests=len(reviewer.interests),
    )


def shown_award(award: Award, *, qr: str, today: dt.date) -> dict[str, Any]:
    """Award"""
    return public.Award.write(
        award_id=award.award_id,
        version=award.version,
        award_number=award.number,
        subject_kind=award.subject_kind.value,
        subject_key=award.subject_key,
        name=award.name,
        unit=award.unit,
        region=award.region,
        region_name=regions.get(award.region).full_name,
        stars=award.stars,
        awarded_on=award.awarded_on,
        valid_until=award.valid_until,
        status=award.status.value,
        recognised_by=award.recognised_by.value,
        plaque=award.plaque,
        qr=qr,
        application_id=award.case_id,
        checks=[
            {
                "opened_on": check.opened_on,
                "due_on": check.due_on,
                "concluded_on": check.concluded_on,
                "outcome": check.outcome,
                "overdue": check.concluded_on is None and today > check.due_on,
            }
            for check in award.checks
        ],
        matters=[_matter(matter) for matter in award.matters],
        history=[
            {
                "version": step.version,
                "what": step.what,
                "effective_on": step.effective_on,
                "at": step.at,
                "by": step.by,
                "reason": step.reason,
                "stars": step.stars,
                "status": step.status.value,
                "evidence": [_evidence(item) for item in step.evidence],
            }
            for step in award.history
        ],
    )


def public_award(award: Award) -> dict[str, Any]:
    """PublicAward's fields"""
    return {
        "name": award.name,
        "unit": award.unit,
        "subject_kind": award.subject_kind.value,
        "stars": award.stars,
        "award_number": numbers.masked(award.number),
        "region_name": regions.get(award.region).full_name,
        "awarded_on": award.awarded_on,
        "valid_until": award.valid_until,
        "recognised_by": award.recognised_by.value,
    }


def _matter(matter: Matter) -> dict[str, Any]:
    return {
        "kind": matter.kind,
        "detail": dict(matter.detail),
        "opened_at": matter.opened_at,
        "settled_at": matter.settled_at,
        "decision": matter.decision,
        "reason": matter.reason,
    }


def _window(window: Window) -> dict[str, Any]:
    return {
        "opened_on": window.opened_on,
        "working_days": window.working_days,
        "ends_on": window.ends_on,
        "calendar": window.calendar,
    }


def _evidence(item: Evidence) -> dict[str, Any]:
    shown = {"kind": item.kind, "title": item.title, "sha256": item.sha256}
    return shown | ({"file_id": item.file_id} if item.file_id else {})
