"""The sample work ledger (工作台账): filed and accepted through the API by demo clients, once; then told, and compared
with what must come of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from threading import Lock
from typing import Any

import plan as plans
from contract import regions, reports  # whose refusals a call may raise
from deploy import story
from deploy.door import Door
from deploy.ending import Ending
from runtime.config import Config
from runtime.rpc import Rpc
from samples import ledger_year
from samples.ledger import Sample
from samples.ledger_expected import differences, expected
from samples.ledger_year import Stuck, Told

__all__ = ["Shown", "Stuck", "play", "read", "reports", "retell"]

_LISTED = 20  # differences
_NAMED = 3  # units at either end of the ranking
_DAY = "{}-10-31"
_WIDEST = 21  # counties of the largest unit


class Ended(Exception):
    """The run is to end: what is not filed yet stays unfiled, until the next start."""


@dataclass(frozen=True)
class Shown:
    """What the API answers once all is counted: the ledger's ``rows`` of the province and its units, October's
    ``round`` and the ``bulletin``."""

    sample: Sample
    rows: list[dict[str, Any]]
    round: dict[str, Any]
    bulletin: dict[str, Any]


class _Offices:
    """samples.ledger_year.Offices: the demo clients, over HTTP; only the time is told to the services themselves."""

    def __init__(self, door: Door, clients: Sequence[Mapping[str, str]], rpc: Rpc, ending: Ending, bar: Any) -> None:
        self._door = door
        self._clients = {client["client_id"]: client for client in clients}
        self._rpc = rpc
        self._ending = ending
        self._bar = bar
        self._tokens: dict[str, str] = {}
        self._lock = Lock()

    def get(self, client: str, path: str, **query: Any) -> dict[str, Any]:
        return self._door.get(path, self._token(client), **query)

    def post(self, client: str, path: str, said: dict[str, Any]) -> dict[str, Any]:
        return self._door.post(path, self._token(client), said)

    def upload(self, client: str, path: str, filename: str, content: bytes) -> dict[str, Any]:
        return self._door.hand_in(path, self._token(client), filename, content)

    def download(self, client: str, path: str, **query: Any) -> bytes:
        return self._door.download(path, self._token(client), **query)

    def set_time(self, service: str, instant: str | None) -> None:
        self._rpc.call(service, "set_time", instant, timeout=30.0)

    def done(self, steps: int) -> None:
        with self._lock:
            self._bar.update(steps)

    def _token(self, client: str) -> str:
        if self._ending.is_set():
            raise Ended
        with self._lock:
            if client not in self._tokens:
                self._tokens[client] = self._door.token(dict(self._clients[client]))
            return self._tokens[client]


def play(
    settings: Config, door: Door, clients: Sequence[Mapping[str, str]], *, width: int, ending: Ending
) -> Told | None:
    """None when an earlier start played it, or when told to end. ``width``: counties of each unit that file for each
    item."""
    sample = Sample(plans.read(settings.plan_file), width)
    rpc = Rpc(settings)
    try:
        with story.bar(ledger_year.steps(sample), "工作台账样例", unit="步") as bar:
            return ledger_year.play(_Offices(door, clients, rpc, ending, bar), sample)
    except Ended:
        return None
    finally:
        rpc.close()


def read(settings: Config, door: Door, token: str, *, width: int) -> Shown:
    """``token``: the dispatcher's. Only once it was played."""
    sample = Sample(plans.read(settings.plan_file), width)
    listed = door.get("/v1/bulletins", token, limit=100)["items"]
    issued = [one for one in listed if one["period"] == sample.period and one["state"] == "done"]
    first = min(issued, key=lambda one: one["number"])
    asked = {"by": "region", "as_of": _DAY.format(sample.plan.year), "period": sample.period}
    return Shown(
        sample,
        door.get("/v1/ledger", token, **asked)["items"],
        door.get(f"/v1/rounds/{first['round_id']}", token),
        door.get(f"/v1/bulletins/{first['bulletin_id']}", token),
    )


