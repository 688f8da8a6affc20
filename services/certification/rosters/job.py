"""Working on roster imports and their recall, for the process `certification.imports`.

One transaction settles a thousand rows: certificates, what is said of them, what became of each row, and how far the
job is. So a worker may be killed at any row, and the one who takes over goes on exactly there.
"""

import datetime as dt
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

import structlog
from pymongo.client_session import ClientSession

from contract.certification import RosterUnreadable
from contract.words import CertificateStatus, ImportState, Role
from runtime import clock, mongo, trace
from runtime.config import Config
from runtime.failures import describe, frames, passing
from runtime.files import FileDamaged, FileMissing, Files
from runtime.lease import Lease, LeaseLost
from services.certification import domain, store
from services.certification.access import Actor
from services.certification.domain import Certificate
from services.certification.faults import Fault
from services.certification.filings.store import filings
from services.certification.rosters import annotated, spreadsheet
from services.certification.rosters.domain import INTERRUPTED, Decided, Failure, Job, Read, RowResult, decide
from services.certification.rosters.spreadsheet import Numbered, Roster
from services.certification.rosters.store import imports
from services.certification.store import NumberTaken

log = structlog.get_logger()

_ATTEMPTS = 6

Result = TypeVar("Result")

_GIVEN_UP = Failure(
    INTERRUPTED,
    "系统多次未能完成这次导入：已登记的行有效，请重新上传同一文件，将从中断处继续",
    "the system failed to finish this import: rows recorded so far stand; upload the same file again and it goes on",
)
_FILE_LOST = Failure(
    INTERRUPTED,
    "系统中保存的文件已不在或已损坏：请重新上传同一文件",
    "the stored file is gone or damaged: upload the same file again",
)


class Stopped(Exception):
    """Asked to end between two steps; the job goes on elsewhere, or here after the next start."""


