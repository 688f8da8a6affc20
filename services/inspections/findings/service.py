"""Calls about findings, their mending and re-check."""

import datetime as dt
from typing import Any

from pymongo.client_session import ClientSession

from contract import fields
from contract import findings as public
from contract.errors import field_error
from contract.findings import FindingFileNotFound, FindingState
from contract.inspections import Outcome
from contract.words import Role
from runtime import mongo
from runtime.hosting import rpc
from runtime.mongo import Document
from runtime.pages import Page, ReadRegion
from services.inspections import escalation
from services.inspections.access import MATTERS, Actor
from services.inspections.answers import plain
from services.inspections.calls import Calls, unnamed
from services.inspections.findings import domain as findings
from services.inspections.findings.domain import Finding
from services.inspections.findings.store import findings as kept_findings

_WHO_MENDS = (Role.REPORTER, Role.REPORT_REVIEWER, Role.CIVIL_AFFAIRS, Role.FEDERATION)


class ReadFindings(ReadRegion):
    target_id = fields.Text(at_most=10)
    state = fields.Choice(FindingState)
    inspection_id = fields.Id()
    overdue = fields.Yes()


class FindingCalls(Calls):
    @rpc
    def record_finding(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RecordFinding -> Finding. Refuses InspectionNotFound, SampleUnitNotFound, FindingInvalid,
        FindingRecordedAlready, InspectionsNotAllowed, CommandReused."""
        asked, who = public.RecordFinding.read(command), Actor.of(actor)
        kept, at, today = self._now()
        rows, inspection = kept_findings(self.settings), self._seen(kept, asked["inspection_id"], who)
        who.require_inspector()
        evidence = self._proofs(asked, _never_handed_in)

        def work(session: ClientSession) -> str:
            unit = kept.unit(inspection.inspection_id, asked["unit"], session)
            if known := rows.of_unit(unit.inspection_id, unit.number, session):
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
            rows.put(session, finding)
            return finding.finding_id

        done = kept.commands.once(who.client_id, asked, work, action="record_finding")
        return _shown(rows.get(done), today)

    @rpc
    def record_rectification(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RecordRectification -> Finding, by an inspector, or by who reports for the region or owns
        the facts, with the scope matters:write. Refuses FindingNotFound,
        FindingInvalid, FindingNotOpen, FindingChanged, InspectionsNotAllowed, CommandReused."""
        asked, who = public.RecordRectification.read(command), Actor.of(actor)
        kept, at, today = self._now()
        rows = kept_findings(self.settings)
        self._seen(rows, asked["finding_id"], who)
        if not (who.role in _WHO_MENDS and MATTERS in who.scopes):
            who.require_inspector()
        evidence = self._proofs(asked, _never_handed_in)

        def work(session: ClientSession) -> str:
            before = rows.get(asked["finding_id"], session)
            findings.check_version(before, asked.get("expected_version"))
            after = findings.mend(before, text=asked["text"], evidence=evidence, at=at, by=who.client_id)
            rows.put(session, after, over=before.version)
            return before.finding_id

        done = kept.commands.once(who.client_id, asked, work, action="record_rectification")
        return unnamed(_shown(rows.get(done), today), who)

    @rpc
    def recheck(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """ReCheck -> Finding. Refuses FindingNotFound, FindingInvalid, FindingNotOpen, RecheckByAnother,
        FindingChanged, InspectionsNotAllowed, CommandReused."""
        asked, who = public.ReCheck.read(command), Actor.of(actor)
        kept, at, today = self._now()
        rows = kept_findings(self.settings)
        self._seen(rows, asked["finding_id"], who)
        who.require_inspector()
        evidence = self._proofs(asked, _never_handed_in)

        def work(session: ClientSession) -> str:
            before = rows.get(asked["finding_id"], session)
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
            rows.put(session, after, over=before.version)
            return before.finding_id

        done = kept.commands.once(who.client_id, asked, work, action="recheck")
        return _shown(rows.get(done), today)

    @rpc
    def finding(self, finding_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Finding. Refuses FindingNotFound, InspectionsNotAllowed."""
        (_, _, today), who = self._now(), Actor.of(actor)
        return unnamed(_shown(self._seen(kept_findings(self.settings), finding_id, who), today), who)

    @rpc
    def findings(self, actor: dict[str, Any], **asked: Any) -> dict[str, Any]:
        """ReadFindings -> ``{"items": [Finding], "next": cursor or None}`` of those that the actor may see; with
        ``overdue`` those open past their date, whatever ``state`` says. Refuses InspectionsNotAllowed."""
        rows, (_, _, today) = kept_findings(self.settings), self._now()

        def page(seen: Document, *, overdue: bool = False, state: str | None = None, **read: Any) -> Page[Finding]:
            if overdue:
                return rows.page(seen, rows.late(today), **read)
            return rows.page(seen, state=state, **read)

        return self._listed(actor, ReadFindings, asked, page, lambda found: [_shown(each, today) for each in found])

    @rpc
    def finding_file(self, finding_id: str, file_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """ProofFile, of a file that belongs to the finding or its mending. Refuses FindingNotFound,
        FindingFileNotFound, InspectionsNotAllowed."""
        found = self._seen(kept_findings(self.settings), finding_id, Actor.of(actor))
        file = next((each for each in found.files if each.file_id == file_id), None)
        if file is None:
            raise FindingFileNotFound("没有这份佐证材料", "there is no such document")
        return public.ProofFile.write(file_id=file.file_id, sha256=file.sha256, title=file.title)


def _shown(finding: Finding, today: dt.date) -> dict[str, Any]:
    told = plain(finding)
    del told["counted_on"]
    told["escalations"] = [
        {"colour": done.colour, "supervision_id": done.supervision_id, "number": done.number, "on": done.on}
        for done in finding.escalations
    ]
    return public.Finding.write(**told, due_on=finding.due_on, overdue=finding.overdue(today))


def _never_handed_in(places: list[int]) -> public.FindingInvalid:
    zh, en = "没有这份文件，请先上传", "there is no such file: hand it in first"
    faults = [field_error(f"/evidence/{place}", "file_missing", zh, en) for place in places]
    return public.FindingInvalid("佐证材料有误", "the evidence is not there", faults)
