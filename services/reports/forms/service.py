"""What reports is asked about forms: the empty one, and those that come back filled."""

import base64
import io
from collections.abc import Sequence
from typing import Any

from contract import fields, regions
from contract import reports as public
from contract.errors import Invalid, Refused, field_error
from contract.message import Message
from plan import Plan
from runtime import mongo
from runtime.files import FileMissing, Files
from runtime.hosting import rpc
from runtime.sheets import Numbered, Sheet
from services.reports import figures
from services.reports.access import WRITE, Actor
from services.reports.domain import invalid
from services.reports.evidence import Examiner
from services.reports.filing import Filer
from services.reports.forms import domain as form
from services.reports.forms import filled, sheets
from services.reports.forms.answers import shown_import
from services.reports.forms.domain import Blank, Import, Row
from services.reports.forms.filled import Filled
from services.reports.forms.store import imports
from services.reports.options import options
from services.reports.store import Reports

_RESULT = 32 * 2**20


class AskTemplate(Message):
    region = fields.RegionCode(required=True)
    period = public.Period(required=True)


class ImportCalls(Filer):
    @rpc
    def report_template(self, region: str, period: str, actor: dict[str, Any]) -> dict[str, Any]:
        """``{"content": base64 of an xlsx}``: every indicator that the actor files for the region and those below it.
        Refuses ReportsNotAllowed, ReportRegionNotYours, PeriodNotReportable, ReportInvalid when there are too many rows
        or none."""
        asked, who = AskTemplate.read({"region": region, "period": period}), Actor.of(actor)
        who.require(WRITE)
        kept, _, today = self._now()
        plan, code = self._plan(), regions.get(asked["region"]).code
        who.require_within(code)
        blanks = self._blanks(kept, plan, who, code, asked["period"])
        if not blanks:  # a period outside the plan's year says so itself
            for indicator in plan.indicators.values():
                if indicator.reporting and who.owns(plan, indicator):
                    figures.check_period(plan, indicator, asked["period"], today=today)
            raise invalid(_fault("none", "该地区没有由本账号填报的指标", "this client files nothing for this region"))
        if len(blanks) > options().most_rows:
            zh = f"共{len(blanks)}行，超过{options().most_rows}行：请按市或县（市、区）分别下载"
            en = f"{len(blanks)} rows, more than {options().most_rows}: choose a smaller region"
            raise invalid(_fault("too_many_rows", zh, en))
        return {"content": base64.b64encode(sheets.template(blanks, period=asked["period"])).decode()}

    @rpc
    def import_reports(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """ImportReports -> ReportImport. Each row is filed or refused by itself; blank ones are left alone. Refuses
        ReportsNotAllowed, ReportWorkbookUnreadable."""
        asked, who = public.ImportReports.read(command), Actor.of(actor)
        who.require(WRITE)
        _, at, _ = self._now()
        files, command_id = Files(self.settings), asked.get("command_id")
        if known := imports(self.settings).of_command(who.client_id, command_id):
            return shown_import(known)
        if asked["size"] > options().most_bytes:
            limit = options().most_bytes // 2**20
            raise form.unreadable(
                f"文件超过{limit}MB，请使用下载的填报表", f"larger than {limit} MiB: use the template"
            )
        try:
            if files.describe(asked["file_id"]).sha256 != asked["sha256"]:
                raise FileMissing(asked["file_id"])
            with files.spool(asked["file_id"]) as file:
                forms, all_sheets = filled.read(file, most=options().most_rows)
        except FileMissing:
            raise form.unreadable("上传的文件不完整，请重新上传", "the file is not whole: upload it again") from None
        import_id = mongo.new_id()
        results = self._filed(forms, who, Examiner(files), command_id=command_id or import_id)
        content = sheets.annotated(results)
        stored = files.write(io.BytesIO(content), filename="result.xlsx", limit=_RESULT)
        done = Import(
            import_id=import_id,
            client_id=who.client_id,
            organisation=who.organisation,
            region=who.region,
            filename=asked["filename"],
            sha256=asked["sha256"],
            result_file_id=stored.file_id,
            submitted_at=at,
            rows=tuple(result for _, rows in results for _, result in rows if result is not None),
            sheets=tuple(sheet.facts() for sheet in all_sheets),
        )
        recorded = imports(self.settings).add(done, command_id)
        if recorded.import_id != import_id:
            files.delete(stored.file_id)
        return shown_import(recorded)

    @rpc
    def report_import(self, import_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> ReportImport. Refuses ReportImportNotFound, ReportsNotAllowed."""
        return shown_import(self._import(import_id, actor))

    @rpc
    def report_import_result(self, import_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """``{"file_id"}`` of the annotated workbook, in runtime.files. Refuses ReportImportNotFound,
        ReportsNotAllowed."""
        return {"file_id": self._import(import_id, actor).result_file_id}

    def _import(self, import_id: str, actor: dict[str, Any]) -> Import:
        who = Actor.of(actor)
        who.require(WRITE)
        found = imports(self.settings).get(import_id)
        if found is None or found.client_id != who.client_id:
            raise public.ReportImportNotFound("没有这次导入", "there is no such import")
        return found

    def _filed(
        self, forms: Sequence[Filled], who: Actor, examiner: Examiner, *, command_id: str
    ) -> list[tuple[Sheet, list[tuple[Numbered, Row | None]]]]:
        """What became of each row of each sheet, None where nothing was filled in."""
        commands: dict[tuple[int, int], Any] = {}
        for part in forms:
            for number, cells in part.rows:
                # As it was known before there were several sheets, so that a repeated command finds its rows.
                own = f"{command_id}/{number}" if part is forms[0] else f"{command_id}/{part.sheet.base + number}"
                commands[part.sheet.base, number] = _read(cells, part.columns, command_id=own)
        sound = [(row, read) for row, read in commands.items() if isinstance(read, dict)]
        names = {part.sheet.base: part.sheet.name for part in forms}
        for row, others in form.repeated(sound).items():
            commands[row] = _contradicted([(names[base], number) for base, number in others])
        return [
            (
                part.sheet,
                [
                    (row, self._row(part.sheet.name, row[0], commands[part.sheet.base, row[0]], who, examiner))
                    for row in part.rows
                ],
            )
            for part in forms
        ]

    def _row(
        self, sheet: str, number: int, read: dict[str, Any] | Refused | None, who: Actor, examiner: Examiner
    ) -> Row | None:
        try:
            if read is None:
                return None
            if isinstance(read, Refused):
                raise read
            report_id = self.file_line(read, who, examiner)
        except public.ReportUnchanged as same:
            return Row(number, public.RowFiled.DUPLICATE, None, same.code, same.zh, same.en, (), sheet)
        except Refused as refused:
            zh, en = _in_words(refused)
            at_fault = form.headings(refused.errors)
            return Row(number, public.RowFiled.REFUSED, None, refused.code, zh, en, at_fault, sheet)
        return Row(number, public.RowFiled.FILED, report_id, None, None, None, (), sheet)

    def _blanks(self, kept: Reports, plan: Plan, who: Actor, within: str, period: str) -> list[Blank]:
        codes = sorted(regions.subtree(within))
        lines: dict[str, list[Any]] = {code: [] for code in codes}
        for line in kept.lines(within=within):
            lines.setdefault(line.region, []).append(line)
        known = {code: figures.book(found, {}).accepted for code, found in lines.items()}
        blanks = []
        for code in codes:
            for indicator in plan.indicators.values():
                reporting = indicator.reporting
                if reporting is None or not who.owns(plan, indicator) or reporting.level not in figures.levels(code):
                    continue
                if not figures.of_the_plan(plan, indicator, period):
                    continue
                told = known[code].get(indicator.id, {})
                last = max((at for at in told if at <= period), default=None)
                blanks.append(Blank(indicator, code, told[last] if last else None))
        return blanks


def _read(cells: Sequence[str], columns: dict[str, int], *, command_id: str) -> dict[str, Any] | Refused | None:
    """FileReport of one row, why it is none, or None when nothing is filled in."""
    try:
        told = form.command(cells, columns)
        return None if told is None else public.FileReport.read({**told, "command_id": command_id})
    except Refused as refused:
        return refused


def _contradicted(others: Sequence[tuple[str, int]]) -> Refused:
    several = len({sheet for sheet, _ in others}) > 1
    named = [f"工作表“{sheet}”第{row}行" if several else f"第{row}行" for sheet, row in others]
    zh = f"同一指标、地区、期别在本表中填了多次且内容不同（另见{'、'.join(named)}）：请只保留一行"
    en = f"the same indicator, region and period stands here more than once, saying otherwise: rows {others}"
    faults = [field_error(f"/{field}", "contradicts", zh, en) for field in ("target_id", "region", "period")]
    return public.ReportInvalid(zh, en, faults[:1])


def _in_words(refused: Refused) -> tuple[str, str]:
    """A refusal in one cell: the faults of its fields where they say more than it does."""
    if not isinstance(refused, Invalid) or not refused.errors or type(refused).__name__ not in _FIELDWISE:
        return refused.zh, refused.en
    zh = "；".join(f"{''.join(form.headings([error]))}：{error['detail']}" for error in refused.errors)
    en = "; ".join(f"{error['pointer']}: {error['detail_en']}" for error in refused.errors)
    return zh[:2000], en[:2000]


_FIELDWISE = ("Invalid", "ReportInvalid")


def _fault(code: str, zh: str, en: str) -> dict[str, str]:
    return {"pointer": "/query/region", "code": code, "detail": zh, "detail_en": en}
