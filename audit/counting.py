"""The count, made once more from the logs: which entries each event must have caused."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations, islice

from audit import places
from audit.books import Books, Event
from audit.rules import Indicator, Plan
from contract.message import shard_of
from contract.subscriptions import COUNTING_QUEUES

Place = tuple[str, str, str]  # (fact, region, day)
Steps = dict[Place, Decimal]
Subject = tuple[str, str]  # (indicator, subject)

_DEDUCTION = "deduction"
_ORDERS = 2000  # of what two queues brought, tried at most


@dataclass(frozen=True, slots=True)
class Fact:
    """What one event says of one subject. ``held`` is False once it is another's; ``amount`` None while nothing was
    accepted."""

    id: str
    version: int
    kind: str
    grade: str
    on: str
    since: str
    region: str
    status: str
    verification: str
    held: bool
    amount: Decimal | None
    event: Event


@dataclass(frozen=True, slots=True)
class Entry:
    indicator: str
    subject: str
    fact: str
    region: str
    day: str
    value: Decimal
    service: str
    seq: int | None  # None: of a mend that the log has not placed yet
    event_id: str
    cause: str
    recorded_at: dt.datetime


@dataclass
class Count:
    """What the logs come to. ``entries`` by subject in the order of the log; ``standings``: the facts known of each,
    and the steps that they make; ``late``: what events of two queues may have come to in another order."""

    entries: dict[Subject, list[Entry]]
    steps: dict[Subject, Steps]
    facts: dict[Subject, dict[str, Fact]]
    history: dict[Subject, list[Fact]]
    rules: Mapping[str, Indicator]

    def other_orders(self, subject: Subject) -> Iterator[list[Entry]]:
        """The entries of a subject of whom two queues brought events: a person to or from whom a correction moved a
        certificate. Each queue keeps its own order, and between the two there is none."""
        history = self.history[subject]
        moved = [place for place, fact in enumerate(history) if _queue(fact.event) != _queue_of(subject[1])]
        own = [fact for place, fact in enumerate(history) if place not in moved]
        others = [history[place] for place in moved]
        if not others or not own:
            return
        for taken in islice(combinations(range(len(history)), len(others)), _ORDERS):
            order, mine, theirs = [], iter(own), iter(others)
            for place in range(len(history)):
                order.append(next(theirs) if place in taken else next(mine))
            yield _entries(self.rules[subject[0]], subject, order)[0]


def count(books: Books, plan: Plan) -> Count:
    history: dict[Subject, list[Fact]] = defaultdict(list)
    rules = {one.id: one for one in plan.indicators.values() if one.counted}
    counting: dict[str, list[Indicator]] = defaultdict(list)
    for rule in rules.values():
        counting[rule.service].append(rule)
    for service, read in _READ.items():
        for event in books.log(service):
            for subject, fact in read(event):
                for rule in counting[service]:
                    if service != "reports" or fact.kind in rule.parts:
                        history[rule.id, subject].append(fact)
    found = Count({}, {}, {}, history, rules)
    for key, facts in history.items():
        found.entries[key], found.facts[key], found.steps[key] = _entries(rules[key[0]], key, facts)
    return found


def _entries(rule: Indicator, subject: Subject, history: Sequence[Fact]) -> tuple[list[Entry], dict[str, Fact], Steps]:
    known: dict[str, Fact] = {}
    before: Steps = {}
    entries = []
    for fact in history:
        key = f"{fact.id}/{fact.version}" if rule.rule["fact"] == "award" else fact.id
        if key in known and known[key].version >= fact.version:
            continue
        known[key] = fact
        after = _STEPS[rule.rule["fact"]](rule, list(known.values()))
        for place in after.keys() | before.keys():
            value = after.get(place, Decimal(0)) - before.get(place, Decimal(0))
            if value:
                entries.append(_entry(subject, place, value, fact.event))
        before = after
    return entries, known, before


def _entry(subject: Subject, place: Place, value: Decimal, event: Event) -> Entry:
    return Entry(
        *subject,
        *place,
        value=value,
        service=event.service,
        seq=event.seq,
        event_id=event.id,
        cause=f"{event.service}.{event.type}",
        recorded_at=event.time,
    )


def _certificates(rule: Indicator, facts: Sequence[Fact]) -> Steps:
    """A person counts by the first valid certificate, if it is of the year and none is from before."""
    option = rule.rule
    valid = [
        fact
        for fact in facts
        if fact.held
        and fact.status == "valid"
        and fact.kind == option["occupation"]
        and (not option["levels"] or fact.grade in option["levels"])
        and fact.verification not in option["refused_verifications"]
    ]
    if option["earlier_certificate_excludes"] and any(int(fact.on[:4]) < rule.year for fact in valid):
        return {}
    first = min((fact for fact in valid if int(fact.on[:4]) == rule.year), key=lambda f: (f.on, f.id), default=None)
    return {} if first is None else {(first.id, first.region, first.on): Decimal(1)}


def _awards(rule: Indicator, facts: Sequence[Fact]) -> Steps:
    """A subject counts on the days on which any award of the year stands at the threshold: in at the first such day by
    that day's least award, out at the first day without."""
    ours = [fact for fact in facts if fact.kind == rule.rule["kind"] and int(fact.on[:4]) == rule.year]
    steps: Steps = defaultdict(Decimal)
    counted: Fact | None = None
    for day in sorted({max(fact.on, fact.since) for fact in ours} | {fact.since for fact in ours}):
        newest: dict[str, Fact] = {}
        for fact in ours:
            begun = max(fact.on, fact.since) <= day
            if begun and (fact.id not in newest or newest[fact.id].version < fact.version):
                newest[fact.id] = fact
        standing = [
            fact
            for fact in newest.values()
            if fact.status in rule.rule["statuses"] and int(fact.grade) >= rule.rule["least_stars"]
        ]
        if standing and counted is None:
            counted = min(standing, key=lambda fact: fact.id)
            steps[counted.id, counted.region, day] += 1
        elif not standing and counted is not None:
            steps[counted.id, counted.region, day] -= 1
            counted = None
    return {place: value for place, value in steps.items() if value}


