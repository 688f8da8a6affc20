"""A bulletin as a document in official style (公文), from the templates bulletin.docx and correction.docx.

The templates are edited in a word processor; what stands in ``{{ }}`` there is filled in here. Fonts are named and not
embedded: 方正小标宋, 黑体, 仿宋 and 楷体, as GB/T 9704 has them.
"""

import datetime as dt
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docxtpl import DocxTemplate, InlineImage

from contract.words import Status
from services.targets.bulletins import charts
from services.targets.bulletins.domain import INLINE, Content, Correction, Line, Move, Problem, Score
from services.targets.snapshots.domain import Moved

_FOLDER = Path(__file__).parent
_WIDTH = Mm(154)
_WORST = 3  # indicators named of each unit
_PROBLEMS = 20  # told in the document; the workbook has all
_ROWS = INLINE  # of a correction's tables; the workbook has all

_SERVICES = {"certification": "证书登记", "housekeeping": "星级认定", "reports": "进展填报", "targets": "计数更正"}
_CAUSES = {
    "certificate_issued": "发证",
    "certificate_corrected": "证书更正",
    "certificate_verified": "证书核验",
    "certificate_revoked": "证书撤销",
    "certificate_reinstated": "证书恢复",
    "award_granted": "认定授牌",
    "award_renewed": "年审保持",
    "award_raised": "升星",
    "award_lowered": "降星",
    "award_suspended": "暂停",
    "award_resumed": "恢复",
    "award_reinstated": "恢复认定",
    "award_revoked": "撤销认定",
    "award_lapsed": "认定到期",
    "report_filed": "填报",
    "report_accepted": "填报审定",
    "report_returned": "填报退回",
    "report_rejected": "填报驳回",
    "units_deducted": "督导核减",
    "units_restored": "核减恢复",
    "figures_mended": "重放更正",
    "replay": "重放更正",
}


DRAFT = "草稿　未经签发，不得作为依据"


def bulletin(content: Content, number: int | None) -> bytes:
    """The docx; without a number a draft, marked on each page. Raises FontMissing."""
    draft = number is None
    if content.correction is not None:
        told = _shared(content, number) | _corrected(content, content.correction)
        return _rendered("correction.docx", told, {}, draft=draft)
    pictures = {"chart_progress": charts.progress(content.lines)}
    if any(score.score is not None for score in content.ranking):
        pictures["chart_ranking"] = charts.ranking(content.ranking)
    return _rendered("bulletin.docx", _shared(content, number) | _told(content), pictures, draft=draft)


def _rendered(name: str, told: dict[str, Any], pictures: Mapping[str, bytes], *, draft: bool) -> bytes:
    template = DocxTemplate(_FOLDER / name)
    images = {name: InlineImage(template, io.BytesIO(png), width=_WIDTH) for name, png in pictures.items()}
    template.render(told | images, autoescape=True)
    if draft:
        _mark(template)
    written = io.BytesIO()
    template.save(written)
    return written.getvalue()


def _mark(template: DocxTemplate) -> None:
    """In the header of the first section, which those after it share."""
    (paragraph, *_) = template.docx.sections[0].header.paragraphs
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = paragraph.add_run(DRAFT)
    run.font.size, run.font.bold, run.font.color.rgb = Pt(16), True, RGBColor(0xC0, 0x00, 0x00)
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), "黑体")


def _shared(content: Content, number: int | None) -> dict[str, Any]:
    sources = "，".join(f"{source(service)}至第{seq}条" for service, seq in content.sources.items())
    heads = f"。日志链首：{'，'.join(head.short() for head in content.heads)}" if content.heads else ""
    return {
        "issuer": content.issuer,
        "code": content.code(number),
        "title": content.title,
        "addressees": content.addressees,
        "issued_on": "（签发后填写）" if number is None else day(content.issued_on),
        "as_of": day(content.as_of),
        "source": f"第{content.round}期调度锁定数据（事件日志：{sources}），摘要 {content.snapshot_digest}{heads}",
    }


