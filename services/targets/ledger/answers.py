"""Who sees what of the work ledger, and how it is answered."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from contract import ledger as public
from contract import regions
from contract.actor import Actor
from contract.errors import field_error
from contract.sight import View
from contract.targets import BreakdownUnknown, DetailNotPublic
from plan import Indicator, Plan
from services.targets.copies.matters import Problems
from services.targets.ledger.disclosure import family, is_veiled, veil
from services.targets.ledger.judge import Place
from services.targets.ledger.outlook import UNTOLD, Forecast
from services.targets.ledger.rows import Ledger, Matrix, Row
from services.targets.sight import Sight
from services.targets.store import Counts


@dataclass(frozen=True)
class Asked:
    """``region`` with ``codes``, itself and what was asked of below it; ``sight``: the caller's view of each."""

    region: str
    codes: tuple[str, ...]
    indicators: tuple[str, ...]
    as_of: dt.date
    period: str
    sight: Sight

    def view(self, row: Row) -> View:
        return self.sight.view(row.indicator.id, row.region)


class Answers:
    def __init__(self, plan: Plan, ledger: Ledger, counts: Counts) -> None:
        self.plan = plan
        self._ledger = ledger
        self._counts = counts

    def asked(self, said: dict[str, Any], actor: Actor | None, *, today: dt.date) -> Asked:
        """ReadLedger; ``actor`` None stands for the public. Of earlier days and months only what the actor sees in
        detail is answered. Refuses LedgerNotFound, LedgerPeriodOutside, DetailNotPublic, BreakdownUnknown,
        RegionUnknown, RegionAmbiguous."""
        read, sight = public.ReadLedger.read(said), Sight.of(self.plan, actor)
        region = regions.get(read.get("region", actor.region if actor else self.plan.region)).code
        if read.get("by") not in (None, "region"):
            error = field_error("/by", "choice", "应为 region", "must be region")
            raise BreakdownUnknown("台账只能按地区(region)展开", "the ledger is broken down by region only", [error])
        below = tuple(child.code for child in regions.children(region)) if "by" in read else ()
        as_of, period = self._clocks(read, today)
        indicators = self._indicators(read.get("item"), read.get("department"))
        found = Asked(region, (region, *below), indicators, as_of, period, sight)
        if "as_of" in read or "period" in read:
            found = _in_detail(found)
            if not found.indicators:
                raise _detail_not_public()
        return found

    def own(self, asked: Asked) -> Asked:
        """What the actor sees in detail of it. Refuses LedgerNotFound when that is nothing."""
        found = _in_detail(asked)
        if not found.indicators:
            raise public.LedgerNotFound(
                "您的台账范围为本辖区、本部门，不含所查内容",
                "your ledger is that of your own region and department, of which this is no part",
            )
        return found

    def rows(self, asked: Asked) -> list[Row]:
        """As much of each as the actor sees, but that small numbers are not left out: see ``ledger``."""
        rows = self._ledger.rows(
            regions=asked.codes,
            indicators=asked.indicators,
            as_of=asked.as_of,
            period=asked.period,
            names=asked.sight.most is View.WORK,
        )
        return [row if asked.view(row) is View.WORK else _without_work(row) for row in rows]

    def ledger(self, asked: Asked) -> dict[str, Any]:
        """WorkLedger."""
        rows = self.rows(asked)
        shared = {row.indicator.id for row in rows if asked.view(row) is View.PUBLIC}
        out = self._veils(sorted(shared), asked.as_of, asked.period)
        items = [
            _public(row, hidden=row.region in out.get(row.indicator.id, ()))
            if (view := asked.view(row)) is View.PUBLIC
            else _public(row, hidden=False) | _numbers(row) | (_work(row) if view is View.WORK else {})
            for row in rows
        ]
        return public.WorkLedger.write(
            **self._head(asked.as_of, asked.period),
            region=asked.region,
            region_name=regions.get(asked.region).name,
            soft_deadline=self.plan.soft_deadline,
            deadline=self.plan.deadline,
            items=items,
        )

    def matrix(self, said: dict[str, Any], actor: Actor | None, *, today: dt.date) -> dict[str, Any]:
        """LedgerMatrix, in its JSON form: it has tens of thousands of numbers, and is put together by hand."""
        read, sight = public.ReadMatrix.read(said), Sight.of(self.plan, actor)
        ids = [id for id in self.plan.indicators if not read or id in sight.own]
        if not ids:
            raise _detail_not_public()
        as_of, period = self._clocks(read, today)
        matrix = self._ledger.matrix(as_of=as_of, period=period, indicators=ids)
        wanted = [at for at, code in enumerate(matrix.codes) if not read or code in sight.within]
        whole = sight.own.issuperset(ids) and sight.within.issuperset(matrix.codes[at] for at in wanted)
        out = {} if whole else _veils(self.plan, matrix)
        head = public.LedgerMatrix(exclude=("indicators",)).dump(
            {**self._head(as_of, period), "regions": [matrix.codes[at] for at in wanted]}
        )
        lines = [
            self._line(self.plan.indicators[id], matrix, wanted, out.get(id, frozenset()), sight) for id in matrix.lines
        ]
        return {**head, "indicators": lines}

    def _line(
        self, indicator: Indicator, matrix: Matrix, wanted: Sequence[int], out: frozenset[str], sight: Sight
    ) -> dict[str, Any]:
        places = matrix.lines[indicator.id]
        codes = [matrix.codes[at] for at in wanted]
        detailed = [sight.view(indicator.id, code) is not View.PUBLIC for code in codes]
        cells = [
            places[at] if inside or code not in out else _HIDDEN
            for at, code, inside in zip(wanted, codes, detailed, strict=True)
        ]
        targets = [places[at].target for at in wanted]  # a hidden region's is no secret
        return {
            "target_id": indicator.id,
            "item": indicator.item,
            "item_name": indicator.item_name,
            "name": indicator.name,
            "unit": indicator.unit,
            "measure": indicator.measure.value,
            "lead": indicator.owner,
            "decimals": matrix.decimals[indicator.id],
            "pace": _text(matrix.paces[indicator.id]),
            "targets": [_text(target) for target in targets],
            "values": [_text(cell.value) for cell in cells],
            "period_values": [
                _text(cell.period) if inside else None for cell, inside in zip(cells, detailed, strict=True)
            ],
            "percents": [_text(cell.standing.percent) for cell in cells],
            "statuses": [cell.standing.status and cell.standing.status.value for cell in cells],
            "colours": [cell.standing.colour for cell in cells],
            "states": [cell.state and cell.state.value for cell in cells],
        }

    def _head(self, as_of: dt.date, period: str) -> dict[str, Any]:
        return {
            "plan": self.plan.name,
            "document": self.plan.document,
            "as_of": as_of,
            "period": period,
            "sources": [{"service": one["service"], "seq": one["seq"]} for one in self._counts.heard_up_to()],
        }

    def _indicators(self, item: str | None, department: str | None) -> tuple[str, ...]:
        found = [
            one.id
            for one in self.plan.indicators.values()
            if (item is None or one.item == int(item)) and (department is None or department in one.departments)
        ]
        if not found:
            raise public.LedgerNotFound(
                "台账中没有所查的工程或部门；工程用序号（如12），部门用方案中的名称（如省民政厅）",
                "the ledger has no such item or department: give an item's number, or a department's name",
            )
        return tuple(found)

    def _clocks(self, read: Mapping[str, Any], today: dt.date) -> tuple[dt.date, str]:
        as_of = read.get("as_of", today)
        period = read.get("period", f"{min(as_of, self.plan.deadline):%Y-%m}")
        first = f"{self.plan.begins:%Y-%m}"
        if ("as_of" in read and as_of < self.plan.begins) or ("period" in read and period < first):
            raise public.LedgerPeriodOutside(
                f"台账自{self.plan.begins}起，请查该日以后",
                f"the ledger begins on {self.plan.begins}: ask for a day or month from then on",
            )
        return as_of, period

    def _veils(self, indicators: Sequence[str], as_of: dt.date, period: str) -> dict[str, frozenset[str]]:
        """What the public is not shown, by indicator; their families are looked at everywhere."""
        veiled = {id for id in indicators if is_veiled(self.plan, self.plan.indicators[id])}
        of = sorted({one.id for id in veiled for one in family(self.plan, self.plan.indicators[id])})
        return _veils(self.plan, self._ledger.matrix(as_of=as_of, period=period, indicators=of)) if of else {}


