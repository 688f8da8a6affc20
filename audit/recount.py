"""Who counts, by the services' own records as they stand now and not from their logs."""

import calendar
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from audit import places
from audit.books import Books
from audit.counting import Count
from audit.rules import Indicator, Plan

Day = tuple[str, str, str, str]  # (indicator, subject, region, day)
Steps = dict[Day, Decimal]  # by how much the count changes there and then


def steps(books: Books, plan: Plan) -> Steps:
    """Whom or what the services' own records make count, by every rule."""
    found: Steps = defaultdict(Decimal)
    for indicator in plan.indicators.values():
        if indicator.counted:
            for (subject, region, day), value in _BY[indicator.service](books, indicator).items():
                found[indicator.id, subject, places.code(region), day] += value
    return {place: value for place, value in found.items() if value}


def faults(count: Count, expected: Steps) -> Iterator[str]:
    """Where the records make somebody count otherwise than the logs do."""
    logged: Steps = defaultdict(Decimal)
    for (indicator, subject), by_fact in count.steps.items():
        for (_, region, day), value in by_fact.items():
            logged[indicator, subject, region, day] += value
    for place in sorted(logged.keys() | expected.keys()):
        has, should = logged.get(place, Decimal(0)), expected.get(place, Decimal(0))
        if has != should:
            indicator, subject, region, day = place
            service = count.rules[indicator].service
            yield f"{service} 记录：{indicator} {subject} 在 {region} {day} 应计 {should:f}，事件日志为 {has:f}"


def _certificates(books: Books, indicator: Indicator) -> Mapping[tuple[str, str, str], Decimal]:
    """Each person at their first valid certificate, if that is of the year."""
    rule = indicator.rule
    first: dict[str, tuple[str, str, str]] = {}
    kept_out: set[str] = set()
    fields = ("status", "occupation", "level", "verification", "person_key", "issued_on", "region")
    for row in books.rows("certification", "certificates", fields):
        if row["status"] != "valid" or row["occupation"] != rule["occupation"]:
            continue
        if (rule["levels"] and row["level"] not in rule["levels"]) or row["verification"] in rule[
            "refused_verifications"
        ]:
            continue
        day = row["issued_on"]
        if day < f"{indicator.year}-01-01":
            if rule["earlier_certificate_excludes"]:
                kept_out.add(row["person_key"])
        elif day <= f"{indicator.year}-12-31":
            mine = (day, str(row["_id"]), row["region"])
            first[row["person_key"]] = min(mine, first.get(row["person_key"], mine))
    return {(person, region, day): Decimal(1) for person, (day, _, region) in first.items() if person not in kept_out}


def _awards(books: Books, indicator: Indicator) -> Mapping[tuple[str, str, str], Decimal]:
    """Each base or 福嫂 in the times when an award of the year stands at the threshold, found by walking the days on
    which anything about its awards changed."""
    rule = indicator.rule
    of: dict[str, list[Any]] = defaultdict(list)
    for award in books.rows("housekeeping", "awards"):
        if award["subject_kind"] == rule["kind"] and award["awarded_on"][:4] == str(indicator.year):
            of[award["subject_key"]].append(award)
    found: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for subject, awards in of.items():
        region: str | None = None
        for day in sorted({_begins(award, change) for award in awards for change in award["history"]}):
            standing = [award for award in awards if _stands(award, day, rule)]
            if standing and region is None:
                region = min((award["_id"], award["region"]) for award in standing)[1]
                found[subject, region, day] += 1
            elif not standing and region is not None:
                found[subject, region, day] -= 1
                region = None
    return found


def _begins(award: Any, change: Any) -> str:
    """An award stands on no day before it was made, whatever a change of it says."""
    return str(max(award["awarded_on"], change["effective_on"]))


def _stands(award: Any, day: str, rule: Mapping[str, Any]) -> bool:
    changes = [change for change in award["history"] if _begins(award, change) <= day]
    if not changes:
        return False
    last = max(changes, key=lambda change: change["version"])
    return last["stars"] >= rule["least_stars"] and last["status"] in rule["statuses"]


@lru_cache(maxsize=2)
def _reported(books: Books) -> Mapping[str, Mapping[tuple[str, str, str], Decimal]]:
    """By indicator: what each period adds to the accepted figure of the period before it, on the period's last day; and
    what was deducted, on the day from which it is."""
    figures: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(dict)
    for line in books.rows("reports", "lines"):
        cumulative = line.get("accepted", {}).get("content", {}).get("cumulative")
        if cumulative is not None:
            figures[line["target_id"], line["region"]][line["period"]] = Decimal(cumulative)
    found: dict[str, dict[tuple[str, str, str], Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for (target, region), periods in figures.items():
        before = Decimal(0)
        for period in sorted(periods):
            found[target][f"{target}/{region}", region, _last_day(period)] += periods[period] - before
            before = periods[period]
    for row in books.rows("reports", "deductions"):
        subject = f"{row['target_id']}/{row['region']}"
        found[row["target_id"]][subject, row["region"], row["effective_on"]] -= Decimal(row["amount"])
    return found


def _reports(books: Books, indicator: Indicator) -> Mapping[tuple[str, str, str], Decimal]:
    """Of an indicator that is a sum, that of its parts."""
    found: dict[tuple[str, str, str], Decimal] = {}
    for part in indicator.parts:
        found |= _reported(books).get(part, {})
    return found


def _last_day(period: str) -> str:
    year, month = map(int, period.split("-"))
    return f"{period}-{calendar.monthrange(year, month)[1]}"


_BY = {"certification": _certificates, "housekeeping": _awards, "reports": _reports}
