"""A number has to agree with what its body has filed, where that is known; what is heard late or twice changes
nothing that a newer version already settled."""

import datetime as dt
import itertools
import json
from typing import Any

import pytest

from contract import certification as public
from contract import training
from contract.message import Event, Said
from services.certification.filings.domain import Filing, contradiction
from services.certification.filings.store import Filings
from tests.builders import a_certificate, a_person, write_roster
from tests.services.certification.actors import CENTRE

BODY = "河北示例职业技能评价中心"  # of every a_certificate, whose numbers begin with OWN
OWN, OTHER = "Y999913000000", "Y888813000000"


def heard(version: int = 1, *, event: type[Event] = training.AssessorFiled, **changes: Any) -> Said:
    data = {
        "assessor_id": "9" * 24,
        "version": version,
        "assessor": BODY,
        "number_prefixes": [OTHER],
        "valid_from": dt.date(2022, 1, 1),
        "status": "filed",
        **changes,
    }
    at = dt.datetime(2023, 6, 1, tzinfo=dt.UTC)
    envelope = event.said(id="a" * 24, subject=data["assessor_id"], about=data["assessor_id"], at=at, **data)
    return Event.heard(json.loads(json.dumps(envelope)))


def refused_field(refused: Any) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in refused.value.errors]


def a_filed(*prefixes: str, until: dt.date | None = None) -> Filing:
    return Filing(number_prefixes=frozenset(prefixes), valid_from=dt.date(2023, 1, 1), valid_until=until)


@pytest.mark.parametrize(
    ("number", "assessor", "issued_on", "filed", "contradicts"),
    [
        (f"{OWN}235000001", BODY, dt.date(2023, 5, 1), [a_filed(OWN)], False),
        (f"{OWN}235000001", BODY, dt.date(2023, 5, 1), [a_filed(OTHER)], True),
        (f"{OWN}235000001", BODY, dt.date(2023, 5, 1), [a_filed(OTHER), a_filed(OWN)], False),
        (f"{OWN}235000001", BODY, dt.date(2023, 5, 1), [a_filed(OTHER, OWN)], False),
        (f"{OWN}235000001", BODY, dt.date(2022, 12, 31), [a_filed(OTHER)], False),
        (f"{OWN}235000001", BODY, dt.date(2023, 1, 1), [a_filed(OTHER)], True),
        (f"{OWN}235000001", BODY, dt.date(2023, 5, 1), [a_filed(OTHER, until=dt.date(2023, 5, 1))], True),
        (f"{OWN}235000001", BODY, dt.date(2023, 5, 2), [a_filed(OTHER, until=dt.date(2023, 5, 1))], False),
        (f"{OWN}235000001", "没有备案的机构", dt.date(2023, 5, 1), [a_filed(OTHER)], False),
        ("1234567890123456", BODY, dt.date(2013, 5, 1), [a_filed(OTHER)], False),
        ("TJ12345678901234567890", BODY, dt.date(2023, 5, 1), [a_filed(OTHER)], False),
        ("SY12345678901234567890", BODY, dt.date(2023, 5, 1), [a_filed(OTHER)], False),
    ],
)
def test_a_number_contradicts_only_a_known_filing_that_holds_on_the_day(
    number: str, assessor: str, issued_on: dt.date, filed: list[Filing], contradicts: bool
) -> None:
    found = contradiction(number=number, assessor=assessor, issued_on=issued_on, filed={BODY: filed})
    assert (found is not None) is contradicts
    if found:
        assert (found.field, found.code) == ("certificate_number", "assessor_contradicts_number")


def test_a_certificate_whose_number_contradicts_the_filing_is_refused(service: Any, certificates: Any) -> None:
    service.on_filing(heard())
    with pytest.raises(public.CertificateInvalid) as refused:
        service.issue_certificate(a_certificate(1, assessor=f" {BODY} "), CENTRE)
    assert refused_field(refused) == [("/certificate_number", "assessor_contradicts_number")]
    assert certificates.store["outbox"].count_documents({}) == 0
    service.issue_certificate(a_certificate(2, assessor="没有备案的机构"), CENTRE)
    service.issue_certificate(a_certificate(3, issued_on="2021-05-01"), CENTRE)
    service.issue_certificate(a_certificate(4, certificate_number="1234567890123456"), CENTRE)
    service.on_filing(heard(2, event=training.AssessorChanged, number_prefixes=[OTHER, OWN]))
    service.issue_certificate(a_certificate(1), CENTRE)


def test_after_a_withdrawal_what_was_issued_before_is_still_checked(service: Any) -> None:
    last = dt.date(2023, 4, 30)
    service.on_filing(heard(2, event=training.AssessorWithdrawn, valid_until=last, status="withdrawn"))
    with pytest.raises(public.CertificateInvalid):
        service.issue_certificate(a_certificate(1, issued_on="2023-04-30"), CENTRE)
    service.issue_certificate(a_certificate(1, issued_on="2023-05-01"), CENTRE)


_LIFE = (
    heard(1, number_prefixes=[OTHER]),
    heard(2, event=training.AssessorChanged, number_prefixes=[OTHER, OWN], assessor="改名前的机构"),
    heard(3, event=training.AssessorWithdrawn, number_prefixes=[OTHER, OWN], valid_until=dt.date(2023, 6, 1)),
)