def _told(content: Content) -> dict[str, Any]:
    return {
        "opening": (
            f"根据《{content.plan_name}》调度安排，{content.year}年第{content.round}期调度已于截止日"
            f"{day(content.due_on)}后关闭并锁定数据。现将截至{day(content.as_of)}的进展情况通报如下。"
        ),
        "overall": _overall(content),
        "states_told": _states(content),
        "rule": content.rule,
        "ranking": any(score.score is not None for score in content.ranking),
        "unranked": _unranked(content.ranking),
        "leaders": [_leading(score) for score in content.leaders] or ["本期没有平均达到序时进度的地区。"],
        "laggards": [_lagging(score) for score in content.laggards] or ["本期没有平均低于序时进度的地区。"],
        "reporting": [vars(one) for one in content.reporting],
        "reporting_told": _reporting(content),
        "problems": _problems(content.problems, content.counted_problems),
        "lines": [_line(line) for line in content.lines],
        "states": [vars(one) | {"state": one.state or "未报告"} for one in content.states],
        "scores": [_score(score) for score in content.ranking],
    }


def _overall(content: Content) -> str:
    counts = content.standing
    pace = next((line.pace for line in content.lines if line.pace is not None), None)
    told = f"{len(content.lines)}项量化指标中，" + "，".join(
        f"{status.value}{counts[status.value]}项" for status in Status if counts[status.value]
    )
    told += "。" if pace is None else f"；序时进度为{pace}%。"
    behind = [line for line in content.lines if line.status in (Status.BEHIND, Status.MISSED)]
    if behind:
        worst = sorted(behind, key=lambda line: (line.deviation is None, line.deviation or 0))[:5]
        named = "、".join(f"{line.name}（{line.percent}%）" for line in worst)
        told += f"落后较多的是：{named}。"
    adjusted = [line for line in content.lines if line.adjusted_target is not None and line.percent is not None]
    if adjusted:
        named = "；".join(f"{line.name}完成年度目标的{percent(line)}" for line in adjusted)
        told += f"目标已调整的指标：{named}。"
    return told


def _states(content: Content) -> str:
    if not content.states:
        return ""
    named = "、".join(f"{line.name}（{line.state or '未报告'}）" for line in content.states)
    return f"{len(content.states)}项定性任务：{named}。"


def _unranked(ranking: Sequence[Score]) -> str:
    names = [score.name for score in ranking if score.score is None]
    return f"{'、'.join(names)}未分解目标，不参加排名。" if names else ""


def _leading(score: Score) -> str:
    best = "、".join(f"{one.name}（{one.percent}%）" for one in reversed(score.measured[-_WORST:]))
    counts = f"承担目标的{len(score.measured)}项指标中{len(score.measured) - score.behind}项达到序时进度"
    return f"{score.name}：得分{score.score}，居第{score.place}位；{counts}，进展较快的是{best}。"


def _lagging(score: Score) -> str:
    worst = "、".join(f"{one.name}（{one.percent}%）" for one in score.measured[:_WORST])
    counts = f"承担目标的{len(score.measured)}项指标中{score.behind}项未达序时进度"
    return f"{score.name}：得分{score.score}，居第{score.place}位；{counts}，差距较大的是{worst}。"


def _reporting(content: Content) -> str:
    late, missing = (sum(getattr(one, name) for one in content.reporting) for name in ("late", "missing"))
    if not content.reporting:
        return "各地、各部门均按时报送。"
    return f"本期迟报{late}项次，未报{missing}项次（首次填报晚于截止日为迟报），逐项名单见附件工作簿。"


def _problems(problems: Sequence[Problem], count: int) -> list[str]:
    told = [
        f"{place}．{one.region_name}{one.name}：{_stopped(one.problems or '')}"
        + (f"下步措施：{_stopped(one.next_steps)}" if one.next_steps else "")
        for place, one in enumerate(problems[:_PROBLEMS], 1)
    ]
    if count > _PROBLEMS:
        told.append(f"其余{count - _PROBLEMS}条见附件工作簿。")
    return told or ["本期填报未反映存在问题。"]