class Importing:
    """``lease_seconds`` is how long a killed worker's job lies idle; ``rows`` are settled in one transaction.
    ``working`` is the import in hand, empty when there is none; ``settled`` counts rows since the process began."""

    def __init__(self, config: Config, *, lease_seconds: float, rows: int) -> None:
        self._config = config
        self._seconds = lease_seconds
        self._rows = rows
        self.working = ""
        self.settled = 0

    def open(self, stop: threading.Event) -> None:
        """Before the first ``work``, which ends early once ``stop`` is set."""
        self._stop = stop
        self._certificates = store.certificates(self._config)
        self._filings = filings(self._config)
        self._imports = imports(self._config)
        self._files = Files(self._config)
        annotated.sweep()

    def work(self) -> bool:
        """Take one job and bring it as far as it goes. False when there was none."""
        for import_id in self._imports.active(clock.now()):
            lease = Lease(self._certificates.store, f"import {import_id}", seconds=self._seconds)
            token = lease.hold()
            if token is None:
                continue
            try:
                job = self._imports.take(import_id, token)
                if job is not None:
                    with lease.renewed(token):
                        self._bring_on(job, token)
                    return True
            finally:
                self.working = ""
                lease.release()
        return False

    def _bring_on(self, job: Job, token: int) -> None:
        self.working, self._sessions = job.import_id, set[bytes]()
        with (
            trace.span(job.recall.traceparent if job.recall else job.traceparent),
            structlog.contextvars.bound_contextvars(import_id=job.import_id),
        ):
            try:
                self._step(job, token)
            except (Stopped, LeaseLost) as reason:
                log.info("import.left", reason=type(reason).__name__)

    def _step(self, job: Job, token: int) -> None:
        try:
            if job.state is ImportState.RECALLING:
                self._recall(job, token)
            else:
                self._import(job, token)
        except RosterUnreadable as refused:
            self._imports.fail(job, token, Failure(refused.code, refused.zh, refused.en), at=clock.now())
            log.info("import.failed", code=refused.code)
        except (FileMissing, FileDamaged) as error:
            self._imports.fail(job, token, _FILE_LOST, at=clock.now())
            log.error("import.failed", error=describe(error))
        except (Stopped, LeaseLost):
            raise
        except Exception as error:
            if passing(error):
                raise
            self._failed(job, token, error)

    def _failed(self, job: Job, token: int, error: Exception) -> None:
        """A fault of our own, or of the machine: try again a few times, ever later."""
        attempts = self._imports.get(job.import_id).attempts + 1  # since it last came forward
        log.error("import.interrupted", error=describe(error), at=frames(error), attempts=attempts)
        if attempts < _ATTEMPTS or job.state is ImportState.RECALLING:
            wait = dt.timedelta(seconds=min(2**attempts, 300))
            self._imports.postpone(job, token, until=clock.now() + wait)
        else:
            self._imports.fail(job, token, _GIVEN_UP, at=clock.now())

    def _import(self, job: Job, token: int) -> None:
        with self._files.spool(job.file_id) as file:
            with spreadsheet.opened(file) as roster:
                sheets = [sheet.facts() | {"base": sheet.base} for sheet in roster.sheets]
                self._imports.begin(job, token, rows_total=roster.total, sheets=sheets)
                log.info("import.running", rows=roster.total, from_row=job.last_row + 1)
                self._settle_all(job, token, roster)
            with (
                spreadsheet.opened(file) as roster,
                annotated.workbook(roster, self._annotated(job, roster), dry_run=job.dry_run) as workbook,
            ):
                stored = self._files.write(workbook, filename=f"{job.import_id}.xlsx", limit=1 << 30)
        try:
            self._imports.finish(job, token, result_file_id=stored.file_id, result_size=stored.size, at=clock.now())
        except LeaseLost:
            self._files.delete(stored.file_id)
            raise
        log.info("import.done")

    def _settle_all(self, job: Job, token: int, roster: Roster) -> None:
        reporter, today = _reporter(job), clock.day_of(job.submitted_at)
        known: dict[str, Certificate] = {}  # of a dry run: what the rows before would have recorded
        for rows in _chunks(roster.rows, self._rows):
            if self._stop.is_set():
                raise Stopped
            settled = [numbered for numbered in rows if numbered[0] <= job.last_row]
            if settled and not job.dry_run:
                rows = rows[len(settled) :]
                if not rows:
                    continue
            lines = [(number, roster.line(number, cells, today=today)) for number, cells in rows]
            notes = {number: line.notes for number, line in lines if line.notes}
            self._settle(job, token, reporter, [(number, line.content) for number, line in lines], notes, known)

    def _settle(
        self,
        job: Job,
        token: int,
        reporter: Actor,
        read: Sequence[Read],
        notes: Mapping[int, tuple[Fault, ...]],
        known: dict[str, Certificate],
    ) -> None:
        whole = [said for _, said in read if not isinstance(said, tuple)]
        numbers, assessors = [said.number for said in whole], {said.assessor for said in whole}
        at = clock.now()

        def work(session: ClientSession) -> Decided:
            taken = self._certificates.numbered(numbers, session)
            decided = decide(
                read,
                taken={number: known[number] for number in numbers if number in known} | taken,
                filed=self._filings.of(assessors, session),
                believed=self._filings.believed,
                identify=lambda said: self._certificates.identity(said.holder),
                new_id=mongo.new_id,
                reporter=reporter,
                import_id=job.import_id,
                at=at,
                notes=notes,
            )
            new = [result for result in decided.results if result.row > job.last_row]
            if not job.dry_run:
                self._certificates.add(session, decided.issued)
            if new:
                self._imports.settle(session, job, token, new)
            return decided

        decided = self._transact(job, token, work)
        if job.dry_run:
            known.update({certificate.number: certificate for certificate, _ in decided.issued})
        self.settled += len(read)

    def _transact(self, job: Job, token: int, work: Callable[[ClientSession], Result]) -> Result:
        """One transaction, decided anew when somebody else was faster with a number. Whoever takes over from this
        process knows its sessions."""

        def known(session: ClientSession) -> Result:
            if (lsid := bytes(session.session_id["id"])) not in self._sessions:
                self._imports.note_session(job, token, session)
                self._sessions.add(lsid)
            return work(session)

        for _ in range(_ATTEMPTS):
            try:
                return self._certificates.transact(known)
            except NumberTaken:
                continue
        return self._certificates.transact(known)

    def _annotated(self, job: Job, roster: Roster) -> Iterator[tuple[Numbered, RowResult]]:
        for numbered, result in zip(roster.rows, self._imports.results(job.import_id), strict=True):
            if self._stop.is_set():
                raise Stopped
            yield numbered, result

    def _recall(self, job: Job, token: int) -> None:
        assert job.recall is not None
        recall, after = job.recall, job.recall.after
        log.info("recall.running")

        def work(session: ClientSession) -> str | None:
            found = self._certificates.of_import(job.import_id, session, after=after, limit=self._rows)
            if not found:
                return None
            at, last = clock.now(), found[-1].certificate_id
            changes = [
                (
                    certificate,
                    domain.revoke(certificate, reason=recall.reason, at=at, by=recall.by, evidence=recall.evidence),
                )
                for certificate in found
                if certificate.status is not CertificateStatus.REVOKED
            ]
            self._certificates.replace(session, changes)
            self._imports.settle_recall(session, job, token, after=last, recalled=len(changes))
            return last

        while True:
            if self._stop.is_set():
                raise Stopped
            last = self._transact(job, token, work)
            if last is None:
                break
            after = last
        self._imports.finish_recall(job, token, at=clock.now())
        log.info("recall.done")


def _reporter(job: Job) -> Actor:
    return Actor(
        client_id=job.client_id,
        role=Role.TRAINING_CENTRE,
        region=job.region,
        organisation=job.organisation,
        scopes=frozenset(),
    )


def _chunks(rows: Iterable[Numbered], size: int) -> Iterator[list[Numbered]]:
    rows = iter(rows)
    while chunk := list(islice(rows, size)):
        yield chunk