def _reports(rule: Indicator, facts: Sequence[Fact]) -> Steps:
    """Each period counts for what it adds to the figure accepted before it; a deduction for what it takes away."""
    steps: Steps = defaultdict(Decimal)
    before: Decimal = Decimal(0)
    for fact in sorted(facts, key=lambda fact: (fact.on, fact.id)):
        if fact.amount is None:
            continue
        if fact.grade == _DEDUCTION:
            steps[fact.id, fact.region, fact.on] -= fact.amount
        else:
            steps[fact.id, fact.region, fact.on] += fact.amount - before
            before = fact.amount
    return {place: value for place, value in steps.items() if value}


_STEPS: dict[str, Callable[[Indicator, Sequence[Fact]], Steps]] = {
    "certificate": _certificates,
    "award": _awards,
    "report": _reports,
    "sum": _reports,
}


def _certificate_facts(event: Event) -> Iterator[tuple[str, Fact]]:
    data = event.data
    if "certificate_id" not in data:
        return
    fact = Fact(
        id=data["certificate_id"],
        version=data["version"],
        kind=data["occupation"],
        grade=data["level"],
        on=data["issued_on"],
        since=data["issued_on"],
        region=places.code(data["region"]),
        status=data["status"],
        verification=data["verification"],
        held=True,
        amount=None,
        event=event,
    )
    yield data["person_key"], fact
    previous = data.get("previous_person_key")
    if previous and previous != data["person_key"]:
        yield previous, replace(fact, held=False)


def _award_facts(event: Event) -> Iterator[tuple[str, Fact]]:
    data = event.data
    if "award_id" in data:
        yield (
            data["subject_key"],
            Fact(
                id=data["award_id"],
                version=data["version"],
                kind=data["subject_kind"],
                grade=str(data["stars"]),
                on=data["awarded_on"],
                since=data["effective_on"],
                region=places.code(data["region"]),
                status=data["status"],
                verification="",
                held=True,
                amount=None,
                event=event,
            ),
        )


def _report_facts(event: Event) -> Iterator[tuple[str, Fact]]:
    data = event.data
    deducted = "deduction_id" in data
    if not deducted and "figure" not in data:
        return
    amount = data["amount"] if deducted else data["figure"]
    yield (
        f"{data['target_id']}/{data['region']}",
        Fact(
            id=data["deduction_id"] if deducted else data["report_id"],
            version=data["version"],
            kind=data["target_id"],
            grade=_DEDUCTION if deducted else "figure",
            on=data["effective_on"],
            since=data["effective_on"],
            region=places.code(data["region"]),
            status="deducted" if deducted else data["status"],
            verification="",
            held=True,
            amount=None if amount is None else Decimal(amount),
            event=event,
        ),
    )


_READ: dict[str, Callable[[Event], Iterator[tuple[str, Fact]]]] = {
    "certification": _certificate_facts,
    "housekeeping": _award_facts,
    "reports": _report_facts,
}


def _queue(event: Event) -> int:
    return _queue_of(event.data.get("person_key", ""))


def _queue_of(person: str) -> int:
    return shard_of(person) % COUNTING_QUEUES
