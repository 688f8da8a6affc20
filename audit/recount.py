"""Who counts, told from the services' own records as they stand now; and what targets has made of them."""

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from bson.decimal128 import Decimal128

from audit import reports
from contract import regions
from runtime.mongo import Store
from runtime.outbox import ChainBroken, Outbox

Steps = Counter[tuple[str, str, str]]  # (subject, region, day) -> by how much the count changes there and then

_SERVICES = {"certificate": "certification", "award": "housekeeping", "report": "reports", "sum": "reports"}


@dataclass(frozen=True)
class Indicator:
    """``parts``: itself, or what it is the sum of."""

    id: str
    year: int
    rule: dict[str, Any]
    parts: tuple[str, ...]


def indicators(plan: Path) -> list[Indicator]:
    said = tomllib.loads(plan.read_text(encoding="utf-8"))
    return [
        Indicator(one["id"], said["plan"]["year"], one["rule"], tuple(one.get("sum_of", [one["id"]])))
        for one in said["indicators"]
        if one["rule"]["fact"] in _SERVICES and "target" in one
    ]


def steps(stores: Mapping[str, Store], indicator: Indicator) -> Steps:
    """Whom or what the services' own records make count, told from nothing else."""
    if indicator.rule["fact"] in ("report", "sum"):
        return reports.steps(stores["reports"], indicator.parts)
    if indicator.rule["fact"] == "award":
        return award_steps(stores["housekeeping"], indicator)
    return certificate_steps(stores["certification"], indicator)


def certificate_steps(certification: Store, indicator: Indicator) -> Steps:
    """Each person at their first valid certificate, if that is of the year."""
    rule = indicator.rule
    valid: dict[str, Any] = {"status": "valid", "occupation": rule["occupation"]}
    if rule["levels"]:
        valid["level"] = {"$in": rule["levels"]}
    if rule["refused_verifications"]:
        valid["verification"] = {"$nin": rule["refused_verifications"]}
    first: dict[str, tuple[str, str, str]] = {}
    kept_out: set[str] = set()
    for row in certification["certificates"].find(valid, {"person_key": 1, "issued_on": 1, "region": 1}):
        day = row["issued_on"]
        if day < f"{indicator.year}-01-01":
            if rule["earlier_certificate_excludes"]:
                kept_out.add(row["person_key"])
        elif day <= f"{indicator.year}-12-31":
            mine = (day, str(row["_id"]), row["region"])
            first[row["person_key"]] = min(mine, first.get(row["person_key"], mine))
    return Counter({(person, region, day): 1 for person, (day, _, region) in first.items() if person not in kept_out})


def award_steps(housekeeping: Store, indicator: Indicator) -> Steps:
    """Each base or 福嫂 in the times when an award of the year stands at the threshold, found by walking the days on
    which anything about its awards changed."""
    rule = indicator.rule
    of: dict[str, list[Any]] = defaultdict(list)
    year = {"$gte": f"{indicator.year}-01-01", "$lte": f"{indicator.year}-12-31"}
    for award in housekeeping["awards"].find({"subject_kind": rule["kind"], "awarded_on": year}):
        of[award["subject_key"]].append(award)
    found: Steps = Counter()
    for subject, awards in of.items():
        region: str | None = None
        for day in sorted({change["effective_on"] for award in awards for change in award["history"]}):
            standing = [award for award in awards if _stands(award, day, rule)]
            if standing and region is None:
                region = min((award["_id"], award["region"]) for award in standing)[1]
                found[subject, region, day] += 1
            elif not standing and region is not None:
                found[subject, region, day] -= 1
                region = None
    return found


def _stands(award: Any, day: str, rule: Mapping[str, Any]) -> bool:
    changes = [change for change in award["history"] if change["effective_on"] <= day]
    if not changes:
        return False
    last = max(changes, key=lambda change: change["version"])
    return last["stars"] >= rule["least_stars"] and last["status"] in rule["statuses"]


RECORDS = {
    # service: (collection, what the event calls its id, fields that the record and its newest event share)
    "certification": (
        "certificates",
        "certificate_id",
        ("version", "person_key", "occupation", "level", "issued_on", "region", "status", "verification"),
    ),
    "housekeeping": (
        "awards",
        "award_id",
        # Not the version: an award's also counts changes that concern nobody else, such as a yearly check that opens.
        ("subject_kind", "subject_key", "region", "stars", "awarded_on", "valid_until", "status"),
    ),
}


