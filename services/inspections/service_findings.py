"""Calls about findings, their mending and re-check, and the supervision orders that follow when nobody mends."""

from typing import Any

from pymongo.client_session import ClientSession

from contract import fields
from contract import findings as public
from contract.errors import field_error
from contract.findings import FindingFileNotFound, FindingState, SupervisionColour
from contract.inspections import Outcome
from contract.words import Role
from runtime import mongo
from runtime.files import FileMissing, Files
from runtime.hosting import rpc
from runtime.mongo import Document
from runtime.pages import ReadRegion
from services.inspections import access, escalation, findings
from services.inspections.access import Actor
from services.inspections.answers import shown_finding, shown_supervision
from services.inspections.calls import actor_of
from services.inspections.findings import Finding, ProofFile
from services.inspections.service_inspections import InspectionCalls
from services.inspections.store import Inspections
from services.inspections.store_findings import finding_not_found
from services.inspections.store_supervision import supervision_not_found

_WHO_MENDS = (Role.REPORTER, Role.REPORT_REVIEWER, Role.CIVIL_AFFAIRS, Role.FEDERATION)


class ReadFindings(ReadRegion):
    target_id = fields.Text(at_most=10)
    state = fields.Choice(FindingState)
    inspection_id = fields.Id()
    overdue = fields.Yes()


class ReadSupervision(ReadRegion):
    target_id = fields.Text(at_most=10)
    colour = fields.Choice(SupervisionColour)
    finding_id = fields.Id()


