"""Copies that services keep of what others stated: each against the log that it was made from."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from audit import places
from audit.books import Books, Event
from runtime.mongo import Document


@dataclass(frozen=True)
class Projection:
    """``copied``: what the copy has of an event; of the newest version that any of the
    events has. ``own``: fields of the copy that are its keeper's."""

    keeper: str
    collection: str
    service: str
    id: str
    types: tuple[str, ...]
    copied: Callable[[Event], Document]
    own: tuple[str, ...] = ()


def faults(books: Books, projection: Projection) -> Iterator[str]:
    newest: dict[str, Event] = {}
    for event in books.log(projection.service):
        if event.type in projection.types:
            id = event.data[projection.id]
            if id not in newest or newest[id].data["version"] < event.data["version"]:
                newest[id] = event
    stated = {id: projection.copied(event) for id, event in newest.items()}
    yield from _compared(books, projection.keeper, projection.collection, stated, projection.own)


def _compared(
    books: Books, keeper: str, collection: str, stated: Mapping[str, Document], own: tuple[str, ...] = ()
) -> Iterator[str]:
    missing = set(stated)
    for row in books.rows(keeper, collection):
        name, id = f"{keeper}.{collection} {row['_id']}", row["_id"]
        if id not in stated:
            yield f"{name}：没有任何事件"
            continue
        missing.discard(id)
        has = {field: value for field, value in row.items() if field not in ("_id", *own)}
        differing = sorted(field for field in has.keys() | stated[id].keys() if has.get(field) != stated[id].get(field))
        if differing:
            yield f"{name}：与所据事件不一致：{'、'.join(differing)}"
    for id in sorted(missing):
        yield f"{keeper}.{collection} {id}：已有事件，副本不在"


def _filing(event: Event) -> Document:
    stated = event.data
    return {
        name: stated.get(name)
        for name in ("version", "assessor", "number_prefixes", "valid_from", "valid_until", "status")
    }


def _held(event: Event) -> Document:
    return {name: event.data[name] for name in ("version", "person_key", "occupation", "level", "issued_on", "status")}


def _known(event: Event) -> Document:
    """All of it, but for the id and what is null."""
    return {
        name: value
        for name, value in event.data.items()
        if value is not None and name not in ("matter_id", "greenway_id")
    }


def _round(event: Event) -> Document:
    stated = {name: value for name, value in event.data.items() if name not in ("round_id", "outstanding")}
    for name in ("closed_at", "cancelled_at"):
        if stated.get(name) is not None:
            stated[name] = dt.datetime.fromisoformat(stated[name])
    if event.type == "round_closed":
        stated |= {"closed_seq": event.seq, "outstanding": event.data.get("outstanding", [])}
    return stated


PROJECTIONS = (
    Projection(
        "certification",
        "filings",
        "training",
        "assessor_id",
        ("assessor_filed", "assessor_changed", "assessor_withdrawn"),
        _filing,
    ),
    Projection(
        "housekeeping",
        "held",
        "certification",
        "certificate_id",
        tuple(f"certificate_{step}" for step in ("issued", "corrected", "verified", "revoked", "reinstated")),
        _held,
    ),
    Projection(
        "targets",
        "matters",
        "inspections",
        "matter_id",
        tuple(f"matter_{step}" for step in ("registered", "updated", "settled", "reopened")),
        _known,
    ),
    Projection(
        "targets",
        "greenways",
        "inspections",
        "greenway_id",
        tuple(f"greenway_{step}" for step in ("requested", "answered", "supplied", "overdue", "reckoned")),
        _known,
    ),
    # heard_at: by the clock of the keeper. snapshot_id: looked at with the snapshots
    Projection(
        "targets",
        "rounds",
        "reports",
        "round_id",
        ("round_opened", "round_amended", "round_reminded", "round_closed", "round_cancelled"),
        _round,
        ("heard_at", "snapshot_id"),
    ),
)

_REPORTS = ("report_filed", "report_returned", "report_rejected", "report_accepted")
_COPIED = ("status", "state", "filed_by", "reviewed_by", "problems", "next_steps", "evidence", "filed_on")
_STORED = 21  # versions of a line: the newest, and twenty that were before it
_AMOUNTS = ("started", "completed", "inspected")


def lines_of(books: Books, *, upto: int | None = None) -> dict[tuple[str, str], dict[str, Event]]:
    """By indicator and region, the newest event about each period's line; of those up to a place of the log."""
    found: dict[tuple[str, str], dict[str, Event]] = defaultdict(dict)
    for event in books.log("reports"):
        if event.type not in _REPORTS or (upto is not None and event.seq > upto):
            continue
        of = found[event.data["target_id"], places.code(event.data["region"])]
        known = of.get(event.data["period"])
        if known is None or known.data["version"] < event.data["version"]:
            of[event.data["period"]] = event
    return found


