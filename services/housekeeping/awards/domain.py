"""An award (认定授牌) and what may happen to it until its end."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from contract.applications import MatterOpen, StandingHigher
from contract.housekeeping import (
    AwardChangedMeanwhile,
    AwardChangeNotAllowed,
    AwardNotFound,
    AwardStatus,
    RecognisedBy,
    Settlement,
    SubjectKind,
)
from runtime.workdays import Calendar
from services.housekeeping.access import CLOCK
from services.housekeeping.evidence import Evidence
from services.housekeeping.matters import Matter, first_open, settled

INSPECTIONS = "inspections"  # by whom an award is withdrawn, and given back
_STANDING = (AwardStatus.VALID, AwardStatus.SUSPENDED)


@dataclass(frozen=True, slots=True)
class AwardStep:
    """``what``: the name of the event that was said, or of what changed no standing (check_opened, award_kept,
    matter_raised, matter_settled). ``effective_on``: the day from which it holds."""

    version: int
    what: str
    effective_on: dt.date
    at: dt.datetime
    by: str
    reason: str | None
    stars: int
    status: AwardStatus
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """年审"""

    opened_on: dt.date
    due_on: dt.date
    concluded_on: dt.date | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that takes effect when a second person confirms it. ``change``: as ``change`` takes them, or end."""

    change: str
    stars: int | None
    by: str
    organisation: str
    at: dt.datetime
    reason: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Award:
    """``name``: a base's, or a 福嫂's with one character masked, and ``unit``, as they were on the award's day.
    ``term_from``: the day of the award or of its last renewal, from which yearly checks are reckoned."""

    award_id: str
    version: int
    number: str
    subject_kind: SubjectKind
    subject_key: str
    name: str
    unit: str
    region: str
    stars: int
    awarded_on: dt.date
    term_from: dt.date
    valid_until: dt.date
    status: AwardStatus
    recognised_by: RecognisedBy
    brand: str
    case_id: str | None
    check_days: int
    history: tuple[AwardStep, ...] = field(repr=False)
    checks: tuple[Check, ...] = ()
    matters: tuple[Matter, ...] = ()
    proposed: Proposal | None = None

    @property
    def standing(self) -> bool:
        return self.status in _STANDING

    @property
    def last(self) -> AwardStep:
        return self.history[-1]

    @property
    def open_matter(self) -> Matter | None:
        return first_open(self.matters)

    @property
    def plaque(self) -> str:
        """牌匾文字"""
        kind = "巾帼家政基地" if self.subject_kind is SubjectKind.BASE else "河北福嫂"
        by = "河北省妇女联合会" if self.recognised_by is RecognisedBy.PROVINCE else self.brand
        given, until = self.awarded_on, self.valid_until
        return (
            f"{'★' * self.stars} {'一二三四五'[self.stars - 1]}星级{kind}\n{self.name}\n{by}\n"
            f"{given.year}年{given.month}月{given.day}日\n编号 {self.number}\n"
            f"有效期至{until.year}年{until.month}月{until.day}日"
        )


def term(day: dt.date, years: int) -> dt.date:
    """The last day of so many years from ``day``."""
    return _anniversary(day, years) - dt.timedelta(days=1)


def grant(
    *,
    award_id: str,
    number: str,
    kind: SubjectKind,
    subject_key: str,
    name: str,
    unit: str,
    region: str,
    stars: int,
    years: int,
    check_days: int,
    recognised_by: RecognisedBy,
    brand: str,
    case_id: str | None,
    awarded_on: dt.date,
    at: dt.datetime,
    by: str,
    reason: str,
    evidence: tuple[Evidence, ...] = (),
) -> Award:
    step = AwardStep(1, "award_granted", awarded_on, at, by, reason, stars, AwardStatus.VALID, evidence)
    return Award(
        award_id=award_id,
        version=1,
        number=number,
        subject_kind=kind,
        subject_key=subject_key,
        name=name,
        unit=unit,
        region=region,
        stars=stars,
        awarded_on=awarded_on,
        term_from=awarded_on,
        valid_until=term(awarded_on, years),
        status=AwardStatus.VALID,
        recognised_by=recognised_by,
        brand=brand,
        case_id=case_id,
        check_days=check_days,
        history=(step,),
    )


