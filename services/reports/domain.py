"""What a report line is and what may happen to it. What is needed is handed in: no clock, no database."""

import calendar
import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal

from contract.errors import field_error
from contract.reports import (
    Decision,
    ReportAlreadyDecided,
    ReportChanged,
    ReporterReviewsOwn,
    ReportInvalid,
    ReportUnchanged,
)
from contract.words import ReportStatus, WorkState


@dataclass(frozen=True, slots=True)
class Evidence:
    """``kind`` as its content says, ``size`` in bytes."""

    file_id: str
    sha256: str
    title: str
    kind: str
    size: int


@dataclass(frozen=True, slots=True)
class Content:
    """``cumulative`` or, of an indicator without a number, ``state``. 开工, 建成, 验收 are facts of their own."""

    cumulative: Decimal | None
    state: WorkState | None
    started: Decimal | None
    completed: Decimal | None
    inspected: Decimal | None
    problems: str | None
    next_steps: str | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Filing:
    """``version``: the line's at which it was filed. ``on``: the day in Asia/Shanghai."""

    version: int
    content: Content
    reason: str | None
    by: str
    organisation: str
    at: dt.datetime
    on: dt.date


@dataclass(frozen=True, slots=True)
class Review:
    decision: Decision
    reason: str | None
    by: str
    organisation: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One for each (indicator, region, period). ``filed`` is what was filed last and ``review`` what was decided about
    it; ``accepted`` counts until another filing is accepted."""

    report_id: str
    version: int
    target_id: str
    region: str
    period: str
    effective_on: dt.date
    status: ReportStatus
    filed: Filing
    review: Review | None
    accepted: Filing | None

    @property
    def figure(self) -> Decimal | None:
        return self.accepted.content.cumulative if self.accepted else None


_AFTER = {
    Decision.ACCEPT: ReportStatus.ACCEPTED,
    Decision.RETURN: ReportStatus.RETURNED,
    Decision.REJECT: ReportStatus.REJECTED,
}


def file(
    before: Line | None,
    *,
    report_id: str,
    target_id: str,
    region: str,
    period: str,
    content: Content,
    reason: str | None,
    at: dt.datetime,
    on: dt.date,
    by: str,
    organisation: str,
) -> Line:
    """A first filing, or the next version of the line. Raises ReportInvalid when a decided line is filed again without
    a reason, ReportUnchanged."""
    version = before.version + 1 if before else 1
    filed = Filing(version, content, reason, by, organisation, at, on)
    if before is None:
        return Line(
            report_id=report_id,
            version=version,
            target_id=target_id,
            region=region,
            period=period,
            effective_on=last_day(period),
            status=ReportStatus.FILED,
            filed=filed,
            review=None,
            accepted=None,
        )
    if before.status in (ReportStatus.FILED, ReportStatus.ACCEPTED) and before.filed.content == content:
        raise ReportUnchanged(
            "内容与已填报的相同，无需重复填报", "the same is filed already: there is nothing to file again"
        )
    if reason is None and (before.accepted or before.status is ReportStatus.REJECTED):
        zh = "本期已审定或被驳回，再次填报须说明理由"
        en = "the line was accepted or rejected: say why it is filed again"
        raise invalid(field_error("/reason", "missing", zh, en))
    return replace(before, version=version, status=ReportStatus.FILED, filed=filed, review=None)


def decide(line: Line, decision: Decision, *, reason: str | None, at: dt.datetime, by: str, organisation: str) -> Line:
    """Raises ReporterReviewsOwn, ReportAlreadyDecided, ReportInvalid when a reason is missing."""
    if line.filed.by == by:
        raise ReporterReviewsOwn(
            "填报人不得审核本人填报的内容，请由另一人审核",
            "who filed it does not review it: let a second person do so",
        )
    if line.status is not ReportStatus.FILED:
        raise ReportAlreadyDecided(
            f"没有待审核的内容，现状态为{STATUS_NAMES[line.status]}；如需更改，请先重新填报",
            f"nothing waits for a review, the line is {line.status.value}: to change it, file it again",
            facts={"status": line.status.value},
        )
    if reason is None and decision is not Decision.ACCEPT:
        raise invalid(field_error("/reason", "missing", "退回或驳回须说明理由", "say why it is returned or rejected"))
    return replace(
        line,
        version=line.version + 1,
        status=_AFTER[decision],
        review=Review(decision, reason, by, organisation, at),
        accepted=line.filed if decision is Decision.ACCEPT else line.accepted,
    )


def check_version(line: Line | None, expected: int | None) -> None:
    """Raises ReportChanged when the caller decided on another version than the one recorded."""
    version = line.version if line else 0
    if expected is not None and expected != version:
        raise ReportChanged(
            f"填报内容已被他人更改：当前版本为{version}，请重新读取后再提交",
            f"the line has changed and is now at version {version}: read it again",
            facts={"version": version},
        )


def last_day(period: str) -> dt.date:
    year, month = int(period[:4]), int(period[5:])
    return dt.date(year, month, calendar.monthrange(year, month)[1])


def invalid(*faults: dict[str, str]) -> ReportInvalid:
    return ReportInvalid(
        "填报内容有误，请按所列各项更正后重新提交", "correct the listed fields and send it again", list(faults)
    )


STATUS_NAMES = {
    ReportStatus.FILED: "待审核",
    ReportStatus.RETURNED: "退回修改",
    ReportStatus.ACCEPTED: "已审定",
    ReportStatus.REJECTED: "已驳回",
}
