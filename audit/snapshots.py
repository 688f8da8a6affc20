"""Snapshots: every cell that can be counted is counted again from the logs, at the snapshot's own logical clock, and
judged by rules that are written here once more; all of it is held to the digest that the log has.

What is locked in words (存在问题, 下步措施, the state of indicators without a number) and 开工, 建成, 验收 are held by
that digest alone: they are taken as they were seen when the snapshot was locked.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from audit import places
from audit.books import Books, Event, canonical, sha256
from audit.counting import Count
from audit.rules import Indicator, Plan
from audit.tree import decided
from contract import regions
from runtime.mongo import Document

Cell = tuple[str, str]  # (indicator, region)
Days = dict[str, Decimal]

_PLACES = Decimal("0.01")
_JUDGED = ("target", "adjusted_target", "period", "value", "percent", "percent_of_original", "increment", "pace")
_COMPARED = (*_JUDGED, "deviation", "status", "colour")
_LEVELS = {"province": ("province",), "unit": ("province", "unit")}


def faults(books: Books, plan: Plan, count: Count) -> Iterator[str]:
    events = {event.data["snapshot_id"]: event for event in books.log("targets") if event.type == "snapshot_locked"}
    rows: dict[str, list[Document]] = defaultdict(list)
    for row in books.rows("targets", "snapshot_rows"):
        rows[row["snapshot_id"]].append(row)
    heads = {row["_id"]: row for row in books.rows("targets", "snapshots")}
    for id in sorted(events.keys() | heads.keys() | rows.keys()):
        name = f"targets.snapshots {id}"
        if id not in events:
            yield f"{name}：日志中没有锁定这份快照"
        elif id not in heads:
            yield f"{name}：日志中已锁定，现已不在"
        else:
            yield from _one(books, plan, count, heads[id], events[id], sorted(rows[id], key=lambda row: row["place"]))
    yield from _rounds(books, events)


def _one(books: Books, plan: Plan, count: Count, head: Document, locking: Event, rows: list[Document]) -> Iterator[str]:
    name, locked = f"targets.snapshots {head['_id']}", locking.data
    sources = {one["service"]: one["seq"] for one in locked["sources"]}
    for field, right in (
        ("digest", locked["digest"]),
        ("round_id", locked["round_id"]),
        ("as_of", locked["as_of"]),
        ("sources", sources),
        ("known_at", dt.datetime.fromisoformat(locked["known_at"])),
    ):
        if head[field] != right:
            yield f"{name}：{field} 与锁定时所述不一致"
    stored = [{"indicator": row["indicator"], "figures": row["figures"]} for row in rows]
    contained = {"round_id": locked["round_id"], "as_of": locked["as_of"], "sources": sources, "rows": stored}
    if sha256(canonical(contained)) != locked["digest"]:
        yield f"targets.snapshot_rows {head['_id']}：与锁定时的摘要 {locked['digest'][:12]} 不符"
    if [row["place"] for row in rows] != list(range(len(plan.indicators))):
        yield f"targets.snapshot_rows {head['_id']}：行的次序缺漏或重复"
    if head["rows"] != sum(len(row["figures"]) for row in rows):
        yield f"{name}：rows 与实际行数不符"
    days = _counted(count, sources, locked["as_of"])
    goals = _goals(books, plan, locking)
    everywhere = _everywhere(plan)
    for row in rows:
        indicator = plan.indicators.get(row["indicator"])
        if indicator is None or [figure["region"] for figure in row["figures"]] != everywhere:
            yield f"targets.snapshot_rows {row['_id']}：指标或地区有误"
            continue
        judge = Judge(plan, indicator, dt.date.fromisoformat(locked["as_of"]), head["period"])
        for figure in row["figures"]:
            cell = (indicator.id, figure["region"])
            right = judge.figure(figure, goals.get(cell, (None, None)), days.get(cell, {}))
            differing = [field for field in _COMPARED if not _alike(figure.get(field), right.get(field))]
            if differing:
                why = "；".join(f"{field} 为 {figure.get(field)}，应为 {right.get(field)}" for field in differing)
                yield f"targets.snapshot_rows {row['_id']}：{indicator.id} {places.name(figure['region'])} {why}"


def _rounds(books: Books, events: Mapping[str, Event]) -> Iterator[str]:
    """What reports and targets note with a round of its snapshot."""
    locked = {event.data["round_id"]: event.data for event in events.values()}
    for row in books.rows("targets", "rounds"):
        of = locked.get(row["_id"])
        if row.get("snapshot_id") != (of and of["snapshot_id"]):
            yield f"targets.rounds {row['_id']}：snapshot_id 与日志中所锁定的不一致"
    for row in books.rows("reports", "rounds"):
        of = locked.get(row["_id"])
        noted = of and {"snapshot_id": of["snapshot_id"], "digest": of["digest"]}
        if row.get("snapshot") != noted:
            yield f"reports.rounds {row['_id']}：snapshot 与日志中所锁定的不一致"


def _counted(count: Count, sources: Mapping[str, int], as_of: str) -> dict[Cell, Days]:
    """Net counts by day of every region, of what the sources contain."""
    nets: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for entries in count.entries.values():
        for entry in entries:
            if (entry.seq or 0) <= sources.get(entry.service, 0) and entry.day <= as_of:
                nets[entry.indicator, entry.region, entry.day] += entry.value
    found: dict[Cell, Days] = defaultdict(lambda: defaultdict(Decimal))
    for (indicator, region, day), net in nets.items():
        if net:
            for above in places.path(region):
                found[indicator, above][day] += net
    return found


def _goals(books: Books, plan: Plan, locked: Event) -> dict[Cell, tuple[Decimal | None, Decimal | None]]:
    """Original and adjusted target of each node, as they were decided before the snapshot was locked. What came into
    the log only afterwards counts by the instant of its decision."""
    earlier = (event for event in books.log("targets") if event.seq < locked.seq or _before(event, locked))
    newest = decided(earlier)
    found: dict[Cell, tuple[Decimal | None, Decimal | None]] = {
        cell: (_number(events["original"]), _number(events["adjusted"])) for cell, events in newest.items()
    }
    for indicator in plan.indicators.values():
        if indicator.measure != "state":
            root = (indicator.id, plan.region)
            found[root] = (indicator.target, found.get(root, (None, None))[1])
    return found


def _before(event: Event, locked: Event) -> bool:
    return bool(event.data.get("afterwards")) and event.data["decided_at"] <= locked.data["known_at"]


def _everywhere(plan: Plan) -> list[str]:
    units = [unit.code for unit in regions.children(plan.region)]
    return list(dict.fromkeys([plan.region, *units, *(county.code for county in regions.counties(plan.region))]))


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _alike(stored: str | None, right: Any) -> bool:
    """Numbers are stored as text."""
    return Decimal(stored) == right if isinstance(right, Decimal) and stored is not None else stored == right


def _percent(part: Decimal, whole: Decimal) -> Decimal:
    return (part * 100 / whole).quantize(_PLACES, ROUND_HALF_UP)


@dataclass(frozen=True)
class Judge:
    """Of one indicator on one day."""

    plan: Plan
    indicator: Indicator
    as_of: dt.date
    period: str

    def figure(
        self, stored: Document, goal: tuple[Decimal | None, Decimal | None], days: Mapping[str, Decimal]
    ) -> Document:
        """What is to be differences of it. ``stored``: for its state and 验收."""
        found: dict[str, Any] = {"target": goal[0], "adjusted_target": goal[1]}
        if self.indicator.measure == "state":
            found |= self._of_state(stored.get("state"))
        elif not self.indicator.counted and stored.get("value") is None:  # 0.2 wrote 0 of what nothing counted
            found |= {"status": "无法判断"} if any(part is not None for part in goal) else {}
        elif self._covered(stored["region"]):
            found |= self._of_number(goal, days, _number(stored.get("inspected")))
        return {name: value for name, value in found.items() if value is not None}

    def _covered(self, region: str) -> bool:
        level = regions.get(region).level
        return level in _LEVELS.get(self.indicator.level or "county", ("province", "unit", "county"))

    def _of_state(self, state: str | None) -> dict[str, Any]:
        if state == "已完成":
            return {"status": "已完成", "colour": "绿"}
        if self.as_of > self.plan.deadline:
            return {"status": "未完成", "colour": "红"}
        status, colour = {"推进中": ("达序时", "绿"), "未启动": ("未达序时", "红")}.get(state or "", (None, None))
        return {"status": status, "colour": colour}

    def _of_number(
        self, goal: tuple[Decimal | None, Decimal | None], days: Mapping[str, Decimal], accepted: Decimal | None
    ) -> dict[str, Any]:
        begins, last = self.plan.begins.isoformat(), self._last()
        value = sum(days.values(), Decimal(0))
        before = [step for day, step in days.items() if day < begins]
        earlier = sum((step for day, step in days.items() if last and day <= last.isoformat()), Decimal(0))
        due = self._due(self.as_of)
        found: dict[str, Any] = {
            "value": value,
            "period": sum((step for day, step in days.items() if day[:7] == self.period), Decimal(0)),
            "pace": due,
        }
        original, adjusted = goal
        if adjusted is not None and original:
            found["percent_of_original"] = _percent(value, original)
        target = original if adjusted is None else adjusted
        if target is None or self.indicator.comparator is None:
            return found
        baseline = sum(before, Decimal(0)) if before else None
        checked = None if last is None else (earlier, self._due(last))
        return found | self._standing(target, value, due, baseline, checked, accepted)

    def _standing(
        self,
        target: Decimal,
        value: Decimal,
        due: Decimal,
        baseline: Decimal | None,
        earlier: tuple[Decimal, Decimal] | None,
        accepted: Decimal | None,
    ) -> dict[str, Any]:
        """Red: behind, or missed at the deadline. Yellow: on pace only since the last checkpoint, or reached after the
        deadline. Blue: reached, and as much of it accepted. Green: all else that is on pace."""
        stock = self.indicator.measure == "stock"
        least = target
        if self.indicator.comparator == "~":
            least = target * (100 - self.plan.tolerance) / 100

        def gone(at: Decimal) -> Decimal | None:
            if not stock or baseline is None or baseline >= target:
                return None
            return _percent(at - baseline, target - baseline)

        def on_pace(at: Decimal, due: Decimal) -> bool | None:
            if at >= least:
                return True
            if stock:
                share = gone(at)
                return None if share is None else share >= due
            return at * 100 >= least * due

        over, reached = self.as_of > self.plan.deadline, value >= least
        share = _percent(value, target) if target else None
        measured = gone(value) if stock else share
        found: dict[str, Any] = {"percent": share, "increment": gone(value)}
        found["deviation"] = None if measured is None else measured - due
        now = on_pace(value, due)
        if not reached and not over and now is None:
            return found
        if not reached and (over or not now):
            return found | {"status": "未完成" if over else "未达序时", "colour": "红"}
        late = False
        if earlier is not None:
            late = (over and earlier[0] < least) if reached else on_pace(*earlier) is False
        colour = "黄" if late else "绿"
        if reached and accepted is not None and accepted >= least:
            colour = "蓝"
        return found | {"status": "已完成" if reached else "达序时", "colour": colour}

    def _due(self, on: dt.date) -> Decimal:
        """序时进度 in percent: elapsed days, or by the plan's curve, evenly within a month."""
        begins, deadline, curve = self.plan.begins, self.plan.deadline, self.indicator.curve
        if on < begins:
            return Decimal("0.00")
        if on >= deadline:
            return Decimal("100.00")
        if not curve:
            return _percent(Decimal((on - begins).days + 1), Decimal((deadline - begins).days + 1))
        length = ((on.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)).day
        start = curve[on.month - 2] if on.month > 1 else Decimal(0)
        return _percent(start + (curve[on.month - 1] - start) * on.day / length, Decimal(100))

    def _last(self) -> dt.date | None:
        """The end of the month before, or after the year its deadline."""
        if self.as_of > self.plan.deadline:
            return self.plan.deadline
        last = self.as_of.replace(day=1) - dt.timedelta(days=1)
        return last if last >= self.plan.begins else None
