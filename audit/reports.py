"""What was filed and accepted, told from the lines of reports and what inspections took off them."""

import calendar
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

from runtime.mongo import Store
from runtime.outbox import ChainBroken, Outbox

Steps = Counter[tuple[str, str, str]]

_LINE = ("version", "target_id", "region", "period", "status")
_DEDUCTION = ("version", "target_id", "region", "report_id", "effective_on")
_COMPARED = {"report_id": (*_LINE, "figure", "state"), "deduction_id": (*_DEDUCTION, "amount")}


def steps(reports: Store, kinds: Collection[str]) -> Steps:
    """What each period adds to the accepted figure of the period before it, on the period's last day; and what was
    deducted, on the day from which it is. ``kinds``: the indicator, or the parts that it is the sum of."""
    figures: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(dict)
    accepted = {"target_id": {"$in": [*kinds]}, "accepted.content.cumulative": {"$exists": True}}
    for line in reports["lines"].find(accepted, {"target_id": 1, "region": 1, "period": 1, "accepted": 1}):
        figure = Decimal(line["accepted"]["content"]["cumulative"])
        figures[line["target_id"], line["region"]][line["period"]] = figure
    found: dict[tuple[str, str, str], Any] = defaultdict(Decimal)
    for (target, region), periods in figures.items():
        before = Decimal(0)
        for period in sorted(periods):
            found[f"{target}/{region}", region, _last_day(period)] += periods[period] - before
            before = periods[period]
    for row in reports["deductions"].find({"target_id": {"$in": [*kinds]}}):
        subject = f"{row['target_id']}/{row['region']}"
        found[subject, row["region"], row["effective_on"]] -= Decimal(row["amount"])
    return Counter({place: value for place, value in found.items() if value})


def _last_day(period: str) -> str:
    year, month = map(int, period.split("-"))
    return f"{period}-{calendar.monthrange(year, month)[1]}"


def log_faults(reports: Store) -> Iterator[str]:
    """What is wrong with the log, where it says other than the lines and deductions do, and what counts though no
    second person accepted it."""
    try:
        Outbox(reports).verify()
    except ChainBroken as error:
        yield f"reports 事件日志链断裂：{error}"
        return
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for row in reports["outbox"].find({"seq": {"$exists": True}}, {"event.data": 1}):
        data = row["event"]["data"]
        kind = next((kind for kind in ("deduction_id", "report_id") if kind in data), None)
        if kind is None:
            continue  # a round, or an answer to an inspection
        known = newest.get((kind, data[kind]))
        if known is None or known["version"] < data["version"]:
            newest[kind, data[kind]] = data
    for line in reports["lines"].find({}):
        content = line.get("accepted", {}).get("content", {})
        stands = line | {"figure": content.get("cumulative"), "state": content.get("state")}
        yield from _differing("report_id", line["_id"], stands, newest.pop(("report_id", line["_id"]), None))
    for deduction in reports["deductions"].find({}):
        told = newest.pop(("deduction_id", deduction["_id"]), None)
        yield from _differing("deduction_id", deduction["_id"], deduction, told)
    for _, missing in newest:
        yield f"reports 事件所述 {missing} 不在记录中"
    yield from _unreviewed(reports)


def _differing(kind: str, id: str, stands: Mapping[str, Any], told: Mapping[str, Any] | None) -> Iterator[str]:
    if told is None:
        yield f"reports 记录 {id} 没有任何事件"
        return
    numbers = ("figure", "amount")
    differing = [
        name
        for name in _COMPARED[kind]
        if (_number(stands.get(name)) != _number(told.get(name)) if name in numbers else stands.get(name) != told[name])
    ]
    if differing:
        yield f"reports 记录 {id} 与其最新事件不一致：{'、'.join(differing)}"


def _unreviewed(reports: Store) -> Iterator[str]:
    accepted: dict[str, set[tuple[str | None, str]]] = defaultdict(set)
    for step in reports["versions"].find({"event": "accepted"}, {"report_id": 1, "by": 1, "content.cumulative": 1}):
        accepted[step["report_id"]].add((step["content"].get("cumulative"), step["by"]))
    for line in reports["lines"].find({"accepted": {"$exists": True}}, {"accepted": 1}):
        figure, by = line["accepted"]["content"].get("cumulative"), line["accepted"]["by"]
        if not any(told == figure and reviewer != by for told, reviewer in accepted[line["_id"]]):
            yield f"reports 记录 {line['_id']} 的审定数没有第二人的审核记录"


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
