"""When a person counts, and what each fact changes. Pure: the same facts in any order come to the same count."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal

from contract.words import CertificateStatus, Status


@dataclass(frozen=True)
class Rule:
    """The counting rule of domain.md §4; each clause is an option of the plan file."""

    indicator: str
    year: int
    fact: str  # what counts: "certificate"
    kind: str  # of it: the occupation of a certificate
    grades: frozenset[str] = frozenset()  # that count, such as levels; empty = all
    earlier_excludes: bool = True  # one from before the year keeps its subject out
    refused_verifications: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Fact:
    """What is known of one certificate with regard to one person. ``held`` is False once it is another person's."""

    fact_id: str
    version: int
    fact: str
    kind: str
    grade: str
    on: dt.date
    region: str
    status: str
    verification: str
    held: bool = True


@dataclass(frozen=True)
class Cause:
    """The event by which we know; ``recorded_at`` is when its service recorded it."""

    event_id: str
    event: str
    service: str
    seq: int
    recorded_at: dt.datetime


@dataclass(frozen=True)
class Counted:
    """By which fact, where and since when a subject is counted."""

    fact_id: str
    region: str
    on: dt.date


@dataclass(frozen=True)
class Standing:
    """Everything that holds one subject's count up. ``rev`` grows with each change, for the store's guard."""

    subject: str
    facts: dict[str, Fact] = field(default_factory=dict)
    counted: Counted | None = None
    rev: int = 0


@dataclass(frozen=True)
class Entry:
    """One signed step of the count. Never changed; undone only by another."""

    subject: str
    value: int
    fact_id: str
    region: str
    effective_on: dt.date
    cause: Cause


def counted(rule: Rule, facts: Iterable[Fact]) -> Counted | None:
    """The subject's first valid fact of the rule's kind, when it is of the plan year."""
    valid = [
        fact
        for fact in facts
        if fact.held
        and fact.status == CertificateStatus.VALID
        and (fact.fact, fact.kind) == (rule.fact, rule.kind)
        and (not rule.grades or fact.grade in rule.grades)
        and fact.verification not in rule.refused_verifications
    ]
    if rule.earlier_excludes and any(fact.on.year < rule.year for fact in valid):
        return None
    within = [fact for fact in valid if fact.on.year == rule.year]
    if not within:
        return None
    first = min(within, key=lambda fact: (fact.on, fact.fact_id))
    return Counted(fact_id=first.fact_id, region=first.region, on=first.on)


def told(rule: Rule, standing: Standing, fact: Fact, *, cause: Cause) -> tuple[Standing, list[Entry]]:
    """The standing after one fact, and the steps that this takes the count by. A fact that a newer version already
    settled, or that is told again, changes nothing and gives the same standing back."""
    known = standing.facts.get(fact.fact_id)
    if known is not None and known.version >= fact.version:
        return standing, []
    facts = {**standing.facts, fact.fact_id: fact}
    after = counted(rule, facts.values())
    entries: list[Entry] = []
    before = standing.counted
    if before != after:
        if before is not None:
            entries.append(
                Entry(
                    subject=standing.subject,
                    value=-1,
                    fact_id=before.fact_id,
                    region=before.region,
                    effective_on=before.on,  # it never counted: what it stood on is withdrawn from its beginning
                    cause=cause,
                )
            )
        if after is not None:
            entries.append(
                Entry(
                    subject=standing.subject,
                    value=1,
                    fact_id=after.fact_id,
                    region=after.region,
                    effective_on=after.on,
                    cause=cause,
                )
            )
    return replace(standing, facts=facts, counted=after, rev=standing.rev + 1), entries


def percent(part: Decimal, whole: Decimal) -> Decimal:
    """Two decimals, halves up; over 100 is printed as it is. The project's one rounding rule."""
    return (part * 100 / whole).quantize(Decimal("0.01"), ROUND_HALF_UP)


def pace(*, begins: dt.date, deadline: dt.date, as_of: dt.date) -> Decimal:
    """序时进度: elapsed days over all days, in percent, from 0 before the year to 100 after its end."""
    days = (deadline - begins).days + 1
    elapsed = min(max((as_of - begins).days + 1, 0), days)
    return percent(Decimal(elapsed), Decimal(days))


def status(*, reached: Decimal, due: Decimal, as_of: dt.date, deadline: dt.date) -> tuple[Status, str]:
    """(status, colour) from percent reached and 序时进度. Colours are a default: met 绿, missed 红, else 蓝 or 黄."""
    if reached >= 100:
        return Status.MET, "绿"
    if as_of > deadline:
        return Status.MISSED, "红"
    return (Status.ON_PACE, "蓝") if reached >= due else (Status.BEHIND, "黄")
