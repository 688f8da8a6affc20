"""Cases, reviewers and actors for housekeeping's tests. Nobody here exists."""

import datetime as dt
from decimal import Decimal
from typing import Any

from contract import regions
from contract.applications import Channel
from contract.housekeeping import SubjectKind
from contract.words import Role
from runtime.clock import SHANGHAI
from runtime.workdays import Calendar
from services.housekeeping.access import ANYBODY, APPLY, DECIDE, READ, REVIEW, Actor
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases import steps
from services.housekeeping.cases.conditions import Known
from services.housekeeping.cases.domain import Case
from services.housekeeping.cases.notice import Objection
from services.housekeeping.evidence import Evidence
from services.housekeeping.reviewers.domain import Reviewer
from services.housekeeping.reviews import domain as reviews
from services.housekeeping.rubrics import domain as rubrics
from services.housekeeping.rubrics.scoring import Score

COUNTY, CITY = "130102", "130100"
DAY = dt.date(2023, 3, 1)


def noon(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12), SHANGHAI).astimezone(dt.UTC)


def office(region: str, who: str = "") -> Actor:
    scopes = frozenset({READ, DECIDE})
    return Actor(f"fulian-{region}{who}", Role.FEDERATION, region, f"fulian-{region}", scopes)


def applicant(organisation: str = "base-a") -> Actor:
    return Actor(f"client-{organisation}", Role.APPLICANT, COUNTY, organisation, frozenset({READ, APPLY}))


def reviewer(number: int) -> Actor:
    return Actor(f"reviewer-{number}", Role.REVIEWER, regions.PROVINCE, f"school-{number}", frozenset({READ, REVIEW}))


def pool(size: int = 6) -> tuple[Reviewer, ...]:
    return tuple(Reviewer(f"reviewer-{number}", f"school-{number}", None, None) for number in range(size))


def evidence(kind: str = "licence", title: str = "材料") -> Evidence:
    return Evidence(kind, title, "a" * 64)


def all_evidence(kind: SubjectKind = SubjectKind.BASE) -> tuple[Evidence, ...]:
    return tuple(evidence(each) for each in sorted(rubrics.in_force(kind, DAY).evidence))


def known(day: dt.date = DAY, **changes: Any) -> Known:
    return Known(**({"today": day, "at": noon(day), "pool": pool(), "calendar": Calendar()} | changes))


def a_case(kind: SubjectKind = SubjectKind.BASE, day: dt.date = DAY, **changes: Any) -> Case:
    given = {
        "case_id": "1" * 24,
        "kind": kind,
        "subject_key": "2" * 24,
        "name": "示例家政服务有限公司",
        "unit": "示例家政服务有限公司",
        "bases": ("2" * 24,),
        "region": COUNTY,
        "organisation": "base-a",
        "channel": Channel.ORGANISATION,
        "recommender": None,
        "evidence": all_evidence(kind),
        "today": day,
        "at": noon(day),
        "by": "client-base-a",
    }
    return cases.open_case(**(given | changes))


def take(case: Case, transition: str, actor: Actor, day: dt.date = DAY, **changes: Any) -> Case:
    about = changes.pop("known", known(day))
    return steps.take(case, transition, actor=actor, reason="理由", known=about, **changes)


def in_review(day: dt.date = DAY, **changes: Any) -> Case:
    case = take(a_case(day=day, **changes), "submit", applicant(), day)
    case = take(case, "accept", office(COUNTY), day)
    case = take(case, "pass_county", office(COUNTY), day)
    return take(case, "recommend", office(CITY), day)


def marks(case: Case, total: Decimal | int) -> dict[str, Decimal]:
    """Marks that add up to ``total``."""
    left, given = Decimal(total), {}
    for item in case.rubric.items:
        given[item.id] = min(item.weight, left)
        left -= given[item.id]
    return given


def score(case: Case, reviewer_id: str, total: Decimal | int, day: dt.date = DAY, **changes: Any) -> Case:
    return reviews.score(
        case,
        reviewer=reviewer_id,
        given=Score(marks(case, total), changes.pop("vetoes", ())),
        notes={},
        note="评语",
        revises=changes.pop("revises", None),
        today=day,
        at=noon(day),
        calendar=Calendar(),
        pool=changes.pop("pool", pool()),
        loads={},
    )


def scored(*totals: Decimal | int, day: dt.date = DAY) -> Case:
    case = in_review(day)
    for number, total in enumerate(totals):
        case = score(case, cases.active_seats(case)[number].reviewer, total, day)
    return case


def on_notice(day: dt.date = DAY, total: int = 92) -> Case:
    return take(scored(total, total, day=day), "open_notice", office(regions.PROVINCE), day)


def objected(case: Case, day: dt.date, number: int = 1) -> Case:
    """With an objection that nobody has decided on."""
    objection = Objection(f"{number:024d}", len(case.notices), anonymous=True, received_at=noon(day))
    return take(case, "receive_objection", ANYBODY, day, objection=objection)


def answer(case: Case, transition: str, day: dt.date, number: int = 1, who: str = "", **changes: Any) -> Case:
    """Admit or refuse it."""
    more = {"ground": "no_facts"} | changes
    return take(case, transition, office(regions.PROVINCE, who), day, objection_id=f"{number:024d}", **more)


def object_to(case: Case, day: dt.date, number: int = 1) -> Case:
    """With an objection that was admitted: under inquiry."""
    return answer(objected(case, day, number), "admit_objection", day, number)


def case_due(case: Case, day: dt.date, **changes: Any) -> Case:
    return steps.fall_due(case, known(day, **changes))


def ended(day: dt.date = DAY) -> tuple[Case, dt.date]:
    case = on_notice(day)
    after = case.notices[-1].window.ends_on + dt.timedelta(days=1)
    return case_due(case, after), after