def remark_faults(books: Books) -> Iterator[str]:
    """What reports say beside their figures, and the brief that colours the ledger."""
    versions: dict[str, dict[str, dict[int, Document]]] = defaultdict(lambda: defaultdict(dict))
    for event in books.log("reports"):
        if event.type in _REPORTS:
            of = versions[f"{event.data['target_id']}:{places.code(event.data['region'])}"][event.data["period"]]
            of.setdefault(event.data["version"], _line(event) | {"seq": event.seq})
    missing = set(versions)
    for row in books.rows("targets", "remarks"):
        name, id = f"targets.remarks {row['_id']}", row["_id"]
        missing.discard(id)
        if id != f"{row['indicator']}:{row['region']}" or versions[id].keys() != row["lines"].keys():
            yield f"{name}：地区、指标或期次与日志不一致"
        elif not row.get("earlier", {}).keys() <= row["lines"].keys():
            yield f"{name}：earlier 与日志不一致"
        for period, line in row["lines"].items():
            if not _follows([*row.get("earlier", {}).get(period, ()), line], versions[id][period]):
                yield f"{name}：{period} 与日志不一致"
    for id in sorted(missing):
        yield f"targets.remarks {id}：已有事件，副本不在"
    lines = lines_of(books)
    briefs: dict[str, Document] = defaultdict(lambda: {"regions": {}})
    for (indicator, region), periods in lines.items():
        newest = accepted(periods)
        briefs[indicator]["regions"][region] = [newest["state"], newest["inspected"]]
    yield from _compared(books, "targets", "remark_briefs", briefs)


def _follows(stored: list[Document], versions: Mapping[int, Document]) -> bool:
    """Whether these are the last of a line's versions, all of them or as many as are stored. What was copied before 0.3
    has no place, and nothing earlier was stored with it."""
    right = [line for _, line in sorted(versions.items())][-len(stored) :]
    same = [line | {"seq": line.get("seq", of["seq"])} for line, of in zip(stored, right, strict=True)]
    whole = len(stored) == min(len(versions), _STORED) or any("seq" not in line for line in stored)
    return same == right and whole


def accepted(lines: Mapping[str, Event]) -> dict[str, Any]:
    """State and 验收 of the newest accepted line that tells them."""
    newest: dict[str, Any] = {"state": None, "inspected": None}
    for _, event in sorted(lines.items()):
        if event.data["status"] == "accepted":
            line = _line(event)
            newest |= {name: line[name] for name in newest if line[name] is not None}
    return newest


def _line(event: Event) -> Document:
    stated = event.data
    amounts = {name: None if stated.get(name) is None else f"{Decimal(stated[name]):f}" for name in _AMOUNTS}
    copied = {name: stated.get(name) for name in _COPIED}
    return {"version": stated["version"], **copied, **amounts, "said_at": event.time}


def hint_faults(books: Books) -> Iterator[str]:
    """What looked odd, and was stated once for ever; whoever found it keeps the key, and inspections a case of it."""
    keys: dict[str, Document] = {}
    for service in ("targets", "certification"):
        stated = {
            event.data["anomaly_key"]: event.data for event in books.log(service) if event.type == "anomaly_noticed"
        }
        keys |= stated
        missing = set(stated)
        for row in books.rows(service, "anomalies"):
            name = f"{service}.anomalies {row['_id']}"
            missing.discard(row["_id"])
            if row["_id"] not in stated:
                yield f"{name}：没有任何事件"
            elif row.get("noticed_on", stated[row["_id"]]["noticed_on"]) != stated[row["_id"]]["noticed_on"]:
                yield f"{name}：与所据事件不一致：noticed_on"
        for id in sorted(missing):
            yield f"{service}.anomalies {id}：已有事件，记录不在"
    known = {row["anomaly_key"] for row in books.rows("inspections", "hints")}
    for key in sorted(keys.keys() - known):
        yield f"inspections.hints：{key} 已有事件，线索不在"


def unit_faults(books: Books) -> Iterator[str]:
    """The units of a sample as inspections has them."""
    stated = {
        (event.data["inspection_id"], number): unit
        for event in books.log("targets")
        if event.type == "sample_drawn"
        for number, unit in enumerate(event.data["units"], 1)
    }
    missing = set(stated)
    for row in books.rows("inspections", "units"):
        name, key = f"inspections.units {row['_id']}", (row["inspection_id"], row["number"])
        if key not in missing:
            yield f"{name}：不在所抽样本之中，或重复"
            continue
        missing.discard(key)
        has = {field: value for field, value in row.items() if field not in ("_id", "inspection_id", "number")}
        if has | {"amount": Decimal(has["amount"])} != stated[key] | {"amount": Decimal(stated[key]["amount"])}:
            yield f"{name}：与所抽样本不一致"
    for inspection, number in sorted(missing):
        yield f"inspections.units：{inspection} 样本第 {number} 个不在"