def renew(
    award: Award,
    *,
    stars: int,
    years: int,
    case_id: str,
    today: dt.date,
    at: dt.datetime,
    by: str,
    reason: str,
) -> Award:
    """A further case gave the same stars, or more, to a subject whose award stands. Raises StandingHigher."""
    if award.status is not AwardStatus.VALID:
        raise AwardChangeNotAllowed(
            "现有认定已暂停，须先恢复或撤销", "the standing award is suspended: resume or revoke it first"
        )
    if stars < award.stars:
        raise StandingHigher(
            f"现有{award.stars}星认定有效，本次结果为{stars}星，不能授牌",
            f"an award of {award.stars} stars stands, and this outcome gives {stars}",
            facts={"standing": award.stars, "stars": stars},
        )
    what = "award_raised" if stars > award.stars else "award_renewed"
    after = replace(award, stars=stars, term_from=today, valid_until=term(today, years), case_id=case_id)
    return moved(_concluded(after, what, today), what, effective_on=today, at=at, by=by, reason=reason)


def change(
    award: Award,
    what: str,
    *,
    stars: int | None,
    today: dt.date,
    at: dt.datetime,
    by: str,
    reason: str,
    evidence: tuple[Evidence, ...],
) -> Award:
    """lower, suspend, resume, revoke; or keep, which concludes a check. Raises AwardChangeNotAllowed, MatterOpen."""
    valid, suspended = award.status is AwardStatus.VALID, award.status is AwardStatus.SUSPENDED
    possible = {
        "lower": award.standing and stars is not None and 1 <= stars < award.stars,
        "suspend": valid,
        "resume": suspended,
        "revoke": award.standing,
        "keep": valid and any(check.concluded_on is None for check in award.checks),
    }
    if not possible.get(what):
        raise AwardChangeNotAllowed(
            "认定目前的状态不允许此项变更；降星须写明更低的星级，保持须有待办年审",
            "the award's standing has no such change; to lower it name fewer stars, to keep it a check must be open",
            facts={"status": award.status.value, "stars": award.stars, "version": award.version},
        )
    if what in ("keep", "resume") and award.open_matter:
        raise MatterOpen("主体已迁移或合并，须先作出处理决定", "the subject moved or merged: settle that first")
    event = {
        "lower": "award_lowered",
        "suspend": "award_suspended",
        "resume": "award_resumed",
        "revoke": "award_revoked",
    }
    status = {"suspend": AwardStatus.SUSPENDED, "resume": AwardStatus.VALID, "revoke": AwardStatus.REVOKED}
    after = replace(
        award, status=status.get(what, award.status), stars=stars if what == "lower" and stars else award.stars
    )
    name = event.get(what, "award_kept")
    if what != "resume":
        after = _concluded(after, name, today)
    return moved(after, name, effective_on=today, at=at, by=by, reason=reason, evidence=evidence)


def withdrawn(award: Award) -> bool:
    """Whether an inspection took it back, and may give it back."""
    revoked = next((step for step in reversed(award.history) if step.what == "award_revoked"), None)
    return award.status is AwardStatus.REVOKED and revoked is not None and revoked.by == INSPECTIONS


def reinstate(award: Award, *, today: dt.date, at: dt.datetime, by: str, reason: str) -> Award:
    """A revoked one stands again from today, as it stood before its revocation. Raises AwardChangeNotAllowed."""
    revoked = next((step for step in reversed(award.history) if step.what == "award_revoked"), None)
    if award.status is not AwardStatus.REVOKED or revoked is None or award.valid_until < today:
        raise AwardChangeNotAllowed(
            "只有有效期内被撤销的认定才能恢复", "only what was revoked within its term stands again"
        )
    before = next(step for step in award.history if step.version == revoked.version - 1)
    after = replace(award, status=before.status, stars=before.stars)
    return moved(after, "award_reinstated", effective_on=today, at=at, by=by, reason=reason)


