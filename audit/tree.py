"""The target tree and the samples: each against the events that made it."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from audit.books import Books, Event
from runtime.mongo import Document

_NODE = ("original", "adjusted", "reserve", "version", "document", "reason")
_ASKED = ("target_id", "region", "as_of", "size", "seed")
_NUMBERS = 3  # of them come first


def decided(events: Iterable[Event]) -> dict[tuple[str, str], Document]:
    """By (indicator, region), the newest version that any of the events decided upon."""
    newest: dict[tuple[str, str], Document] = {}
    for event in events:
        if event.type == "goal_decided":
            node = (event.data["target_id"], event.data["region"])
            if node not in newest or newest[node]["version"] < event.data["version"]:
                newest[node] = event.data
    return newest


def goal_faults(books: Books) -> Iterator[str]:
    """Nodes that are not as they were decided last, and versions of which the log says nothing."""
    newest = decided(books.log("targets"))
    for row in books.rows("targets", "goals"):
        for region, stored in row.get("nodes", {}).items():
            stated = newest.pop((row["_id"], region), None)
            name = f"targets.goals {row['_id']} {region}"
            if stated is None:
                yield f"{name}：日志中没有分解或调整过"
            elif _node(stored) != _node([stated[field] for field in _NODE]):
                yield f"{name}：与最后一次分解或调整不一致"
    for indicator, region in sorted(newest):
        yield f"targets.goals {indicator} {region}：日志中已分解或调整，现已不在"


def _node(stored: list[Any]) -> list[Any]:
    numbers = [None if one is None else Decimal(one) for one in stored[:_NUMBERS]]
    return [*numbers, *stored[_NUMBERS:]]


def sample_faults(books: Books) -> Iterator[str]:
    """Samples that are not as they were planned and drawn, and frames that do not give them."""
    planned = {e.data["inspection_id"]: e.data for e in books.log("inspections") if e.type == "inspection_planned"}
    drawn = {event.data["inspection_id"]: event for event in books.log("targets") if event.type == "sample_drawn"}
    frames: dict[str, dict[int, list[str]]] = defaultdict(dict)
    for part in books.rows("targets", "frames"):
        frames[part["_id"]["of"]][part["_id"]["first"]] = part["lines"]
    missing = set(planned)
    for row in books.rows("targets", "samples"):
        name, id = f"targets.samples {row['_id']}", row["_id"]
        missing.discard(id)
        if id not in planned or ("frame_digest" in row) != (id in drawn):
            yield f"{name}：与日志中的督导检查和抽样不符"
            continue
        differing = [field for field in _ASKED if row[field] != planned[id][field]]
        if id in drawn:
            stated, lines = drawn[id].data, _joined(frames.pop(id, {}))
            sample = [_line(unit) for unit in stated["units"]]
            right = {
                "frame_size": stated["frame_size"],
                "frame_digest": stated["frame_digest"],
                "drawn_at": drawn[id].time,
                "sample": sample,
            }
            differing += [field for field in right if row[field] != right[field]]
            if not _proved(lines, stated, sample):
                yield f"targets.frames {id}：与抽样时的框不符，或不按种子的次序"
        if differing:
            yield f"{name}：与日志不一致：{'、'.join(differing)}"
    for id in sorted(frames):
        yield f"targets.frames {id}：没有这次抽样"
    for id in sorted(missing):
        yield f"targets.samples {id}：日志中已要求抽样，现已不在"


def _joined(parts: dict[int, list[str]]) -> list[str]:
    """The lines of a frame, each part in its place."""
    lines: list[str] = []
    for first, part in sorted(parts.items()):
        if first != len(lines):
            break
        lines += part
    return lines


def _line(unit: Document) -> str:
    return f"{unit['subject']}|{unit['fact_id']}|{unit['region']}|{Decimal(unit['amount']).normalize():f}"


def _proved(lines: list[str], stated: Document, sample: list[str]) -> bool:
    def place(line: str) -> tuple[str, str]:
        subject, fact, region, _ = line.rsplit("|", 3)
        return hashlib.sha256(f"{stated['seed']}|{subject}|{fact}".encode()).hexdigest(), region

    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return (
        len(lines) == stated["frame_size"]
        and digest == stated["frame_digest"]
        and lines == sorted(lines, key=place)
        and lines[: len(sample)] == sample
    )
