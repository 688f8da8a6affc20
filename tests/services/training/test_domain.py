import datetime as dt
from typing import Any

import pytest

from contract import training as public
from contract.errors import Refused
from contract.regions import RegionUnknown
from contract.training import AssessorKind, CentreStatus, FilingStatus
from services.training import domain
from services.training.domain import Assessor, Centre
from tests.services.training.builders import a_code

AT = dt.datetime(2023, 6, 1, tzinfo=dt.UTC)
TODAY = dt.date(2023, 6, 1)
WRONG = a_code(1)[:-1] + ("0" if a_code(1)[-1] != "0" else "1")


def filed(before: Assessor | None = None, **changes: Any) -> Assessor:
    given = {
        "assessor_id": "9" * 24,
        "credit_code": a_code(1),
        "credit_code_reason": None,
        "name": "河北示例职业技能评价中心",
        "kind": AssessorKind.EMPLOYER,
        "number_prefix": "Y999913000000",
        "valid_from": dt.date(2022, 1, 1),
        "valid_until": None,
        "at": AT,
        "by": "bureau",
    }
    return domain.file_assessor(before, **given | changes)


def registered(**changes: Any) -> Centre:
    given = {
        "centre_id": "8" * 24,
        "credit_code": a_code(1),
        "credit_code_reason": None,
        "name": "石家庄示例培训学校",
        "region": "130102",
        "at": AT,
        "by": "bureau",
    }
    return domain.register_centre(**given | changes)


def withdrawn(assessor: Assessor, reason: str = "不再符合备案条件") -> Assessor:
    return domain.withdraw_filing(assessor, reason=reason, today=TODAY, at=AT, by="bureau")


def faults(refused: pytest.ExceptionInfo[Refused]) -> dict[str, str]:
    return {error["pointer"]: error["code"] for error in refused.value.errors}


def test_sites_add_up_and_a_renewal_does_not_make_the_years_before_unfiled() -> None:
    first = filed(valid_until=dt.date(2023, 12, 31))
    site = filed(first, number_prefix="Y999913000001", valid_until=dt.date(2023, 12, 31))
    renewed = filed(site, valid_from=dt.date(2024, 1, 1), valid_until=dt.date(2026, 12, 31))
    assert renewed.number_prefixes == ("Y999913000000", "Y999913000001")
    assert (renewed.valid_from, renewed.valid_until) == (dt.date(2022, 1, 1), dt.date(2026, 12, 31))
    assert (renewed.assessor_id, renewed.version) == (first.assessor_id, 3)
    assert filed(renewed, valid_from=dt.date(2021, 5, 1)).valid_from == dt.date(2021, 5, 1)
    assert [change.event for change in renewed.history] == ["assessor_filed", "assessor_changed", "assessor_changed"]


def test_filing_what_is_filed_is_refused_and_what_is_new_is_not() -> None:
    first = filed()
    with pytest.raises(public.AssessorAlreadyFiled):
        filed(first, name=" 河北示例职业技能评价中心 ")
    assert filed(first, name="河北示例技能评价中心").version == 2
    assert filed(first, valid_until=dt.date(2025, 1, 1)).version == 2


def test_a_withdrawn_filing_holds_up_to_today_and_can_be_filed_again() -> None:
    gone = withdrawn(filed())
    assert (gone.status, gone.valid_until, gone.history[-1].reason) == (
        FilingStatus.WITHDRAWN,
        TODAY,
        "不再符合备案条件",
    )
    with pytest.raises(public.FilingAlreadyWithdrawn):
        withdrawn(gone)
    again = filed(gone)
    assert (again.status, again.valid_until, again.version) == (FilingStatus.FILED, None, 3)


def test_withdrawing_what_has_ended_does_not_make_it_hold_for_longer() -> None:
    assert withdrawn(filed(valid_until=dt.date(2022, 12, 31))).valid_until == dt.date(2022, 12, 31)


def test_every_fault_of_a_filing_is_told_at_once() -> None:
    before = filed()
    with pytest.raises(public.AssessorInvalid) as refused:
        filed(
            before,
            credit_code=WRONG,
            kind=AssessorKind.SOCIAL,
            valid_until=dt.date(2021, 12, 31),
        )
    assert faults(refused) == {
        "/credit_code": "credit_code",
        "/number_prefix": "kind_contradicts_prefix",
        "/kind": "kind_differs",
        "/valid_until": "period",
    }


def test_a_wrong_credit_code_is_taken_with_a_reason_which_is_kept() -> None:
    with pytest.raises(public.CentreInvalid) as refused:
        registered(credit_code=WRONG)
    assert faults(refused) == {"/credit_code": "credit_code"}
    taken = registered(credit_code=WRONG, credit_code_reason="登记机关出具证明")
    assert taken.credit_code == WRONG
    assert taken.credit_code_reason == "登记机关出具证明"
    assert registered(credit_code_reason="不必要的理由").credit_code_reason is None, "nothing was overridden"


@pytest.mark.parametrize("written", [a_code(1).lower(), "９" + a_code(1)[1:]])
def test_a_credit_code_is_one_however_it_is_written(written: str) -> None:
    assert registered(credit_code=written).credit_code == a_code(1)


def test_a_centre_lies_in_a_city_or_a_county_and_closes_once() -> None:
    assert registered(region="石家庄市长安区").region == "130102"
    assert registered(region="石家庄市").region == "130100"
    with pytest.raises(public.CentreInvalid) as refused:
        registered(region="河北省")
    assert faults(refused) == {"/region": "region_ambiguous"}
    with pytest.raises(RegionUnknown):
        registered(region="110000")
    closed = domain.close_centre(registered(), reason="停止办学", at=AT, by="bureau")
    assert (closed.status, closed.version) == (CentreStatus.CLOSED, 2)
    with pytest.raises(public.CentreAlreadyClosed):
        domain.close_centre(closed, reason="停止办学", at=AT, by="bureau")


def test_who_decided_on_another_version_is_told_so() -> None:
    domain.check_version(filed(), None)
    domain.check_version(filed(), 1)
    with pytest.raises(public.RegistrationChanged) as refused:
        domain.check_version(filed(), 2)
    assert refused.value.facts == {"version": 1}


def test_an_event_tells_the_whole_filing_and_no_reason_or_code() -> None:
    assert domain.facts(withdrawn(filed())) == {
        "assessor_id": "9" * 24,
        "version": 2,
        "assessor": "河北示例职业技能评价中心",
        "number_prefixes": ["Y999913000000"],
        "valid_from": dt.date(2022, 1, 1),
        "valid_until": TODAY,
        "status": "withdrawn",
    }
    assert "valid_until" not in domain.facts(filed())
