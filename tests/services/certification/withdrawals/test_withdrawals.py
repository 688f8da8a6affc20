"""An inspection's order revokes a certificate, and only that order gives it back."""

import datetime as dt
import itertools
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contract import certification as public
from contract.message import Event, Said
from contract.withdrawals import WithdrawalLifted, WithdrawalOrdered
from contract.words import CertificateStatus, Verification
from runtime import clock, mongo
from services.certification import content, domain
from services.certification.domain import Certificate
from services.certification.service import Certification
from services.certification.store import Certificates
from services.certification.withdrawals import domain as withdrawals
from services.certification.withdrawals.domain import BY, Order
from tests.builders import a_certificate, write_roster
from tests.interleaved import interleaved
from tests.services.certification.actors import BUREAU, CENTRE
from tests.services.certification.builders import Rosters, papers

Log = Callable[[], list[Said]]
AT = dt.datetime(2023, 8, 1, tzinfo=dt.UTC)
ORDER = "a" * 24


def an_order(
    certificate_id: str, *, version: int = 1, order_id: str = ORDER, lifted: bool = False, fact: str = "certificate"
) -> Said:
    event = WithdrawalLifted if lifted else WithdrawalOrdered
    envelope = event.said(
        id=mongo.new_id(),
        subject=order_id,
        about=certificate_id,
        at=AT,
        order_id=order_id,
        version=version,
        inspection_id="b" * 24,
        finding_id="c" * 24,
        target_id="12.1",
        fact=fact,
        fact_id=certificate_id,
        region="130102",
        amount=Decimal(1),
        effective_on=dt.date(2023, 5, 1),
        reason="查无实据" if not lifted else "复查通过",
        ordered_by="inspector",
    )
    return Event.heard(envelope | {"seq": 1})


@pytest.fixture
def said(certificates: Certificates) -> Log:
    return lambda: [Event.heard(row["event"]) for row in certificates.store["outbox"].find().sort("_id", 1)]


@pytest.fixture
def issued(service: Certification) -> dict[str, Any]:
    return service.issue_certificate(a_certificate(1), CENTRE)


def now(service: Certification, issued: dict[str, Any]) -> dict[str, Any]:
    return service.certificate(issued["certificate_number"], CENTRE)


def answers(said: Log) -> list[tuple[int, bool, str | None]]:
    return [
        (event.data["order_version"], event.data["done"], event.data["reason"])
        for event in said()
        if event.event is public.WithdrawalAnswered
    ]


def test_an_order_revokes_the_certificate_and_says_so_in_one_transaction(
    service: Certification, issued: dict[str, Any], said: Log
) -> None:
    service.on_withdrawal(an_order(issued["certificate_id"]))
    step = now(service, issued)["history"][-1]
    assert (step["event"], step["by"], step["reason"]) == ("certificate_revoked", BY, f"督导核减 {ORDER}：查无实据")
    assert [event.event for event in said()] == [
        public.CertificateIssued,
        public.CertificateRevoked,
        public.WithdrawalAnswered,
    ]
    assert answers(said) == [(1, True, None)]


def test_a_lifted_order_gives_it_back(service: Certification, issued: dict[str, Any], said: Log) -> None:
    service.on_withdrawal(an_order(issued["certificate_id"]))
    service.on_withdrawal(an_order(issued["certificate_id"], version=2, lifted=True))
    assert (now(service, issued)["status"], now(service, issued)["version"]) == ("valid", 3)
    assert answers(said) == [(1, True, None), (2, True, None)]


@pytest.mark.parametrize("told", list(itertools.product((1, 2), repeat=3)), ids=str)
def test_orders_told_again_and_out_of_order_settle_at_the_newest(
    service: Certification, issued: dict[str, Any], said: Log, told: tuple[int, ...]
) -> None:
    for version in told:
        service.on_withdrawal(an_order(issued["certificate_id"], version=version, lifted=version == 2))
    assert now(service, issued)["status"] == ("valid" if 2 in told else "revoked")
    assert [answer[0] for answer in answers(said)] == sorted({*told} if told[0] == 1 else {2})
    assert all(done for _, done, _ in answers(said))


def test_what_is_not_there_or_revoked_already_is_answered_with_the_reason(
    service: Certification, issued: dict[str, Any], said: Log
) -> None:
    service.on_withdrawal(an_order("f" * 24, order_id="1" * 24))
    revocation = {"certificate_number": issued["certificate_number"], "reason": "机构撤销", "evidence": papers(service)}
    service.revoke_certificate(revocation, BUREAU)
    service.on_withdrawal(an_order(issued["certificate_id"]))
    service.on_withdrawal(an_order(issued["certificate_id"], version=2, lifted=True))
    assert answers(said) == [(1, False, "没有这张证书"), (1, False, "证书此前已撤销"), (2, True, None)]
    assert now(service, issued)["status"] == "revoked", "the bureau's revocation is not the order's to lift"


def test_the_bureau_does_not_give_back_what_an_inspection_withdrew(
    service: Certification, issued: dict[str, Any]
) -> None:
    service.on_withdrawal(an_order(issued["certificate_id"]))
    reinstate = {"certificate_number": issued["certificate_number"], "reason": "申诉成立", "evidence": papers(service)}
    with pytest.raises(public.WithdrawnByInspection):
        service.reinstate_certificate(reinstate, BUREAU)
    service.on_withdrawal(an_order(issued["certificate_id"], version=2, lifted=True))
    service.revoke_certificate(reinstate, BUREAU)
    assert service.reinstate_certificate(reinstate, BUREAU)["status"] == "valid"


