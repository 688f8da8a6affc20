"""Who counts, told from certification's certificates as they stand now; and what targets has made of them."""

import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract import regions
from runtime.mongo import Store
from runtime.outbox import ChainBroken, Outbox

_SAID = ("person_key", "occupation", "level", "issued_on", "region", "status", "verification")


@dataclass(frozen=True)
class Place:
    """Where and since when somebody counts; the day as YYYY-MM-DD."""

    region: str
    day: str


@dataclass(frozen=True)
class Indicator:
    id: str
    year: int
    options: dict[str, Any]


def indicators(plan: Path) -> list[Indicator]:
    said = tomllib.loads(plan.read_text(encoding="utf-8"))
    return [Indicator(one["id"], said["plan"]["year"], one["rule"]) for one in said["indicators"]]


def people(certification: Store, indicator: Indicator) -> dict[str, Place]:
    """Person key -> where they count, from nothing but the certificates: the first valid one, if it is of the year."""
    options = indicator.options
    valid: dict[str, Any] = {"status": "valid", "occupation": options["occupation"]}
    if options["levels"]:
        valid["level"] = {"$in": options["levels"]}
    if options["refused_verifications"]:
        valid["verification"] = {"$nin": options["refused_verifications"]}
    first: dict[str, tuple[str, str, str]] = {}
    kept_out: set[str] = set()
    for row in certification["certificates"].find(valid, {"person_key": 1, "issued_on": 1, "region": 1}):
        day = row["issued_on"]
        if day < f"{indicator.year}-01-01":
            if options["earlier_certificate_excludes"]:
                kept_out.add(row["person_key"])
        elif day <= f"{indicator.year}-12-31":
            mine = (day, str(row["_id"]), row["region"])
            first[row["person_key"]] = min(mine, first.get(row["person_key"], mine))
    return {person: Place(region, day) for person, (day, _, region) in first.items() if person not in kept_out}


def by_region(places: Iterator[Place]) -> Counter[tuple[str, str]]:
    """(region, day) -> persons, for the county, the unit and the province."""
    sums: Counter[tuple[str, str]] = Counter()
    for place, persons in Counter(places).items():
        for region in regions.get(place.region).path:
            sums[region, place.day] += persons
    return sums


def log_faults(certification: Store) -> Iterator[str]:
    """What is wrong with the log itself, and where it says other than the certificates do."""
    try:
        Outbox(certification).verify()
    except ChainBroken as error:
        yield f"事件日志链断裂：{error}"
        return
    newest: dict[str, tuple[Any, ...] | None] = {}
    for row in certification["outbox"].find({"seq": {"$exists": True}}, {"event.data": 1}):
        data = row["event"]["data"]
        said = (data["version"], *(data[name] for name in _SAID))
        known = newest.get(data["certificate_id"])
        if known is None or known[0] < said[0]:
            newest[data["certificate_id"]] = said
    for row in certification["certificates"].find({}, dict.fromkeys(("version", *_SAID), 1)):
        stands = (row["version"], *(row[name] for name in _SAID))
        told = newest.pop(str(row["_id"]), None)
        if told is None:
            yield f"证书 {row['_id']} 没有任何事件"
        elif told != stands:
            differing = [name for name, a, b in zip(("version", *_SAID), told, stands, strict=True) if a != b]
            yield f"证书 {row['_id']} 与其最新事件不一致：{'、'.join(differing)}"
    for certificate in newest:
        yield f"事件所述证书 {certificate} 不在证书库"


def standing_faults(targets: Store, indicator: Indicator, expected: dict[str, Place]) -> Iterator[str]:
    """Persons who are counted and should not be, or the reverse, or elsewhere."""
    missing = dict(expected)
    for row in targets["standings"].find({"_id": {"$regex": f"^{indicator.id.replace('.', chr(92) + '.')}:"}}):
        person = row["_id"].partition(":")[2]
        counted = row["counted"] and Place(row["counted"]["region"], row["counted"]["on"])
        should = missing.pop(person, None)
        if counted != should:
            yield f"人员 {person}：计数为 {_told(counted)}，应为 {_told(should)}"
    for person, place in missing.items():
        yield f"人员 {person}：未计数，应为 {_told(place)}"


def entry_faults(targets: Store, indicator: Indicator, expected: dict[str, Place]) -> Iterator[str]:
    """Persons whose entries do not add up to the one, or none, that they should count for."""
    group = {"_id": {"subject": "$subject", "region": "$region", "on": "$effective_on"}, "value": {"$sum": "$value"}}
    found = {
        (row["_id"]["subject"], row["_id"]["region"], row["_id"]["on"]): row["value"]
        for row in targets["entries"].aggregate(
            [{"$match": {"indicator": indicator.id}}, {"$group": group}, {"$match": {"value": {"$ne": 0}}}],
            allowDiskUse=True,
        )
    }
    should = {(person, place.region, place.day): 1 for person, place in expected.items()}
    for person, region, day in sorted(found.keys() | should.keys()):
        values = found.get((person, region, day), 0), should.get((person, region, day), 0)
        if values[0] != values[1]:
            yield f"人员 {person} 在 {region} {day} 的分录合计为 {values[0]}，应为 {values[1]}"


def rollup_faults(targets: Store, indicator: Indicator, expected: dict[str, Place]) -> Iterator[str]:
    """Regions whose published figure, of a day or in all, is not the number of persons."""
    days = by_region(iter(expected.values()))
    should: Counter[tuple[str, str]] = Counter(days)
    for (region, _), persons in days.items():
        should[region, "total"] += persons
    found: Counter[tuple[str, str]] = Counter()
    for row in targets["rollups"].find({"indicator": indicator.id}):
        for day, value in {**row["days"], "total": row["total"]}.items():
            found[row["region"], day] += value
    for region, day in sorted(found.keys() | should.keys()):
        if found[region, day] != should[region, day]:
            place = f"{regions.get(region).full_name}（{region}）{'合计' if day == 'total' else day}"
            yield f"{place}：公布 {found[region, day]}，应为 {should[region, day]}"


def _told(place: Place | None) -> str:
    return f"{place.region} {place.day}" if place else "不计"
