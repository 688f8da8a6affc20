import datetime as dt
from dataclasses import replace

import pytest

from contract import certification as public
from contract.words import CertificateStatus, Verification
from samples import people
from services.certification import content, domain
from services.certification.domain import Identity
from tests.builders import a_certificate

AT = dt.datetime(2023, 6, 1, 8, tzinfo=dt.UTC)
TODAY = AT.date()
OLD_NUMBER = "1303000000200001"


def said(**changes):
    found = content.read(a_certificate(1) | changes, today=TODAY)
    assert isinstance(found, content.Content), found
    return found


def identity(person="a", name="a"):
    return Identity(person=person * 32, holder=name * 32)


def issued(**changes):
    return domain.issue(
        content=said(**changes),
        identity=identity(),
        certificate_id="0" * 24,
        organisation="centre",
        import_id=None,
        at=AT,
        by="client",
    )


def corrected(certificate, given, *, before=None, person=None):
    before = before or said()
    after, changed = content.corrected(before, given, today=TODAY)
    return domain.correct(
        certificate,
        content=after,
        fields_changed=changed,
        identity=person or certificate.identity,
        reason="录入有误",
        at=AT,
        by="client",
    )


def test_a_new_certificate_is_valid_at_version_one_and_says_so():
    facts = domain.facts(issued())
    assert (facts["version"], facts["status"], facts["verification"]) == (1, "valid", "未核验")
    assert facts.keys().isdisjoint({"holder_name", "document_number", "phone", "certificate_number"})


def test_every_step_moves_the_version_by_one_and_is_in_the_history():
    certificate = issued()
    certificate = domain.revoke(certificate, reason="冒名", at=AT, by="bureau")
    certificate = domain.reinstate(certificate, reason="申诉成立", at=AT, by="bureau")
    certificate = domain.verify(certificate, outcome=Verification.PASSED, reason="核对一致", at=AT, by="bureau")
    assert [(change.version, change.event) for change in certificate.history] == [
        (1, "certificate_issued"),
        (2, "certificate_revoked"),
        (3, "certificate_reinstated"),
        (4, "certificate_verified"),
    ]
    assert certificate.version == 4


def test_what_is_revoked_cannot_be_revoked_and_what_stands_cannot_be_reinstated():
    certificate = issued()
    with pytest.raises(public.CertificateNotRevoked):
        domain.reinstate(certificate, reason="r", at=AT, by="b")
    revoked = domain.revoke(certificate, reason="r", at=AT, by="b")
    with pytest.raises(public.CertificateRevokedAlready):
        domain.revoke(revoked, reason="r", at=AT, by="b")


@pytest.mark.parametrize("outcome", list(Verification))
def test_no_outcome_of_the_query_changes_a_certificate_that_can_be_checked(outcome):
    after = domain.verify(issued(), outcome=outcome, reason=None, at=AT, by="b")
    assert after.status is CertificateStatus.VALID
    assert after.verification is outcome


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Verification.PASSED, CertificateStatus.VALID),
        (Verification.NOT_FOUND, CertificateStatus.NEEDS_REVIEW),
        (Verification.MISMATCH, CertificateStatus.NEEDS_REVIEW),
        (Verification.REVOKED, CertificateStatus.NEEDS_REVIEW),
    ],
)
def test_only_a_passed_query_settles_a_certificate_that_needs_review(outcome, status):
    certificate = issued(certificate_number=OLD_NUMBER)
    assert certificate.status is CertificateStatus.NEEDS_REVIEW
    assert domain.verify(certificate, outcome=outcome, reason="核对一致", at=AT, by="b").status is status


def test_a_revoked_certificate_stays_revoked_whatever_the_query_says_or_a_correction_mends():
    revoked = domain.revoke(issued(certificate_number=OLD_NUMBER), reason="r", at=AT, by="b")
    verified = domain.verify(revoked, outcome=Verification.PASSED, reason="核对一致", at=AT, by="b")
    assert verified.status is CertificateStatus.REVOKED
    assert domain.reinstate(verified, reason="r", at=AT, by="b").status is CertificateStatus.VALID
    mended = corrected(revoked, {"region": "130104"}, before=said(certificate_number=OLD_NUMBER))
    assert mended.status is CertificateStatus.REVOKED


def test_a_reinstated_certificate_that_needed_review_needs_it_still():
    revoked = domain.revoke(issued(certificate_number=OLD_NUMBER), reason="r", at=AT, by="b")
    assert domain.reinstate(revoked, reason="r", at=AT, by="b").status is CertificateStatus.NEEDS_REVIEW


def test_a_correction_keeps_the_id_and_names_what_changed():
    after = corrected(issued(), {"region": "130104", "assessor": "另一评价机构"})
    assert after.certificate_id == issued().certificate_id
    assert after.last.fields_changed == ("assessor", "region")
    assert domain.facts(after)["fields_changed"] == ["assessor", "region"]


def test_a_corrected_number_keeps_the_old_one_reserved_and_may_return_to_it():
    first = issued()
    number = people.certificate_number(issued_on=first.issued_on, level="5", serial=99)
    second = corrected(first, {"new_certificate_number": number})
    assert (second.number, second.superseded) == (number, (first.number,))
    third = corrected(second, {"new_certificate_number": first.number}, before=said(certificate_number=number))
    assert (third.number, third.superseded) == (first.number, (number,))