STORES = (*RECORDS, "reports")


def log_faults(service: str, store: Store) -> Iterator[str]:
    """What is wrong with a service's log itself, and where it says other than the service's records do."""
    if service == "reports":
        yield from reports.log_faults(store)
        return
    collection, id, shared = RECORDS[service]
    try:
        Outbox(store).verify()
    except ChainBroken as error:
        yield f"{service} 事件日志链断裂：{error}"
        return
    newest: dict[str, tuple[int, tuple[Any, ...]]] = {}
    for row in store["outbox"].find({"seq": {"$exists": True}}, {"event.data": 1}):
        data = row["event"]["data"]
        if id not in data:
            continue  # an answer to an inspection, which concerns no record of its own
        if newest.get(data[id], (0, ()))[0] < data["version"]:
            newest[data[id]] = data["version"], tuple(data[name] for name in shared)
    for row in store[collection].find({}, dict.fromkeys(shared, 1)):
        stands = tuple(row[name] for name in shared)
        version, told = newest.pop(str(row["_id"]), (0, ()))
        if not version:
            yield f"{service} 记录 {row['_id']} 没有任何事件"
        elif told != stands:
            differing = [name for name, a, b in zip(shared, told, stands, strict=True) if a != b]
            yield f"{service} 记录 {row['_id']} 与其最新事件不一致：{'、'.join(differing)}"
    for missing in newest:
        yield f"{service} 事件所述 {missing} 不在记录中"


def standing_faults(targets: Store, indicator: Indicator, expected: Steps) -> Iterator[str]:
    """Subjects who stand as counted otherwise than they should."""
    found: Steps = Counter()
    for row in targets["standings"].find({"_id": {"$regex": f"^{re.escape(indicator.id)}:"}}, {"counted": 1}):
        subject = row["_id"].partition(":")[2]
        for time in row["counted"]:
            amount = _number(time.get("amount", 1))
            found[subject, time["region"], time["on"]] += amount
            if time["until"]:
                found[subject, time["region"], time["until"]] -= amount
    yield from _differences("计数依据", found, expected)


def entry_faults(targets: Store, indicator: Indicator, expected: Steps) -> Iterator[str]:
    """Subjects whose entries do not add up to what they should count for."""
    group = {"_id": {"subject": "$subject", "region": "$region", "on": "$effective_on"}, "value": {"$sum": "$value"}}
    rows = targets["entries"].aggregate(
        [{"$match": {"indicator": indicator.id}}, {"$group": group}, {"$match": {"value": {"$ne": 0}}}],
        allowDiskUse=True,
    )
    found: Steps = Counter(
        {tuple(row["_id"][name] for name in ("subject", "region", "on")): _number(row["value"]) for row in rows}
    )
    yield from _differences("分录合计", found, expected)


def _differences(what: str, found: Steps, expected: Steps) -> Iterator[str]:
    for subject, region, day in sorted(found.keys() | expected.keys()):
        has, should = found[subject, region, day], expected[subject, region, day]
        if has != should:
            yield f"{subject} 在 {region} {day} 的{what}为 {has}，应为 {should}"


def rollup_faults(targets: Store, indicator: Indicator, expected: Steps) -> Iterator[str]:
    """Regions whose published figure, of a day or in all, is not what the subjects add up to."""
    should: Counter[tuple[str, str]] = Counter()
    for (_, county, day), value in expected.items():
        for region in regions.get(county).path:
            should[region, day] += value
            should[region, "total"] += value
    found: Counter[tuple[str, str]] = Counter()
    for row in targets["rollups"].find({"indicator": indicator.id}):
        for day, value in {**row["days"], "total": row["total"]}.items():
            found[row["region"], day] += _number(value)
    for region, day in sorted(found.keys() | should.keys()):
        if found[region, day] != should[region, day]:
            place = f"{regions.get(region).full_name}（{region}）{'合计' if day == 'total' else day}"
            yield f"{place}：公布 {found[region, day]}，应为 {should[region, day]}"


def _number(stored: Any) -> Any:
    """An int, or a Decimal where the database keeps one; both compare and add up. Counter's type is told of ints."""
    if not isinstance(stored, Decimal128):
        return stored
    number: Decimal = stored.to_decimal()
    return int(number) if number == number.to_integral_value() else number
