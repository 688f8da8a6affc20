"""What becomes of the rows of a roster, given what is recorded already. Pure: the caller writes it down."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from contract.words import CertificateStatus, RowOutcome
from services.certification import access, domain, filings, roster
from services.certification.access import Actor
from services.certification.content import Content
from services.certification.domain import Certificate, Identity
from services.certification.faults import Fault
from services.certification.filings import Filed
from services.certification.jobs import RowResult

Read = tuple[int, Content | tuple[Fault, ...]]


@dataclass(frozen=True)
class Decided:
    """A result for each row, and the certificates to write."""

    results: list[RowResult]
    issued: list[tuple[Certificate, Content]]


def decide(
    rows: Sequence[Read],
    *,
    taken: Mapping[str, Certificate],
    filed: Filed,
    identify: Callable[[Content], Identity],
    new_id: Callable[[], str],
    reporter: Actor,
    import_id: str,
    at: dt.datetime,
) -> Decided:
    """``taken`` has the certificates whose numbers these rows use, by every number; ``filed`` what is filed under the
    names of their assessors. Of several rows with one number the first that can be taken is."""
    known = dict(taken)
    results: list[RowResult] = []
    issued: list[tuple[Certificate, Content]] = []
    for row, said in rows:
        if isinstance(said, tuple):
            results.append(_rejected(row, said))
        elif not reporter.acts_in(said.region):
            results.append(_rejected(row, (access.region_outside(reporter),)))
        elif said.number in known:
            results.append(_again(row, known[said.number], said, identify(said), reporter))
        elif fault := filings.contradiction(
            number=said.number, assessor=said.assessor, issued_on=said.issued_on, filed=filed
        ):
            results.append(_rejected(row, (fault,)))
        else:
            certificate = domain.issue(
                content=said,
                identity=identify(said),
                certificate_id=new_id(),
                organisation=reporter.organisation,
                import_id=import_id,
                at=at,
                by=reporter.client_id,
            )
            known[said.number] = certificate
            issued.append((certificate, said))
            results.append(_created(row, certificate))
    return Decided(results, issued)


def _created(row: int, certificate: Certificate) -> RowResult:
    if certificate.status is CertificateStatus.NEEDS_REVIEW:
        return RowResult(
            row,
            RowOutcome.CREATED,
            certificate.certificate_id,
            zh="证书编号无法自动核对，待复核后计数",
            en="the number cannot be checked automatically: counted once reviewed",
        )
    return RowResult(row, RowOutcome.CREATED, certificate.certificate_id)


def _rejected(row: int, faults: tuple[Fault, ...]) -> RowResult:
    zh, en = roster.explained(faults)
    return RowResult(
        row,
        RowOutcome.REJECTED,
        fields=tuple(dict.fromkeys(fault.field for fault in faults)),
        code=faults[0].code,
        zh=zh,
        en=en,
    )


def _again(row: int, recorded: Certificate, said: Content, identity: Identity, reporter: Actor) -> RowResult:
    """A number that is recorded. What another organisation recorded is not told."""
    differing = domain.differences(recorded=recorded, content=said, identity=identity)
    own = reporter.sees(organisation=recorded.organisation, region=recorded.region)
    outcome = RowOutcome.CONFLICT if differing else RowOutcome.DUPLICATE
    if not differing:
        zh, en = "该证书已登记，内容相同", "recorded already, with the same content"
        if recorded.status is CertificateStatus.REVOKED:
            zh, en = f"{zh}，但已被撤销：如需恢复请联系民政部门", f"{en}, and revoked since"
    elif own:
        names = "、".join(roster.HEADERS[name] for name in differing)
        zh = f"该证书编号已登记，但内容不同：{names}；请核对，确需更正的请走更正流程"
        en = f"the number is recorded with other content: {', '.join(differing)}"
    else:
        zh = "该证书编号已由其他机构登记，且内容不同，请核对编号"
        en = "another organisation recorded this number with other content"
    id = recorded.certificate_id
    return RowResult(row, outcome, id if own else None, zh=zh, en=en, taken=None if own else id)