@pytest.mark.parametrize("order", [*itertools.permutations(range(3)), (0, 0, 1, 2, 2, 1, 0), (2, 2)])
def test_late_repeated_and_reordered_the_newest_event_stands(
    service: Any, certificates: Any, order: tuple[int, ...]
) -> None:
    for place in order:
        service.on_filing(_LIFE[place])
    (row,) = certificates.store["filings"].find()
    assert (row["_id"], row["version"], row["assessor"], row["valid_until"]) == ("9" * 24, 3, BODY, "2023-06-01")
    assert row["number_prefixes"] == [OTHER, OWN]


def test_a_later_version_without_an_end_takes_the_end_away(service: Any, certificates: Any) -> None:
    service.on_filing(heard(1, valid_until=dt.date(2023, 1, 31)))
    service.on_filing(heard(2, event=training.AssessorChanged))
    with pytest.raises(public.CertificateInvalid):
        service.issue_certificate(a_certificate(1), CENTRE)


def test_what_is_said_of_centres_is_heard_and_not_kept(service: Any, certificates: Any) -> None:
    told = {"centre_id": "8" * 24, "version": 1, "centre": BODY, "region": "130102", "status": "open"}
    at = dt.datetime(2023, 6, 1, tzinfo=dt.UTC)
    envelope = training.CentreRegistered.said(id="b" * 24, subject="8" * 24, about="8" * 24, at=at, **told)
    service.on_filing(Event.heard(envelope))
    assert certificates.store["filings"].count_documents({}) == 0


def test_what_was_recorded_before_the_filing_stays_and_told_again_is_still_the_same(service: Any) -> None:
    command = a_certificate(1, command_id="k1")
    issued = service.issue_certificate(command, CENTRE)
    service.on_filing(heard())
    assert service.issue_certificate(command, CENTRE) == issued
    with pytest.raises(public.CertificateAlreadyIssued):
        service.issue_certificate(a_certificate(1), CENTRE)
    about = {"certificate_number": issued["certificate_number"], "reason": "更正姓名"}
    renamed = service.correct_certificate({**about, "holder_name": "欧阳一苇"}, CENTRE)
    assert renamed["version"] == 2, "what the filing has no say in can be corrected"


def test_a_correction_into_a_contradiction_is_refused(service: Any) -> None:
    issued = service.issue_certificate(a_certificate(1, assessor="没有备案的机构"), CENTRE)
    service.on_filing(heard(number_prefixes=[OTHER, "Y777713000000"]))
    about = {"certificate_number": issued["certificate_number"], "reason": "更正评价机构"}
    with pytest.raises(public.CertificateInvalid) as refused:
        service.correct_certificate({**about, "assessor": BODY}, CENTRE)
    assert refused_field(refused) == [("/certificate_number", "assessor_contradicts_number")]
    wrong = f"{OWN}235000099"
    with pytest.raises(public.CertificateInvalid) as refused:
        service.correct_certificate({**about, "assessor": BODY, "new_certificate_number": wrong}, CENTRE)
    assert refused_field(refused) == [("/new_certificate_number", "assessor_contradicts_number")]
    right = f"{OTHER}235000001"
    done = service.correct_certificate({**about, "assessor": BODY, "new_certificate_number": right}, CENTRE)
    assert done["certificate_number"] == right


@pytest.mark.parametrize("dry_run", [False, True])
def test_in_a_roster_the_rows_that_contradict_a_filing_are_rejected_and_the_others_are_not(
    service: Any, rosters: Any, tmp_path: Any, dry_run: bool
) -> None:
    known = a_certificate(1)
    service.issue_certificate(known, CENTRE)
    service.on_filing(heard())
    rows = [
        known,
        a_certificate(2),
        a_certificate(3, assessor="没有备案的机构"),
        a_certificate(4, certificate_number=f"{OTHER}235000004"),
        a_certificate(5, certificate_number="1234567890123456", person=a_person(5)),
    ]
    job = rosters.work(rosters.start(write_roster(tmp_path / "r.csv", rows), dry_run=dry_run))
    assert [row["outcome"] for row in rosters.rows(job)] == ["duplicate", "rejected", "created", "created", "created"]
    (rejected,) = rosters.rows(job, "rejected")
    assert (rejected["row"], rejected["field"], rejected["code"]) == (
        3,
        "certificate_number",
        "assessor_contradicts_number",
    )
    assert "证书编号" in rejected["reason"]


def test_a_roster_asks_for_filings_once_for_each_chunk_however_many_rows(
    service: Any, rosters: Any, certificates: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    once = Filings.of
    monkeypatch.setattr(Filings, "of", lambda self, *a: asked.append(1) or once(self, *a))
    path = write_roster(tmp_path / "r.csv", [a_certificate(seed) for seed in range(40)])
    job = rosters.work(rosters.start(path), rows=20)
    assert job["created"] == 40
    assert len(asked) == 2


@pytest.mark.parametrize(
    "typed", ["河北(示例)中心", "河北（示例） 中心", "\u200e河北（示例）中心\u200b", "河北 （ 示例 ） 中心"]
)
def test_no_way_to_write_a_bodys_name_leads_around_its_filing(service: Any, typed: str) -> None:
    service.on_filing(heard(1, assessor="河北（示例）中心"))
    with pytest.raises(public.CertificateInvalid):
        service.issue_certificate(a_certificate(1, assessor=typed), CENTRE)
