"""What reports is asked: commands and queries, as the gateway sends them. Every method takes and gives JSON.

``actor`` is contract.actor.Actor. Refusals are those of contract.reports; a command with a ``command_id`` that
was told before changes nothing and is answered with what it was about, as it is now.
"""

from decimal import Decimal
from typing import Any

from pymongo.client_session import ClientSession

from contract import fields
from contract import reports as public
from contract.words import ReportStatus
from runtime.calls import LogCalls, TimeCalls
from runtime.files import Files
from runtime.hosting import Settings, rpc
from runtime.outbox import Outbox
from runtime.pages import ReadPage, given, nothing, walked, within_of
from services.reports import domain, figures, store
from services.reports.access import READ, REVIEW, WRITE, Actor
from services.reports.answers import shown_line, shown_report
from services.reports.deductions.service import WithdrawalCalls
from services.reports.deductions.store import deductions
from services.reports.domain import Line
from services.reports.evidence import Examiner
from services.reports.filing import Filer
from services.reports.forms.service import ImportCalls
from services.reports.rounds.service import RoundCalls

_NOTHING = Decimal(0)


class ReadReports(ReadPage):
    target_id = fields.Text(at_most=10)
    region = fields.RegionCode()
    period = public.Period()
    status = fields.Choice(ReportStatus)


class Reports(ImportCalls, RoundCalls, WithdrawalCalls, Filer, LogCalls, TimeCalls):
    name = "reports"

    settings = Settings()
    time_refused = public.ReportsNotAllowed

    @rpc
    def file_report(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """FileReport -> Report. Refuses all that ``file_line`` does, ReportsNotAllowed, CommandReused."""
        asked, who = public.FileReport.read(command), Actor.of(actor)
        who.require(WRITE)
        return self._report(self.file_line(asked, who, Examiner(Files(self.settings))))

    @rpc
    def decide_report(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """DecideReport -> Report. What is accepted is checked again beside what else is accepted by then. Refuses
        ReportNotFound, ReporterReviewsOwn, ReportAlreadyDecided, ReportInvalid, ReportChanged, ReportsNotAllowed,
        FigureBelowEarlier, FigureAboveLater, FigureBelowDeducted, PartAboveWhole, BaselineMissing, CommandReused."""
        asked, who = public.DecideReport.read(command), Actor.of(actor)
        who.require(REVIEW)
        kept, at, _ = self._now()
        plan, deducted = self._plan(), deductions(self.settings)
        seen = self._seen(asked["report_id"], who)
        decision = public.Decision(asked["decision"])

        def work(session: ClientSession) -> str:
            kept.take(session, seen.region)
            before = kept.line(seen.report_id, session)
            if before is None:
                raise _not_found()
            domain.check_version(before, asked.get("expected_version"))
            after = domain.decide(
                before,
                decision,
                reason=asked.get("reason"),
                at=at,
                by=who.client_id,
                organisation=who.organisation,
            )
            if decision is public.Decision.ACCEPT and after.figure is not None:
                indicator, _ = figures.reported(plan, after.target_id)
                book = figures.book(kept.lines_of(after.region, session), deducted.of_region(after.region, session))
                figures.check_beside(plan, indicator, after.period, after.figure, book, book.accepted)
            kept.put(session, before, after)
            return after.report_id

        return self._report(kept.commands.once(who.client_id, asked, work, action="decide"))

    @rpc
    def report(self, report_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Report. Refuses ReportNotFound, ReportsNotAllowed."""
        who = Actor.of(actor)
        who.require(READ, WRITE, REVIEW)
        return self._report(self._seen(report_id, who).report_id)

    @rpc
    def reports(self, actor: dict[str, Any], **asked: Any) -> dict[str, Any]:
        """ReadReports -> ``{"items": [ReportLine], "next": cursor or None}``, those of the actor's region and
        department. Refuses ReportsNotAllowed, RegionUnknown."""
        who = Actor.of(actor)
        who.require(READ, WRITE, REVIEW)
        read = ReadReports.read(given(**asked))
        kept, plan = self._now()[0], self._plan()
        if (within := within_of(who.region, read.get("region"))) is None:
            return nothing()
        targets = sorted(who.indicators(plan) & {read.get("target_id", id) for id in plan.indicators})
        found = kept.page(
            within=within,
            targets=targets,
            period=read.get("period"),
            status=read.get("status"),
            after=read.get("after"),
            limit=read["limit"],
        )
        taken = deductions(self.settings).of_lines([line.report_id for line in found])
        shown = [shown_line(line, plan, taken.get(line.report_id, _NOTHING)) for line in found]
        return walked(found, shown)

    @rpc
    def report_evidence(self, report_id: str, file_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """``{"file_id", "sha256", "kind", "size"}`` of a file that any version of the line names. Refuses
        ReportNotFound, ReportEvidenceNotFound, ReportsNotAllowed."""
        who = Actor.of(actor)
        who.require(READ, WRITE, REVIEW)
        line = self._seen(report_id, who)
        for step in self._now()[0].steps(line.report_id):
            for one in step["content"]["evidence"]:
                if one["file_id"] == file_id:
                    return {name: one[name] for name in ("file_id", "sha256", "kind", "size")}
        raise public.ReportEvidenceNotFound("该填报没有这份材料", "the line has no such file")

    def _outbox(self) -> Outbox:
        return store.reports(self.settings).outbox

    def _report(self, report_id: str) -> dict[str, Any]:
        kept = self._now()[0]
        line = kept.line(report_id)
        if line is None:
            raise _not_found()
        taken = deductions(self.settings).of_lines([report_id])
        return shown_report(line, self._plan(), taken.get(report_id, _NOTHING), kept.steps(report_id))

    def _seen(self, report_id: str, who: Actor) -> Line:
        """Raises ReportNotFound, also for what the actor may not see."""
        line, plan = self._now()[0].line(report_id), self._plan()
        indicator = plan.indicators.get(line.target_id) if line else None
        if line is None or indicator is None or not who.sees(plan, indicator, line.region):
            raise _not_found()
        return line


def _not_found() -> public.ReportNotFound:
    return public.ReportNotFound("没有这条填报，或不在您的查看范围内", "there is no such report that you may see")
