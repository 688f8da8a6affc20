"""The sample rosters, posted through the API as each unit's training centre would, and what became of their rows."""

import csv
import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import python_calamine

from contract import regions
from contract.words import ImportState, Role, RowOutcome
from deploy import story
from deploy.door import Door, Refused
from deploy.ending import Ending
from samples.files import FILES, File, bodies
from samples.stars import credit_code

ROSTERS = Path(__file__).resolve().parent.parent / "samples" / "rosters"

_POLL = 0.1  # seconds
_FIRST_BODY = 9_000_001  # from which their credit codes are made up
_MOVING = (ImportState.QUEUED, ImportState.RUNNING, ImportState.RECALLING)
_SHOWN = {
    RowOutcome.CREATED: "建立",
    RowOutcome.DUPLICATE: "重复",
    RowOutcome.CONFLICT: "冲突",
    RowOutcome.REJECTED: "拒绝",
}


@dataclass
class Told:
    """What became of one file. ``earlier``: an earlier run had finished it already. ``fault``: it was not taken."""

    file: File
    job: dict[str, Any] = field(default_factory=dict)
    earlier: bool = False
    fault: str | None = None
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    words: dict[tuple[str, str], str] = field(default_factory=dict)


def file_bodies(door: Door, clients: Sequence[dict[str, str]], stop: Ending) -> None:
    """The province's filings of the made-up bodies that issued all certificates of the samples: what no body has filed
    waits for a review. Returns once they are published, or ``stop`` is set."""
    keeper = next(one for one in clients if (one["role"], one["region"]) == (Role.CIVIL_AFFAIRS, regions.PROVINCE))
    token = door.token(keeper)
    filed = {each["credit_code"] for each in door.get("/v1/assessors", token, limit=500)["items"]}
    for number, body in enumerate(bodies(), _FIRST_BODY):
        if credit_code(number) not in filed:
            said = {"credit_code": credit_code(number), "name": body.name, "kind": body.kind}
            door.post("/v1/assessors", token, said | {"number_prefix": body.prefix, "valid_from": "2015-01-01"})
    while not stop.wait(_POLL):
        report = door.readiness()
        if report is not None and "training" in report["checks"] and not report["checks"]["training"]["unpublished"]:
            return


def import_all(door: Door, clients: Sequence[dict[str, str]], stop: Ending) -> list[Told]:
    """One file after the other, in the order of samples/README.md: a later file may speak of an earlier one's people.
    Returns early when ``stop`` is set; what runs then goes on at the next start."""
    began = dt.datetime.now(dt.UTC)
    centres = {client["region"]: client for client in clients if client["role"] == "training_centre"}
    rows = {file.name: _rows(file) for file in FILES}
    told = []
    with story.bar(sum(rows.values()), "导入样例花名册") as bar:
        for number, file in enumerate(FILES, 1):
            bar.set_description_str(f"导入花名册 {number:>2}/{len(FILES)}")
            before = bar.n
            one = Told(file)
            told.append(one)
            try:
                token = door.token(centres[file.unit])
                one.job = door.upload(ROSTERS / file.name, token)
                one.earlier = _submitted(one.job) < began and one.job["state"] not in _MOVING
                while one.job["state"] in _MOVING and not stop.wait(_POLL):
                    one.job = door.get(f"/v1/certificate-imports/{one.job['import_id']}", token)
                    bar.update(before + min(one.job["rows_done"], rows[file.name]) - bar.n)
                if stop.is_set():
                    return told
                _collect(one, door, token)
            except Refused as refused:
                one.fault = str(refused)
            bar.update(before + rows[file.name] - bar.n)
    return told


def retell(told: Sequence[Told]) -> str:
    """Tables: rows by outcome for each file and in all, and why rows were refused."""
    rows: list[list[story.Cell]] = []
    totals: Counter[str] = Counter()
    for one in told:
        counts = [int(one.job.get(outcome.value, 0)) for outcome in _SHOWN]
        totals.update({outcome.value: count for outcome, count in zip(_SHOWN, counts, strict=True)})
        rows.append([one.file.name, sum(counts), *counts, _state(one), str(one.job.get("import_id", ""))])
    rows.append(["合计", sum(totals.values()), *(totals[outcome.value] for outcome in _SHOWN), "", ""])
    text = story.table(["文件", "行", *_SHOWN.values(), "状态", "任务 import_id"], rows)
    reasons: Counter[tuple[str, str]] = Counter()
    words: dict[tuple[str, str], str] = {}
    for one in told:
        reasons.update(one.reasons)
        words |= one.words
    if reasons:
        listed: list[list[story.Cell]] = [
            [count, *why, words[why]] for why, count in sorted(reasons.items(), key=lambda item: (-item[1], item))
        ]
        text += "\n\n未建立的行，按原因：\n" + story.table(["行", "字段", "代码", "说明（其中一行的）"], listed)
    return text


def _collect(one: Told, door: Door, token: str) -> None:
    """Why rows were rejected or contradict what is recorded."""
    for outcome in (RowOutcome.REJECTED, RowOutcome.CONFLICT):
        query: dict[str, Any] = {"outcome": outcome.value, "limit": 1000}
        while one.job.get(outcome.value):
            page = door.get(f"/v1/certificate-imports/{one.job['import_id']}/rows", token, **query)
            for row in page["items"]:
                why = (row.get("field") or "—", row.get("code") or outcome.value)
                one.reasons[why] += 1
                one.words.setdefault(why, row.get("reason") or "")
            if page["next"] is None:
                break
            query["after"] = page["next"]


def _state(one: Told) -> str:
    if one.fault is not None:
        return "未受理"
    match ImportState(one.job["state"]):
        case ImportState.DONE:
            return "已导入过" if one.earlier else "完成"
        case ImportState.FAILED:
            return "失败"
        case ImportState.RECALLED:
            return "已撤回"
        case _:
            return "进行中"


def _submitted(job: dict[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(job["submitted_at"])


def _rows(file: File) -> int:
    """How many rows a file has, for the bar: the header and empty rows are none."""
    path = ROSTERS / file.name
    if path.suffix == ".xlsx":
        cells = python_calamine.load_workbook(str(path)).get_sheet_by_index(0).to_python()
        return sum(any(str(cell).strip() for cell in row) for row in cells) - 1
    with path.open(encoding=file.encoding, newline="") as lines:
        return sum(any(cell.strip() for cell in row) for row in csv.reader(lines)) - 1
