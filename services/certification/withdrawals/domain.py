"""What an inspection's order does to a certificate: withdrawn, or given back. Pure.

Only what the order itself took away is given back: a revocation by anybody else since then, or the recall of the whole
roster, stands on reasons of its own.
"""

import datetime as dt
from dataclasses import dataclass

from contract.certification import WithdrawnByInspection
from contract.words import CertificateStatus
from services.certification import domain
from services.certification.domain import Certificate

BY = "inspections"


@dataclass(frozen=True, slots=True)
class Order:
    """What was told last of an order, and what came of it. ``revoked_as``: the certificate's version that it made."""

    order_id: str
    version: int
    certificate_id: str
    done: bool
    reason: str | None = None
    revoked_as: int | None = None


def withdraw(
    certificate: Certificate | None, *, order_id: str, version: int, certificate_id: str, reason: str, at: dt.datetime
) -> tuple[Order, Certificate | None]:
    """The answer, and the certificate as it is then, if that changes it."""
    if certificate is None:
        return Order(order_id, version, certificate_id, False, "没有这张证书"), None
    if certificate.status is CertificateStatus.REVOKED:
        return Order(order_id, version, certificate_id, False, "证书此前已撤销"), None
    after = domain.revoke(certificate, reason=f"督导核减 {order_id}：{reason}", at=at, by=BY)
    return Order(order_id, version, certificate_id, True, revoked_as=after.version), after


def give_back(
    certificate: Certificate | None,
    before: Order | None,
    *,
    order_id: str,
    version: int,
    certificate_id: str,
    reason: str,
    recalled: bool,
    at: dt.datetime,
) -> tuple[Order, Certificate | None]:
    """``recalled``: the roster by which it came was recalled meanwhile. Told before the order itself, nothing was taken
    and nothing need be given back."""
    if certificate is None:
        return Order(order_id, version, certificate_id, False, "没有这张证书"), None
    if before is None or before.revoked_as is None or certificate.status is not CertificateStatus.REVOKED:
        return Order(order_id, version, certificate_id, True), None
    fault = None
    if _revoked_as(certificate) != before.revoked_as:
        fault = "核减之后证书又被撤销"
    elif recalled:
        fault = "证书所在的花名册已整批撤回"
    if fault:
        return Order(order_id, version, certificate_id, False, fault), None
    after = domain.reinstate(certificate, reason=f"督导恢复 {order_id}：{reason}", at=at, by=BY)
    return Order(order_id, version, certificate_id, True), after


def check_not_withdrawn(certificate: Certificate) -> None:
    """Raises WithdrawnByInspection: whom an inspection found at fault does not undo it themselves."""
    last = next((change for change in reversed(certificate.history) if change.event == "certificate_revoked"), None)
    if certificate.status is CertificateStatus.REVOKED and last is not None and last.by == BY:
        raise WithdrawnByInspection(
            "该证书由督导核减，须整改并复查通过后由督导恢复",
            "an inspection withdrew this certificate: it is given back once the re-check is passed",
        )


def _revoked_as(certificate: Certificate) -> int | None:
    """The version that its present revocation made."""
    revocations = [change.version for change in certificate.history if change.event == "certificate_revoked"]
    return max(revocations, default=None)