def _stopped(text: str) -> str:
    return text if text.endswith(("。", "！", "？", ".")) else f"{text}。"


def _line(line: Line) -> dict[str, Any]:
    return {
        "indicator": line.indicator,
        "name": line.name,
        "unit": line.unit or "—",
        "target": line.comparator + number(line.target, line.decimals),
        "adjusted": number(line.adjusted_target, line.decimals),
        "value": number(line.value, line.decimals),
        "percent": percent(line),
        "pace": "—" if line.pace is None else f"{line.pace}%",
        "deviation": "—" if line.deviation is None else f"{line.deviation:+}",
        "status": line.status or "—",
        "colour": line.colour or "—",
    }


def _score(score: Score) -> dict[str, Any]:
    worst = "；".join(f"{one.indicator} {one.name}（{one.percent}%）" for one in score.measured[:_WORST])
    return {
        "place": score.place or "—",
        "name": score.name,
        "score": score.score if score.score is not None else "不参评",
        "measured": len(score.measured),
        "behind": score.behind,
        "worst": worst or "—",
    }


def _corrected(content: Content, correction: Correction) -> dict[str, Any]:
    whole = correction.moves[0].region if correction.moves else ""
    province = [move for move in correction.moves if move.region == whole]
    counts = len({move.indicator for move in correction.moves})
    return {
        "opening": (
            f"{correction.code}《{correction.title}》印发后，所依据的数据有更正。现将变动情况通报如下，"
            f"原通报数与现核定数均截至{day(content.as_of)}。"
        ),
        "reason": _stopped(correction.reason),
        "moved_told": f"共涉及{counts}项指标、{correction.counted_entries}条记录，全省数变动{len(province)}项。",
        "province": [_move(move) for move in province],
        "unexplained": "以下变动与逐条依据不符，另行核查：" + "、".join(correction.unexplained) + "。"
        if correction.unexplained
        else "",
        "effect": f"{correction.code}不作改动，变动部分以本通报为准。",
        "moves": [_move(move) for move in correction.moves[:_ROWS]],
        "moves_left": _left(len(correction.moves)),
        "entries": [_entry(entry) for entry in correction.entries[:_ROWS]],
        "entries_left": _left(correction.counted_entries),
    }


def _left(rows: int) -> str:
    return f"其余{rows - _ROWS}条见附件工作簿。" if rows > _ROWS else ""


def _move(move: Move) -> dict[str, Any]:
    return {
        "indicator": move.indicator,
        "name": move.name,
        "unit": move.unit or "—",
        "region_name": move.region_name,
        "reported": number(move.reported, move.decimals),
        "known": number(move.known, move.decimals),
        "by": signed(move.by, move.decimals),
        "reported_percent": "—" if move.reported_percent is None else f"{move.reported_percent}%",
        "known_percent": "—" if move.known_percent is None else f"{move.known_percent}%",
    }


def _entry(entry: Moved) -> dict[str, Any]:
    return vars(entry) | {"value": f"{entry.value:+f}", "cause": cause(entry.cause), "service": source(entry.service)}


def cause(event: str) -> str:
    """An event's type in the words of an office."""
    return _CAUSES.get(event.partition(".")[2], event)


def source(service: str) -> str:
    """A service in the words of an office."""
    return _SERVICES.get(service, service)


def percent(line: Line) -> str:
    """``199%，占调整后目标的88%``."""
    if line.percent is None:
        return "—"
    if line.percent_of_original is None:
        return f"{line.percent}%"
    return f"{line.percent_of_original}%，占调整后目标的{line.percent}%"


def number(value: Decimal | None, decimals: int) -> str:
    """Noughts at the end of a fraction are left out: 7,000 km, not 7,000.000."""
    return "—" if value is None else _short(f"{value:,.{decimals}f}")


def signed(value: Decimal, decimals: int) -> str:
    return _short(f"{value:+,.{decimals}f}")


def _short(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def day(on: dt.date) -> str:
    return f"{on.year}年{on.month}月{on.day}日"
