"""What becomes of each row of a roster, without a database."""

import datetime as dt
from itertools import count

from contract.certification import RowOutcome
from contract.words import CertificateStatus
from services.certification import content, domain
from services.certification.access import Actor as Reporter
from services.certification.domain import Certificate, Identity
from services.certification.filings.domain import Filed, Filing
from services.certification.rosters import domain as rosters
from tests.builders import a_certificate
from tests.services.certification.actors import CENTRE, OTHER_CENTRE

AT = dt.datetime(2023, 6, 1, 8, tzinfo=dt.UTC)
OLD_NUMBER = "1303000000200001"  # which can't be checked


def said(number: int = 1, **changes):
    return content.read(a_certificate(number) | changes, today=AT.date())


def identify(given: content.Content) -> Identity:
    return Identity(given.holder.document_number, given.holder.name)


def decided(*rows, actor: dict = CENTRE, taken: tuple[Certificate, ...] = (), filed: Filed | None = None):
    ids = count(1)
    return rosters.decide(
        [*enumerate(rows, 2)],
        taken={certificate.number: certificate for certificate in taken},
        filed=filed or {},
        believed=True,
        identify=identify,
        new_id=lambda: f"{next(ids):024x}",
        reporter=Reporter.of(actor),
        import_id="f" * 24,
        at=AT,
    )


def test_a_row_that_can_be_taken_is_issued_under_an_id_of_its_own_to_who_uploads_it() -> None:
    found = decided(said(1), said(2))
    assert [(one.row, one.outcome, one.certificate_id) for one in found.results] == [
        (2, RowOutcome.CREATED, f"{1:024x}"),
        (3, RowOutcome.CREATED, f"{2:024x}"),
    ]
    assert {one.zh for one in found.results} == {None}
    assert [(one.organisation, one.import_id, one.recorded_at, one.last.by) for one, _ in found.issued] == [
        ("centre", "f" * 24, AT, "client-centre")
    ] * 2
    assert [one.number for one, _ in found.issued] == [said(1).number, said(2).number]


def test_a_row_whose_number_cannot_be_checked_says_that_it_counts_once_reviewed() -> None:
    found = decided(said(certificate_number=OLD_NUMBER))
    assert found.issued[0][0].status is CertificateStatus.NEEDS_REVIEW
    assert found.results[0].zh == "证书编号无法自动核对，待复核后计数"


def test_of_two_rows_with_one_number_the_first_that_can_be_taken_is() -> None:
    found = decided(said(1, region="nowhere"), said(1), said(1), said(1, assessor="另一评价机构"))
    assert [one.outcome.value for one in found.results] == ["rejected", "created", "duplicate", "conflict"]
    assert found.results[0].fields == ("region",)
    assert len(found.issued) == 1


def test_what_another_organisation_recorded_is_not_told() -> None:
    ((theirs, _),) = decided(said(1), actor=OTHER_CENTRE).issued
    same, different = decided(said(1), said(1, work_type="居家"), taken=(theirs,)).results
    assert (same.outcome, different.outcome) == (RowOutcome.DUPLICATE, RowOutcome.CONFLICT)
    for result in (same, different):
        assert (result.certificate_id, result.taken) == (None, theirs.certificate_id)
        assert "work_type" not in str(result.en)
    own = decided(said(1, work_type="居家"), actor=OTHER_CENTRE, taken=(theirs,)).results[0]
    assert (own.certificate_id, own.taken) == (theirs.certificate_id, None)
    assert "work_type" in str(own.en)


def test_who_uploads_again_what_was_revoked_is_told_so() -> None:
    ((mine, _),) = decided(said(1)).issued
    revoked = domain.revoke(mine, reason="冒名", at=AT, by="bureau")
    assert "已被撤销" in str(decided(said(1), taken=(revoked,)).results[0].zh)
    assert "已被撤销" not in str(decided(said(1), taken=(mine,)).results[0].zh)


def test_a_row_outside_the_region_of_who_uploads_is_rejected_by_its_region() -> None:
    found = decided(said(1, region="130202"), actor=CENTRE | {"region": "130100"})
    assert (found.results[0].outcome, found.results[0].fields) == (RowOutcome.REJECTED, ("region",))


def test_a_row_outside_the_region_and_against_its_assessors_filing_says_both() -> None:
    filing = Filing(number_prefixes=frozenset({"Y000113000000"}), valid_from=dt.date(2022, 1, 1), valid_until=None)
    row = said(1, region="130202")
    found = decided(row, actor=CENTRE | {"region": "130100"}, filed={row.assessor: [filing]})
    assert found.results[0].fields == ("region", "certificate_number")
