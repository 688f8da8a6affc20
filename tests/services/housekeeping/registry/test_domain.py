"""Who may be registered and who may apply; the numbers in it are made up and valid by their check digit only."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from contract.housekeeping import SubjectChanged, SubjectInvalid, SubjectNotActive, SubjectStatus
from contract.words import DocumentType
from services.housekeeping.procedures import domain as procedures
from services.housekeeping.registry import domain as registry
from services.housekeeping.registry.domain import Base, Fusao

TODAY = dt.date(2023, 6, 1)
AT = dt.datetime(2023, 6, 1, tzinfo=dt.UTC)
CODE = "91130100MA0000000Y"  # of GB 32100
BASE = Base(
    base_id="1" * 24,
    version=3,
    credit_code=CODE,
    name="示例家政",
    region="130102",
    organisation="base-1",
    legal_representative="示*",
    led_by_a_woman=False,
    registered_on=dt.date(2021, 6, 1),
    staff=10,
    women=6,
    employed=0,
    certified=0,
    status=SubjectStatus.ACTIVE,
    history=(),
)
FUSAO = Fusao("2" * 32, 1, "示*", "1" + "*" * 17, "1" * 24, "130102", "base-1", (), SubjectStatus.ACTIVE, ())


def with_rule(kind: str, **rule: Any) -> procedures.Procedure:
    found = procedures.procedure("stars-2")
    return replace(found, eligibility=found.eligibility | {kind: found.eligibility[kind] | rule})


def unmet(awarded_by_city: bool = False, rule: dict[str, Any] | None = None, **changes: Any) -> list[str]:
    faults = registry.unmet_by_base(
        replace(BASE, **changes),
        procedure=with_rule("base", **rule or {}),
        awarded_by_city=awarded_by_city,
        today=TODAY,
    )
    return [fault["code"] for fault in faults]


def test_a_base_may_apply_from_the_day_on_which_it_is_two_years_old() -> None:
    assert unmet() == []
    assert unmet(registered_on=dt.date(2021, 6, 2)) == ["too_young"]
    assert unmet(rule={"years_registered": 3}, registered_on=dt.date(2020, 2, 29)) == []
    assert unmet(rule={"years_registered": 1}, registered_on=dt.date(2022, 6, 2)) == ["too_young"]


def test_registered_on_the_29th_of_february_it_is_of_age_on_the_1st_of_march() -> None:
    leap = replace(BASE, registered_on=dt.date(2020, 2, 29))
    for day, codes in ((dt.date(2022, 2, 28), ["too_young"]), (dt.date(2022, 3, 1), [])):
        faults = registry.unmet_by_base(leap, procedure=with_rule("base"), awarded_by_city=False, today=day)
        assert [fault["code"] for fault in faults] == codes


def test_it_is_led_by_a_woman_or_six_in_ten_of_its_staff_are_women() -> None:
    assert unmet(women=5) == ["women"]
    assert unmet(women=5, led_by_a_woman=True) == []
    assert unmet(women=59, staff=100) == ["women"]
    assert unmet(women=60, staff=100) == []


def test_what_a_later_procedure_demands_is_demanded() -> None:
    assert unmet(rule={"employed_percent": 30}, employed=2) == ["employed"]
    assert unmet(rule={"employed_percent": 30}, employed=3) == []
    assert unmet(rule={"city_honour": True}) == ["city_honour"]
    assert unmet(awarded_by_city=True, rule={"city_honour": True}) == []
    for held, codes in ((1, ["certificates"]), (2, [])):
        faults = registry.unmet_by_fusao(FUSAO, procedure=with_rule("fusao", certificates=2), certificates=held)
        assert [fault["code"] for fault in faults] == codes


def test_who_is_merged_or_closed_does_not_apply() -> None:
    assert unmet(status=SubjectStatus.MERGED) == ["not_active"]
    closed = replace(FUSAO, status=SubjectStatus.CLOSED)
    faults = registry.unmet_by_fusao(closed, procedure=with_rule("fusao"), certificates=0)
    assert [fault["code"] for fault in faults] == ["not_active"]
    registry.require_active(FUSAO)
    with pytest.raises(SubjectNotActive):
        registry.require_active(closed)


def check(**changes: Any) -> list[str]:
    given = {"credit_code": CODE, "staff": 10, "women": 10, "employed": 10, "certified": 10, "registered_on": TODAY}
    try:
        assert registry.check_base(**given | changes, today=TODAY) == CODE
    except SubjectInvalid as refused:
        return [error["pointer"] for error in refused.errors]
    return []


def test_every_particular_at_fault_is_named_at_once() -> None:
    assert check() == []
    assert check(credit_code=" 91130100-MA000000 0y") == [], "as people write it"
    later = TODAY + dt.timedelta(days=1)
    given = {"credit_code": CODE[:-1] + "X", "women": 11, "employed": 11, "certified": 11, "registered_on": later}
    assert check(**given) == ["/credit_code", "/women", "/employed", "/certified", "/registered_on"]


def read(kind: DocumentType, text: str) -> str | None:
    try:
        return registry.read_document(kind, text)
    except SubjectInvalid:
        return None


def test_a_document_number_is_read_as_certification_reads_it() -> None:
    assert read(DocumentType.RESIDENT_ID, " １30102 19900101 123x ".replace("123x", "0011")) is None
    assert read(DocumentType.RESIDENT_ID, "11010519491231002X") == "11010519491231002X"
    assert read(DocumentType.RESIDENT_ID, "１１0105 19491231 002x") == "11010519491231002X"
    assert read(DocumentType.RESIDENT_ID, "110105194912310021") is None
    assert read(DocumentType.RESIDENT_ID, "1101051949123100") is None
    assert read(DocumentType.PASSPORT, "e 12345678") == "E12345678"
    for text, sound in (("A123", False), ("A1234", True), ("A" * 15, True), ("A" * 16, False), ("A12-45", False)):
        assert (read(DocumentType.PASSPORT, text) is not None) is sound, text
    assert read(DocumentType.PASSPORT, "АБВГД") is None, "Cyrillic is no passport's number"


def test_the_mask_of_a_document_tells_no_birthday() -> None:
    assert registry.masked_document("11010519491231002X") == "110*************2X"
    assert registry.masked_document("E12345678") == "E*******8"


def test_a_change_is_kept_beside_what_was_before_it() -> None:
    after = registry.changed(
        BASE, "updated", at=AT, by="c", reason="更正", name="新名", staff=10, registered_on=dt.date(2020, 1, 1)
    )
    assert (after.version, after.name, after.registered_on) == (4, "新名", dt.date(2020, 1, 1))
    (change,) = after.history
    assert (change.version, change.what, change.at, change.by, change.reason) == (4, "updated", AT, "c", "更正")
    assert change.before == {"name": "示例家政", "registered_on": "2021-06-01"}


def test_who_decided_on_another_version_is_told_the_present_one() -> None:
    registry.check_version(BASE, None)
    registry.check_version(BASE, 3)
    with pytest.raises(SubjectChanged) as refused:
        registry.check_version(BASE, 2)
    assert refused.value.facts == {"version": 3}


def test_a_place_is_given_down_to_its_county() -> None:
    assert registry.county("石家庄市长安区") == "130102"
    assert registry.county("130682") == "130682"
    with pytest.raises(SubjectInvalid):
        registry.county("130100")
