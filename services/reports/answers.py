"""What is known of lines, in the contract's words."""

from decimal import Decimal
from typing import Any

from contract import regions
from contract import reports as public
from plan import Plan
from runtime.mongo import Document
from services.reports.domain import Content, Evidence, Line


def shown_line(line: Line, plan: Plan, deducted: Decimal) -> dict[str, Any]:
    """ReportLine"""
    return public.ReportLine.write(**_line(line, plan, deducted))


def shown_report(line: Line, plan: Plan, deducted: Decimal, steps: list[Document]) -> dict[str, Any]:
    """Report"""
    return public.Report.write(**_line(line, plan, deducted), history=[_step(step) for step in steps])


def _line(line: Line, plan: Plan, deducted: Decimal) -> dict[str, Any]:
    indicator = plan.indicators[line.target_id]
    review = line.review
    accepted = line.accepted
    return {
        "report_id": line.report_id,
        "version": line.version,
        "target_id": line.target_id,
        "name": indicator.name,
        "unit": indicator.unit,
        "region": line.region,
        "region_name": regions.get(line.region).full_name,
        "period": line.period,
        "effective_on": line.effective_on,
        "status": line.status.value,
        **_content(line.filed.content),
        "reason": line.filed.reason,
        "filed_by": line.filed.by,
        "filed_at": line.filed.at,
        "reviewed_by": review and review.by,
        "reviewed_at": review and review.at,
        "review_reason": review and review.reason,
        "figure": line.figure,
        "accepted_state": accepted and accepted.content.state,
        "accepted_version": accepted and accepted.version,
        "deducted": deducted,
    }


def _content(content: Content) -> dict[str, Any]:
    names = ("cumulative", "state", "started", "completed", "inspected", "problems", "next_steps")
    return {name: getattr(content, name) for name in names} | {"evidence": [_evidence(one) for one in content.evidence]}


def _evidence(one: Evidence) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("file_id", "sha256", "title", "kind", "size")}


def _step(step: Document) -> dict[str, Any]:
    content = step["content"]
    return {
        "version": step["version"],
        "event": step["event"],
        "at": step["at"],
        "by": step["by"],
        "organisation": step["organisation"],
        "cumulative": Decimal(content["cumulative"]) if "cumulative" in content else None,
        "state": content.get("state"),
        "reason": step.get("reason"),
        "evidence": content["evidence"],
    }
