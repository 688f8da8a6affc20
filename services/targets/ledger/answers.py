"""Who sees what of the work ledger, and how it is answered."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from contract import ledger as public
from contract import regions
from contract.actor import Actor
from contract.errors import field_error
from contract.targets import BreakdownUnknown, DetailNotPublic
from plan import Indicator, Plan
from services.targets.ledger.disclosure import family, is_veiled, veil
from services.targets.ledger.judge import Place
from services.targets.ledger.outlook import UNTOLD, Forecast
from services.targets.ledger.rows import Ledger, Matrix, Row
from services.targets.store import Counts

READ_NAMES = "reports:read"


@dataclass(frozen=True)
class Asked:
    """``region`` with ``codes``, itself and what was asked of below it; ``indicators`` that the caller may see."""

    region: str
    codes: tuple[str, ...]
    indicators: tuple[str, ...]
    as_of: dt.date
    period: str
    names: bool


class Answers:
    def __init__(self, plan: Plan, ledger: Ledger, counts: Counts) -> None:
        self.plan = plan
        self._ledger = ledger
        self._counts = counts

    def insider(self, actor: dict[str, Any] | None) -> Actor | None:
        """Who asks, when any indicator is theirs to work with; None is shown what the public is."""
        who = Actor.of(actor) if actor else None
        return who if who and self._own(who) else None

    def asked(self, said: dict[str, Any], actor: Actor | None, *, today: dt.date) -> Asked:
        """ReadLedger; ``actor`` None stands for the public. Refuses LedgerNotFound, LedgerPeriodOutside,
        DetailNotPublic, BreakdownUnknown, RegionUnknown, RegionAmbiguous."""
        read = public.ReadLedger.read(said)
        if actor is None:
            _refuse_detail(read)
        region = self._region(read.get("region"), actor)
        if read.get("by") not in (None, "region"):
            error = field_error("/by", "choice", "应为 region", "must be region")
            raise BreakdownUnknown("台账只能按地区(region)展开", "the ledger is broken down by region only", [error])
        below = tuple(child.code for child in regions.children(region)) if "by" in read else ()
        as_of, period = self._clocks(read, today)
        indicators = self._indicators(read.get("item"), read.get("department"), actor)
        names = actor is not None and actor.has(READ_NAMES)
        return Asked(region, (region, *below), indicators, as_of, period, names)

    def rows(self, asked: Asked) -> list[Row]:
        return self._ledger.rows(
            regions=asked.codes,
            indicators=asked.indicators,
            as_of=asked.as_of,
            period=asked.period,
            names=asked.names,
        )

    def ledger(self, asked: Asked, *, to_the_public: bool) -> dict[str, Any]:
        """WorkLedger."""
        out = self._veils(asked.indicators, asked.as_of, asked.period) if to_the_public else {}
        rows = self.rows(asked)
        if to_the_public:
            items = [_public(row, hidden=row.region in out.get(row.indicator.id, ())) for row in rows]
        else:
            items = [_public(row, hidden=False) | _inside(row, names=asked.names) for row in rows]
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
        read = public.ReadMatrix.read(said)
        if actor is None and read:
            raise _detail_not_public()
        as_of, period = self._clocks(read, today)
        ids = self._indicators(None, None, actor)
        matrix = self._ledger.matrix(as_of=as_of, period=period, indicators=ids)
        seen = self._region(None, actor)
        wanted = [at for at, code in enumerate(matrix.codes) if seen in regions.get(code).path]
        out = _veils(self.plan, matrix) if actor is None else {}
        head = public.LedgerMatrix(exclude=("indicators",)).dump(
            {**self._head(as_of, period), "regions": [matrix.codes[at] for at in wanted]}
        )
        lines = [
            self._line(self.plan.indicators[id], matrix, wanted, out.get(id, frozenset()), public=actor is None)
            for id in matrix.lines
        ]
        return {**head, "indicators": lines}

    def _line(
        self, indicator: Indicator, matrix: Matrix, wanted: Sequence[int], out: frozenset[str], *, public: bool
    ) -> dict[str, Any]:
        places = matrix.lines[indicator.id]
        cells = [_HIDDEN if matrix.codes[at] in out else places[at] for at in wanted]
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
            "period_values": [None if public else _text(cell.period) for cell in cells],
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

    def _region(self, said: str | None, actor: Actor | None) -> str:
        sees = regions.get(actor.region).code if actor else self.plan.region
        code = regions.get(said).code if said else sees
        if not regions.within(code, sees):
            raise public.LedgerNotFound(
                f"您的台账范围为{regions.get(sees).name}及其下级，不含所查地区",
                f"your ledger is that of {sees} and the regions below it, which this one is not",
            )
        return code

    def _indicators(self, item: str | None, department: str | None, actor: Actor | None) -> tuple[str, ...]:
        own = self._own(actor) if actor else None
        found = [
            one.id
            for one in self.plan.indicators.values()
            if (own is None or one.id in own)
            and (item is None or one.item == int(item))
            and (department is None or department in one.departments)
        ]
        if not found:
            raise public.LedgerNotFound(
                "台账中没有所查的工程或部门；工程用序号（如12），部门用方案中的名称（如省民政厅）",
                "the ledger has no such item or department: give an item's number, or a department's name",
            )
        return tuple(found)

    def _own(self, actor: Actor) -> frozenset[str]:
        return self.plan.concerning(role=actor.role, organisation=actor.organisation, region=actor.region)

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


def _refuse_detail(read: Mapping[str, Any]) -> None:
    """Two days of a county differ by the persons of one day: the public sees the ledger as it is now."""
    if "as_of" in read or "period" in read:
        raise _detail_not_public()


def _detail_not_public() -> DetailNotPublic:
    return DetailNotPublic(
        "往日、往月的台账不对公众开放，请使用授权的客户端令牌", "earlier days and months are not public; use a token"
    )


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


def _inside(row: Row, *, names: bool) -> dict[str, Any]:
    told, who = row.told, row.responsible
    shown = {
        "period_value": row.period,
        "started": told.started,
        "completed": told.completed,
        "inspected": told.inspected,
        "problems": told.problems,
        "next_steps": told.next_steps,
        "evidence": told.evidence,
        "open_problems": row.register.open,
        "overdue_problems": row.register.overdue,
        "filed_by": told.filed_by,
        "reviewed_by": told.reviewed_by,
        "due_on": row.due_on,
        "updated_at": told.updated_at,
        "forecasts": [_foreseen(one) for one in row.forecasts],
    }
    return shown | ({"principal": who.principal, "contact": who.contact} if names else {})


def _foreseen(one: Forecast) -> dict[str, Any]:
    return {**vars(one), "prospect": one.prospect.value}
