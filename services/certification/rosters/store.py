"""What certification remembers of roster imports.

imports        one job each, unique by organisation, content of the file, and whether it is a dry run
import_chunks  what became of the rows, some hundred to a document: ``{_id: {import, first}, last, counts, rows}``

A worker holds a job's lease and writes under its token: one who lost the lease without noticing writes nothing.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from pymongo import ASCENDING, ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from contract.words import ImportState, RowOutcome
from runtime import mongo
from runtime.config import Config
from runtime.files import Files
from runtime.lease import LeaseLost
from runtime.mongo import Document, Store
from services.certification.domain import Proof
from services.certification.rosters.domain import INTERRUPTED, Failure, Job, Recall, RowResult, not_found

_ACTIVE = [ImportState.QUEUED.value, ImportState.RUNNING.value, ImportState.RECALLING.value]


class Imports:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._jobs = store["imports"]
        self._chunks = store["import_chunks"]

    def ensure_indexes(self) -> None:
        self._jobs.create_index(
            [("organisation", ASCENDING), ("sha256", ASCENDING), ("dry_run", ASCENDING)], name="file", unique=True
        )
        self._jobs.create_index(
            [("state", ASCENDING), ("submitted_at", ASCENDING)],
            name="active",
            partialFilterExpression={"state": {"$in": _ACTIVE}},
        )

    def start(self, job: Job, files: Files) -> Job:
        """The job for this file: a new one, or the one that there is. Raises FileMissing."""
        same = {"organisation": job.organisation, "sha256": job.sha256, "dry_run": job.dry_run}
        if (known := self._jobs.find_one(same)) is not None:
            return _job(known)

        def work(session: ClientSession) -> None:
            self._jobs.insert_one(_document(job), session=session)
            files.bind(session, {job.file_id: job.sha256}, f"{self._store.name}/{job.import_id}")

        try:
            mongo.transact(self._store, work)
            return job
        except DuplicateKeyError:
            found = self._jobs.find_one(same)
            assert found is not None
            return _job(found)

    def restart(self, job: Job, files: Files, *, file_id: str) -> Job:
        """Take up again what failed through no fault of the file, with the file as it was uploaded anew. Raises
        FileMissing."""

        def work(session: ClientSession) -> Document | None:
            found = self._jobs.find_one_and_update(
                {"_id": job.import_id, "state": ImportState.FAILED.value, "failure.code": INTERRUPTED},
                {
                    "$set": {"state": ImportState.QUEUED.value, "file_id": file_id, "attempts": 0},
                    "$unset": {"failure": "", "finished_at": "", "not_before": ""},
                },
                return_document=ReturnDocument.AFTER,
                session=session,
            )
            if found is not None:
                files.bind(session, {file_id: job.sha256}, f"{self._store.name}/{job.import_id}")
            return found

        found = mongo.transact(self._store, work)
        return self.get(job.import_id) if found is None else _job(found)

    def get(self, import_id: str) -> Job:
        """Raises ImportNotFound."""
        found = self._jobs.find_one({"_id": import_id})
        if found is None:
            raise not_found()
        return _job(found)

    def state(self, import_id: str, session: ClientSession) -> ImportState:
        """For a transaction that decides on it: a recall that begins meanwhile comes before it or after it. Raises
        LookupError."""
        mongo.lock(session, self._jobs, import_id)
        found = self._jobs.find_one({"_id": import_id}, {"state": 1}, session=session)
        assert found is not None  # it is locked
        return ImportState(found["state"])

    def active(self, at: dt.datetime) -> list[str]:
        """Jobs that somebody has to work on, the oldest first."""
        rows = self._jobs.find(
            {"state": {"$in": _ACTIVE}, "$or": [{"not_before": {"$exists": False}}, {"not_before": {"$lte": at}}]},
            {"_id": 1},
        ).sort("submitted_at", ASCENDING)
        return [row["_id"] for row in rows]

    def active_by_state(self) -> dict[str, int]:
        """How many jobs are queued, running, recalling."""
        found = self._jobs.aggregate(
            [{"$match": {"state": {"$in": _ACTIVE}}}, {"$group": {"_id": "$state", "n": {"$sum": 1}}}]
        )
        return dict.fromkeys(_ACTIVE, 0) | {row["_id"]: row["n"] for row in found}

    def take(self, import_id: str, token: int) -> Job | None:
        """Work on the job under this token from now on; None when there is nothing left to do.

        What the worker before had begun and not committed is called off first: were that one killed, MongoDB would
        keep the rows and the job locked for another minute.
        """
        before = self._jobs.find_one({"_id": import_id}, {"sessions": 1})
        if before and before.get("sessions"):
            self._store.client.admin.command("killSessions", [{"id": session} for session in before["sessions"]])
        found = self._jobs.find_one_and_update(
            {"_id": import_id, "state": {"$in": _ACTIVE}, "token": {"$lte": token}},
            {"$set": {"token": token}, "$unset": {"sessions": ""}},
            return_document=ReturnDocument.AFTER,
        )
        return None if found is None else _job(found)

    def note_session(self, job: Job, token: int, session: ClientSession) -> None:
        """Before its first transaction, so that ``take`` can call it off. Raises LeaseLost."""
        self._update(job, token, {"$addToSet": {"sessions": session.session_id["id"]}})

    def begin(self, job: Job, token: int, *, rows_total: int, sheets: Sequence[Document]) -> None:
        opened = {"rows_total": rows_total, "sheets": list(sheets)}
        self._update(job, token, {"$set": {"state": ImportState.RUNNING.value, **opened}})

    def settle(self, session: ClientSession, job: Job, token: int, results: Sequence[RowResult]) -> None:
        """What became of the next rows, in the transaction that made it so. Raises LeaseLost."""
        counts = Counter(result.outcome.value for result in results)
        first, last = results[0].row, results[-1].row
        self._chunks.insert_one(
            {
                "_id": {"import": job.import_id, "first": first},
                "last": last,
                "counts": dict(counts),
                "rows": [_row_document(result) for result in results],
            },
            session=session,
        )
        steps = {f"counts.{outcome}": number for outcome, number in counts.items()}
        self._update(
            job,
            token,
            {"$set": {"last_row": last, "attempts": 0}, "$inc": {"rows_done": len(results), **steps}},
            session,
        )

    def finish(self, job: Job, token: int, *, result_file_id: str, result_size: int, at: dt.datetime) -> None:
        done: Document = {"state": ImportState.DONE.value, "finished_at": at}
        if not job.dry_run:
            done["compared"] = False  # with what other organisations recorded: overlaps/store.py
        self._leave(job, token, {"$set": done | {"result_file_id": result_file_id, "result_size": result_size}})

    def fail(self, job: Job, token: int, failure: Failure, *, at: dt.datetime) -> None:
        told = {"code": failure.code, "zh": failure.zh[:500], "en": failure.en[:500]}
        self._leave(job, token, {"$set": {"state": ImportState.FAILED.value, "failure": told, "finished_at": at}})

    def postpone(self, job: Job, token: int, *, until: dt.datetime) -> None:
        """After a fault of our own: try again later, counting how often."""
        self._leave(job, token, {"$set": {"not_before": until}, "$inc": {"attempts": 1}})

    def begin_recall(self, session: ClientSession, job: Job, recall: Recall) -> bool:
        """Idempotent: one that is being recalled, or was, stays as it is; so does one that is not finished."""
        written = self._jobs.update_one(
            {"_id": job.import_id, "state": {"$in": [ImportState.DONE.value, ImportState.FAILED.value]}},
            {
                "$set": {
                    "state": ImportState.RECALLING.value,
                    "attempts": 0,
                    "recall": {
                        "reason": recall.reason,
                        "by": recall.by,
                        "at": recall.at,
                        "traceparent": recall.traceparent,
                        "evidence": [asdict(proof) for proof in recall.evidence],
                    },
                },
                "$unset": {"not_before": ""},
            },
            session=session,
        )
        return written.modified_count == 1

    def settle_recall(self, session: ClientSession, job: Job, token: int, *, after: str, recalled: int) -> None:
        """The certificates up to ``after`` are dealt with, in the transaction that did it. Raises LeaseLost."""
        self._update(
            job,
            token,
            {"$set": {"recall.after": after, "attempts": 0}, "$inc": {"recalled": recalled}},
            session,
        )

    def finish_recall(self, job: Job, token: int, *, at: dt.datetime) -> None:
        self._leave(job, token, {"$set": {"state": ImportState.RECALLED.value, "finished_at": at}})

    def results(
        self, import_id: str, *, outcome: str | None = None, after: int = 0, limit: int | None = None
    ) -> Iterator[RowResult]:
        """In the order of the rows, those with a greater number than ``after``."""
        query: Document = {
            "_id": {"$gt": {"import": import_id, "first": -1}, "$lt": {"import": import_id, "first": 2**31}},
            "last": {"$gt": after},
        }
        if outcome is not None:
            query[f"counts.{outcome}"] = {"$gt": 0}
        given = 0
        for chunk in self._chunks.find(query, batch_size=20).sort("_id", ASCENDING):
            for row in chunk["rows"]:
                if row["row"] <= after or (outcome is not None and row["outcome"] != outcome):
                    continue
                yield _row(row)
                given += 1
                if given == limit:
                    return

    def _leave(self, job: Job, token: int, change: Document) -> None:
        """The job is let go. Its sessions serve others from now on, so nobody who takes it up again calls them off."""
        self._update(job, token, {**change, "$unset": {"sessions": ""}})

    def _update(self, job: Job, token: int, change: Document, session: ClientSession | None = None) -> None:
        written = self._jobs.update_one({"_id": job.import_id, "token": token}, change, session=session)
        if written.matched_count != 1:
            raise LeaseLost


def _document(job: Job) -> Document:
    return {
        "_id": job.import_id,
        "organisation": job.organisation,
        "client_id": job.client_id,
        "region": job.region,
        "file_id": job.file_id,
        "filename": job.filename,
        "sha256": job.sha256,
        "size": job.size,
        "dry_run": job.dry_run,
        "submitted_at": job.submitted_at,
        "traceparent": job.traceparent,
        "state": job.state.value,
        "rows_done": 0,
        "last_row": 1,
        "counts": {},
        "recalled": 0,
        "attempts": 0,
        "token": 0,
    }


def _job(found: Document) -> Job:
    failure, recall = found.get("failure"), found.get("recall")
    known: dict[str, Any] = {
        name: found[name] for name in Job.__dataclass_fields__ if name in found and name not in ("failure", "recall")
    }
    return Job(
        **known | {"state": ImportState(found["state"])},
        import_id=found["_id"],
        failure=Failure(**failure) if failure else None,
        recall=Recall(**recall | {"evidence": _proofs(recall)}) if recall else None,
    )


def _proofs(recall: Document) -> tuple[Proof, ...]:
    return tuple(Proof(**proof) for proof in recall.get("evidence", ()))


def _row_document(result: RowResult) -> Document:
    row: Document = {"row": result.row, "outcome": result.outcome.value}
    for name in ("certificate_id", "code", "zh", "en", "taken"):
        if value := getattr(result, name):
            row[name] = value
    if result.fields:
        row["fields"] = list(result.fields)
    return row


def _row(found: Document) -> RowResult:
    return RowResult(
        row=found["row"],
        outcome=RowOutcome(found["outcome"]),
        certificate_id=found.get("certificate_id"),
        fields=tuple(found.get("fields", ())),
        code=found.get("code"),
        zh=found.get("zh"),
        en=found.get("en"),
    )


@lru_cache(maxsize=8)
def imports(config: Config) -> Imports:
    """The process's own, with its indexes in place."""
    found = Imports(mongo.database(config, "certification"))
    found.ensure_indexes()
    return found
