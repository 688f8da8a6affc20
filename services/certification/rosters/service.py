"""What certification is asked about roster imports."""

import re
from typing import Any

from pymongo.client_session import ClientSession

from contract import certification as public
from contract import fields
from contract.message import Message
from contract.words import ImportState, RowOutcome
from runtime import clock, mongo, trace
from runtime.files import FileMissing, Files
from runtime.hosting import rpc
from runtime.pages import given
from services.certification.access import Action, Actor, check_evidence
from services.certification.domain import Proof
from services.certification.rosters.answers import shown_import, shown_row
from services.certification.rosters.domain import INTERRUPTED, Job, Recall, not_found
from services.certification.rosters.store import imports
from services.certification.store import certificates


class RowNumber(fields.Pattern):
    pattern = re.compile(r"[0-9]{1,9}")
    means = ("row", "应为行号", "must be the number of a row")


class ReadRows(Message):
    outcome = fields.Choice(RowOutcome)
    after = RowNumber()
    limit = fields.Whole(at_least=1, at_most=1000)


class ImportCalls:
    settings: Any

    @rpc
    def start_import(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """StartImport -> Import. The same file again (and dry_run) is the same job, which keeps its own copy of the
        file: the newer one is deleted. Refuses ActionNotAllowed, RosterUnreadable."""
        told, who = public.StartImport.read(command), Actor.of(actor)
        who.require(Action.IMPORT)
        files, jobs = Files(self.settings), imports(self.settings)
        try:
            stored = files.describe(told["file_id"])
        except FileMissing:
            raise _no_file() from None
        if (stored.sha256, stored.size) != (told["sha256"], told["size"]):
            raise _no_file()
        job = Job(
            import_id=mongo.new_id(),
            organisation=who.organisation,
            client_id=who.client_id,
            region=who.region,
            file_id=told["file_id"],
            filename=told["filename"],
            sha256=told["sha256"],
            size=told["size"],
            dry_run=told["dry_run"],
            submitted_at=clock.now(),
            traceparent=trace.current(),
        )
        try:
            job = jobs.start(job, files)
            if (before := job.file_id) != told["file_id"] and job.failure and job.failure.code == INTERRUPTED:
                job = jobs.restart(job, files, file_id=told["file_id"])
        except FileMissing:
            raise _no_file() from None
        for left_over in {told["file_id"], before} - {job.file_id}:
            files.delete(left_over)
        return shown_import(job)

    @rpc
    def import_job(self, import_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Import. Refuses ImportNotFound."""
        return shown_import(self._job(import_id, Actor.of(actor)))

    @rpc
    def import_rows(
        self,
        import_id: str,
        actor: dict[str, Any],
        outcome: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> dict[str, Any]:
        """``{"items": [Row], "next": cursor or None}``, those settled so far. Refuses ImportNotFound."""
        job = self._job(import_id, Actor.of(actor))
        asked = ReadRows.read(given(outcome=outcome, after=after, limit=limit))
        limit = asked["limit"]
        found = list(
            imports(self.settings).results(
                job.import_id, outcome=asked.get("outcome"), after=int(asked.get("after", 0)), limit=limit + 1
            )
        )
        more = str(found[limit - 1].row) if len(found) > limit else None
        return {"items": [shown_row(each, job) for each in found[:limit]], "next": more}

    @rpc
    def import_result(self, import_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """``{"file_id", "filename", "size"}`` of the annotated workbook, in runtime.files. Refuses ImportNotFound,
        ImportNotFinished, ImportWithoutResult."""
        job = self._job(import_id, Actor.of(actor))
        if job.result_file_id is None:
            if job.state in (ImportState.QUEUED, ImportState.RUNNING):
                raise _not_finished()
            raise public.ImportWithoutResult("这次导入没有结果文件", "this import has no result to download")
        return {"file_id": job.result_file_id, "filename": f"{job.import_id}.xlsx", "size": job.result_size}

    @rpc
    def recall_import(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RecallImport -> Import, being recalled. Every certificate that it created and that still stands is revoked
        with this reason. Refuses ImportNotFound, ImportNotFinished, CertificateInvalid, ActionNotAllowed."""
        told, who = public.RecallImport.read(command), Actor.of(actor)
        job = self._job(told["import_id"], who)
        who.require(Action.RECALL)
        proofs = tuple(Proof(**named) for named in told["evidence"])
        check_evidence(who, proofs)
        recall = Recall(told["reason"], who.client_id, clock.now(), trace.current(), evidence=proofs)
        kept, commands = imports(self.settings), certificates(self.settings).commands

        def work(session: ClientSession) -> None:
            if kept.begin_recall(session, job, recall):
                commands.bind(session, told, job.import_id)

        commands.transact(work)
        job = self._job(job.import_id, who)
        if job.state in (ImportState.QUEUED, ImportState.RUNNING):
            raise _not_finished()
        return shown_import(job)

    def _job(self, import_id: str, who: Actor) -> Job:
        who.require(Action.FOLLOW)
        job = imports(self.settings).get(import_id)
        if not who.sees(organisation=job.organisation, region=job.region):
            raise not_found()
        return job


def _no_file() -> public.RosterUnreadable:
    return public.RosterUnreadable(
        "上传的文件不完整，请重新上传", "the uploaded file is not there, or not whole: upload it again"
    )


def _not_finished() -> public.ImportNotFinished:
    return public.ImportNotFinished("导入尚未完成，请稍后再试", "the import is not finished: try again later")