class FindingCalls(InspectionCalls):
    @rpc
    def record_finding(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RecordFinding -> Finding. Refuses InspectionNotFound, SampleUnitNotFound, FindingInvalid,
        FindingRecordedAlready, InspectionsNotAllowed, CommandReused."""
        asked, who = public.RecordFinding.read(command), actor_of(actor)
        kept, at, today = self._now()
        inspection = self._seen(kept, asked["inspection_id"], who)
        who.require_inspector()
        evidence = self._files(asked)

        def work(session: ClientSession) -> str:
            unit = kept.planned.unit(inspection.inspection_id, asked["unit"], session)
            if known := kept.findings.of_unit(unit.inspection_id, unit.number, session):
                raise public.FindingRecordedAlready(
                    "该单位已登记督导发现，请在原记录上继续办理",
                    "this unit was checked already: go on from there",
                    facts={"finding_id": known.finding_id, "version": known.version},
                )
            finding = findings.record(
                unit,
                finding_id=mongo.new_id(),
                target_id=inspection.target_id,
                outcome=Outcome(asked["outcome"]),
                text=asked["text"],
                amount=asked.get("amount"),
                evidence=evidence,
                due_on=asked.get("due_on"),
                default_days=escalation.in_force().rectification_days,
                today=today,
                at=at,
                by=who.client_id,
            )
            kept.findings.put(session, finding)
            return finding.finding_id

        done = kept.commands.once(who.client_id, asked, work, action="record_finding")
        return shown_finding(kept.findings.get(done), today)

    @rpc
    def record_rectification(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RecordRectification -> Finding, by an inspector, or by who reports for the region or owns
        the facts, with the scope matters:write. Refuses FindingNotFound,
        FindingInvalid, FindingNotOpen, FindingChanged, InspectionsNotAllowed, CommandReused."""
        asked, who = public.RecordRectification.read(command), actor_of(actor)
        kept, at, today = self._now()
        self._found(kept, asked["finding_id"], who)
        if not (who.role in _WHO_MENDS and access.MATTERS in who.scopes):
            who.require_inspector()
        evidence = self._files(asked)

        def work(session: ClientSession) -> str:
            before = kept.findings.get(asked["finding_id"], session)
            findings.check_version(before, asked.get("expected_version"))
            after = findings.mend(before, text=asked["text"], evidence=evidence, at=at, by=who.client_id)
            kept.findings.put(session, after, over=before.version)
            return before.finding_id

        done = kept.commands.once(who.client_id, asked, work, action="record_rectification")
        return shown_finding(kept.findings.get(done), today)

    @rpc
    def recheck(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """ReCheck -> Finding. Refuses FindingNotFound, FindingInvalid, FindingNotOpen, RecheckByAnother,
        FindingChanged, InspectionsNotAllowed, CommandReused."""
        asked, who = public.ReCheck.read(command), actor_of(actor)
        kept, at, today = self._now()
        self._found(kept, asked["finding_id"], who)
        who.require_inspector()
        evidence = self._files(asked)

        def work(session: ClientSession) -> str:
            before = kept.findings.get(asked["finding_id"], session)
            findings.check_version(before, asked.get("expected_version"))
            after = findings.recheck(
                before,
                passed=asked["passed"],
                text=asked["text"],
                evidence=evidence,
                due_on=asked.get("due_on"),
                default_days=escalation.in_force().rectification_days,
                today=today,
                at=at,
                by=who.client_id,
            )
            kept.findings.put(session, after, over=before.version)
            return before.finding_id

        done = kept.commands.once(who.client_id, asked, work, action="recheck")
        return shown_finding(kept.findings.get(done), today)

    @rpc
    def finding(self, finding_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Finding. Refuses FindingNotFound, InspectionsNotAllowed."""
        kept, _, today = self._now()
        return shown_finding(self._found(kept, finding_id, actor_of(actor)), today)

    @rpc
    def findings(self, actor: dict[str, Any], **asked: Any) -> dict[str, Any]:
        """ReadFindings -> ``{"items": [Finding], "next": cursor or None}`` of those that the actor may see; with
        ``overdue`` those open past their date, whatever ``state`` says. Refuses InspectionsNotAllowed."""
        kept, _, today = self._now()

        def page(seen: Document, *, overdue: bool = False, state: str | None = None, **read: Any) -> list[Finding]:
            if overdue:
                return kept.findings.page(seen, kept.findings.late(today), **read)
            return kept.findings.page(seen, state=state, **read)

        return self._listed(
            actor, ReadFindings, asked, page, lambda found: [shown_finding(each, today) for each in found], "finding_id"
        )

    @rpc
    def finding_file(self, finding_id: str, file_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """ProofFile, of a file that belongs to the finding or its mending. Refuses FindingNotFound,
        FindingFileNotFound, InspectionsNotAllowed."""
        kept, _, _ = self._now()
        found = self._found(kept, finding_id, actor_of(actor))
        file = next((each for each in found.files if each.file_id == file_id), None)
        if file is None:
            raise FindingFileNotFound("没有这份佐证材料", "there is no such document")
        return public.ProofFile.write(file_id=file.file_id, sha256=file.sha256, title=file.title)

    @rpc
    def supervision_order(self, supervision_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> SupervisionOrder. Refuses SupervisionOrderNotFound, InspectionsNotAllowed."""
        who = actor_of(actor)
        who.require(access.READ, access.WRITE)
        kept, _, _ = self._now()
        found = kept.supervision.get(supervision_id)
        if not who.sees(self._plan(), target_id=found.target_id, region=found.region):
            raise supervision_not_found()
        return shown_supervision(found)

    @rpc
    def supervision_orders(self, actor: dict[str, Any], **asked: Any) -> dict[str, Any]:
        """ReadSupervision -> ``{"items": [SupervisionOrder], "next": cursor or None}`` of those that the actor may
        see. Refuses InspectionsNotAllowed."""
        kept, _, _ = self._now()
        return self._listed(
            actor,
            ReadSupervision,
            asked,
            kept.supervision.page,
            lambda found: [shown_supervision(each) for each in found],
            "supervision_id",
        )

    def _found(self, kept: Inspections, finding_id: str, who: Actor) -> Finding:
        """Raises FindingNotFound, InspectionsNotAllowed."""
        who.require(access.READ, access.WRITE)
        found = kept.findings.get(finding_id)
        if not who.sees(self._plan(), target_id=found.target_id, region=found.region):
            raise finding_not_found()
        return found

    def _files(self, asked: dict[str, Any]) -> tuple[ProofFile, ...]:
        """What was handed in, once it is found to be there as it is named. Raises FindingInvalid."""
        handed_in = tuple(ProofFile(**file) for file in asked["evidence"])
        files, faults = Files(self.settings), []
        for place, file in enumerate(handed_in):
            try:
                there = files.describe(file.file_id).sha256 == file.sha256
            except FileMissing:
                there = False
            if not there:
                zh, en = "没有这份文件，请先上传", "there is no such file: hand it in first"
                faults.append(field_error(f"/evidence/{place}", "file_missing", zh, en))
        if faults:
            raise public.FindingInvalid("佐证材料有误", "the evidence is not there", faults)
        return handed_in
