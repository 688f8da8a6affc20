"""Indicator 12.1 as the public API shows it, once everything that was said is counted."""

import time
from decimal import Decimal
from typing import Any

from deploy import story
from deploy.door import Door
from deploy.ending import Ending

TARGET = "12.1"

_PATIENCE = 60.0  # seconds
_POLL = 0.2


def settle(door: Door, stop: Ending) -> bool:
    """Waits until targets has counted all that certification has said. False when it took too long, or was stopped."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and not stop.is_set():
        report = door.readiness()
        if report is not None and report["code"] == 200 and _is_settled(report["checks"]):
            return True
        stop.wait(_POLL)
    return False


def read(door: Door) -> dict[str, Any]:
    """contract.targets.Target with its children."""
    return door.get(f"/v1/targets/{TARGET}", by="region")


def retell(target: dict[str, Any]) -> str:
    """A table by unit, and the province's standing."""
    rows: list[list[story.Cell]] = [
        [child["region"], child["name"], _whole(child["value"])] for child in target["children"]
    ]
    rows.append([target["region"], target["region_name"], _whole(target["value"])])
    heard = "，".join(f"{source['service']} 第 {source['seq']} 条事件" for source in target["sources"])
    value, goal = _plain(target["value"]), _plain(target["target"])
    return "\n".join(
        [
            story.table(["代码", "地区", f"人数（{target['unit']}）"], rows),
            "",
            f"  全省 {value} {target['unit']}，目标 {target['comparator']}{goal}，完成率 {target['percent']}%",
            f"  序时进度 {target['pace']}%，偏差 {target['deviation']} 个百分点，状态 {target['status']}",
            f"  截至 {target['as_of']}，已计入：{heard}，落后 {target['lag_seconds']} 秒",
        ]
    )


def _is_settled(checks: dict[str, Any]) -> bool:
    said = checks["certification"]
    heard = {source["service"]: source["seq"] for source in checks["targets"].get("sources", [])}
    busy = said["unpublished"] or said["imports_queued"] or said["imports_running"] or said["imports_recalling"]
    return not busy and heard.get("certification", 0) >= said["head_seq"]


def _whole(number: str | None) -> story.Cell:
    return "—" if number is None else int(Decimal(number))  # too few to be shown to the public


def _plain(number: str | None) -> str:
    return "—" if number is None else f"{Decimal(number).normalize():f}"