def fall_due(award: Award, *, today: dt.date, at: dt.datetime, calendar: Calendar) -> Award:
    """After everything that its days bring up to today, in their order: yearly checks, and its end."""
    while award.standing and (due := due_on(award)) is not None and due <= today:
        if due > award.valid_until:
            ended = replace(award, status=AwardStatus.LAPSED)
            award = moved(ended, "award_lapsed", effective_on=due, at=at, by=CLOCK.client_id, reason="有效期届满")
        else:
            check = Check(due, calendar.after(due, award.check_days))
            opened = replace(award, checks=(*award.checks, check))
            award = moved(opened, "check_opened", effective_on=due, at=at, by=CLOCK.client_id, reason="年度审核")
    return award


def due_on(award: Award) -> dt.date | None:
    """The first day on which the clock has something to do."""
    if not award.standing:
        return None
    since = [check.opened_on for check in award.checks if check.opened_on > award.term_from]
    next_check = _anniversary(award.term_from, len(since) + 1)
    return min(next_check, award.valid_until + dt.timedelta(days=1))


def raise_matter(award: Award, *, kind: str, detail: Mapping[str, str], today: dt.date, at: dt.datetime) -> Award:
    """The subject moved or merged: nothing moves with it until somebody has settled that."""
    after = replace(award, matters=(*award.matters, Matter(kind, detail, at)))
    return moved(after, "matter_raised", effective_on=today, at=at, by=CLOCK.client_id, reason=None)


def settle(
    award: Award,
    decision: Settlement,
    *,
    today: dt.date,
    at: dt.datetime,
    by: str,
    reason: str,
    evidence: tuple[Evidence, ...],
) -> Award:
    """Every open matter, kept or ended. Raises MatterNotOpen."""
    after = replace(award, matters=settled(award.matters, decision, at=at, reason=reason))
    if decision is Settlement.END and award.standing:
        return change(after, "revoke", stars=None, today=today, at=at, by=by, reason=reason, evidence=evidence)
    return moved(after, "matter_settled", effective_on=today, at=at, by=by, reason=reason, evidence=evidence)


def check_version(award: Award, expected: int | None) -> None:
    """Raises AwardChangedMeanwhile."""
    if expected is not None and expected != award.version:
        raise AwardChangedMeanwhile(
            f"认定已被他人更改：当前版本为{award.version}，请重新读取后再提交",
            f"the award has changed and is now at version {award.version}: read it again",
            facts={"version": award.version, "status": award.status.value, "stars": award.stars},
        )


def not_found() -> AwardNotFound:
    return AwardNotFound("没有这项认定", "there is no such award")


def facts(award: Award) -> dict[str, Any]:
    """What the event after the last change says: the whole countable state."""
    return {
        "award_id": award.award_id,
        "version": award.version,
        "subject_kind": award.subject_kind,
        "subject_key": award.subject_key,
        "region": award.region,
        "stars": award.stars,
        "awarded_on": award.awarded_on,
        "effective_on": award.last.effective_on,
        "valid_until": award.valid_until,
        "status": award.status,
        "recognised_by": award.recognised_by,
    }


def moved(
    award: Award,
    what: str,
    *,
    effective_on: dt.date,
    at: dt.datetime,
    by: str,
    reason: str | None,
    evidence: tuple[Evidence, ...] = (),
) -> Award:
    step = AwardStep(award.version + 1, what, effective_on, at, by, reason, award.stars, award.status, evidence)
    return replace(award, version=step.version, history=(*award.history, step))


def _concluded(award: Award, outcome: str, today: dt.date) -> Award:
    checks = tuple(
        check if check.concluded_on else replace(check, concluded_on=today, outcome=outcome) for check in award.checks
    )
    return replace(award, checks=checks)


def _anniversary(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return dt.date(day.year + years, 3, 1)
