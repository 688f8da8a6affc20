"""Awards for the tests. Nobody here exists."""

import datetime as dt
from typing import Any

from contract.housekeeping import RecognisedBy, SubjectKind
from runtime.workdays import Calendar
from services.housekeeping.awards import domain as awards
from services.housekeeping.awards import numbers
from services.housekeeping.awards.domain import Award
from tests.services.housekeeping.builders import evidence, noon

GIVEN = dt.date(2023, 5, 10)


def an_award(**changes: Any) -> Award:
    given = {
        "award_id": "9" * 24,
        "number": numbers.number("JD2023130102", 1),
        "kind": SubjectKind.BASE,
        "subject_key": "2" * 24,
        "name": "示例家政服务有限公司",
        "unit": "示例家政服务有限公司",
        "region": "130102",
        "stars": 5,
        "years": 3,
        "check_days": 30,
        "recognised_by": RecognisedBy.PROVINCE,
        "brand": "河北省妇女联合会",
        "case_id": "1" * 24,
        "awarded_on": GIVEN,
        "at": noon(GIVEN),
        "by": "fulian-130000",
        "reason": "公示无异议",
    }
    return awards.grant(**(given | changes))


def change(award: Award, what: str, day: dt.date = GIVEN, stars: int | None = None) -> Award:
    return awards.change(
        award, what, stars=stars, today=day, at=noon(day), by="fulian-130000", reason="理由", evidence=(evidence(),)
    )


def fall_due(award: Award, day: dt.date) -> Award:
    return awards.fall_due(award, today=day, at=noon(day), calendar=Calendar())
