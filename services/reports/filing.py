"""Filing a line, by itself or as a row of a form: checked beside what is known of its region, written and said in one
transaction."""

from typing import Any

from pymongo.client_session import ClientSession

from contract import regions
from contract.words import WorkState
from runtime import mongo
from services.reports import domain, figures
from services.reports.access import Actor
from services.reports.calls import Calls
from services.reports.deductions.store import deductions
from services.reports.domain import Content
from services.reports.evidence import Examiner
from services.reports.options import options


class Filer(Calls):
    def file_line(self, asked: dict[str, Any], who: Actor, examiner: Examiner) -> str:
        """The id of the line that FileReport, as it was read, is about. Refuses TargetNotFound, SumNotReported,
        IndicatorNotReported, RegionUnknown, RegionAmbiguous, ReportRegionNotYours, ReportingLevelWrong,
        DepartmentNotYours, PeriodNotReportable, ReportInvalid, ReportUnchanged, ReportChanged, FigureBelowEarlier,
        FigureAboveLater, FigureBelowDeducted, PartAboveWhole, BaselineMissing."""
        kept, at, today = self._now()
        plan, deducted = self._plan(), deductions(self.settings)
        indicator, reporting = figures.reported(plan, asked["target_id"])
        region = regions.find(asked["region"]).code
        who.require_on(plan, indicator, region)
        figures.check_region(indicator, reporting, region)
        figures.check_period(plan, indicator, asked["period"], today=today)
        content = Content(
            cumulative=asked.get("cumulative"),
            state=WorkState(asked["state"]) if "state" in asked else None,
            started=asked.get("started"),
            completed=asked.get("completed"),
            inspected=asked.get("inspected"),
            problems=asked.get("problems"),
            next_steps=asked.get("next_steps"),
            evidence=examiner.examined(asked["evidence"]),
        )
        figures.check_content(indicator, reporting, content, least_evidence=options().least_evidence)

        def work(session: ClientSession) -> str:
            kept.take(session, region)
            before = kept.line_of(indicator.id, region, asked["period"], session)
            domain.check_version(before, asked.get("expected_version"))
            after = domain.file(
                before,
                report_id=before.report_id if before else mongo.new_id(),
                target_id=indicator.id,
                region=region,
                period=asked["period"],
                content=content,
                reason=asked.get("reason"),
                at=at,
                on=today,
                by=who.client_id,
                organisation=who.organisation,
            )
            if content.cumulative is not None:
                book = figures.book(kept.lines_of(region, session), deducted.of_region(region, session))
                figures.check_beside(plan, indicator, after.period, content.cumulative, book, book.pending)
            kept.put(session, before, after)
            return after.report_id

        return kept.commands.once(who.client_id, asked, work, action="file")