def test_what_stands_on_a_roster_that_was_recalled_meanwhile_is_not_given_back(
    service: Certification, rosters: Rosters, said: Log, tmp_path: Path
) -> None:
    job = rosters.work(rosters.start(write_roster(tmp_path / "a.csv", [a_certificate(2)])))
    (issued,) = service.certificates(CENTRE, import_id=job["import_id"])["items"]
    service.on_withdrawal(an_order(issued["certificate_id"]))
    service.recall_import({"import_id": job["import_id"], "reason": "整批造假"}, CENTRE)
    rosters.work(job)
    service.on_withdrawal(an_order(issued["certificate_id"], version=2, lifted=True))
    assert answers(said)[-1] == (2, False, "证书所在的花名册已整批撤回")
    assert now(service, issued)["status"] == "revoked"


def test_a_recall_that_begins_while_an_order_is_lifted_leaves_nothing_of_the_roster_standing(
    service: Certification, rosters: Rosters, said: Log, tmp_path: Path
) -> None:
    job = rosters.work(rosters.start(write_roster(tmp_path / "a.csv", [a_certificate(2)])))
    (issued,) = service.certificates(CENTRE, import_id=job["import_id"])["items"]
    service.on_withdrawal(an_order(issued["certificate_id"]))

    def recall() -> None:
        service.recall_import({"import_id": job["import_id"], "reason": "整批造假"}, CENTRE)
        assert rosters.work(job)["state"] == "recalled"

    lift = an_order(issued["certificate_id"], version=2, lifted=True)
    assert interleaved(lambda: service.on_withdrawal(lift), recall) == (None, None)
    assert now(service, issued)["status"] == "revoked"
    assert answers(said)[-1] == (2, False, "证书所在的花名册已整批撤回")


@pytest.mark.parametrize("fact", ["award", "report"])
def test_the_orders_of_other_owners_change_nothing(
    service: Certification, issued: dict[str, Any], said: Log, fact: str
) -> None:
    service.on_withdrawal(an_order(issued["certificate_id"], fact=fact))
    assert now(service, issued)["status"] == "valid"
    assert answers(said) == []


_CERTIFICATE_STEPS = st.lists(st.sampled_from(["order", "lift", "revoke", "reinstate"]), max_size=12)


@hypothesis_settings(max_examples=200)
@given(_CERTIFICATE_STEPS)
def test_whatever_else_happens_only_what_the_order_took_is_given_back(steps: list[str]) -> None:
    """Against a model that knows by whom it is revoked now."""
    certificate, order, version, revoked_by = _valid(), None, 0, None
    for step in steps:
        if step == "revoke" and revoked_by is None:
            certificate, revoked_by = domain.revoke(certificate, reason="机构撤销", at=AT, by="bureau"), "bureau"
        elif step == "reinstate" and revoked_by is not None:
            certificate, revoked_by = domain.reinstate(certificate, reason="恢复", at=AT, by="bureau"), None
        elif step in ("order", "lift"):
            version += 1
            given = {"order_id": ORDER, "version": version, "certificate_id": "d" * 24, "reason": "督导", "at": AT}
            if step == "order":
                order, after = withdrawals.withdraw(certificate, **given)  # type: ignore[arg-type]
                revoked_by = revoked_by if after is None else f"order {after.version}"
            else:
                ours = order is not None and revoked_by == f"order {order.revoked_as}"
                order, after = withdrawals.give_back(certificate, order, recalled=False, **given)  # type: ignore[arg-type]
                assert (after is not None) == ours
                revoked_by = None if ours else revoked_by
            certificate = after or certificate
        assert (certificate.status is CertificateStatus.REVOKED) == (revoked_by is not None)


def _valid() -> Certificate:
    said = content.read(
        public.IssueCertificate.read(a_certificate(1)), today=clock.day_of(dt.datetime(2023, 8, 1, tzinfo=dt.UTC))
    )
    assert not isinstance(said, tuple)
    return domain.issue(
        content=said,
        identity=domain.Identity("0" * 32, "1" * 32),
        certificate_id="d" * 24,
        organisation="centre",
        import_id=None,
        at=AT,
        by="centre",
    )


def test_of_an_order_that_took_nothing_nothing_is_given_back() -> None:
    answer, after = withdrawals.give_back(
        _valid(),
        Order(ORDER, 1, "d" * 24, False, "证书此前已撤销"),
        order_id=ORDER,
        version=2,
        certificate_id="d" * 24,
        reason="复查通过",
        recalled=False,
        at=AT,
    )
    assert (answer.done, after) == (True, None)


def test_what_an_inspection_withdrew_stays_withdrawn_though_it_is_verified_since() -> None:
    given = {"order_id": ORDER, "version": 1, "certificate_id": "d" * 24, "reason": "督导", "at": AT}
    _, withdrawn = withdrawals.withdraw(_valid(), **given)  # type: ignore[arg-type]
    assert withdrawn is not None
    verified = domain.verify(withdrawn, outcome=Verification.PASSED, reason="联网核验", at=AT, by="bureau")
    with pytest.raises(public.WithdrawnByInspection):
        withdrawals.check_not_withdrawn(verified)