def _veils(plan: Plan, matrix: Matrix) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for id in matrix.lines:
        indicator = plan.indicators[id]
        if id in found or not is_veiled(plan, indicator):
            continue
        of = [one.id for one in family(plan, indicator)]
        out = veil(plan, indicator, {one: _values(matrix, one) for one in of})
        found |= dict.fromkeys(of, out)
    return found


def _values(matrix: Matrix, id: str) -> dict[str, Decimal]:
    told = zip(matrix.codes, matrix.lines[id], strict=True)
    return {code: place.value for code, place in told if place.value is not None}


_HIDDEN = Place(None, None, None, UNTOLD, None)


def _in_detail(asked: Asked) -> Asked:
    """Without the indicators of which the region is not seen in detail; who sees a region so sees all below it."""
    own = tuple(id for id in asked.indicators if asked.sight.view(id, asked.region) is not View.PUBLIC)
    return replace(asked, indicators=own)


def _detail_not_public() -> DetailNotPublic:
    """Two days of a county differ by the persons of one day: the public sees the ledger as it is now."""
    return DetailNotPublic(
        "往日、往月的台账不对公众开放，请使用本辖区的客户端令牌",
        "earlier days and months are not public; use a token of the region",
    )


def _without_work(row: Row) -> Row:
    """Without texts, accounts and names, and without the problems on the books."""
    told = replace(row.told, problems=None, next_steps=None, evidence=0, filed_by=None, reviewed_by=None)
    answering = replace(row.responsible, principal=None, deputy=None, contact=None, contact_phone=None)
    return replace(row, told=told, responsible=answering, register=Problems())


