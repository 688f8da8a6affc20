"""When a subject counts, and what each fact changes. Pure: the same facts in any order come to the same count."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import groupby


@dataclass(frozen=True)
class Rule:
    """A counting rule; each clause is an option of the plan file."""

    indicator: str
    year: int
    fact: str  # what counts: "certificate", "award", "activity" or "report"
    kinds: frozenset[str]  # of it: occupations of certificates, base or fusao of awards, indicators of reports
    statuses: frozenset[str] = frozenset({"valid"})  # in which it counts
    grades: frozenset[str] = frozenset()  # that count: levels, or numbers of stars; empty = all
    earlier_excludes: bool = True  # one from before the year keeps its subject out
    refused_verifications: frozenset[str] = frozenset()

    def hears(self, fact: "Fact") -> bool:
        """A correction may change what a certificate is for, so a rule hears of all; a report stays its indicator's."""
        return fact.fact == self.fact and (fact.fact != "report" or fact.kind in self.kinds)


@dataclass(frozen=True)
class Fact:
    """What is known of one certificate, award or report with regard to one subject. ``on`` is the day it was issued or
    awarded, or the last of the period reported; ``since`` the day from which this version of it holds. ``held`` is
    False once it is another subject's. ``amount``: a report's cumulative figure, or what an inspection deducts; None
    while nothing was accepted, and for what counts as one."""

    fact_id: str
    version: int
    fact: str
    kind: str
    grade: str
    on: dt.date
    since: dt.date
    region: str
    status: str
    verification: str = ""
    held: bool = True
    amount: Decimal | None = None

    @property
    def key(self) -> str:
        """A certificate's newest version says all; an award's versions each hold for a time, and all are kept."""
        return f"{self.fact_id}/{self.version}" if self.fact == "award" else self.fact_id


@dataclass(frozen=True)
class Cause:
    """The event by which we know; ``recorded_at`` is when its service recorded it. ``seq`` is None as long as the log
    has given the event no place, which only a mend knows of."""

    event_id: str
    event: str
    service: str
    seq: int | None
    recorded_at: dt.datetime


@dataclass(frozen=True)
class Counted:
    """By which fact, where, since when, until (not including) which day a subject is counted, and as how many."""

    fact_id: str
    region: str
    on: dt.date
    until: dt.date | None = None
    amount: int | Decimal = 1


@dataclass(frozen=True)
class Standing:
    """Everything that holds one subject's count up. ``rev`` grows with each change, for the store's guard."""

    subject: str
    facts: dict[str, Fact] = field(default_factory=dict)
    counted: tuple[Counted, ...] = ()
    rev: int = 0


@dataclass(frozen=True)
class Entry:
    """One signed step of the count. Never changed; undone only by another."""

    subject: str
    value: int | Decimal
    fact_id: str
    region: str
    effective_on: dt.date
    cause: Cause


def counted(rule: Rule, facts: Iterable[Fact]) -> tuple[Counted, ...]:
    """The times in which the subject counts, in order and apart from one another."""
    ours = [fact for fact in facts if fact.fact == rule.fact and fact.kind in rule.kinds]
    return _COUNTED[rule.fact](rule, ours)


def _stands(rule: Rule, fact: Fact) -> bool:
    return (
        fact.held
        and fact.status in rule.statuses
        and (not rule.grades or fact.grade in rule.grades)
        and fact.verification not in rule.refused_verifications
    )


def _certificates(rule: Rule, facts: Iterable[Fact]) -> tuple[Counted, ...]:
    """By the first valid one, if it is of the plan year. One that is revoked never was: it counted on no day."""
    valid = [fact for fact in facts if _stands(rule, fact)]
    if rule.earlier_excludes and any(fact.on.year < rule.year for fact in valid):
        return ()
    within = [fact for fact in valid if fact.on.year == rule.year]
    if not within:
        return ()
    first = min(within, key=lambda fact: (fact.on, fact.fact_id))
    return (Counted(fact_id=first.fact_id, region=first.region, on=first.on),)


def _awards(rule: Rule, facts: Iterable[Fact]) -> tuple[Counted, ...]:
    """By awards made in the plan year, as long as one of them stands at the threshold: each version of an award holds
    until the next one does. Several awards of one subject count once."""
    times: list[Counted] = []
    by_award = groupby(sorted(facts, key=lambda fact: (fact.fact_id, fact.version)), key=lambda fact: fact.fact_id)
    for _, versions in by_award:
        told = list(versions)
        for fact, following in zip(told, [*told[1:], None], strict=True):
            until = following.since if following else None
            begins = max(fact.since, fact.on)
            if fact.on.year == rule.year and _stands(rule, fact) and (until is None or begins < until):
                times.append(Counted(fact_id=fact.fact_id, region=fact.region, on=begins, until=until))
    joined: list[Counted] = []
    for time in sorted(times, key=lambda time: (time.on, time.fact_id)):
        last = joined[-1] if joined else None
        if last is None or (last.until is not None and last.until < time.on):
            joined.append(time)
        elif last.until is not None:
            joined[-1] = replace(last, until=None if time.until is None else max(last.until, time.until))
    return tuple(joined)


def _reports(rule: Rule, facts: Iterable[Fact]) -> tuple[Counted, ...]:
    """By what each period adds to the accepted cumulative figure before it, less what inspections deducted. A stock's
    first figure is its baseline; a corrected period moves what the next one adds."""
    known = sorted((fact for fact in facts if fact.held and fact.amount is not None), key=lambda f: (f.on, f.fact_id))
    times, before = [], Decimal(0)
    for fact in known:
        assert fact.amount is not None
        step = -fact.amount if fact.grade == DEDUCTION else fact.amount - before
        if fact.grade != DEDUCTION:
            before = fact.amount
        if step:
            times.append(Counted(fact_id=fact.fact_id, region=fact.region, on=fact.on, amount=step))
    return tuple(times)


DEDUCTION = "deduction"  # the grade of what an inspection takes off; that of a reported figure is "figure"
_COUNTED = {"certificate": _certificates, "award": _awards, "report": _reports}


def told(rule: Rule, standing: Standing, fact: Fact, *, cause: Cause) -> tuple[Standing, list[Entry]]:
    """The standing after one fact, and the steps that this takes the count by. A fact that a newer version already
    settled, or that is told again, changes nothing and gives the same standing back."""
    known = standing.facts.get(fact.key)
    if known is not None and known.version >= fact.version:
        return standing, []
    facts = {**standing.facts, fact.key: fact}
    after = counted(rule, facts.values())
    standing_after = Standing(subject=standing.subject, facts=facts, counted=after, rev=standing.rev + 1)
    if after == standing.counted:
        return standing_after, []
    steps = _steps(after)
    if standing.counted:
        for place, value in _steps(standing.counted).items():
            steps[place] -= value
    entries = [
        Entry(subject=standing.subject, value=value, fact_id=fact_id, region=region, effective_on=on, cause=cause)
        for (fact_id, region, on), value in sorted(steps.items(), key=lambda step: (step[1], step[0]))
        if value
    ]
    return standing_after, entries


def _steps(times: Iterable[Counted]) -> dict[tuple[str, str, dt.date], int | Decimal]:
    """By how much the count changes, by (fact, region, day)."""
    steps: dict[tuple[str, str, dt.date], int | Decimal] = defaultdict(int)
    for time in times:
        steps[time.fact_id, time.region, time.on] += time.amount
        if time.until is not None:
            steps[time.fact_id, time.region, time.until] -= time.amount
    return steps