def retell(shown: Shown, told: Told | None, address: str) -> str:
    """The province's rows, the ranking's ends, who was late or missing, and where the documents are. ``told``: of a
    play just now; what it left is compared with what must come of it."""
    day = _DAY.format(shown.sample.plan.year)
    where = f"{address}/v1/bulletins/{shown.bulletin['bulletin_id']}"
    lines = [f"工作台账（全省，截至 {day}）：", _province(shown), "", _ranking(shown), "", _attendance(shown)]
    if told is not None:
        lines += [*_refused(told), *_who_files(shown.sample), "", *_compared(shown)]
    return "\n".join(
        [
            *lines,
            f"  台账      {address}/v1/ledger.xlsx?by=region&as_of={day}（用调度员 dispatcher 的令牌）",
            f"  通报      {where}/document.docx",
            f"  通报附件  {where}/workbook.xlsx",
            f"  本期调度  {address}/v1/rounds/{shown.round['round_id']}（数据快照 {shown.bulletin['snapshot_id']}）",
        ]
    )


def _compared(shown: Shown) -> list[str]:
    found = differences(expected(shown.sample), rows=shown.rows, round=shown.round, bulletin=shown.bulletin)
    if found:
        return [f"  ! 与样例预期不一致，{len(found)} 处：", *(f"    {one}" for one in found[:_LISTED])]
    return ["  与样例预期一致：填报指标在全省和各单位的目标、累计、完成率，通报的得分与名次，迟报、未报行数"]


def _province(shown: Shown) -> str:
    rows: list[list[story.Cell]] = []
    for row in shown.rows:
        if row["region"] != shown.sample.plan.region:
            continue
        standing = row["state"] or row["status"] or "—"
        rows.append(
            [
                row["target_id"],
                row["name"],
                _target(shown.sample, row),
                _number(row["value"]),
                _percent(row["percent"]),
                _percent(row["pace"]),
                f"{row['colour']} {standing}" if row["colour"] else standing,
            ]
        )
    heads = ["编号", "指标", "目标", "累计", "完成率", "序时进度", "状态"]
    return story.table(heads, rows, right=heads[2:6])


def _ranking(shown: Shown) -> str:
    ranked = [one for one in shown.bulletin["content"]["ranking"] if one["place"] is not None]
    ends = [*ranked[:_NAMED], *ranked[-_NAMED:]]
    rows: list[list[story.Cell]] = [[one["place"], one["name"], str(one["score"]), one["behind"]] for one in ends]
    heads = ["名次", "地区", "得分", "落后指标数"]
    return f"{shown.bulletin['code']}《{shown.bulletin['title']}》排名前三、后三：\n" + story.table(
        heads, rows, right=heads[2:3]
    )


def _attendance(shown: Shown) -> str:
    tally, sample, units = shown.round["tally"], shown.sample, shown.round["units"]
    late = "、".join(f"{unit['region_name']} {unit['late']}" for unit in units if unit["late"])
    missing = "、".join(f"{unit['region_name']} {unit['missing']}" for unit in units if unit["missing"])
    lines = [
        f"{sample.period} 调度（截止 {shown.round['due_on']}，催报 {len(shown.round['reminders'])} 次）："
        f"应报 {tally['expected']} 行，已报 {tally['filed']}，审定 {tally['accepted']}，迟报 {tally['late']}，"
        f"未报 {tally['missing']}",
        f"  迟报：{late or '无'}",
        f"  未报：{missing or '无'}",
    ]
    return "\n".join(lines)


def _who_files(sample: Sample) -> list[str]:
    if sample.width >= _WIDEST:
        return []
    return [
        f"  样例中每项工程由每市 {sample.width} 个县填报、承担该市任务（口袋公园由建成的各县填报），"
        f'其余各县如实列为未报；全部县填报：make run ARGS="--ledger {_WIDEST}"'
    ]


def _refused(told: Told) -> list[str]:
    return [
        f"  填报表退回：{regions.get(row['unit']).name} 第 {row['row']} 行，{row['detail']}" for row in told.refused
    ]


def _target(sample: Sample, row: Mapping[str, Any]) -> str:
    comparator = sample.plan.indicators[row["target_id"]].comparator
    return f"{comparator.value}{_number(row['target'])}{row['unit']}" if comparator else "—"


def _number(number: str | None) -> str:
    return "—" if number is None else f"{Decimal(number).normalize():f}"


def _percent(number: str | None) -> str:
    return "—" if number is None else f"{Decimal(number):.2f}%"