def _text(number: Decimal | None) -> str | None:
    return None if number is None else format(number, "f")


def _public(row: Row, *, hidden: bool) -> dict[str, Any]:
    standing = UNTOLD if hidden else row.standing
    one = row.indicator
    return {
        "number": row.number,
        "item": one.item,
        "item_name": one.item_name,
        "target_id": one.id,
        "name": one.name,
        "quote": one.quote,
        "unit": one.unit,
        "measure": one.measure.value,
        "scope": row.scope,
        "decimals": row.decimals,
        "region": row.region,
        "region_name": row.region_name,
        "lead": row.responsible.lead,
        "co": list(row.responsible.co),
        "target": row.target,
        "adjusted_target": row.adjusted_target,
        "value": None if hidden else row.value,
        "percent": standing.percent,
        "percent_of_original": None if hidden else row.percent_of_original,
        "increment": standing.increment,
        "pace": row.pace,
        "deviation": standing.deviation,
        "status": standing.status and standing.status.value,
        "colour": standing.colour,
        "state": row.told.state and row.told.state.value,
    }


def _numbers(row: Row) -> dict[str, Any]:
    told = row.told
    return {
        "period_value": row.period,
        "started": told.started,
        "completed": told.completed,
        "inspected": told.inspected,
        "due_on": row.due_on,
        "updated_at": told.updated_at,
        "forecasts": [_foreseen(one) for one in row.forecasts],
    }


def _work(row: Row) -> dict[str, Any]:
    told, who = row.told, row.responsible
    return {
        "problems": told.problems,
        "next_steps": told.next_steps,
        "evidence": told.evidence,
        "open_problems": row.register.open,
        "overdue_problems": row.register.overdue,
        "filed_by": told.filed_by,
        "reviewed_by": told.reviewed_by,
        "principal": who.principal,
        "contact": who.contact,
    }


def _foreseen(one: Forecast) -> dict[str, Any]:
    return {**vars(one), "prospect": one.prospect.value}