def test_a_correction_to_another_person_says_whose_it_was():
    before = issued()
    moved = corrected(before, {"document_number": people.resident(7).document_number}, person=identity("b"))
    assert domain.facts(moved)["previous_person_key"] == before.identity.person
    assert domain.facts(moved)["person_key"] == "b" * 32
    renamed = corrected(before, {"holder_name": "欧阳一苇"}, person=identity("a", "b"))
    assert "previous_person_key" not in domain.facts(renamed)


def test_what_the_register_confirmed_of_other_facts_is_no_longer_confirmed():
    passed = domain.verify(
        issued(certificate_number=OLD_NUMBER), outcome=Verification.PASSED, reason="核对一致", at=AT, by="b"
    )
    before = said(certificate_number=OLD_NUMBER)
    assert corrected(passed, {"region": "130104"}, before=before).status is CertificateStatus.VALID
    renamed = corrected(passed, {"holder_name": "欧阳一苇"}, before=before)
    assert (renamed.status, renamed.verification) == (CertificateStatus.NEEDS_REVIEW, Verification.UNCHECKED)


def test_a_correction_must_hold_together_as_a_whole():
    with pytest.raises(public.CertificateInvalid) as refused:
        corrected(issued(), {"issued_on": dt.date(2022, 5, 1)})
    assert [error["code"] for error in refused.value.errors] == ["year_contradicts_number"]
    with pytest.raises(public.CertificateInvalid) as refused:
        corrected(issued(), {"new_certificate_number": "nonsense"})
    assert refused.value.errors[0]["pointer"] == "/new_certificate_number"


@pytest.mark.parametrize("given", [{}, {"region": "石家庄市长安区"}, {"level": "初级工"}])
def test_a_correction_that_says_what_is_recorded_is_refused(given):
    with pytest.raises(public.NothingToCorrect):
        corrected(issued(), given)


def test_who_decided_on_another_version_is_told_the_present_one():
    domain.check_version(issued(), None)
    domain.check_version(issued(), 1)
    with pytest.raises(public.CertificateChanged) as refused:
        domain.check_version(issued(), 2)
    assert refused.value.facts == {"version": 1}


@pytest.mark.parametrize(
    ("change", "differing"),
    [
        ({}, ()),
        ({"phone": "15400000001", "remarks": "x"}, ()),
        ({"level": "5", "region": "长安区"}, ()),
        ({"assessor": "另一评价机构"}, ("assessor",)),
        ({"region": "130104", "work_type": "居家"}, ("work_type", "region")),
    ],
)
def test_told_again_it_differs_only_where_it_says_something_else(change, differing):
    assert domain.differences(recorded=issued(), content=said(**change), identity=identity()) == differing


def test_another_person_or_another_name_under_the_number_is_a_difference():
    told = {"recorded": issued(), "content": said()}
    assert domain.differences(**told, identity=identity("b", "b")) == ("document_number",)
    assert domain.differences(**told, identity=identity("a", "b")) == ("holder_name",)
    assert domain.differences(**(told | {"recorded": replace(issued(), number=OLD_NUMBER)}), identity=identity()) == (
        "certificate_number",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"holder_name": "欧阳一苇"},
        {"document_number": people.resident(7).document_number},
        {"new_certificate_number": people.certificate_number(issued_on=dt.date(2023, 5, 1), level="5", serial=99)},
        {"work_type": "居家"},
        {"issued_on": dt.date(2023, 5, 2)},
        {"assessor": "另一评价机构"},
        {"region": "130104"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_corrected_certificate_is_the_one_that_would_have_been_issued(change):
    """Whichever field is put right: all that the certificate says is what the corrected content says."""
    changed = {name.removeprefix("new_"): value for name, value in change.items()}
    right = said(**changed)
    after = corrected(issued(), change, person=identity("b"))
    assert domain.differences(recorded=after, content=right, identity=identity("b")) == ()
    assert after.masked == domain.holders.mask(right.holder)
    assert (after.last.reason, after.last.at, after.last.by) == ("录入有误", AT, "client")


def test_a_certificate_is_recorded_with_whom_when_and_whence():
    certificate = domain.issue(
        content=said(), identity=identity(), certificate_id="0" * 24, organisation="centre", import_id="1" * 24, at=AT,
        by="client",
    )  # fmt: skip
    assert (certificate.organisation, certificate.import_id, certificate.recorded_at) == ("centre", "1" * 24, AT)
    assert certificate.history == (domain.Change(1, "certificate_issued", AT, "client"),)
    assert domain.facts(certificate) == {
        "certificate_id": "0" * 24,
        "version": 1,
        "person_key": "a" * 32,
        "occupation": "养老护理员",
        "level": "5",
        "issued_on": dt.date(2023, 5, 1),
        "region": "130102",
        "status": "valid",
        "verification": "未核验",
        "import_id": "1" * 24,
    }
    assert "import_id" not in domain.facts(issued())
