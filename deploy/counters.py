"""Indicators as the public API shows them, once everything that was said is counted."""

import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from deploy import story
from deploy.door import Door
from deploy.ending import Ending

TARGET = "12.1"

_PATIENCE = 60.0  # seconds
_POLL = 0.2


def settle(door: Door, stop: Ending) -> bool:
    """Waits until targets has counted all that was said. False when it took too long, or was stopped."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and not stop.is_set():
        report = door.readiness()
        if report is not None and report["code"] == 200 and _is_settled(report["checks"]):
            return True
        stop.wait(_POLL)
    return False


def read(door: Door, token: str | None, *indicators: str) -> list[dict[str, Any]]:
    """contract.targets.Target of each, with its children; without a token, small ones are left out."""
    return [door.get(f"/v1/targets/{indicator}", token, by="region") for indicator in indicators]


def retell(targets: Sequence[dict[str, Any]]) -> str:
    """A table by unit with a column for each indicator, and the province's standing."""
    rows: list[list[story.Cell]] = []
    for place, child in enumerate(targets[0]["children"]):
        rows.append([child["region"], child["name"], *(_whole(one["children"][place]["value"]) for one in targets)])
    rows.append([targets[0]["region"], targets[0]["region_name"], *(_whole(one["value"]) for one in targets)])
    heads = ["代码", "地区", *(f"{one['id']} {one['name']}（{one['unit']}）" for one in targets)]
    return "\n".join([story.table(heads, rows), *(_stands(target) for target in targets)])


def _stands(target: dict[str, Any]) -> str:
    heard = "，".join(f"{source['service']} 第 {source['seq']} 条事件" for source in target["sources"])
    value, goal = _plain(target["value"]), _plain(target["target"])
    return "\n".join(
        [
            "",
            f"  {target['id']} {target['name']}：全省 {value} {target['unit']}，"
            f"目标 {target['comparator']}{goal}，完成率 {target['percent']}%",
            f"  序时进度 {target['pace']}%，偏差 {target['deviation']} 个百分点，状态 {target['status']}",
            f"  截至 {target['as_of']}，已计入：{heard}，落后 {target['lag_seconds']} 秒",
        ]
    )


def _is_settled(checks: dict[str, Any]) -> bool:
    jobs = checks["certification"]
    if jobs["imports_queued"] or jobs["imports_running"] or jobs["imports_recalling"]:
        return False
    return all(
        not checks[source["service"]]["unpublished"] and source["seq"] >= checks[source["service"]]["head_seq"]
        for source in checks["targets"]["sources"]
    )


def _whole(number: str | None) -> story.Cell:
    return "—" if number is None else int(Decimal(number))  # too few to be shown to the public


def _plain(number: str | None) -> str:
    return "—" if number is None else f"{Decimal(number).normalize():f}"
