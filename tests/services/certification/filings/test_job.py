"""A certificate counts by its body's filing, which the centre that posts it has no hand in."""

import dataclasses
import datetime as dt
from typing import Any

import pytest

from contract import certification as public
from contract.message import Event
from runtime import mongo
from runtime.config import Config
from services.certification.filings.job import Accepting
from services.certification.service import Certification
from tests.builders import a_certificate, write_roster
from tests.services.certification.actors import BUREAU, CENTRE
from tests.services.certification.builders import Rosters
from tests.services.certification.filings.test_filings import OTHER, OWN, heard


@pytest.fixture
def strict(settings: Config) -> Config:
    return dataclasses.replace(settings, unfiled_believed=False)


@pytest.fixture
def service(strict: Config) -> Certification:
    found = Certification()
    found.settings = strict  # type: ignore[assignment]
    return found


def statuses(config: Config) -> list[str]:
    """Of the events that were published, oldest first: a count follows the status."""
    rows = mongo.database(config, "certification")["outbox"].find().sort("_id", 1)
    return [Event.heard(row["event"]).data["status"] for row in rows]


def accept(strict: Config) -> bool:
    """One look of a worker that has just started."""
    return Accepting(strict).work()


def test_what_a_body_has_not_filed_does_not_count_whoever_posts_it_until_the_filing_is_there(
    service: Certification, strict: Config
) -> None:
    issued = service.issue_certificate(a_certificate(1), CENTRE)
    assert (issued["status"], issued["filed"]) == ("needs_review", False)
    moved = service.correct_certificate(
        {"certificate_number": issued["certificate_number"], "region": "130104", "reason": "更正地区"}, CENTRE
    )
    assert moved["status"] == "needs_review"
    check = {"certificate_number": issued["certificate_number"], "outcome": "核验通过", "reason": "属实"}
    with pytest.raises(public.ActionNotAllowed):
        service.verify_certificate(check, CENTRE)
    assert not accept(strict)

    service.on_filing(heard(number_prefixes=[OTHER, OWN]))
    assert accept(strict)
    found = service.certificate(issued["certificate_number"], CENTRE)
    assert (found["status"], found["filed"], found["history"][-1]["by"]) == ("valid", True, "filings")
    assert statuses(strict) == ["needs_review", "needs_review", "valid"]
    assert not accept(strict)
    assert service.issue_certificate(a_certificate(2), CENTRE)["status"] == "valid"


@pytest.mark.parametrize(
    "filing",
    [
        heard(number_prefixes=[OTHER]),
        heard(number_prefixes=[OWN], assessor="另一家机构"),
        heard(number_prefixes=[OWN], valid_from=dt.date(2024, 1, 1)),
        heard(number_prefixes=[OWN], valid_until=dt.date(2022, 12, 31), status="withdrawn"),
    ],
    ids=["other numbers", "of another body", "later", "ended before"],
)
def test_a_filing_of_something_else_accepts_nothing(service: Certification, strict: Config, filing: Any) -> None:
    service.issue_certificate(a_certificate(1), CENTRE)
    service.on_filing(filing)
    assert not accept(strict)
    assert statuses(strict) == ["needs_review"]


def test_a_bureau_accepts_what_no_body_has_filed_and_says_why(service: Certification) -> None:
    number = service.issue_certificate(a_certificate(1), CENTRE)["certificate_number"]
    with pytest.raises(public.CertificateInvalid):
        service.verify_certificate({"certificate_number": number, "outcome": "核验通过"}, BUREAU)
    check = {"certificate_number": number, "outcome": "核验通过", "reason": "全国联网查询一致"}
    assert service.verify_certificate(check, BUREAU)["status"] == "valid"


def test_what_was_revoked_meanwhile_stays_revoked(service: Certification, strict: Config) -> None:
    number = service.issue_certificate(a_certificate(1), CENTRE)["certificate_number"]
    service.revoke_certificate({"certificate_number": number, "reason": "误报"}, CENTRE)
    service.on_filing(heard(number_prefixes=[OWN]))
    assert not accept(strict)
    assert statuses(strict) == ["needs_review", "revoked"]


def test_a_roster_of_a_body_that_files_later_counts_from_then_on(
    service: Certification, strict: Config, tmp_path: Any
) -> None:
    rosters = Rosters(service, strict)
    job = rosters.work(rosters.start(write_roster(tmp_path / "r.csv", [a_certificate(number) for number in (1, 2, 3)])))
    assert job["created"] == 3
    (row, *_) = service.import_rows(job["import_id"], CENTRE)["items"]
    assert "备案" in row["reason"]
    assert statuses(strict) == ["needs_review"] * 3
    service.on_filing(heard(number_prefixes=[OWN]))
    assert accept(strict)
    assert statuses(strict)[3:] == ["valid"] * 3
