"""What must be so after an attack: every count is held up by records, proof that was handed in, and two people."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from bson import encode

from contract.subscriptions import SUBSCRIPTIONS
from runtime import mongo
from runtime.config import Config
from runtime.shelf import shelf
from tests.hostile.inventing import MARKED, MARKED_PHONE

_CLOCK = "clock"


def faults(settings: Config) -> list[str]:
    return [*_unproved(settings), *_dead(settings), *_disclosed(settings)]


def counted(settings: Config) -> dict[str, int]:
    """How many entries there are of each indicator."""
    grouped = mongo.database(settings, "targets")["entries"].aggregate(
        [{"$group": {"_id": "$indicator", "entries": {"$sum": 1}}}, {"$sort": {"_id": 1}}]
    )
    return {row["_id"]: row["entries"] for row in grouped}


def _unproved(settings: Config) -> Iterator[str]:
    """Entries of the count behind which there is no record with bound proof and two accounts. A certificate is proof by
    itself: of an assessor, who is the second, and has filed its number."""
    facts = mongo.database(settings, "targets")["entries"].aggregate(
        [
            {
                "$group": {
                    "_id": {"service": "$service", "fact": "$fact_id"},
                    "indicator": {"$first": "$indicator"},
                    "value": {"$sum": "$value"},
                }
            },
            {"$match": {"value": {"$ne": 0}}},
        ]
    )
    for row in facts:
        service, fact_id = row["_id"]["service"], row["_id"]["fact"]
        for fault in _BEHIND[service](settings, fact_id):
            yield f"{row['indicator']}: an entry by {service} {fact_id}: {fault}"


def _certificate(settings: Config, fact_id: str) -> Iterator[str]:
    found = mongo.database(settings, "certification")["certificates"].find_one({"_id": fact_id})
    if found is None:
        yield "there is no such certificate"
        return
    # By the log: it may have been filed under another name, or withdrawn, since.
    filed = mongo.database(settings, "training")["outbox"].find({"event.data.assessor": found["assessor"]})
    prefixes = tuple(prefix for row in filed for prefix in row["event"]["data"]["number_prefixes"])
    reviewed = {step["by"] for step in found["history"] if step["event"] == "certificate_verified"}
    if not found["numbers"][0].startswith(prefixes) and not reviewed - {found["history"][0]["by"]}:
        yield f"{found['numbers'][0]} is no number that its assessor has filed, and nobody has reviewed it"


def _award(settings: Config, fact_id: str) -> Iterator[str]:
    store = mongo.database(settings, "housekeeping")
    award = store["awards"].find_one({"_id": fact_id})
    if award is None:
        yield "there is no such award"
        return
    behind = [award, *store["cases"].find({"award_id": fact_id}), *store["recognitions"].find({"award_id": fact_id})]
    steps = [step for record in behind for step in record["history"]]
    people = {step["by"] for step in steps}
    proofs = [proof for of in (*steps, *behind) for proof in of.get("evidence", ())]
    yield from _two(people)
    yield from _bound(settings, proofs)


def _report(settings: Config, fact_id: str) -> Iterator[str]:
    store = mongo.database(settings, "reports")
    if (deduction := store["deductions"].find_one({"_id": fact_id})) is not None:
        yield from _deducted(settings, deduction)
        return
    line = store["lines"].find_one({"_id": fact_id})
    if line is None:
        yield "there is no such report"
        return
    steps = list(store["versions"].find({"report_id": fact_id}).sort("version", 1))
    for filed, decided in pairwise(steps):
        if decided["event"] == "accepted":
            yield from _two({filed["by"], decided["by"]})
            yield from _bound(settings, decided["content"]["evidence"])


def _deducted(settings: Config, deduction: dict[str, Any]) -> Iterator[str]:
    store = mongo.database(settings, "inspections")
    order = store["orders"].find_one({"_id": deduction["order_id"]}) or {}
    finding = store["findings"].find_one({"_id": order.get("finding_id")})
    if finding is None:
        yield "no finding ordered it"
        return
    yield from _two({order["ordered_by"], finding["history"][0]["by"]})
    yield from _bound(settings, finding["evidence"])


def _two(people: set[str]) -> Iterator[str]:
    if len(people - {_CLOCK}) < 2:
        yield f"by {sorted(people)} alone"


def _bound(settings: Config, proofs: list[dict[str, Any]]) -> Iterator[str]:
    files = mongo.database(settings, "files")["files"]
    named = [proof for proof in proofs if proof.get("file_id")]
    if not named:
        yield "no file proves it"
    for proof in named:
        there = files.find_one({"_id": proof["file_id"], "sha256": proof["sha256"]})
        if there is None or not there.get("bound") or there.get("expires_at"):
            yield f"file {proof['file_id']} is not there, another, or not bound"


_BEHIND = {"certification": _certificate, "housekeeping": _award, "reports": _report}


def _dead(settings: Config) -> Iterator[str]:
    """Events that could not be applied."""
    with shelf(settings, sorted({one.hearer for one in SUBSCRIPTIONS})) as letters:
        for letter in letters.messages():
            yield f"dead letter in {letter.queue}: {letter.reason}"
    for name in mongo.client(settings.mongo_uri).list_database_names():
        if name.startswith(f"{settings.mongo_prefix}_"):
            for row in mongo.client(settings.mongo_uri)[name]["quarantine"].find():
                yield f"quarantined in {name}: {row}"


def _disclosed(settings: Config) -> Iterator[str]:
    """Whether a number that was written where none belongs lies anywhere in plain."""
    numbers = [MARKED.document_number.encode(), MARKED_PHONE.encode()]
    client = mongo.client(settings.mongo_uri)
    for name in client.list_database_names():
        if name.startswith(f"{settings.mongo_prefix}_"):
            for collection in client[name].list_collection_names():
                for row in client[name][collection].find():
                    stored = encode(row)
                    if any(number in stored for number in numbers):
                        yield f"somebody's number lies in plain in {name}.{collection} {row['_id']}"
