"""Whether each record is as the log says it was written last.

A record is held to the log twice: by the imprint that is written with each of its steps, which covers all of it, and by
the fields that it shares with the newest event about it, which is all that there is of steps from before there were
imprints.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bson import ObjectId

from audit.books import Books, Event, canonical, sha256
from runtime.mongo import Document

# By service and collection: what a record has beside what its imprint covers, and why.
IMPRINTED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "training": {"centres": (), "assessors": ()},
    # sealed: encrypted; commands: make a repeated command known; supersedes: sealed, for whoever corrects
    "certification": {"certificates": ("sealed", "commands", "supersedes"), "withdrawals": ()},
    "housekeeping": {
        "awards": (),
        "recognitions": (),
        "cases": (),
        "bases": ("sealed",),
        "fusao": ("sealed",),
        "reviewers": (),
        "objections": (),
        "quotas": ("claims",),  # as locks, of 0.2
        "holidays": (),
        "holiday_notices": (),
        "withdrawals": (),
    },
    "reports": {
        "lines": (),
        "versions": (),
        "deductions": (),
        "orders": (),
        "rounds": ("snapshot",),  # from targets: see projections.py
        "round_reminders": (),
        "round_attendance": (),
    },
    "inspections": {
        "inspections": (),
        "findings": (),
        "hints": (),
        "supervision": (),
        "orders": (),
        "matters": (),
        "greenways": (),
    },
    "targets": {
        "goal_changes": (),
        "responsibles": (),
        "responsible_changes": (),
        "snapshots": (),
        "bulletins": ("attempts", "drafts"),  # what desks wrote for it, until it is deleted
        "bulletin_contents": (),
    },
}

_LOCKS = "locks"  # of any record: makes two who decide on it at once meet


def imprint_faults(books: Books, service: str) -> Iterator[str]:
    """Records that are not as they were written last, that nobody wrote, or that are gone."""
    newest: dict[str, str] = {}
    began: Event | None = None
    upgraded = False
    for event in books.log(service):
        newest |= event.imprints
        if event.imprints:
            began = began or event
        else:
            upgraded = upgraded or began is None
    for collection, beside in IMPRINTED[service].items():
        for row in books.rows(service, collection):
            key, name = f"{collection}/{row['_id']}", f"{service}.{collection} {row['_id']}"
            written = newest.pop(key, None)
            if written is None:
                if not _earlier(row, began, upgraded=upgraded) and not _unfinished(collection, row):
                    yield f"{name}：日志中没有写入过这条记录"
            elif written != sha256(canonical({name: row[name] for name in row if name not in (*beside, _LOCKS)})):
                yield f"{name}：与日志中最后一次写入时不一致"
    for key in newest:
        if key.partition("/")[0] in IMPRINTED[service]:
            yield f"{service}.{key.replace('/', ' ', 1)}：日志中写入过，现已不在"


def _earlier(row: Document, began: Event | None, *, upgraded: bool) -> bool:
    """Whether it may be from before the log had imprints."""
    if began is None or not upgraded:
        return upgraded
    made = ObjectId(row["_id"]).generation_time if ObjectId.is_valid(row["_id"]) else None
    return made is None or made < began.time


def _unfinished(collection: str, row: Document) -> bool:
    """A bulletin that is still to be made, or could not be; and what was only locked, and never written."""
    return row.keys() <= {"_id", _LOCKS} or (collection == "bulletins" and "number" not in row)


@dataclass(frozen=True)
class Shared:
    """Which fields the records of a collection share with the events that carry ``id``. ``read``: where the record
    has one under another name."""

    service: str
    collection: str
    id: str
    fields: tuple[str, ...]
    read: Mapping[str, Callable[[Document], Any]]


def _at(*path: str) -> Callable[[Document], Any]:
    def read(row: Document) -> Any:
        found: Any = row
        for name in path:
            found = (found or {}).get(name)
        return found

    return read


_SHARED = (
    Shared(
        "certification",
        "certificates",
        "certificate_id",
        ("version", "person_key", "occupation", "level", "issued_on", "region", "status", "verification"),
        {},
    ),
    Shared(
        "housekeeping",
        "awards",
        "award_id",
        # Not the version: an award's also counts changes that concern nobody else, such as a yearly check that opens.
        ("subject_kind", "subject_key", "region", "stars", "awarded_on", "valid_until", "status", "recognised_by"),
        {},
    ),
    Shared(
        "reports",
        "lines",
        "report_id",
        (
            *("version", "target_id", "region", "period", "effective_on", "status", "figure", "state"),
            *("filed_on", "filed_by", "reviewed_by"),
        ),
        {
            "figure": _at("accepted", "content", "cumulative"),
            "state": _at("accepted", "content", "state"),
            "filed_on": _at("filed", "on"),
            "filed_by": _at("filed", "by"),
            "reviewed_by": _at("review", "by"),
        },
    ),
    Shared(
        "reports",
        "deductions",
        "deduction_id",
        ("version", "target_id", "region", "report_id", "effective_on", "amount"),
        {},
    ),
    Shared("reports", "rounds", "round_id", ("version", "number", "period", "as_of", "opens_on", "due_on"), {}),
    Shared("training", "centres", "centre_id", ("version", "region", "status"), {}),
    Shared(
        "training",
        "assessors",
        "assessor_id",
        ("version", "number_prefixes", "valid_from", "valid_until", "status"),
        {},
    ),
    Shared(
        "inspections",
        "matters",
        "matter_id",
        ("version", "item", "target_id", "region", "kind", "title", "owner", "due_on", "state", "settled_on"),
        {},
    ),
    Shared(
        "inspections",
        "greenways",
        "greenway_id",
        ("version", "item", "target_id", "region", "step", "addressed_to", "state", "overdue_since", "answered_on"),
        {},
    ),
)
_NUMBERS = ("figure", "amount")


def shared_faults(books: Books, service: str) -> Iterator[str]:
    """Records that say otherwise than the newest event about them, or of which there is none."""
    for shared in (one for one in _SHARED if one.service == service):
        newest: dict[str, Document] = {}
        for event in books.log(service):
            id = event.data.get(shared.id)
            if id is None or "version" not in event.data or not _concerns(shared, event):
                continue
            if id not in newest or newest[id]["version"] < event.data["version"]:
                newest[id] = event.data
        for row in books.rows(service, shared.collection):
            name, data = f"{service}.{shared.collection} {row['_id']}", newest.pop(str(row["_id"]), None)
            if data is None:
                yield f"{name}：没有任何事件"
                continue
            differing = [field for field in shared.fields if _differs(shared, field, row, data)]
            if differing:
                yield f"{name}：与其最新事件不一致：{'、'.join(differing)}"
        for missing in newest:
            yield f"{service}.{shared.collection} {missing}：事件所述不在记录中"


def _concerns(shared: Shared, event: Event) -> bool:
    """A deduction names the report that it is taken off."""
    return shared.id != "report_id" or "deduction_id" not in event.data


def _differs(shared: Shared, field: str, row: Document, data: Document) -> bool:
    stands = shared.read[field](row) if field in shared.read else row.get(field)
    stated = data.get(field)
    if field in _NUMBERS and stands is not None and stated is not None:
        return Decimal(stands) != Decimal(stated)
    return bool(stands != stated)


def review_faults(books: Books) -> Iterator[str]:
    """What counts though no second person accepted it, by the steps of the lines and by the log."""
    accepted: dict[str, set[tuple[str | None, str]]] = defaultdict(set)
    for step in books.rows("reports", "versions"):
        if step["event"] == "accepted":
            accepted[step["report_id"]].add((step["content"].get("cumulative"), step["by"]))
    for line in books.rows("reports", "lines"):
        if "accepted" not in line:
            continue
        figure, by = line["accepted"]["content"].get("cumulative"), line["accepted"]["by"]
        if not any(step == figure and reviewer != by for step, reviewer in accepted[line["_id"]]):
            yield f"reports.lines {line['_id']}：审定数没有第二人的审核记录"
    for event in books.log("reports"):
        if event.type == "report_accepted" and event.data["reviewed_by"] in (None, event.data["filed_by"]):
            yield f"reports.outbox {event.id}：第 {event.seq} 号由填报人 {event.data['filed_by']} 自行审定"


def recognition_faults(books: Books) -> Iterator[str]:
    """A city's awards that no second person of the province confirmed. Of those from before confirmations were asked
    for, each is at least one that the province still has to decide."""
    of = {row["award_id"]: row for row in books.rows("housekeeping", "recognitions") if "award_id" in row}
    for award in books.rows("housekeeping", "awards"):
        if award["recognised_by"] != "city":
            continue
        found, name = of.get(award["_id"]), f"housekeeping.awards {award['_id']}"
        if found is None:
            if award.get("standing"):
                yield f"{name}：没有经省级确认的市级认定报告"
            continue
        first, last = found["history"][0], found["history"][-1]
        if found["state"] == "reported" and found["counted_before"]:
            continue
        if found["state"] == "confirmed" or found["counted_before"]:
            if first["by"] == last["by"] or first.get("organisation") == last["organisation"]:
                yield f"{name}：市级认定由报告单位自行确认"
            continue
        yield f"{name}：市级认定报告未经确认（{found['state']}）"


_DECIDED = ("award_lowered", "award_suspended", "award_resumed", "award_revoked", "matter_settled", "change_refused")
_OFFICES = ("inspections", "clock")  # which decide by rules of their own


def change_faults(books: Books) -> Iterator[str]:
    """Changes of an award that whoever proposed them confirmed as well."""
    for award in books.rows("housekeeping", "awards"):
        proposed_by: str | None = None
        for step in award["history"]:
            if step["what"] == "change_proposed":
                proposed_by = step["by"]
            elif step["what"] in _DECIDED and step["by"] not in _OFFICES:
                if step["by"] == proposed_by:
                    yield f"housekeeping.awards {award['_id']}：第 {step['version']} 步由提出人自行确认"
                proposed_by = None


_STOOD = ("open", "dismissed", "upheld")
_ADMITTED = ("admit_objection", "objection_overdue")
_ANSWERED = ("admit_objection", "refuse_objection", "dismiss_objection", "uphold_objection")


def objection_faults(books: Books) -> Iterator[str]:
    """Objections that were looked into without being admitted or decided on again by who had refused them, and awards
    made while one stood. What came before objections were admitted at all has no step that names it."""
    for case in books.rows("housekeeping", "cases"):
        for objection in case["objections"]:
            name = f"housekeeping.cases {case['_id']}：异议 {objection['objection_id']}"
            if "award_id" in case and objection["state"] in ("received", "appealed", "open", "upheld"):
                yield f"{name} 未决（{objection['state']}）即已认定"
            steps = [step for step in case["history"] if step.get("about") == objection["objection_id"]]
            if steps and objection["state"] in _STOOD and not any(step["transition"] in _ADMITTED for step in steps):
                yield f"{name} 未经受理即启动核查"
            refused = [place for place, step in enumerate(steps) if step["transition"] == "refuse_objection"]
            for place in refused:
                if any(s["by"] == steps[place]["by"] and s["transition"] in _ANSWERED for s in steps[place + 1 :]):
                    yield f"{name} 由决定不予受理的人再次办理"
