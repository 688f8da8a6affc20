"""A roster import as a job, and what becomes of its rows, given what is recorded already. Pure: the caller writes it
down."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from contract.certification import ImportNotFound
from contract.words import CertificateStatus, ImportState, RowOutcome
from services.certification import access, domain
from services.certification.access import Actor
from services.certification.content import Content
from services.certification.domain import Certificate, Identity, Proof
from services.certification.faults import Fault
from services.certification.filings.domain import Filed, contradiction, is_filed
from services.certification.rosters import columns

Read = tuple[int, Content | tuple[Fault, ...]]
INTERRUPTED = "interrupted"  # the failure's code when it was not the file's fault


@dataclass(frozen=True, slots=True)
class Failure:
    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Recall:
    """``after`` is the last certificate that it has dealt with."""

    reason: str
    by: str
    at: dt.datetime
    traceparent: str | None
    after: str | None = None
    evidence: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """``last_row`` is the place in the file of the last row that is settled: in the first sheet its number there, the
    header being row 1. ``sheets``: contract.sheets.SheetRead, with the ``base`` that lies between the two."""

    import_id: str
    organisation: str
    client_id: str
    region: str
    file_id: str
    filename: str
    sha256: str
    size: int
    dry_run: bool
    submitted_at: dt.datetime
    traceparent: str | None
    state: ImportState = ImportState.QUEUED
    rows_total: int | None = None
    sheets: tuple[Mapping[str, Any], ...] = ()
    rows_done: int = 0
    last_row: int = 1
    counts: dict[str, int] = field(default_factory=dict)
    recalled: int = 0
    failure: Failure | None = None
    result_file_id: str | None = None
    result_size: int | None = None
    finished_at: dt.datetime | None = None
    recall: Recall | None = None
    attempts: int = 0

    def where(self, place: int) -> tuple[str | None, int]:
        """The sheet in which a row stands, None in a csv, and its number there."""
        found = [sheet for sheet in self.sheets if sheet["is_read"] and sheet["base"] < place]
        return (found[-1]["name"], place - found[-1]["base"]) if found else (None, place)


@dataclass(frozen=True, slots=True)
class RowResult:
    """``row``: its place in the file. ``fields`` are all those at fault; ``code`` is that of the first. ``taken``: the
    certificate that another organisation recorded under the row's number, which the one that uploads is not told."""

    row: int
    outcome: RowOutcome
    certificate_id: str | None = None
    fields: tuple[str, ...] = ()
    code: str | None = None
    zh: str | None = None
    en: str | None = None
    taken: str | None = None


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
    believed: bool,
    identify: Callable[[Content], Identity],
    new_id: Callable[[], str],
    reporter: Actor,
    import_id: str,
    at: dt.datetime,
    notes: Mapping[int, tuple[Fault, ...]] = MappingProxyType({}),
) -> Decided:
    """``notes``: what of a row is left out, by its place. ``taken`` has the certificates whose numbers these rows use,
    by every number; ``filed`` what is filed under the names of their assessors, ``believed`` whether one that has filed
    nothing is. Of several rows with one number the first that can be taken is."""
    known = dict(taken)
    results: list[RowResult] = []
    issued: list[tuple[Certificate, Content]] = []
    for row, said in rows:
        if isinstance(said, tuple):
            results.append(_rejected(row, said))
            continue
        contradicted = contradiction(number=said.number, assessor=said.assessor, issued_on=said.issued_on, filed=filed)
        against_filing = () if contradicted is None else (contradicted,)
        if not reporter.acts_in(said.region):
            results.append(_rejected(row, (access.region_outside(reporter), *against_filing)))
        elif said.number in known:
            results.append(_again(row, known[said.number], said, identify(said), reporter))
        elif against_filing:
            results.append(_rejected(row, against_filing))
        else:
            certificate = domain.issue(
                content=said,
                identity=identify(said),
                certificate_id=new_id(),
                organisation=reporter.organisation,
                import_id=import_id,
                at=at,
                by=reporter.client_id,
                filed=believed
                or is_filed(number=said.number, assessor=said.assessor, issued_on=said.issued_on, filed=filed),
            )
            known[said.number] = certificate
            issued.append((certificate, said))
            results.append(_created(row, certificate, notes.get(row, ())))
    return Decided(results, issued)


def not_found() -> ImportNotFound:
    return ImportNotFound("没有这次导入", "there is no such import")


def _created(row: int, certificate: Certificate, notes: tuple[Fault, ...]) -> RowResult:
    zh, en = [], []
    if not certificate.filed:
        zh.append("评价机构的编号尚未备案，待备案或复核后计数")
        en.append("the assessor has not filed its numbers: counted once it has, or once reviewed")
    elif certificate.status is CertificateStatus.NEEDS_REVIEW:
        zh.append("证书编号无法自动核对，待复核后计数")
        en.append("the number cannot be checked automatically: counted once reviewed")
    if notes:
        noted_zh, noted_en = columns.explained(notes)
        zh.append(f"证书已登记，下列内容未登记：{noted_zh}")
        en.append(f"recorded, but without this: {noted_en}")
    return RowResult(
        row,
        RowOutcome.CREATED,
        certificate.certificate_id,
        fields=tuple(fault.field for fault in notes),
        code=notes[0].code if notes else None,
        zh="；".join(zh)[:500] or None,
        en="; ".join(en)[:500] or None,
    )


def _rejected(row: int, faults: tuple[Fault, ...]) -> RowResult:
    zh, en = columns.explained(faults)
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
        if own and recorded.status is CertificateStatus.REVOKED:
            zh, en = f"{zh}，但已被撤销：如需恢复请联系民政部门", f"{en}, and revoked since"
    elif own:
        names = "、".join(columns.HEADERS[name] for name in differing)
        zh = f"该证书编号已登记，但内容不同：{names}；请核对，确需更正的请走更正流程"
        en = f"the number is recorded with other content: {', '.join(differing)}"
    else:
        zh = "该证书编号已由其他机构登记，且内容不同，请核对编号"
        en = "another organisation recorded this number with other content"
    id = recorded.certificate_id
    return RowResult(row, outcome, id if own else None, zh=zh, en=en, taken=None if own else id)
